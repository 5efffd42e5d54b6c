use std::str::FromStr;

use crate::error::LoadError;
use crate::known::{Known, nearest};
use crate::pattern::Pattern;

/// The name under which the table of levels appears in errors and explanations.
pub(crate) const FILE: &str = "levels";

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

/// Compiles one entry: a pattern and its level.
pub(crate) fn compile(pattern: &str, level: &str, known: &Known) -> Result<Compiled, LoadError> {
    let wrong = |message: String| LoadError::of(FILE, message);
    let level: Level = level.parse().map_err(|e| wrong(format!("`{pattern}`: {e}")))?;
    let scope = scope(&Pattern::read(pattern, known, FILE)?);
    let (annotation, effect) = match level {
        Level::Allow => ("", "permit"),
        Level::Ask => ("@ask\n", "permit"),
        Level::Deny => ("", "forbid"),
    };
    Ok(Compiled { id: format!("level:{pattern}"), text: format!("{annotation}{effect} {scope};") })
}

const NAMED: &str = r#"(principal, action in [Action::"call", Action::"prompt"], resource)"#;

fn scope(pattern: &Pattern) -> String {
    match pattern {
        Pattern::All => "(principal, action, resource)".to_owned(),
        Pattern::Source(source) => {
            format!(r#"(principal, action, resource in Source::"{source}")"#)
        }
        Pattern::Beginning(beginning) => {
            format!(r#"{NAMED} when {{ resource.name like "{beginning}*" }}"#)
        }
        Pattern::Exact(name) => format!(r#"{NAMED} when {{ resource.name == "{name}" }}"#),
    }
}
