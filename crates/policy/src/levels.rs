use std::str::FromStr;

use model::{SourceName, expose};

use crate::error::LoadError;
use crate::known::{Known, nearest};

/// The name under which the table of levels appears in errors and explanations.
pub(crate) const FILE: &str = "levels";
/// What a shortened name keeps of its beginning: it ends in a hyphen and eight digits of a hash, 64 characters in all.
const KEPT: usize = 55;

/// What the table of levels says of a tool or prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Goes on, whatever its effect: the operator's explicit word.
    Allow,
    /// A person decides.
    Ask,
    /// Stops, whatever else permits it.
    Deny,
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "allow" => Ok(Self::Allow),
            "ask" => Ok(Self::Ask),
            "deny" => Ok(Self::Deny),
            _ => {
                let meant = match text.to_lowercase().as_str() {
                    "permit" | "yes" | "on" | "true" | "pass" | "open" => Some("allow"),
                    "block" | "forbid" | "refuse" | "no" | "off" | "false" | "reject" | "never" => {
                        Some("deny")
                    }
                    "confirm" | "approve" | "approval" | "prompt" => Some("ask"),
                    _ => nearest(text, ["allow", "ask", "deny"].into_iter()),
                };
                let hint = meant.map_or("use `allow`, `ask` or `deny`".to_owned(), |m| {
                    format!("did you mean `{m}`?")
                });
                Err(format!("unknown level `{text}`: {hint}"))
            }
        }
    }
}

/// One entry of the table as a Cedar policy.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) id: String,
    pub(crate) text: String,
}

/// Compiles one entry: a pattern (an exposed name, or the beginning of one followed by `*`) and its level.
///
/// `source__*` is everything a source has, its resources too; any other pattern is about tools and prompts.
pub(crate) fn compile(pattern: &str, level: &str, known: &Known) -> Result<Compiled, LoadError> {
    let wrong = |message: String| LoadError::of(FILE, message);
    let level: Level = level.parse().map_err(|e| wrong(format!("`{pattern}`: {e}")))?;
    let no_match = |what: String| wrong(format!("the pattern `{pattern}` matches {what}"));
    let scope = if let Some(prefix) = pattern.strip_suffix('*') {
        check_characters(pattern, prefix)?;
        known.prefix(prefix).map_err(no_match)?;
        prefix_scope(pattern, prefix)?
    } else {
        check_characters(pattern, pattern)?;
        known.exposed(pattern).map_err(no_match)?;
        exact_scope(pattern)?
    };
    let (annotation, effect) = match level {
        Level::Allow => ("", "permit"),
        Level::Ask => ("@ask\n", "permit"),
        Level::Deny => ("", "forbid"),
    };
    Ok(Compiled { id: format!("level:{pattern}"), text: format!("{annotation}{effect} {scope};") })
}

/// MCP's characters for names, and no star but the last: this also keeps text out of the policy that would be more.
fn check_characters(pattern: &str, name: &str) -> Result<(), LoadError> {
    let lawful = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/');
    if pattern.is_empty() || !name.bytes().all(lawful) {
        let message = format!(
            "the pattern {pattern:?} is no name: use a name as agents see it, or the beginning of one followed by `*`"
        );
        return Err(LoadError::of(FILE, message));
    }
    Ok(())
}

const NAMED: &str = r#"(principal, action in [Action::"call", Action::"prompt"], resource)"#;

fn prefix_scope(pattern: &str, prefix: &str) -> Result<String, LoadError> {
    if prefix.is_empty() {
        return Ok("(principal, action, resource)".to_owned());
    }
    if let Some(source) = prefix.strip_suffix("__").filter(|s| SourceName::new(s).is_ok()) {
        return Ok(format!(r#"(principal, action, resource in Source::"{source}")"#));
    }
    if prefix.len() > KEPT {
        let message = format!(
            "the pattern `{pattern}` is longer than the {KEPT} characters that a long name keeps of its beginning"
        );
        return Err(LoadError::of(FILE, message));
    }
    Ok(format!(r#"{NAMED} when {{ resource.name like "{}*" }}"#, prefix.replace(['.', '/'], "_")))
}

/// The name in its exposed form, so that one that agents see shortened, or without its dots, is still the one meant.
fn exact_scope(pattern: &str) -> Result<String, LoadError> {
    let (prefix, name) = match pattern.split_once("__") {
        Some((source, name)) if SourceName::new(source).is_ok() => (Some(source), name),
        _ => (None, pattern),
    };
    let exposed = expose(prefix, name)
        .map_err(|e| LoadError::of(FILE, format!("the pattern `{pattern}`: {e}")))?;
    Ok(format!(r#"{NAMED} when {{ resource.name == "{exposed}" }}"#))
}
