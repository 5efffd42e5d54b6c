use bytes::Bytes;
use egress::Outgoing;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Map, Value};
use spend::{Origin, Target};
use url::Url;

use crate::arguments::{Arguments, No};

/// Longest URL, in bytes.
const URL: usize = 8 << 10;
/// Longest body of a request, in bytes.
const BODY: usize = 1_000_000;
/// Most header fields of a request.
const FIELDS: usize = 32;
/// Longest idempotency key, in bytes: as in `_meta`.
const KEY: usize = 128;
/// Methods that may be asked for.
const METHODS: [Method; 6] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// A request that an agent wants made: read, and of no meaning but one.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) origin: Origin,
    pub(crate) request: Outgoing,
    pub(crate) key: Option<String>,
}

impl Wanted {
    /// From `url`, `method`, `headers`, `body` and `idempotencyKey`.
    pub(crate) fn of(arguments: &Arguments) -> Result<Self, No> {
        let (origin, url) = place(arguments)?;
        let method = method(arguments.text("method", 16)?)?;
        let body = arguments.text("body", BODY)?.unwrap_or_default();
        if !body.is_empty() && (method == Method::GET || method == Method::HEAD) {
            return Err(No::argument(format!("{method} takes no body")));
        }
        let headers = headers(arguments.object("headers")?)?;
        let request = Outgoing { method, url, headers, body: Bytes::from(body.to_owned()) };
        Ok(Self { origin, request, key: key(arguments)? })
    }

    /// Whether it changes nothing, whatever is answered (RFC 9110 section 9.2.1).
    pub(crate) fn is_safe(&self) -> bool {
        self.request.method == Method::GET || self.request.method == Method::HEAD
    }
}

/// The idempotency key of the caller, if it gives one among the arguments.
pub(crate) fn key(arguments: &Arguments) -> Result<Option<String>, No> {
    let key = arguments.text("idempotencyKey", KEY)?;
    Ok(key.filter(|key| !key.is_empty()).map(ToOwned::to_owned))
}

/// Where `url` leads. What is behind a `#` never leaves a client.
pub(crate) fn place(arguments: &Arguments) -> Result<(Origin, Url), No> {
    let text = arguments.text("url", URL)?.ok_or_else(|| No::argument("`url` is missing"))?;
    let target = Target::parse(text).map_err(|flaw| No::rule(flaw.rule, flaw.why))?;
    let mut url = Url::parse(text).map_err(|e| No::argument(format!("`url` is no URL: {e}")))?;
    url.set_fragment(None);
    Ok((target.origin, url))
}

fn method(text: Option<&str>) -> Result<Method, No> {
    let Some(text) = text else { return Ok(Method::GET) };
    let found = METHODS.into_iter().find(|method| method.as_str().eq_ignore_ascii_case(text));
    found.ok_or_else(|| No::argument("`method` is none of GET, HEAD, POST, PUT, PATCH, DELETE"))
}

/// Header fields as an agent may set them; those that pay or sign in are refused.
fn headers(given: Option<&Map<String, Value>>) -> Result<HeaderMap, No> {
    let mut headers = HeaderMap::new();
    let Some(given) = given else { return Ok(headers) };
    if given.len() > FIELDS {
        return Err(No::argument(format!("`headers` has more than {FIELDS} fields")));
    }
    for (name, value) in given {
        let bad =
            || No::argument(format!("`headers`: `{}` is no header field", name.escape_debug()));
        let text = value.as_str().ok_or_else(bad)?;
        let name = HeaderName::try_from(name.as_str()).map_err(|_| bad())?;
        headers.append(name.clone(), HeaderValue::try_from(text).map_err(|_| bad())?);
    }
    egress::clean(&mut headers).map_err(|e| No::new("not_permitted", e.detail()))?;
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wanted(arguments: &Value) -> Result<Wanted, No> {
        Wanted::of(&Arguments(arguments.as_object().unwrap().clone()))
    }

    fn refused(arguments: &Value) -> &'static str {
        wanted(arguments).unwrap_err().code
    }

    #[test]
    fn a_request_is_a_get_without_body_unless_it_says_otherwise() {
        let plain = wanted(&json!({ "url": "https://api.example.com/a?b=1#c" })).unwrap();
        assert_eq!(plain.request.url.as_str(), "https://api.example.com/a?b=1");
        assert!(plain.is_safe() && plain.key.is_none() && plain.request.body.is_empty());
        let post = json!({
            "url": "https://api.example.com/a", "method": "post", "body": "{}", "idempotencyKey": "k",
            "headers": { "content-type": "application/json", "x-forwarded-for": "127.0.0.1" },
        });
        let post = wanted(&post).unwrap();
        assert!(!post.is_safe() && post.key.as_deref() == Some("k"));
        assert_eq!(post.request.headers.len(), 1, "who calls is not the agent's to say");
    }

    #[test]
    fn a_url_that_is_read_in_two_ways_is_refused() {
        for url in [
            "https://a@api.example.com/",
            "https://api.example.com\\@evil.example/",
            "https://api.example.com./",
            "https://api%2eexample.com/",
            "ftp://api.example.com/",
            "https://api.example.com/\n",
        ] {
            assert_eq!(refused(&json!({ "url": url })), "origin", "{url}");
        }
        assert_eq!(refused(&json!({})), "invalid_arguments");
    }

    #[test]
    fn what_pays_or_signs_in_is_not_an_agents_to_set() {
        for name in ["authorization", "cookie", "x-payment", "PAYMENT-SIGNATURE", "x-cashu"] {
            let arguments = json!({ "url": "https://api.example.com/", "headers": { name: "x" } });
            assert_eq!(refused(&arguments), "not_permitted", "{name}");
        }
    }

    #[test]
    fn what_cannot_be_sent_as_it_stands_is_refused() {
        let with = |member: &str, value: Value| {
            let mut arguments = json!({ "url": "https://api.example.com/" });
            arguments[member] = value;
            refused(&arguments)
        };
        assert_eq!(with("method", json!("TRACE")), "invalid_arguments");
        assert_eq!(with("body", json!("x")), "invalid_arguments", "GET takes no body");
        assert_eq!(with("body", json!(1)), "invalid_arguments");
        assert_eq!(with("headers", json!({ "a b": "x" })), "invalid_arguments");
        assert_eq!(with("headers", json!({ "a": "x\r\nb: c" })), "invalid_arguments");
        assert_eq!(with("headers", json!([])), "invalid_arguments");
        assert_eq!(with("idempotencyKey", json!("k".repeat(129))), "invalid_arguments");
    }

    proptest::proptest! {
        #[test]
        fn no_text_as_a_url_leads_elsewhere_than_its_origin_says(text in "(https?://)?[ -~]{0,60}") {
            if let Ok(wanted) = wanted(&json!({ "url": text })) {
                let shown = wanted.request.url.origin().ascii_serialization();
                assert_eq!(wanted.origin.to_string(), shown);
                assert!(wanted.request.url.username().is_empty());
            }
        }
    }
}
