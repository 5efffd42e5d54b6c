//! Whether a request is what a service signed: pure, over raw bytes, before anything is parsed.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName};
use model::Timestamp;

use super::keys::Key;
use super::scheme::{Algorithm, Encoding, Freshness, Hmac, Part, Scheme};

/// Most signatures of one request: services send several while a secret is being replaced.
const SIGNATURES: usize = 16;
/// Longest id of a message.
const MAX_ID: usize = 256;

/// What a signature proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verified {
    /// A digest of everything that is signed. The same text under another secret, or signed twice, is the same request.
    pub(super) replay_key: [u8; 32],
    /// When the request was made, if that is signed.
    pub(super) signed_at: Option<Timestamp>,
}

/// Why a request is not taken. Which one is for the operator; whoever sent it hears that it proved nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unproven {
    /// A header of the scheme is not there.
    Missing,
    /// One stands twice, or says something twice.
    Ambiguous,
    /// It is not written as the scheme has it: a prefix missing, another scheme's.
    Malformed,
    /// No secret makes this signature.
    Wrong,
    /// The signed time is not 10 or 13 digits.
    Time,
    /// The signed time is too long ago.
    Stale,
    /// The signed time is too far ahead.
    Ahead,
}

impl Unproven {
    /// The stable word for records.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "signature_missing",
            Self::Ambiguous => "signature_ambiguous",
            Self::Malformed => "signature_malformed",
            Self::Wrong => "signature_wrong",
            Self::Time => "timestamp_malformed",
            Self::Stale => "timestamp_stale",
            Self::Ahead => "timestamp_ahead",
        }
    }
}

/// Checks a request. The signature comes first: a time that is not proven is not looked at.
pub(super) fn verify(
    scheme: &Scheme,
    freshness: &Freshness,
    headers: &HeaderMap,
    body: &[u8],
    keys: &[Key],
    now: Timestamp,
) -> Result<Verified, Unproven> {
    let signed = read(scheme, headers, body)?;
    let mut proven = false;
    for key in keys {
        let wanted = signed.proof(key);
        for given in &signed.signatures {
            // No early end: how long this takes must not say which secret it was.
            proven |= verify_slices_are_equal(&signed.comparable(given), &wanted).is_ok();
        }
    }
    if !proven {
        return Err(Unproven::Wrong);
    }
    let signed_at = signed.timestamp.map(time).transpose()?;
    if let Some(at) = signed_at {
        is_fresh(at, freshness, now)?;
    }
    Ok(Verified { replay_key: signed.digest(), signed_at })
}

/// What a request shows.
struct Signed<'a> {
    /// What is signed, one part after the other.
    text: Vec<&'a [u8]>,
    signatures: Vec<&'a [u8]>,
    timestamp: Option<&'a str>,
    kind: Kind,
}

/// What a signature is.
enum Kind {
    Mac(Algorithm, Encoding),
    /// The secret itself.
    Plain,
}

impl Signed<'_> {
    /// What a right signature compares equal to. Signatures are compared as they are written, so that there is one way
    /// only to write each.
    fn proof(&self, key: &Key) -> Vec<u8> {
        let key = key.0.reveal();
        let (algorithm, encoding) = match self.kind {
            Kind::Plain => return digest(&[key]).to_vec(),
            Kind::Mac(Algorithm::Sha256, encoding) => (hmac::HMAC_SHA256, encoding),
            Kind::Mac(Algorithm::Sha512, encoding) => (hmac::HMAC_SHA512, encoding),
        };
        let mut context = hmac::Context::with_key(&hmac::Key::new(algorithm, key));
        for part in &self.text {
            context.update(part);
        }
        match encoding {
            Encoding::Hex => hex(context.sign().as_ref()),
            Encoding::Base64 => STANDARD.encode(context.sign()).into_bytes(),
        }
    }

    /// A secret is compared by its digest, which does not tell its length.
    fn comparable(&self, given: &[u8]) -> Vec<u8> {
        match self.kind {
            Kind::Plain => digest(&[given]).to_vec(),
            Kind::Mac(..) => given.to_vec(),
        }
    }

    fn digest(&self) -> [u8; 32] {
        digest(&self.text)
    }
}

fn read<'a>(
    scheme: &'a Scheme,
    headers: &'a HeaderMap,
    body: &'a [u8],
) -> Result<Signed<'a>, Unproven> {
    let hex = Kind::Mac(Algorithm::Sha256, Encoding::Hex);
    match scheme {
        Scheme::GitHub => {
            let signature = after(one(headers, "x-hub-signature-256")?, "sha256=")?;
            Ok(Signed { text: vec![body], signatures: vec![signature], timestamp: None, kind: hex })
        }
        Scheme::Stripe => elements(one(headers, "stripe-signature")?, body),
        Scheme::Monei => elements(one(headers, "monei-signature")?, body),
        Scheme::Slack => {
            let timestamp = text(one(headers, "x-slack-request-timestamp")?)?;
            let signature = after(one(headers, "x-slack-signature")?, "v0=")?;
            Ok(Signed {
                text: vec![b"v0:", timestamp.as_bytes(), b":", body],
                signatures: vec![signature],
                timestamp: Some(timestamp),
                kind: hex,
            })
        }
        Scheme::StandardWebhooks => standard(headers, body),
        Scheme::Hmac(hmac) => configured(hmac, headers, body),
        Scheme::Header(name) => Ok(Signed {
            text: vec![body],
            signatures: vec![one(headers, name)?],
            timestamp: None,
            kind: Kind::Plain,
        }),
    }
}

