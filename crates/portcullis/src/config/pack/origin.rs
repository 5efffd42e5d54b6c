use egress::Policy;
use http::Method;
use packs::{Code, Pack, PackError, Place};
use url::Url;

use crate::config::Config;
use crate::config::place::Step;

/// Where a source comes from that an operator did not write: its pack, and what the operator said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The name of its table, `[packs.NAME]`.
    pub key: String,
    /// The pack.
    pub pack: Pack,
    /// The server that the operator put in the place of the pack's own.
    pub server: Option<Place>,
    /// Who is given it.
    pub agents: Vec<String>,
}

impl Origin {
    /// Whether the source may call this URL: a place of the manifest over TLS, or the server that the operator stated.
    ///
    /// # Errors
    /// The manifest does not name its place.
    pub fn allows_url(&self, what: &str, url: &Url) -> Result<(), PackError> {
        let place = place(what, url)?;
        if self.server.as_ref() == Some(&place) {
            return Ok(());
        }
        self.pack.manifest.allows_place(what, &place)?;
        if url.scheme() == "https" {
            return Ok(());
        }
        Err(PackError::new(Code::Host, format!("{what} leads to `{place}` without TLS")))
    }

    /// The places and methods that every request of the source is held against, besides what `named` says.
    pub fn limit(&self, named: Policy) -> Policy {
        let manifest = &self.pack.manifest;
        let places = manifest.hosts.iter().chain(&self.server);
        let methods = manifest.methods.iter().filter_map(|m| Method::from_bytes(m.as_bytes()).ok());
        named.only_places(places.map(|p| (p.host.as_str(), p.port))).only_methods(methods)
    }
}

/// The host and port of a URL.
pub(super) fn place(what: &str, url: &Url) -> Result<Place, PackError> {
    match (url.host_str(), url.port_or_known_default()) {
        (Some(host), Some(port)) if matches!(url.scheme(), "http" | "https") => {
            Ok(Place::new(host, port))
        }
        _ => Err(PackError::new(Code::Host, format!("{what} is no http or https URL with a host"))),
    }
}

/// The same for a text.
pub(super) fn parsed(what: &str, text: &str) -> Result<Url, PackError> {
    let wrong = |e| PackError::new(Code::Host, format!("{what} is no URL: {e}"));
    Url::parse(text).map_err(wrong)
}

impl Config {
    /// Where something of a source stands: in the table of its pack, if it comes from one.
    pub fn place_of(&self, path: impl IntoIterator<Item = Step>) -> Vec<Step> {
        let path: Vec<Step> = path.into_iter().collect();
        let own = match path.as_slice() {
            [Step::Key(section), Step::Index(n), ..] if section == "source" => self.source.get(*n),
            _ => None,
        };
        match own.and_then(|source| source.pack.as_ref()) {
            Some(origin) => vec!["packs".into(), origin.key.as_str().into()],
            None => path,
        }
    }
}
