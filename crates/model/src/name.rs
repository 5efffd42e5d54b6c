use std::fmt;
use std::sync::Arc;

use thiserror::Error;

/// Longest name that every model API takes: `[a-zA-Z0-9_-]{1,64}`.
const MAX: usize = 64;
/// Characters of the suffix that a shortened name ends in, its hyphen included.
const SUFFIX: usize = 9;

/// Why a name is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    /// Names of sources: a lower-case letter, then up to 31 of `[a-z0-9-]`, never ending in `-`.
    #[error(
        "`{0}` is no name for a source: use 1 to 32 of a-z, 0-9 and -, beginning with a letter and not ending in -"
    )]
    Source(String),
    /// Names of tools and prompts: MCP allows `[A-Za-z0-9_./-]`, 1 to 128 characters.
    #[error(
        "the name {0:?} has characters outside A-Z, a-z, 0-9, _, -, . and /, or is not 1 to 128 characters long"
    )]
    Tool(String),
}

/// The operator's name for something behind the gate, such as `files`.
///
/// It holds no `_`, so that the owner of `files__read_file` is never in doubt, and begins with a letter, so that
/// `files+file:///readme.txt` is a lawful URI (RFC 3986 section 3.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceName(Arc<str>);

impl SourceName {
    /// Checks and takes a name.
    pub fn new(name: &str) -> Result<Self, NameError> {
        let bytes = name.as_bytes();
        let inner = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-';
        let first = bytes.first().is_some_and(u8::is_ascii_lowercase);
        if first && bytes.len() <= 32 && bytes.iter().all(inner) && bytes.last() != Some(&b'-') {
            Ok(Self(Arc::from(name)))
        } else {
            Err(NameError::Source(name.to_owned()))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name as agents see it: always within `[a-zA-Z0-9_-]{1,64}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExposedName(Arc<str>);

impl ExposedName {
    /// Takes a name that is already of the exposed form.
    pub fn new(name: &str) -> Result<Self, NameError> {
        let ok = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if (1..=MAX).contains(&name.len()) && name.bytes().all(ok) {
            Ok(Self(Arc::from(name)))
        } else {
            Err(NameError::Tool(name.to_owned()))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ExposedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The exposed form of `name`, with `prefix` (such as `files`) before it.
///
/// `.` and `/`, lawful in MCP (2026-07-28, server/tools) but not with model APIs, become `_`. What is longer than 64
/// characters keeps its beginning and ends in eight hexadecimal digits of a hash of the whole: the same name is
/// always shortened in the same way, whatever else there is.
pub fn expose(prefix: Option<&str>, name: &str) -> Result<ExposedName, NameError> {
    let lawful = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/');
    if !(1..=128).contains(&name.len()) || !name.bytes().all(lawful) {
        return Err(NameError::Tool(name.to_owned()));
    }
    let mut full = match prefix {
        Some(prefix) => format!("{prefix}__{name}"),
        None => name.to_owned(),
    };
    let hash = fnv1a(full.as_bytes());
    full = full.replace(['.', '/'], "_");
    if full.len() > MAX {
        full.truncate(MAX - SUFFIX);
        full = format!("{full}-{hash:08x}");
    }
    ExposedName::new(&full)
}

/// FNV-1a folded to 32 bits: a stable suffix, not a security measure (collisions are refused where names meet).
fn fnv1a(bytes: &[u8]) -> u32 {
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3));
    (hash >> 32) as u32 ^ (hash & 0xffff_ffff) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_separator_in_a_source_name_is_refused() {
        for bad in ["a+b", "a_b", "a__b", "", "-a", "a-", "1a", "A", "é", &"a".repeat(33)] {
            assert!(SourceName::new(bad).is_err(), "{bad}");
        }
        assert!(SourceName::new("git-hub2").is_ok());
    }

    #[test]
    fn dots_are_mapped_and_long_names_are_cut_the_same_way_each_time() {
        let name = |s| expose(Some("files"), s).map(|n| n.as_str().to_owned());
        assert_eq!(name("admin.tools.list").as_deref(), Ok("files__admin_tools_list"));
        let long = "x".repeat(100);
        let cut = name(&long).unwrap();
        assert_eq!(cut.len(), 64);
        assert_eq!(name(&long).unwrap(), cut);
        assert_ne!(name(&"x".repeat(101)).unwrap(), cut);
    }

    #[test]
    fn names_with_spaces_controls_or_look_alikes_are_refused() {
        for bad in [
            "read_file ",
            "read\nfile",
            "p\u{430}yments",
            "pay\u{202E}tnemyap",
            "",
            &"x".repeat(129),
        ] {
            assert!(expose(None, bad).is_err(), "{bad:?}");
        }
    }
}
