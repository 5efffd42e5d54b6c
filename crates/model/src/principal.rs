use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps an id that has already been checked where it came in.
            pub fn new(id: impl AsRef<str>) -> Self {
                Self(Arc::from(id.as_ref()))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// Who is calling: a stable name that survives key rotation, such as `alice`.
    PrincipalId
}
id! {
    /// Whom a principal belongs to, such as `acme`.
    TenantId
}

/// What a principal is to the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Calls tools.
    Agent,
    /// Runs the gate: may also accept pins, answer approvals and read the log.
    Operator,
}

impl Role {
    /// The name used in policy and records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Operator => "operator",
        }
    }
}

/// How a principal proved who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// The operating-system user who started the gate, over stdio.
    LocalUser,
    /// An API key; the id names the key, not its value.
    ApiKey(Arc<str>),
    /// Nobody proved anything: only where the configuration says `auth = "none"` on loopback.
    None,
}

impl Credential {
    /// The name used in records: `local`, `key:<id>` or `none`.
    pub fn label(&self) -> String {
        match self {
            Self::LocalUser => "local".to_owned(),
            Self::ApiKey(id) => format!("key:{id}"),
            Self::None => "none".to_owned(),
        }
    }
}

/// What a credential is limited to. Empty means: no limit of its own beyond policy.
///
/// Each entry is `tool:NAME` (a `*` at the end stands for any rest) or a word policy may ask for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scopes(Arc<[String]>);

impl Scopes {
    /// Takes scopes as they were given to the key.
    pub fn new(scopes: impl IntoIterator<Item = String>) -> Self {
        Self(scopes.into_iter().collect())
    }

    /// Whether a thing exposed under `name` is within these scopes.
    pub fn cover(&self, name: &str) -> bool {
        let mut tools = self.iter().filter_map(|s| s.strip_prefix("tool:")).peekable();
        tools.peek().is_none()
            || tools.any(|pattern| match pattern.strip_suffix('*') {
                Some(prefix) => name.starts_with(prefix),
                None => name == pattern,
            })
    }

    /// Each scope as text.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// Who is calling, proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Stable name.
    pub id: PrincipalId,
    /// Whom it belongs to.
    pub tenant: TenantId,
    /// What it is to the gate.
    pub role: Role,
    /// What its credential is limited to.
    pub scopes: Scopes,
    /// How it proved itself.
    pub credential: Credential,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_without_a_tool_entry_limit_nothing() {
        assert!(Scopes::default().cover("files__read"));
        assert!(Scopes::new(["audit".to_owned()]).cover("files__read"));
    }

    #[test]
    fn a_tool_scope_covers_its_tool_and_a_star_its_prefix() {
        let scopes = Scopes::new(["tool:m_echo".to_owned(), "tool:files__*".to_owned()]);
        assert!(scopes.cover("m_echo") && scopes.cover("files__read"));
        assert!(!scopes.cover("m_echo2") && !scopes.cover("M_ECHO") && !scopes.cover("file"));
    }
}
