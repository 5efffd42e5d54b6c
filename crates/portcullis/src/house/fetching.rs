use std::path::Path;
use std::time::Duration;

use egress::{Deadline, Egress, ExchangeOptions, Outgoing};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::json;
use url::Url;

use super::descriptions::{address, kept, largest};
use super::reach::Way;
use crate::config::{GraphQl, Loaded, Source};

/// How long one description may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Fetches every description that is on the network, and keeps it. One that cannot be fetched or read leaves the last
/// good copy where it is.
pub async fn fetch_descriptions(loaded: &Loaded, egress: &Egress) {
    for source in &loaded.config.source {
        let fetched = if let Some(url) = source.openapi.as_ref().and_then(|o| address(&o.spec)) {
            openapi(source, url, loaded, egress).await
        } else if let Some(own) = source.graphql.as_ref().filter(|own| own.schema.is_none()) {
            graphql(source, own, loaded, egress).await
        } else {
            continue;
        };
        if let Err(why) = fetched {
            tracing::warn!(source = %source.name, "its description was not fetched, the last good one stays: {why}");
        }
    }
}

async fn openapi(
    source: &Source,
    url: Url,
    loaded: &Loaded,
    egress: &Egress,
) -> Result<(), String> {
    let own = source.openapi.as_ref().and_then(|o| Url::parse(o.server.as_deref()?).ok());
    let own = own.unwrap_or_else(|| url.clone());
    let request =
        Outgoing { method: Method::GET, url, headers: HeaderMap::new(), body: bytes::Bytes::new() };
    let (body, url) = fetch(source, request, &own, loaded, egress).await?;
    let options = convert::Options { document_url: Some(url.to_string()), ..Default::default() };
    convert::openapi(&body, &options).map_err(|e| e.to_string())?;
    keep(&kept(&source.name, loaded), &body).map_err(|e| e.to_string())
}

/// Asks a GraphQL service what it can do.
async fn graphql(
    source: &Source,
    own: &GraphQl,
    loaded: &Loaded,
    egress: &Egress,
) -> Result<(), String> {
    let url = Url::parse(&own.endpoint).map_err(|e| format!("`endpoint` is no URL: {e}"))?;
    let json = HeaderValue::from_static("application/json");
    let request = Outgoing {
        method: Method::POST,
        url: url.clone(),
        headers: HeaderMap::from_iter([(ACCEPT, json.clone()), (CONTENT_TYPE, json)]),
        body: json!({ "query": graphql::INTROSPECTION }).to_string().into(),
    };
    let (body, _) = fetch(source, request, &url, loaded, egress).await?;
    let options = graphql::Options { endpoint: own.endpoint.clone(), ..Default::default() };
    graphql::from_schema(&body, &options).map_err(|e| e.to_string())?;
    keep(&kept(&source.name, loaded), &body).map_err(|e| e.to_string())
}

/// One exchange, without redirects: what came, and from where. `own` is where the API itself is: to no other origin the
/// gate shows who it is.
async fn fetch(
    source: &Source,
    request: Outgoing,
    own: &Url,
    loaded: &Loaded,
    egress: &Egress,
) -> Result<(bytes::Bytes, Url), String> {
    let way = Way::of(source, loaded).map_err(|wrong| wrong.what)?;
    let most = usize::try_from(largest(source)).unwrap_or(usize::MAX);
    let mut target = way.target(request.url.clone(), source);
    target.limits.max_body = most;
    let route = way.route_to(&request.url, own);
    let client = egress.client_by(&target, &route).map_err(|e| e.to_string())?;
    let options = ExchangeOptions {
        accept_compressed: true,
        max_body: most,
        deadline: Deadline::after(PATIENCE),
        ..ExchangeOptions::default()
    };
    let answer = client.exchange(request, None, options).await.map_err(|e| e.to_string())?;
    if !answer.status.is_success() {
        return Err(format!("HTTP {}", answer.status.as_u16()));
    }
    Ok((answer.body, answer.url))
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
