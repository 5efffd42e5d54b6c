//! Media types: what a client sends, and what it takes.

use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE};

/// What forms of an answer a client takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Accepts {
    /// `application/json`
    pub(crate) json: bool,
    /// `text/event-stream`
    pub(crate) events: bool,
    /// Whether `text/event-stream` is named first: such a client would rather have a stream.
    pub(crate) rather_events: bool,
}

/// Whether the body is JSON in UTF-8, uncompressed.
pub(crate) fn is_plain_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(one), None) = (types.next(), types.next()) else { return false };
    let plain = |v: &http::HeaderValue| v.as_bytes().eq_ignore_ascii_case(b"identity");
    is_json(one.as_bytes()) && headers.get_all(CONTENT_ENCODING).iter().all(plain)
}

fn is_json(value: &[u8]) -> bool {
    if value == b"application/json" {
        return true;
    }
    let Ok(text) = std::str::from_utf8(value) else { return false };
    let mut parts = text.split(';').map(str::trim);
    if !parts.next().is_some_and(|t| t.eq_ignore_ascii_case("application/json")) {
        return false;
    }
    parts.all(|parameter| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            let value = value.trim().trim_matches('"');
            value.eq_ignore_ascii_case("utf-8") || value.eq_ignore_ascii_case("utf8")
        }
        _ => true,
    })
}

/// What nearly every client says, since MCP has it say so.
const BOTH: &[u8] = b"application/json, text/event-stream";

/// What the client takes. Without `Accept` it takes anything (RFC 9110 section 12.5.1).
pub(crate) fn accepts(headers: &HeaderMap) -> Accepts {
    let mut accepts = Accepts { json: false, events: false, rather_events: false };
    let mut said = false;
    for value in headers.get_all(ACCEPT) {
        said = true;
        if value.as_bytes() == BOTH {
            (accepts.json, accepts.events) = (true, true);
            continue;
        }
        let Ok(text) = value.to_str() else { continue };
        for range in text.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            let refused = parts.any(|p| {
                p.strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()).is_some_and(|q| q <= 0.0)
            });
            let is = |t: &str| name.eq_ignore_ascii_case(t) && !refused;
            accepts.json |= is("application/json") || is("application/*") || is("*/*");
            accepts.rather_events |= is("text/event-stream") && !accepts.json;
            accepts.events |= is("text/event-stream") || is("text/*") || is("*/*");
        }
    }
    if said { accepts } else { Accepts { json: true, events: true, rather_events: false } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in all {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    // g-http-11, v-body-01 to v-body-06
    #[test]
    fn the_media_type_is_parsed_and_not_searched() {
        for good in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
            "application/json; x=y",
        ] {
            assert!(is_plain_json(&headers(&[("content-type", good)])), "{good}");
        }
        for bad in [
            "text/plain; a=application/json",
            "application/json; charset=utf-16",
            "application/jsonp",
            "application/json, text/plain",
            "",
        ] {
            assert!(!is_plain_json(&headers(&[("content-type", bad)])), "{bad}");
        }
        assert!(!is_plain_json(&headers(&[])));
        let json = ("content-type", "application/json");
        assert!(!is_plain_json(&headers(&[json, ("content-encoding", "gzip")])));
        assert!(is_plain_json(&headers(&[json, ("content-encoding", "identity")])));
        assert!(!is_plain_json(&headers(&[json, json])));
    }

    #[test]
    fn what_most_clients_say_is_read_like_anything_else_whatever_stands_beside_it() {
        let both = std::str::from_utf8(BOTH).unwrap();
        let slow = format!("{both} ");
        let others = ["application/json", "text/event-stream", "*/*", "text/*;q=0", "a/b", ""];
        for (before, behind) in others.iter().flat_map(|b| others.map(|a| (*b, a))) {
            for all in [[before, "", behind], ["", before, behind], [before, behind, ""]] {
                let of = |both: &str| {
                    let said = all.map(|one| if one.is_empty() { both } else { one });
                    accepts(&headers(&said.map(|one| ("accept", one))))
                };
                assert_eq!(of(both), of(&slow), "{all:?}");
            }
        }
        assert_eq!(accepts(&headers(&[("accept", both)])), accepts(&headers(&[("accept", &slow)])));
    }

    #[test]
    fn a_client_takes_what_it_says_and_anything_if_it_says_nothing() {
        let of = |text: &str| {
            let a = accepts(&headers(&[("accept", text)]));
            (a.json, a.events)
        };
        assert_eq!(of("application/json, text/event-stream"), (true, true));
        assert_eq!(of("Application/JSON;q=0.5"), (true, false));
        assert_eq!(of("text/event-stream"), (false, true));
        assert_eq!(of("*/*"), (true, true));
        assert_eq!(of("application/json, text/event-stream;q=0"), (true, false));
        assert_eq!(of("text/html"), (false, false));
        let rather = |text: &str| accepts(&headers(&[("accept", text)])).rather_events;
        assert!(
            rather("text/event-stream, application/json")
                && !rather("application/json, text/event-stream")
        );
        assert_eq!(
            accepts(&headers(&[])),
            Accepts { json: true, events: true, rather_events: false }
        );
    }
}
