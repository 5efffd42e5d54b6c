//! Media types.

/// Whether a media type is JSON, whatever its parameters.
pub fn is_json(kind: &str) -> bool {
    let plain = essence(kind);
    matches!(plain.as_str(), "application/json" | "text/json") || plain.ends_with("+json")
}

/// `type/subtype` of a registered top-level type (RFC 6838, section 4.2.7).
pub fn is_media_type(kind: &str) -> bool {
    const TOP: [&str; 9] =
        ["application", "audio", "font", "image", "message", "model", "multipart", "text", "video"];
    let token = |t: &str| {
        !t.is_empty() && t.bytes().all(|c| c.is_ascii_alphanumeric() || b"!#$&-^_.+*".contains(&c))
    };
    essence(kind)
        .split_once('/')
        .is_some_and(|(top, sub)| (TOP.contains(&top) || top == "*") && token(sub))
}

/// `type/subtype` in small letters, without parameters.
pub fn essence(kind: &str) -> String {
    kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
