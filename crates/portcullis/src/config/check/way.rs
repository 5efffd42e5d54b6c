//! By which way a source is reached.

use egress::Proxy;
use model::Template;

use super::Findings;
use crate::config::place::Step;
use crate::config::{Source, SourceTls};

/// Checks `tls` and `proxy` of the source at place `n`, as far as the text alone says.
pub(super) fn check(n: usize, source: &Source, found: &mut Findings<'_>) {
    let at = |key: &str| [Step::from("source"), n.into(), key.into()];
    let nowhere = source.arazzo.is_some() || source.mcp.as_ref().is_some_and(|m| m.url.is_none());
    let set = [
        ("tls", source.tls.is_some()),
        ("proxy", source.proxy.is_some()),
        ("http2", source.http2.is_some()),
    ];
    if nowhere {
        for (key, _) in set.into_iter().filter(|(_, set)| *set) {
            let message = format!("`{key}` is for sources on the network: leave it out");
            found.at(at(key), message);
        }
        return;
    }
    if let Some(Err(refusal)) = source.proxy.as_ref().map(|proxy| Proxy::parse(proxy.url())) {
        found.at(at("proxy"), refusal.to_string());
    }
    if let Some(tls) = &source.tls {
        self::tls(n, tls, found);
    }
}

fn tls(n: usize, tls: &SourceTls, found: &mut Findings<'_>) {
    let at = |key: &str| [Step::from("source"), n.into(), "tls".into(), key.into()];
    match (&tls.certificate, &tls.key) {
        (Some(_), None) => {
            found.at(at("certificate"), "a certificate needs its `key`: `vault:NAME` or a file");
        }
        (None, Some(_)) => found.at(at("key"), "a key needs its `certificate`: a PEM file"),
        _ => {}
    }
    if !tls.machine_roots && tls.ca.is_none() {
        found.at(
            at("machine-roots"),
            "without the machine's authorities there are none: name your own in `ca`",
        );
    }
    if let Some(key) = tls.key.as_deref().filter(|key| key.starts_with("vault:"))
        && let Err(e) = Template::parse(key)
    {
        found.at(at("key"), e);
    }
}
