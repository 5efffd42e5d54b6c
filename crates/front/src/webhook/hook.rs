use std::fmt;

use inspect::Schema;
use model::{SecretName, TenantId};
use thiserror::Error;

use super::{Condition, Freshness, From, Scheme};

/// Most arguments, conditions and secrets of one route, each.
const MOST: usize = 64;
/// Longest name of a route.
const MAX_NAME: usize = 64;

/// The name of a route: a-z, 0-9 and `-`, beginning with a letter, at most 64 bytes. Its path is `/hooks/NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HookName(String);

impl HookName {
    /// Checks a name.
    ///
    /// # Errors
    /// A name that is not one segment of a path as it stands.
    pub fn new(text: &str) -> Result<Self, BadHook> {
        let lawful = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let good = text.len() <= MAX_NAME
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(lawful);
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadHook::Name(text.escape_debug().to_string()))
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HookName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a sender is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Answer {
    /// 202 as soon as the request is claimed; the call goes on behind it.
    #[default]
    Accepted,
    /// What the call came to.
    Result,
}

/// A route: whose requests are taken, and which call each becomes.
#[derive(Debug)]
pub struct Hook {
    /// Its name, and the end of its path.
    pub name: HookName,
    /// Whom its principal, `hook:NAME`, belongs to.
    pub tenant: TenantId,
    /// The tool, by its listed name.
    pub tool: String,
    /// How requests are signed.
    pub scheme: Scheme,
    /// What they are signed with: each of these is right, so that one can be replaced.
    pub secrets: Vec<SecretName>,
    /// The tool's arguments.
    pub arguments: Vec<(String, From)>,
    /// What the body must say, all of it; else the event is ignored.
    pub filter: Vec<Condition>,
    /// What the body must look like.
    pub schema: Option<Schema>,
    /// What the sender is answered.
    pub answer: Answer,
    /// How old a request may be.
    pub freshness: Freshness,
    /// Calls of this route at once.
    pub in_flight: u32,
    /// Whether the ping that GitHub sends when a hook is made becomes a call, too.
    pub pings: bool,
}

impl Hook {
    /// A route with nothing special about it.
    pub fn new(
        name: HookName,
        tenant: TenantId,
        tool: &str,
        scheme: Scheme,
        secret: SecretName,
    ) -> Self {
        Self {
            name,
            tenant,
            tool: tool.to_owned(),
            scheme,
            secrets: vec![secret],
            arguments: Vec::new(),
            filter: Vec::new(),
            schema: None,
            answer: Answer::default(),
            freshness: Freshness::default(),
            in_flight: 50,
            pings: false,
        }
    }

    /// Whether the route may be served.
    ///
    /// # Errors
    /// What is open, empty or out of bounds.
    pub fn check(&self) -> Result<(), BadHook> {
        let name = || self.name.to_string();
        if self.secrets.is_empty() {
            return Err(BadHook::NoSecret(name()));
        }
        if self.tool.is_empty() || self.in_flight == 0 {
            return Err(BadHook::NothingDone(name()));
        }
        if self.arguments.len().max(self.filter.len()).max(self.secrets.len()) > MOST {
            return Err(BadHook::TooMany(name()));
        }
        let mut seen = std::collections::HashSet::new();
        for (argument, _) in &self.arguments {
            if argument == "__proto__" || !seen.insert(argument) {
                return Err(BadHook::Argument(name(), argument.clone()));
            }
        }
        let fresh = &self.freshness;
        if fresh.window.is_zero()
            || fresh.window > Freshness::MAX_WINDOW
            || fresh.skew > Freshness::MAX_SKEW
            || fresh.remember < fresh.window
            || fresh.remember > Freshness::MAX_REMEMBER
        {
            return Err(BadHook::Times(name()));
        }
        Ok(())
    }
}

/// Why a route does not load. Each says what to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadHook {
    /// Not a name.
    #[error(
        "`{0}` is no name of a webhook: it begins with a-z, goes on with a-z, 0-9 or `-`, and has at most 64 bytes"
    )]
    Name(String),
    /// The same name again.
    #[error("two webhooks are called `{0}`: each needs a name of its own")]
    Twice(String),
    /// Anybody could call.
    #[error(
        "webhook `{0}` has no secret, so nobody could be told from anybody: name one, such as `vault:{0}`"
    )]
    NoSecret(String),
    /// No tool, or no room for a call.
    #[error("webhook `{0}` would do nothing: name its tool, and let 1 call or more be in flight")]
    NothingDone(String),
    /// More than a route may have.
    #[error("webhook `{0}` has more than 64 secrets, arguments or conditions: use fewer")]
    TooMany(String),
    /// An argument that stands twice, or that no tool may have.
    #[error(
        "webhook `{0}`: the argument `{1}` stands twice or has a reserved name: name each once"
    )]
    Argument(String, String),
    /// Times out of bounds.
    #[error(
        "webhook `{0}`: the window is at most 1 hour and not nothing, the skew at most 30 seconds, and what is remembered between the window and 30 days"
    )]
    Times(String),
    /// Not a JSON pointer.
    #[error("`{0}` is no JSON pointer: use one such as `/repository/name`, with at most 32 steps")]
    Pointer(String),
    /// A condition nothing can meet.
    #[error("a condition needs a value that it can equal")]
    Nothing,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn hook(change: impl FnOnce(&mut Hook)) -> Result<(), BadHook> {
        let secret = SecretName::new("a").unwrap();
        let name = HookName::new("push").unwrap();
        let mut hook = Hook::new(name, TenantId::new("acme"), "t", Scheme::GitHub, secret);
        change(&mut hook);
        hook.check()
    }

    // b-webhook-21
    #[test]
    fn a_name_is_one_plain_segment() {
        assert!(HookName::new("github-push2").is_ok());
        for bad in ["", "../etc/passwd", "a/b", "A", "a.b", "-a", "2a", "a b", "%61", "ä"] {
            assert!(HookName::new(bad).is_err(), "{bad}");
        }
        assert!(HookName::new(&"a".repeat(64)).is_ok() && HookName::new(&"a".repeat(65)).is_err());
    }

    #[test]
    fn a_route_that_is_open_empty_or_unbounded_does_not_load() {
        assert_eq!(hook(|_| {}), Ok(()));
        assert!(matches!(hook(|h| h.secrets.clear()), Err(BadHook::NoSecret(_))));
        assert!(matches!(hook(|h| h.tool.clear()), Err(BadHook::NothingDone(_))));
        assert!(matches!(hook(|h| h.in_flight = 0), Err(BadHook::NothingDone(_))));
        let argument = |name: &str| (name.to_owned(), From::query("q"));
        assert!(matches!(
            hook(|h| h.arguments = vec![argument("__proto__")]),
            Err(BadHook::Argument(..))
        ));
        assert!(matches!(
            hook(|h| h.arguments = vec![argument("a"), argument("a")]),
            Err(BadHook::Argument(..))
        ));
        let many = (0..65).map(|n| argument(&format!("a{n}"))).collect();
        assert!(matches!(hook(|h| h.arguments = many), Err(BadHook::TooMany(_))));
        for (window, skew, remember) in [(0, 5, 60), (3601, 5, 7200), (300, 31, 300), (300, 5, 299)]
        {
            let seconds = Duration::from_secs;
            let freshness = Freshness {
                window: seconds(window),
                skew: seconds(skew),
                remember: seconds(remember),
            };
            let found = hook(|h| h.freshness = freshness);
            assert!(matches!(found, Err(BadHook::Times(_))), "{freshness:?}");
        }
    }
}
