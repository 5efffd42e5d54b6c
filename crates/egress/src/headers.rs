use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{EgressError, Kind};

/// The longest value of a header that a caller may set, in bytes.
pub const MAX_VALUE: usize = 8 << 10;

/// What becomes of a header field that an agent, or a description written by others, wants to set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderRule {
    /// It goes out.
    Pass,
    /// It is left out: it belongs to one connection, frames the message, or says who is calling.
    Strip,
    /// The call is refused: it would pay, or sign in, past the parts of the gate that do this.
    Refuse,
}

/// Fields of one connection (RFC 9110 section 7.6.1), of framing, of routing and of the browser, and such as upstreams
/// take for another method, URL or sender than the real ones.
const STRIPPED: &[&str] = &[
    "accept-encoding",
    "alt-used",
    "client-ip",
    "cf-connecting-ip",
    "connection",
    "content-encoding",
    "content-length",
    "expect",
    "fastly-client-ip",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "max-forwards",
    "origin",
    "referer",
    "te",
    "trailer",
    "transfer-encoding",
    "true-client-ip",
    "upgrade",
    "upgrade-insecure-requests",
    "via",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-host",
    "x-original-method",
    "x-original-url",
    "x-override-url",
    "x-real-ip",
    "x-rewrite-url",
];

const STRIPPED_FAMILIES: &[&str] = &["proxy-", "sec-", "x-forwarded-", "access-control-"];

/// Fields that sign in or pay.
const REFUSED: &[&str] = &[
    "authorization",
    "cookie",
    "cookie2",
    "payment",
    "payment-authorization",
    "payment-response",
    "payment-signature",
    "sign-in-with-x",
    "x-cashu",
    "x-lnurlcash",
    "x-payment",
    "x-payment-response",
];

/// What becomes of this field when an agent names it.
pub fn header_rule(name: &HeaderName) -> HeaderRule {
    // Many servers hand `X_Forwarded_For` and `X-Forwarded-For` to the program behind them as one variable.
    let name = match name.as_str() {
        name if name.contains('_') => Cow::Owned(name.replace('_', "-")),
        name => Cow::Borrowed(name),
    };
    if REFUSED.contains(&&*name) {
        HeaderRule::Refuse
    } else if STRIPPED.contains(&&*name)
        || STRIPPED_FAMILIES.iter().any(|family| name.starts_with(family))
    {
        HeaderRule::Strip
    } else {
        HeaderRule::Pass
    }
}

/// Whether an agent may set this field at all: for callers that offer header parameters as arguments.
pub fn agent_header(name: &HeaderName) -> bool {
    header_rule(name) == HeaderRule::Pass
}

/// Leaves out of an agent's header fields what is not its to set, and what its `Connection` field names.
///
/// # Errors
/// `header_refused` where a field signs in or pays, or has a value longer than [`MAX_VALUE`].
pub fn clean(headers: &mut HeaderMap) -> Result<(), EgressError> {
    let refused = |detail: String| Err(EgressError::new(Kind::Header, false, detail));
    for (name, value) in &*headers {
        if header_rule(name) == HeaderRule::Refuse || is_payment(name, value) {
            return refused(format!("`{name}` is not an agent's to set: leave it out"));
        }
        if value.len() > MAX_VALUE {
            return refused(format!("`{name}` has more than {MAX_VALUE} bytes: shorten it"));
        }
    }
    for name in named_by_connection(headers) {
        headers.remove(name);
    }
    let strange: Vec<_> = headers.keys().filter(|name| !agent_header(name)).cloned().collect();
    for name in strange {
        headers.remove(name);
    }
    Ok(())
}

fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers.get_all(http::header::CONNECTION).iter();
    let tokens = values.flat_map(|value| value.as_bytes().split(|c| *c == b','));
    tokens.filter_map(|token| HeaderName::from_bytes(token.trim_ascii()).ok()).collect()
}

/// Whether this field carries money, or proof of a payment.
pub(crate) fn is_payment(name: &HeaderName, value: &HeaderValue) -> bool {
    match name.as_str() {
        "authorization" => {
            let text = value.as_bytes().trim_ascii_start();
            let scheme = text.split(u8::is_ascii_whitespace).next().unwrap_or_default();
            ["payment", "l402", "lsat", "cashu"]
                .iter()
                .any(|s| scheme.eq_ignore_ascii_case(s.as_bytes()))
        }
        "payment"
        | "payment-authorization"
        | "payment-signature"
        | "x-cashu"
        | "x-lnurlcash"
        | "x-payment" => true,
        _ => false,
    }
}

