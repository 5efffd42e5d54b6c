use model::{Action, SourceName, expose};

use crate::error::LoadError;
use crate::known::Known;
use crate::request::Target;

/// What a shortened name keeps of its beginning: it ends in a hyphen and eight digits of a hash, 64 characters in all.
const KEPT: usize = 55;

/// Which things an operator means: a name as agents see it, or the beginning of one followed by `*`.
///
/// `source__*` is everything a source has, its resources too, and `*` is everything there is; any other pattern is about
/// tools and prompts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// Everything.
    All,
    /// Everything of one source, and what is named as if it were: the prefix of another may be this name.
    Source(SourceName),
    /// Tools and prompts whose exposed names begin like this.
    Beginning(String),
    /// The tool or prompt of this exposed name.
    Exact(String),
}

impl Pattern {
    /// Reads a pattern of the table `file`. One that nothing can match is an error.
    pub(crate) fn read(pattern: &str, known: &Known, file: &str) -> Result<Self, LoadError> {
        let wrong = |message: String| LoadError::of(file, message);
        let no_match = |what: String| wrong(format!("the pattern `{pattern}` matches {what}"));
        if let Some(prefix) = pattern.strip_suffix('*') {
            check_characters(pattern, prefix).map_err(wrong)?;
            known.prefix(prefix).map_err(no_match)?;
            return beginning(pattern, prefix).map_err(wrong);
        }
        check_characters(pattern, pattern).map_err(wrong)?;
        known.exposed(pattern).map_err(no_match)?;
        exact(pattern).map_err(wrong)
    }

    /// Whether it means this thing.
    pub(crate) fn fits(&self, action: Action, target: &Target<'_>) -> bool {
        let named = action != Action::Read;
        match self {
            Self::All => true,
            Self::Source(source) => {
                let begins = |name: &str| {
                    name.strip_prefix(source.as_str()).is_some_and(|rest| rest.starts_with("__"))
                };
                source == target.source || (named && begins(target.name))
            }
            Self::Beginning(beginning) => named && target.name.starts_with(beginning.as_str()),
            Self::Exact(name) => named && target.name == name,
        }
    }
}

/// MCP's characters for names, and no star but the last: this also keeps text out of a policy that would be more.
fn check_characters(pattern: &str, name: &str) -> Result<(), String> {
    let lawful = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/');
    if pattern.is_empty() || !name.bytes().all(lawful) {
        return Err(format!(
            "the pattern {pattern:?} is no name: use a name as agents see it, or the beginning of one followed by `*`"
        ));
    }
    Ok(())
}

fn beginning(pattern: &str, prefix: &str) -> Result<Pattern, String> {
    if prefix.is_empty() {
        return Ok(Pattern::All);
    }
    if let Some(source) = prefix.strip_suffix("__").and_then(|s| SourceName::new(s).ok()) {
        return Ok(Pattern::Source(source));
    }
    if prefix.len() > KEPT {
        return Err(format!(
            "the pattern `{pattern}` is longer than the {KEPT} characters that a long name keeps of its beginning"
        ));
    }
    Ok(Pattern::Beginning(prefix.replace(['.', '/'], "_")))
}

/// The name in its exposed form, so that one that agents see shortened, or without its dots, is still the one meant.
fn exact(pattern: &str) -> Result<Pattern, String> {
    let (prefix, name) = match pattern.split_once("__") {
        Some((source, name)) if SourceName::new(source).is_ok() => (Some(source), name),
        _ => (None, pattern),
    };
    let exposed = expose(prefix, name).map_err(|e| format!("the pattern `{pattern}`: {e}"))?;
    Ok(Pattern::Exact(exposed.as_str().to_owned()))
}
