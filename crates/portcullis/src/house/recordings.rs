use har::{Converted, Options};
use url::Url;

use super::descriptions::{Described, read};
use crate::config::{Loaded, Recording, Source};

/// What a recording became.
pub fn recorded(own: &Recording, loaded: &Loaded) -> Result<Converted, String> {
    let usual = Options::default();
    let options = Options {
        origin: own.origin.clone(),
        server: own.server.clone(),
        entries: own.entries.unwrap_or(usual.entries),
        least: own.confidence.into(),
    };
    let text = read(&loaded.resolve(&own.file))?;
    har::har(&text, &options).map_err(|e| format!("`{}`: {e} ({})", own.file.display(), e.code))
}

/// A recording as the description of an API.
pub fn described(source: &Source, own: &Recording, loaded: &Loaded) -> Result<Described, String> {
    let converted = recorded(own, loaded)?;
    for skipped in &converted.skipped {
        tracing::debug!(
            source = %source.name, code = skipped.code,
            "{} is no tool: {}", skipped.place, skipped.reason
        );
    }
    tracing::info!(source = %source.name, "{}", summary(&converted));
    let base = Url::parse(&converted.base).map_err(|e| format!("`server` is no URL: {e}"))?;
    Ok(Described { identity: format!("har:{base}"), base, tools: converted.tools })
}

/// What became of a recording, in a line.
pub fn summary(converted: &Converted) -> String {
    let of = |confidence| converted.marks.iter().filter(|m| m.confidence == confidence).count();
    format!(
        "{} tools from {} recorded calls of {} ({} of high, {} of medium, {} of low confidence); {} of {} entries left out",
        converted.tools.len(),
        converted.calls,
        converted.base,
        of(har::Confidence::High),
        of(har::Confidence::Medium),
        of(har::Confidence::Low),
        converted.entries.saturating_sub(converted.calls),
        converted.entries,
    )
}
