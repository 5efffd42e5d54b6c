//! How services sign, as their own documents say it.

use std::time::Duration;

use http::HeaderName;
use thiserror::Error;

/// How a service proves that a request is its own. Every scheme is over the raw body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scheme {
    /// `X-Hub-Signature-256: sha256=HEX`, over the body. It signs no time.
    GitHub,
    /// `Stripe-Signature: t=…,v1=HEX`, over `t.body`.
    Stripe,
    /// `X-Slack-Signature: v0=HEX` and `X-Slack-Request-Timestamp`, over `v0:timestamp:body`.
    Slack,
    /// `webhook-id`, `webhook-timestamp` and `webhook-signature: v1,BASE64 …`, over `id.timestamp.body`.
    StandardWebhooks,
    /// `MONEI-Signature: t=…,v1=HEX`, over `t.body`.
    Monei,
    /// An HMAC whose parts are configured.
    Hmac(Hmac),
    /// The secret itself, in a header: it signs nothing, and is for services that can do no better.
    Header(HeaderName),
}

impl Scheme {
    /// Whether the moment of the request is among what is signed.
    pub const fn signs_time(&self) -> bool {
        match self {
            Self::Stripe | Self::Slack | Self::StandardWebhooks | Self::Monei => true,
            Self::Hmac(hmac) => hmac.timestamp.is_some(),
            Self::GitHub | Self::Header(_) => false,
        }
    }
}

/// A hash function of an HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC-SHA256
    Sha256,
    /// HMAC-SHA512
    Sha512,
}

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Lower-case hexadecimal digits.
    Hex,
    /// Base64 with padding.
    Base64,
}

/// A configured HMAC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hmac {
    pub(super) signature: HeaderName,
    pub(super) prefix: String,
    pub(super) algorithm: Algorithm,
    pub(super) encoding: Encoding,
    pub(super) timestamp: Option<HeaderName>,
    pub(super) signed: Vec<Part>,
}

/// A part of the signed text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Text(String),
    Timestamp,
    Body,
}

/// Not a scheme that keeps what it promises.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadScheme {
    /// A place in the template that is not known.
    #[error("`{{{0}}}` is not known in a signed text: use `{{timestamp}}` and `{{body}}`")]
    Unknown(String),
    /// The body is not signed, or twice.
    #[error("a signed text holds `{{body}}` once, at its end: `{{timestamp}}.{{body}}`")]
    Body,
    /// A timestamp that is read but not signed, or signed but not read.
    #[error(
        "freshness comes only from what is signed: a header for the timestamp and `{{timestamp}}` in the signed text go together"
    )]
    Timestamp,
    /// A timestamp that could run into what follows it.
    #[error(
        "in a signed text something that is no digit stands on both sides of `{{timestamp}}`, such as the dot in `{{timestamp}}.{{body}}`"
    )]
    Separator,
}

impl Hmac {
    /// An HMAC in a header: `prefix` stands before the signature, `signed` is the text it is over, with `{body}` and
    /// `{timestamp}` in it. When `signed` is not given it is `{timestamp}.{body}`, or `{body}` without a timestamp.
    ///
    /// # Errors
    /// A text that would leave open what is signed.
    pub fn new(
        signature: HeaderName,
        prefix: &str,
        algorithm: Algorithm,
        encoding: Encoding,
        timestamp: Option<HeaderName>,
        signed: Option<&str>,
    ) -> Result<Self, BadScheme> {
        let usual = if timestamp.is_some() { "{timestamp}.{body}" } else { "{body}" };
        let signed = parts(signed.unwrap_or(usual))?;
        let count = |part: &Part| signed.iter().filter(|p| *p == part).count();
        if count(&Part::Body) != 1 || signed.last() != Some(&Part::Body) {
            return Err(BadScheme::Body);
        }
        if count(&Part::Timestamp) != usize::from(timestamp.is_some()) {
            return Err(BadScheme::Timestamp);
        }
        if !is_apart(&signed) {
            return Err(BadScheme::Separator);
        }
        Ok(Self { signature, prefix: prefix.to_owned(), algorithm, encoding, timestamp, signed })
    }
}

