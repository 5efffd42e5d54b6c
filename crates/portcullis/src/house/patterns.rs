//! What a pattern of the operator's means: a name as agents see it, or the beginning of one followed by `*`.

use gate::Tool;

use crate::config::{Source, prefix};

/// Whether a tool is one that a pattern means; `source__*` is all of a source, whatever its prefix.
pub(super) fn means(pattern: &str, tool: &Tool) -> bool {
    pattern == format!("{}__*", tool.source) || fits(pattern, &tool.exposed)
}

/// Whether a source of which nothing is known yet could have what a pattern means.
pub(super) fn may_own(pattern: &str, source: &Source) -> bool {
    let begin = pattern.strip_suffix('*').unwrap_or(pattern);
    let could = |own: &str| {
        let own = format!("{own}__");
        own.starts_with(begin) || begin.starts_with(&own)
    };
    source.names.values().any(|name| fits(pattern, name))
        || could(&source.name)
        || prefix(source).is_none_or(|own| could(&own))
}

/// Whether an exposed name is one that a pattern means.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    let plain = |text: &str| text.replace(['.', '/'], "_");
    match pattern.strip_suffix('*') {
        Some(begin) => name.starts_with(&plain(begin)),
        // One that is shown shortened is not told apart here.
        None => name == plain(pattern) || pattern.len() > 55,
    }
}
