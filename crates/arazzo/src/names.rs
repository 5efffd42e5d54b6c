//! Names that a document may give to its parts.

/// Names that programs in other languages give a meaning: an object keyed by one of them is not what it seems.
const RESERVED: [&str; 3] = ["__proto__", "constructor", "prototype"];

/// Whether no part of a document may be called so.
pub(crate) fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// Whether it is the one name that may stand nowhere, not even among data.
pub(crate) fn is_poison(name: &str) -> bool {
    name == "__proto__"
}

/// `[A-Za-z0-9_-]+`, for steps, workflows and sources.
pub(crate) fn is_id(name: &str) -> bool {
    let fits = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-');
    (1..=128).contains(&name.len()) && name.bytes().all(fits)
}

/// `[A-Za-z0-9._-]+`, for outputs and components.
pub(crate) fn is_key(name: &str) -> bool {
    let fits = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'.');
    (1..=128).contains(&name.len()) && name.bytes().all(fits)
}
