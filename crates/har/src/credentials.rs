//! With which credentials calls were recorded: of what kind and where, never which.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use convert::{Location, Scheme, SchemeKind};
use url::Url;

use crate::entry::{Entry, Pair};
use crate::secret::{self, Vault};

/// A credential that was seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Seen {
    Bearer,
    Basic,
    Other(String),
    Header(String),
    Query(String),
    Cookie(String),
}

impl Seen {
    /// The name on the wire that it stands under, where it has one of its own.
    pub(crate) fn wire(&self) -> &str {
        match self {
            Self::Bearer | Self::Basic => "",
            Self::Other(name) | Self::Header(name) | Self::Query(name) | Self::Cookie(name) => name,
        }
    }

    /// As descriptions declare it. Its name is a key that a configuration can have.
    pub(crate) fn scheme(&self) -> Scheme {
        let key = |place: &str, location, name: &String| Scheme {
            name: format!("{place}-{}", plain(name)),
            kind: SchemeKind::ApiKey(location, name.clone()),
        };
        match self {
            Self::Bearer => Scheme { name: "bearer".to_owned(), kind: SchemeKind::Bearer },
            Self::Basic => Scheme { name: "basic".to_owned(), kind: SchemeKind::Basic },
            Self::Other(name) => {
                Scheme { name: plain(name), kind: SchemeKind::Other(name.clone()) }
            }
            Self::Header(name) => key("header", Location::Header, name),
            Self::Query(name) => key("query", Location::Query, name),
            Self::Cookie(name) => key("cookie", Location::Cookie, name),
        }
    }
}

/// Letters, digits, `_` and `-`.
fn plain(name: &str) -> String {
    let lawful = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    name.chars().map(|c| if lawful(c) { c } else { '_' }).collect()
}

/// What an entry shows of credentials and of other header fields.
#[derive(Default)]
pub(crate) struct Found {
    /// Credentials.
    pub(crate) schemes: Vec<Seen>,
    /// Fields of the API's own.
    pub(crate) headers: Vec<String>,
    /// Names of fields that hold secrets nobody can configure.
    pub(crate) hidden: Vec<String>,
}

/// Reads the header fields and cookies of an entry. Every secret in them is remembered, whatever becomes of the entry.
pub(crate) fn read(entry: &Entry, url: Option<&Url>, vault: &mut Vault) -> Found {
    let mut found = Found::default();
    for field in entry.request.headers.iter().flatten() {
        let name = field.name.trim_start_matches(':').to_ascii_lowercase();
        match name.as_str() {
            "authorization" => authorization(&field.value, &mut found, vault),
            "proxy-authorization" => keep_words(&field.value, vault),
            "cookie" => {
                for (name, value) in pairs(&field.value) {
                    cookie(name, value, &mut found, vault);
                }
            }
            _ => own(&name, &field.value, &mut found, vault),
        }
    }
    for Pair { name, value } in entry.request.cookies.iter().flatten() {
        cookie(name, value, &mut found, vault);
    }
    if let Some(response) = &entry.response {
        answered(response.headers.as_deref(), response.cookies.as_deref(), vault);
    }
    if let Some(url) = url.filter(|url| !url.username().is_empty() || url.password().is_some()) {
        vault.keep(url.username(), 6);
        vault.keep(url.password().unwrap_or_default(), 4);
        found.schemes.push(Seen::Basic);
    }
    found
}

fn authorization(value: &str, found: &mut Found, vault: &mut Vault) {
    keep_words(value, vault);
    let (scheme, rest) = value.trim().split_once(' ').unwrap_or(("", value));
    let seen = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Seen::Bearer,
        "basic" => {
            let decoded = STANDARD.decode(rest.trim()).ok().and_then(|b| String::from_utf8(b).ok());
            for part in decoded.iter().flat_map(|text| text.splitn(2, ':')) {
                vault.keep(part, 4);
            }
            Seen::Basic
        }
        "digest" | "negotiate" | "ntlm" | "hawk" | "aws4-hmac-sha256" | "signature" => {
            Seen::Other(scheme.to_ascii_lowercase())
        }
        // A word of the service's own before the key, or the key alone.
        _ => Seen::Header("Authorization".to_owned()),
    };
    found.schemes.push(seen);
}

/// A value, and the words in it.
fn keep_words(value: &str, vault: &mut Vault) {
    vault.keep(value, 4);
    value.split([' ', ',', '"', '=']).for_each(|word| vault.keep(word, 8));
}

fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(';').filter_map(|pair| pair.trim().split_once('='))
}

/// Cookies never become arguments. One by which a session is known is a credential.
fn cookie(name: &str, value: &str, found: &mut Found, vault: &mut Vault) {
    let session = secret::name(name)
        || secret::value(name, value)
        || name.to_ascii_lowercase().contains("sess");
    vault.keep(value, if session { 4 } else { 16 });
    let seen = Seen::Cookie(name.to_owned());
    if session && !secret::is_no_name(name) && !found.schemes.contains(&seen) {
        found.schemes.push(seen);
    }
}

fn answered(headers: Option<&[Pair]>, cookies: Option<&[Pair]>, vault: &mut Vault) {
    for field in headers.into_iter().flatten() {
        let name = field.name.to_ascii_lowercase();
        if name == "set-cookie" {
            for line in field.value.lines() {
                let value = pairs(line).next().map_or("", |(_, value)| value);
                vault.keep(value, 8);
            }
        } else if secret::name(&name) {
            keep_words(&field.value, vault);
        }
    }
    for Pair { value, .. } in cookies.into_iter().flatten() {
        vault.keep(value, 8);
    }
}

/// A field that is neither `Authorization` nor `Cookie`.
fn own(name: &str, value: &str, found: &mut Found, vault: &mut Vault) {
    let forged = name.contains("csrf") || name.contains("xsrf");
    if secret::name(name) || secret::value(name, value) {
        keep_words(value, vault);
        match (secret::is_no_name(name) || !token(name), forged) {
            (true, _) => {}
            (_, true) => found.hidden.push(name.to_owned()),
            (_, false) => found.schemes.push(Seen::Header(name.to_owned())),
        }
        return;
    }
    if token(name) && !secret::is_no_name(name) && !is_usual(name) {
        found.headers.push(name.to_owned());
    }
}

fn token(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
}

/// Fields that clients and networks set by themselves, and those by which calls are traced.
fn is_usual(name: &str) -> bool {
    const BEGINNINGS: [&str; 15] = [
        "accept",
        "sec-",
        "content-",
        "if-",
        "access-control-",
        "x-forwarded-",
        "proxy-",
        "cf-",
        "x-amzn-",
        "x-b3-",
        "x-datadog-",
        "x-real-",
        "x-envoy-",
        "baggage",
        "x-client-",
    ];
    const NAMES: [&str; 35] = [
        "host",
        "connection",
        "user-agent",
        "referer",
        "origin",
        "dnt",
        "te",
        "trailer",
        "upgrade",
        "via",
        "range",
        "upgrade-insecure-requests",
        "pragma",
        "cache-control",
        "keep-alive",
        "transfer-encoding",
        "expect",
        "date",
        "forwarded",
        "from",
        "max-forwards",
        "priority",
        "save-data",
        "traceparent",
        "tracestate",
        "sentry-trace",
        "newrelic",
        "x-request-id",
        "x-correlation-id",
        "x-requested-with",
        "purpose",
        "early-data",
        "method",
        "scheme",
        "path",
    ];
    BEGINNINGS.iter().any(|b| name.starts_with(b))
        || NAMES.contains(&name)
        || name == "authority"
        || name == "http2-settings"
}
