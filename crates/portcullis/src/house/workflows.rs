use std::sync::Arc;

use model::SourceName;
use workflow::{Config, Converted, Flows};

use crate::config::{self, Loaded, Source};

/// The workflows of one document, not yet attached to a gate.
pub fn flows(
    source: &Source,
    own: &config::Arazzo,
    operations: &Arc<Converted>,
    loaded: &Loaded,
) -> Result<Arc<Flows>, String> {
    let path = loaded.resolve(&own.document);
    let text =
        std::fs::read(&path).map_err(|e| format!("{} cannot be read: {e}", path.display()))?;
    let document = arazzo::Document::parse(&text).map_err(|errors| {
        let each: Vec<String> = errors.iter().map(ToString::to_string).collect();
        format!("`{}`: {}", own.document.display(), each.join("; "))
    })?;
    let flows = Flows::new(Config {
        name: SourceName::new(&source.name).map_err(|e| e.to_string())?,
        identity: format!("arazzo:{}", own.document.display()),
        document,
        sources: own.sources.clone(),
        operations: operations.clone(),
        limits: arazzo::Limits::default(),
        time: loaded.config.limits.call.map_or(std::time::Duration::from_mins(1), |span| span.0),
    });
    for wanted in flows.wanted_sources() {
        if !loaded.config.source.iter().any(|s| s.name == wanted) {
            let name = &source.name;
            tracing::warn!(
                "source `{name}`: its document names `{wanted}`, which is no source: say which it is in `sources`"
            );
        }
    }
    Ok(flows)
}
