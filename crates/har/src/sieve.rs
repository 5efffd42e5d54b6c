//! Which entries of a recording are no calls of an API.

use convert::{essence, is_json};
use url::Url;

use crate::entry::{Entry, Response};

/// Why an entry is left out: a stable code and a sentence.
pub(crate) type Refusal = (&'static str, &'static str);

/// Methods that can become tools.
pub(crate) const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/// Endings of files that pages are made of.
const FILES: &[&str] = &[
    "js",
    "mjs",
    "cjs",
    "css",
    "map",
    "wasm",
    "png",
    "jpg",
    "jpeg",
    "gif",
    "webp",
    "avif",
    "svg",
    "ico",
    "bmp",
    "woff",
    "woff2",
    "ttf",
    "otf",
    "eot",
    "mp4",
    "webm",
    "mp3",
    "ogg",
    "m4a",
    "ts",
    "m3u8",
    "webmanifest",
];
/// Services that count visitors and errors.
const WATCHERS: &[&str] = &[
    "google-analytics.com",
    "analytics.google.com",
    "googletagmanager.com",
    "doubleclick.net",
    "segment.io",
    "segment.com",
    "sentry.io",
    "datadoghq.com",
    "datadoghq.eu",
    "mixpanel.com",
    "amplitude.com",
    "hotjar.com",
    "hotjar.io",
    "nr-data.net",
    "newrelic.com",
    "bugsnag.com",
    "fullstory.com",
    "clarity.ms",
    "heapanalytics.com",
    "logrocket.io",
    "posthog.com",
    "plausible.io",
    "matomo.cloud",
    "browser-intake-datadoghq.com",
    "rollbar.com",
    "launchdarkly.com",
    "optimizely.com",
    "intercom.io",
];
/// Last words of places that only take reports.
const REPORTS: &[&str] = &[
    "collect",
    "beacon",
    "telemetry",
    "csp-report",
    "csp",
    "rum",
    "pixel",
    "analytics",
    "track",
    "batch-events",
    "log",
    "logs",
    "metrics",
    "ping",
    "envelope",
    "pageview",
];

/// Why an entry is no call, if it is none. Its URL could be read.
pub(crate) fn refuse(entry: &Entry, url: &Url) -> Option<Refusal> {
    scheme(url)
        .or_else(|| channel(entry))
        .or_else(|| method(entry))
        .or_else(|| watcher(url))
        .or_else(|| answer(entry))
        .or_else(|| asset(entry, url))
        .or_else(|| report(entry, url))
}

fn scheme(url: &Url) -> Option<Refusal> {
    match url.scheme() {
        "http" | "https" if url.has_host() => None,
        "ws" | "wss" => Some(SOCKET),
        scheme if scheme.ends_with("-extension") => {
            Some(("extension", "it belongs to an extension of the browser"))
        }
        _ => Some(("not_http", "it was not asked for over HTTP")),
    }
}

const SOCKET: Refusal = ("websocket", "a web socket has no one answer");

fn channel(entry: &Entry) -> Option<Refusal> {
    let kind = entry.resource_type.as_deref().unwrap_or_default();
    let upgrades = header(entry.request.headers.as_deref(), "upgrade");
    if kind == "websocket"
        || entry.web_socket.is_some()
        || upgrades.is_some_and(|u| u.eq_ignore_ascii_case("websocket"))
    {
        return Some(SOCKET);
    }
    match kind {
        "ping" | "cspviolationreport" => Some(REPORT),
        "eventsource" => Some(STREAM),
        "preflight" => Some(PREFLIGHT),
        _ => None,
    }
}

const PREFLIGHT: Refusal = ("preflight", "the browser asked whether it may ask");
const STREAM: Refusal = ("stream", "a stream of events has no one answer");
const REPORT: Refusal = ("telemetry", "it reports, and nothing comes back");

fn method(entry: &Entry) -> Option<Refusal> {
    let method = entry.request.method.to_ascii_uppercase();
    if method == "OPTIONS" {
        return Some(PREFLIGHT);
    }
    let known = METHODS.contains(&method.as_str());
    (!known).then_some(("unsupported_method", "its method is none that tools have"))
}

fn watcher(url: &Url) -> Option<Refusal> {
    let host = url.host_str().unwrap_or_default();
    let of = |name: &&str| {
        host.strip_suffix(*name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    WATCHERS.iter().any(of).then_some(("telemetry", "it goes to a service that watches visitors"))
}

fn answer(entry: &Entry) -> Option<Refusal> {
    let Some(status) = entry.response.as_ref().and_then(|r| r.status) else {
        return Some(NO_ANSWER);
    };
    match status {
        200..=299 => None,
        101 => Some(SOCKET),
        304 => Some(("not_modified", "the browser had the answer already")),
        300..=399 => Some(("redirect", "it leads elsewhere")),
        400..=599 => Some(("failed", "it failed, and shows nothing of how the API works")),
        _ => Some(NO_ANSWER),
    }
}

const NO_ANSWER: Refusal = ("no_answer", "nothing came back");

fn asset(entry: &Entry, url: &Url) -> Option<Refusal> {
    let kind = media(entry.response.as_ref());
    let page = matches!(kind.as_str(), "text/html" | "application/xhtml+xml");
    if kind == "text/event-stream" {
        return Some(STREAM);
    }
    if page {
        return Some(("page", "a page for people came back"));
    }
    let reads = matches!(entry.request.method.to_ascii_uppercase().as_str(), "GET" | "HEAD");
    let part = ["image/", "font/", "audio/", "video/"].iter().any(|top| kind.starts_with(top))
        || matches!(
            kind.as_str(),
            "text/css"
                | "text/javascript"
                | "application/javascript"
                | "application/x-javascript"
                | "application/wasm"
                | "application/manifest+json"
                | "application/font-woff"
        );
    let last = url.path().rsplit('/').next().unwrap_or_default();
    let ending = last.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let file = ending.is_some_and(|ending| FILES.contains(&ending.as_str()));
    let loaded = matches!(
        entry.resource_type.as_deref(),
        Some("stylesheet" | "script" | "image" | "font" | "media" | "manifest" | "texttrack")
    );
    let is = reads && (part || loaded || (file && !is_json(&kind)));
    is.then_some(("static_asset", "it is a part of a page"))
}

fn report(entry: &Entry, url: &Url) -> Option<Refusal> {
    let last = url.path().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let takes = REPORTS.contains(&last.to_ascii_lowercase().as_str());
    let content = entry.response.as_ref().and_then(|r| r.content.as_ref());
    let silent = content.and_then(|c| c.text.as_deref()).is_none_or(|text| text.trim().len() <= 2);
    (takes && silent && !is_json(&media(entry.response.as_ref()))).then_some(REPORT)
}

/// The media type of an answer, without parameters.
pub(crate) fn media(response: Option<&Response>) -> String {
    let content = response.and_then(|r| r.content.as_ref());
    essence(content.and_then(|c| c.mime_type.as_deref()).unwrap_or_default())
}

/// The value of a header field.
pub(crate) fn header<'e>(fields: Option<&'e [crate::entry::Pair]>, name: &str) -> Option<&'e str> {
    let mut fields = fields.into_iter().flatten();
    fields.find(|f| f.name.eq_ignore_ascii_case(name)).map(|f| f.value.as_str())
}