/// What may cross to another origin: nothing that could be a secret, whoever set it.
pub(crate) fn harmless(headers: &HeaderMap) -> HeaderMap {
    use http::header::{ACCEPT, ACCEPT_LANGUAGE, USER_AGENT};
    let mut kept = HeaderMap::new();
    for name in [ACCEPT, ACCEPT_LANGUAGE, USER_AGENT] {
        for value in headers.get_all(&name).iter().filter(|value| !value.is_sensitive()) {
            kept.append(name.clone(), value.clone());
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(name: &str) -> HeaderRule {
        header_rule(&HeaderName::try_from(name).unwrap())
    }

    // HDR-01 to HDR-05: stripped.
    #[test]
    fn who_is_calling_and_how_is_not_the_agents_to_say() {
        for (id, name) in [
            ("HDR-01", "X-Forwarded-For"),
            ("HDR-02", "Forwarded"),
            ("HDR-03", "X-Real-IP"),
            ("HDR-04", "Via"),
            ("HDR-05", "X-HTTP-Method-Override"),
            ("", "X-Forwarded-Host"),
            ("", "X-Forwarded-Client-Cert"),
            ("", "X_Forwarded_For"),
            ("", "Host"),
            ("", "Connection"),
            ("", "TE"),
            ("", "Transfer-Encoding"),
            ("", "Content-Length"),
            ("", "Upgrade"),
            ("", "Proxy-Authorization"),
            ("", "Proxy-Connection"),
            ("", "Sec-WebSocket-Key"),
            ("", "X-Original-URL"),
        ] {
            assert_eq!(rule(name), HeaderRule::Strip, "{id} {name}");
        }
        for name in ["Accept", "Content-Type", "X-Note", "If-Match", "X-Request-Id", "Prefer"] {
            assert_eq!(rule(name), HeaderRule::Pass, "{name}");
        }
    }

    // HDR-06 to HDR-12: refused.
    #[test]
    fn payments_and_log_ins_do_not_go_past_the_parts_that_make_them() {
        for (id, name, value) in [
            ("HDR-06", "X-Cashu", "cashuB"),
            ("HDR-07", "X-LNURLcash", "https://mint.example.com/n/1"),
            ("HDR-08", "PAYMENT-SIGNATURE", "eyJ"),
            ("HDR-09", "X-PAYMENT", "eyJ"),
            ("HDR-10", "Authorization", "Payment eyJ"),
            ("HDR-11", "Authorization", "L402 AAAA:00"),
            ("HDR-12", "SIGN-IN-WITH-X", "eyJ"),
            ("", "Authorization", "Bearer x"),
            ("", "Cookie", "a=b"),
        ] {
            let mut headers = HeaderMap::new();
            let name = HeaderName::try_from(name).unwrap();
            headers.insert(name, HeaderValue::from_static(value));
            let error = clean(&mut headers).unwrap_err();
            assert_eq!(error.code(), "header_refused", "{id}: {error}");
            assert!(!error.sent() && !error.to_string().contains(value));
        }
    }

    // g-http-26
    #[test]
    fn what_the_connection_field_names_is_left_out_with_it() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Internal-Auth"),
            ("x-internal-auth", "1"),
            ("x-forwarded-for", "127.0.0.1"),
            ("x-note", "kept"),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        clean(&mut headers).unwrap();
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["x-note"]);
    }

    #[test]
    fn a_value_of_8_kib_passes_and_one_byte_more_does_not() {
        for (length, passes) in [(MAX_VALUE, true), (MAX_VALUE + 1, false)] {
            let mut headers = HeaderMap::new();
            headers.insert("x-note", HeaderValue::try_from("x".repeat(length)).unwrap());
            assert_eq!(clean(&mut headers).is_ok(), passes);
        }
    }

    #[test]
    fn only_what_cannot_be_a_secret_crosses_to_another_origin() {
        let mut headers = HeaderMap::new();
        for name in [
            "accept",
            "user-agent",
            "authorization",
            "x-api-key",
            "cookie",
            "x-payment",
            "content-type",
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static("x"));
        }
        let mut secret = HeaderValue::from_static("s");
        secret.set_sensitive(true);
        headers.insert("accept-language", secret);
        let kept = harmless(&headers);
        assert_eq!(
            kept.keys().map(HeaderName::as_str).collect::<Vec<_>>(),
            ["accept", "user-agent"]
        );
    }
}
