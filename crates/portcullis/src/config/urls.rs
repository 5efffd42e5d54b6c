//! The URLs of a configuration: variables filled in, then held against the rules for targets.

use egress::{Class, Policy, Refusal, Rule, guard};

use super::place::{Problem, Step, nearest_place};
use super::{ApiAuth, Source, SourceProxy, host_port};

/// Fills variables into the URLs of every source, and says which of them may never be dialled, as far as their text says.
/// `get` gives variables of the gate's own environment; only those that the source declares are read.
pub fn settle(
    sources: &mut [Source],
    text: &str,
    get: impl Fn(&str) -> Option<String>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (n, source) in sources.iter_mut().enumerate() {
        let declared = source.url_env.clone();
        let declared: Vec<&str> = declared.iter().map(String::as_str).collect();
        let policy = named(source);
        for (keys, kind, url) in urls(source) {
            if kind == Kind::UrlOrFile && !url.contains("://") && !url.starts_with("${") {
                continue;
            }
            let filled = egress::expand(url, &declared, &get);
            let wrong = match filled {
                Err(what) => Some(format!("url_variable: {what}")),
                Ok(filled) => {
                    *url = filled;
                    judged(kind, url, &policy)
                }
            };
            if let Some(message) = wrong {
                let way = [Step::from("source"), n.into()].into_iter().chain(keys);
                let span = nearest_place(text, &way.collect::<Vec<_>>());
                problems.push(Problem { message, span });
            }
        }
    }
    problems
}

/// What stands at a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A URL.
    Target,
    /// A URL, or the path of a file.
    UrlOrFile,
    /// A URL, or a part of one that the description completes.
    Server,
    /// It has rules of its own.
    Proxy,
}

type Found<'a> = (Vec<Step>, Kind, &'a mut String);

fn urls(source: &mut Source) -> Vec<Found<'_>> {
    let at = |keys: &[&str]| keys.iter().map(|key| Step::from(*key)).collect::<Vec<_>>();
    let mut all = Vec::new();
    if let Some(url) = source.mcp.as_mut().and_then(|mcp| mcp.url.as_mut()) {
        all.push((at(&["mcp", "url"]), Kind::Target, url));
    }
    if let Some(openapi) = &mut source.openapi {
        all.push((at(&["openapi", "spec"]), Kind::UrlOrFile, &mut openapi.spec));
        if let Some(server) = &mut openapi.server {
            all.push((at(&["openapi", "server"]), Kind::Server, server));
        }
    }
    if let Some(graphql) = &mut source.graphql {
        all.push((at(&["graphql", "endpoint"]), Kind::Target, &mut graphql.endpoint));
    }
    match &mut source.proxy {
        Some(SourceProxy::Url(url)) => all.push((at(&["proxy"]), Kind::Proxy, url)),
        Some(SourceProxy::Login(login)) => {
            all.push((at(&["proxy", "url"]), Kind::Proxy, &mut login.url));
        }
        None => {}
    }
    if let Some(auth) = &mut source.auth {
        tokens(auth, &at(&["auth"]), &mut all);
    }
    all
}

/// Token endpoints, those of single schemes, too.
fn tokens<'a>(auth: &'a mut ApiAuth, at: &[Step], all: &mut Vec<Found<'a>>) {
    let below = |keys: &[&str]| {
        at.iter().cloned().chain(keys.iter().map(|key| Step::from(*key))).collect::<Vec<_>>()
    };
    if let Some(oauth) = &mut auth.oauth2 {
        all.push((below(&["oauth2", "token-url"]), Kind::Target, &mut oauth.token_url));
    }
    for (name, scheme) in &mut auth.schemes {
        tokens(scheme, &below(&["schemes", name]), all);
    }
    for (name, own) in &mut auth.tenants {
        tokens(own, &below(&["tenants", name]), all);
    }
}

/// What the source names, and whether onion services can be reached at all.
fn named(source: &Source) -> Policy {
    let places = source.private.iter().filter_map(|place| host_port(place));
    let policy = places.fold(Policy::default(), |policy, (host, port)| policy.allow(&host, port));
    policy.onions(source.proxy.as_ref().is_some_and(|proxy| proxy.url().starts_with("socks5")))
}

fn judged(kind: Kind, url: &str, policy: &Policy) -> Option<String> {
    let whole = url.contains("://");
    let looked_at = match kind {
        Kind::Target => true,
        Kind::UrlOrFile => whole,
        // Variables of the description stand in braces; what they make is judged when it is made.
        Kind::Server => whole && !url.contains('{'),
        Kind::Proxy => false,
    };
    let refusal = looked_at.then(|| guard::target(url, policy).err()).flatten()?;
    Some(told(url, &refusal))
}

/// The refusal, and what to write if the target is meant.
fn told(url: &str, refusal: &Refusal) -> String {
    let place = url::Url::parse(url).ok();
    let place = place.as_ref().and_then(|u| Some((u.host_str()?, u.port_or_known_default()?)));
    match (refusal.rule, place) {
        (Rule::Address(class), Some((host, port))) if class.nameable() => format!(
            "{}: {host} is {}: if that is meant, add `private = [\"{host}:{port}\"]` to this source",
            refusal.rule.code(),
            of(class)
        ),
        _ => refusal.to_string(),
    }
}

fn of(class: Class) -> String {
    format!("a {class} address")
}

#[cfg(test)]
#[path = "urls_tests.rs"]
mod tests;
