use cedar_policy::{Effect, Policy};

use crate::known::distance;
use crate::rule::Kind;

/// The annotations that mean something here.
const OURS: [&str; 3] = ["id", "ask", "verdict"];
/// Words verdicts use in place of the name of a policy.
const RESERVED: [&str; 2] = ["default", "error"];

/// What the annotations of a policy say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) id: Option<String>,
    pub(crate) kind: Kind,
}

/// Reads `@id`, `@ask` and `@verdict`. Other annotations are notes, unless one looks like these mistyped: a permit whose
/// `@ask` is lost permits without asking.
pub(crate) fn read(policy: &Policy) -> Result<Said, String> {
    for (key, _) in policy.annotations() {
        if OURS.contains(&key) {
            continue;
        }
        if let Some(meant) = OURS.iter().find(|ours| looks_like(key, ours)) {
            return Err(format!("unknown annotation `@{key}`: did you mean `@{meant}`?"));
        }
    }
    let id = policy.annotation("id").map(str::to_owned);
    if let Some(id) = &id {
        check_id(id)?;
    }
    let forbid = policy.effect() == Effect::Forbid;
    let asks = match policy.annotation("ask") {
        None => false,
        Some("") => true,
        Some(_) => return Err("`@ask` takes no value".to_owned()),
    };
    let verdict = match policy.annotation("verdict") {
        None => None,
        Some("ask") => Some(true),
        Some("allow") => Some(false),
        Some(other) => {
            return Err(format!(
                "unknown verdict {other:?}: use `allow` or `ask`, or write `forbid` to deny"
            ));
        }
    };
    if forbid && (asks || verdict.is_some()) {
        return Err(
            "a `forbid` always denies: `@ask` and `@verdict` belong on a `permit`".to_owned()
        );
    }
    if asks && verdict == Some(false) {
        return Err("`@ask` and `@verdict(\"allow\")` contradict each other".to_owned());
    }
    let kind = match (forbid, asks || verdict == Some(true)) {
        (true, _) => Kind::Forbid,
        (false, true) => Kind::Ask,
        (false, false) => Kind::Allow,
    };
    Ok(Said { id, kind })
}

fn check_id(id: &str) -> Result<(), String> {
    if RESERVED.contains(&id) || id.starts_with("level:") {
        return Err(format!("the name `{id}` is taken: verdicts use it for their own"));
    }
    if id.is_empty() || id.len() > 128 || id.chars().any(char::is_control) {
        return Err("a policy's name has 1 to 128 bytes and no control characters".to_owned());
    }
    Ok(())
}

fn looks_like(key: &str, ours: &str) -> bool {
    let key = key.to_lowercase();
    distance(&key, ours) <= if ours.len() > 4 { 2 } else { 1 }
}
