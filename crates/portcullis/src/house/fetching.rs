use std::path::Path;
use std::time::Duration;

use egress::{Deadline, Egress, ExchangeOptions, Outgoing, Target};
use http::{HeaderMap, Method};
use url::Url;

use super::apis::named;
use super::descriptions::{address, kept};
use crate::config::{Loaded, Source};

/// How long one description may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Most bytes of one.
const LARGEST: usize = 100 << 20;

/// Fetches every description that is on the network, and keeps it. One that cannot be fetched or read leaves the last
/// good copy where it is.
pub async fn fetch_descriptions(loaded: &Loaded, egress: &Egress) {
    for source in &loaded.config.source {
        let Some(url) = source.openapi.as_ref().and_then(|o| address(&o.spec)) else { continue };
        if let Err(why) = fetch(source, url, loaded, egress).await {
            tracing::warn!(source = %source.name, "its description was not fetched, the last good one stays: {why}");
        }
    }
}

async fn fetch(source: &Source, url: Url, loaded: &Loaded, egress: &Egress) -> Result<(), String> {
    let mut target = Target::new(url.clone());
    target.limits.max_body = LARGEST;
    target.policy = named(source);
    let client = egress.client(&target).map_err(|e| e.to_string())?;
    let request =
        Outgoing { method: Method::GET, url, headers: HeaderMap::new(), body: bytes::Bytes::new() };
    let options = ExchangeOptions {
        accept_compressed: true,
        max_body: LARGEST,
        deadline: Deadline::after(PATIENCE),
        ..ExchangeOptions::default()
    };
    let answer = client.exchange(request, None, options).await.map_err(|e| e.to_string())?;
    if !answer.status.is_success() {
        return Err(format!("HTTP {}", answer.status.as_u16()));
    }
    let options =
        convert::Options { document_url: Some(answer.url.to_string()), ..Default::default() };
    convert::openapi(&answer.body, &options).map_err(|e| e.to_string())?;
    keep(&kept(&source.name, loaded), &answer.body).map_err(|e| e.to_string())
}

/// Writes a file whole or not at all.
fn keep(path: &Path, text: &[u8]) -> std::io::Result<()> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir)?;
    }
    let new = path.with_extension("new");
    std::fs::write(&new, text)?;
    std::fs::rename(new, path)
}