fn parts(template: &str) -> Result<Vec<Part>, BadScheme> {
    let mut found = Vec::new();
    let mut rest = template;
    while let Some((text, after)) = rest.split_once('{') {
        if !text.is_empty() {
            found.push(Part::Text(text.to_owned()));
        }
        let (name, after) =
            after.split_once('}').ok_or_else(|| BadScheme::Unknown(after.to_owned()))?;
        found.push(match name {
            "timestamp" => Part::Timestamp,
            "body" => Part::Body,
            other => return Err(BadScheme::Unknown(other.to_owned())),
        });
        rest = after;
    }
    if !rest.is_empty() {
        found.push(Part::Text(rest.to_owned()));
    }
    Ok(found)
}

/// Whether digits of the timestamp cannot be taken for something beside it: nobody may cut a signed text anew.
fn is_apart(signed: &[Part]) -> bool {
    let Some(at) = signed.iter().position(|part| *part == Part::Timestamp) else { return true };
    let open = |text: &str, end: Option<char>| {
        !text.is_empty() && end.is_some_and(|c| !c.is_ascii_digit())
    };
    let before =
        at == 0 || matches!(&signed[at - 1], Part::Text(t) if open(t, t.chars().next_back()));
    let after = matches!(signed.get(at + 1), Some(Part::Text(t)) if open(t, t.chars().next()));
    before && after
}

/// How old, and how far ahead of us, a signed request may be, and how long one that signs no time is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// Oldest.
    pub window: Duration,
    /// Furthest ahead.
    pub skew: Duration,
    /// How long a body is remembered where no time is signed.
    pub remember: Duration,
}

impl Freshness {
    /// The widest window.
    pub const MAX_WINDOW: Duration = Duration::from_hours(1);
    /// The widest skew.
    pub const MAX_SKEW: Duration = Duration::from_secs(30);
    /// The longest memory.
    pub const MAX_REMEMBER: Duration = Duration::from_hours(30 * 24);
}

impl Default for Freshness {
    fn default() -> Self {
        Self {
            window: Duration::from_mins(5),
            skew: Duration::from_secs(5),
            remember: Duration::from_hours(24),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hmac(timestamp: bool, signed: Option<&str>) -> Result<Hmac, BadScheme> {
        let header = HeaderName::from_static;
        let timestamp = timestamp.then(|| header("x-time"));
        Hmac::new(header("x-sign"), "", Algorithm::Sha256, Encoding::Hex, timestamp, signed)
    }

    #[test]
    fn a_signed_text_leaves_nothing_open() {
        assert_eq!(hmac(true, None), hmac(true, Some("{timestamp}.{body}")));
        assert_eq!(hmac(false, None), hmac(false, Some("{body}")));
        assert!(hmac(true, Some("v0:{timestamp}:{body}")).is_ok());
        for (timestamp, signed, why) in [
            (true, "{body}", BadScheme::Timestamp),
            (false, "{timestamp}.{body}", BadScheme::Timestamp),
            (true, "{timestamp}.{timestamp}.{body}", BadScheme::Timestamp),
            (true, "{timestamp}{body}", BadScheme::Separator),
            (true, "{timestamp}0{body}", BadScheme::Separator),
            (true, "v1{timestamp}.{body}", BadScheme::Separator),
            (true, "{timestamp}.", BadScheme::Body),
            (true, "{body}.{timestamp}", BadScheme::Body),
            (false, "{body}{body}", BadScheme::Body),
            (false, "", BadScheme::Body),
            (false, "{url}{body}", BadScheme::Unknown("url".to_owned())),
            (false, "{body", BadScheme::Unknown("body".to_owned())),
        ] {
            assert_eq!(hmac(timestamp, Some(signed)), Err(why), "{signed}");
        }
    }
}