/// `t=…,v1=…`: one time, one signature or several; what has another name is another scheme's, and ignored.
fn elements<'a>(value: &'a [u8], body: &'a [u8]) -> Result<Signed<'a>, Unproven> {
    let (mut timestamp, mut signatures) = (None, Vec::new());
    for element in text(value)?.split(',') {
        let (name, value) = element.split_once('=').ok_or(Unproven::Malformed)?;
        match name {
            "t" if timestamp.replace(value).is_some() => return Err(Unproven::Ambiguous),
            "v1" => signatures.push(value.as_bytes()),
            _ => {}
        }
    }
    let timestamp = timestamp.ok_or(Unproven::Malformed)?;
    Ok(Signed {
        text: vec![timestamp.as_bytes(), b".", body],
        signatures: some(signatures)?,
        timestamp: Some(timestamp),
        kind: Kind::Mac(Algorithm::Sha256, Encoding::Hex),
    })
}

/// Standard Webhooks 1.0.0. An id with a dot could be cut anew where id and time meet.
fn standard<'a>(headers: &'a HeaderMap, body: &'a [u8]) -> Result<Signed<'a>, Unproven> {
    let id = text(one(headers, "webhook-id")?)?;
    let timestamp = text(one(headers, "webhook-timestamp")?)?;
    if id.is_empty() || id.len() > MAX_ID || id.contains('.') {
        return Err(Unproven::Malformed);
    }
    let mut signatures = Vec::new();
    for signature in text(one(headers, "webhook-signature")?)?.split(' ') {
        // What has another version is another scheme's, and ignored.
        if let ("v1", signature) = signature.split_once(',').ok_or(Unproven::Malformed)? {
            signatures.push(signature.as_bytes());
        }
    }
    Ok(Signed {
        text: vec![id.as_bytes(), b".", timestamp.as_bytes(), b".", body],
        signatures: some(signatures)?,
        timestamp: Some(timestamp),
        kind: Kind::Mac(Algorithm::Sha256, Encoding::Base64),
    })
}

fn configured<'a>(
    hmac: &'a Hmac,
    headers: &'a HeaderMap,
    body: &'a [u8],
) -> Result<Signed<'a>, Unproven> {
    let signature = after(one(headers, &hmac.signature)?, &hmac.prefix)?;
    let timestamp = match &hmac.timestamp {
        Some(name) => Some(text(one(headers, name)?)?),
        None => None,
    };
    let part = |part: &'a Part| match part {
        Part::Text(text) => text.as_bytes(),
        Part::Timestamp => timestamp.unwrap_or_default().as_bytes(),
        Part::Body => body,
    };
    Ok(Signed {
        text: hmac.signed.iter().map(part).collect(),
        signatures: vec![signature],
        timestamp,
        kind: Kind::Mac(hmac.algorithm, hmac.encoding),
    })
}

/// The one value of a header.
fn one(headers: &HeaderMap, name: impl AsHeader) -> Result<&[u8], Unproven> {
    let mut values = name.all(headers);
    match (values.next(), values.next()) {
        (Some(value), None) => Ok(value.as_bytes()),
        (None, _) => Err(Unproven::Missing),
        (Some(_), Some(_)) => Err(Unproven::Ambiguous),
    }
}

/// A header's name, fixed or configured.
trait AsHeader {
    fn all(self, headers: &HeaderMap) -> http::header::ValueIter<'_, http::HeaderValue>;
}

impl AsHeader for &str {
    fn all(self, headers: &HeaderMap) -> http::header::ValueIter<'_, http::HeaderValue> {
        headers.get_all(self).into_iter()
    }
}

impl AsHeader for &HeaderName {
    fn all(self, headers: &HeaderMap) -> http::header::ValueIter<'_, http::HeaderValue> {
        headers.get_all(self).into_iter()
    }
}

fn after<'a>(value: &'a [u8], prefix: &str) -> Result<&'a [u8], Unproven> {
    value.strip_prefix(prefix.as_bytes()).ok_or(Unproven::Malformed)
}

fn text(value: &[u8]) -> Result<&str, Unproven> {
    std::str::from_utf8(value).map_err(|_| Unproven::Malformed)
}

fn some(signatures: Vec<&[u8]>) -> Result<Vec<&[u8]>, Unproven> {
    if signatures.is_empty() || signatures.len() > SIGNATURES {
        return Err(Unproven::Malformed);
    }
    Ok(signatures)
}

/// A time of the signed text: seconds in 10 digits, or milliseconds in 13.
fn time(text: &str) -> Result<Timestamp, Unproven> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Unproven::Time);
    }
    let number = text.parse::<u64>().map_err(|_| Unproven::Time)?;
    match text.len() {
        10 => Ok(Timestamp(number * 1000)),
        13 => Ok(Timestamp(number)),
        _ => Err(Unproven::Time),
    }
}

fn is_fresh(at: Timestamp, freshness: &Freshness, now: Timestamp) -> Result<(), Unproven> {
    let millis = |d: std::time::Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
    if now.0.saturating_sub(at.0) > millis(freshness.window) {
        return Err(Unproven::Stale);
    }
    if at.0.saturating_sub(now.0) > millis(freshness.skew) {
        return Err(Unproven::Ahead);
    }
    Ok(())
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble)];
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
