use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use url::{Position, Url};

use super::{Challenge, text, time};
use crate::{Address, Bytes32, Refused, Signature, eip191};

/// How old a challenge may be, in milliseconds.
const MAX_AGE: i64 = 5 * 60 * 1000;
/// How far ahead of our clock a challenge may be, in milliseconds.
const MAX_AHEAD: i64 = 60 * 1000;

/// What a challenge is held against.
pub struct Circumstances<'a> {
    /// What was asked for, as it was asked for.
    pub request: &'a Url,
    /// The chains that are in use (EIP-155).
    pub enabled_chains: &'a [u64],
    /// Seconds since 1970.
    pub now: u64,
    /// The account that would sign.
    pub wallet: Address,
    /// Whether a nonce has never been signed before. Whoever asks notes it down with the signature.
    pub unseen: &'a dyn Fn(&str) -> bool,
}

/// A sign-in that was judged: the only text that a [`crate::SigningKey`] signs. Made only by [`SignIn::judge`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    challenge: Challenge,
    chain_id: u64,
    address: Address,
}

impl SignIn {
    /// Judges a challenge; everything that is wrong with it is [`Refused::SignIn`]. The domain is the host that was asked
    /// (with its port, if it is not the scheme's own), the URI and all resources are of the origin that was asked, the
    /// first chain in use is taken, it was issued between five minutes ago and a minute ahead, has begun and has not
    /// ended, no field has characters that a person would not see, and its nonce is new.
    pub fn judge(challenge: Challenge, at: &Circumstances<'_>) -> Result<Self, Refused> {
        let refused = |what| Err(Refused::SignIn(what));
        if challenge.domain != at.request[Position::BeforeHost..Position::AfterPort] {
            return refused("another domain than the host that was asked");
        }
        let of_origin = |uri: &String| is_of_origin(uri, at.request);
        if !of_origin(&challenge.uri) || !challenge.resources.iter().all(of_origin) {
            return refused("another origin than the one that was asked");
        }
        if challenge.version != "1" {
            return refused("another version than 1");
        }
        if !challenge.statement.as_deref().is_none_or(is_plain_line)
            || !challenge.request_id.as_deref().is_none_or(is_token)
        {
            return refused("characters that a person would not see");
        }
        judge_times(&challenge, at.now)?;
        let enabled = challenge.chains.iter().find(|chain| at.enabled_chains.contains(chain));
        let Some(chain_id) = enabled.copied() else { return refused("no chain that is in use") };
        if !is_nonce(&challenge.nonce) || !(at.unseen)(&challenge.nonce) {
            return refused("a nonce that was used before, or is none");
        }
        Ok(Self { challenge, chain_id, address: at.wallet })
    }

    /// Who signs in.
    pub const fn address(&self) -> Address {
        self.address
    }

    /// Its nonce, which is to be noted down as used.
    pub fn nonce(&self) -> &str {
        &self.challenge.nonce
    }

    /// The text (EIP-4361).
    pub fn text(&self) -> String {
        text::write(&self.challenge, self.chain_id, self.address)
    }

    /// The digest that is signed (EIP-191).
    pub fn digest(&self) -> Bytes32 {
        eip191::digest(&self.text())
    }

    /// The value of the header `SIGN-IN-WITH-X`: base64 of the fields, the address and the signature as JSON.
    pub fn header(&self, signature: &Signature) -> String {
        let c = &self.challenge;
        let (address, chain, signature) =
            (self.address.to_string(), format!("eip155:{}", self.chain_id), signature.to_string());
        let texts = [
            ("domain", Some(&c.domain)),
            ("address", Some(&address)),
            ("statement", c.statement.as_ref()),
            ("uri", Some(&c.uri)),
            ("version", Some(&c.version)),
            ("chainId", Some(&chain)),
            ("type", Some(&"eip191".to_owned())),
            ("nonce", Some(&c.nonce)),
            ("issuedAt", Some(&c.issued_at)),
            ("expirationTime", c.expiration_time.as_ref()),
            ("notBefore", c.not_before.as_ref()),
            ("requestId", c.request_id.as_ref()),
            ("signature", Some(&signature)),
        ];
        let there = texts
            .into_iter()
            .filter_map(|(name, text)| Some((name.to_owned(), Value::from(text?.clone()))));
        let mut fields: Map<String, Value> = there.collect();
        if !c.resources.is_empty() {
            fields.insert("resources".to_owned(), c.resources.clone().into());
        }
        STANDARD.encode(Value::Object(fields).to_string())
    }
}

fn judge_times(challenge: &Challenge, now: u64) -> Result<(), Refused> {
    let malformed = Refused::SignIn("a time of another form");
    let now = i64::try_from(now).ok().and_then(|now| now.checked_mul(1000)).ok_or(malformed)?;
    let read = |text: &Option<String>| match text {
        Some(text) => time::read(text).map(Some).ok_or(malformed),
        None => Ok(None),
    };
    let issued = time::read(&challenge.issued_at).ok_or(malformed)?;
    if issued < now.saturating_sub(MAX_AGE) || issued > now.saturating_add(MAX_AHEAD) {
        return Err(Refused::SignIn("issued too long ago, or in the future"));
    }
    if read(&challenge.expiration_time)?.is_some_and(|end| end <= now) {
        return Err(Refused::SignIn("it has ended"));
    }
    if read(&challenge.not_before)?.is_some_and(|start| start > now) {
        return Err(Refused::SignIn("it has not begun"));
    }
    Ok(())
}

/// Whether a URI, written without anything that a parser would mend, has the scheme, host and port of the request.
fn is_of_origin(uri: &str, request: &Url) -> bool {
    let plain = is_token(uri) && !uri.contains('\\');
    let same = |url: Url| {
        let nobody = url.username().is_empty() && url.password().is_none();
        let origin = &request[..Position::AfterPort];
        // What is written is what gets signed, so it begins as the request does, with nothing left to mend.
        nobody && url.origin() == request.origin() && uri.starts_with(origin)
    };
    plain && request.has_host() && Url::parse(uri).is_ok_and(same)
}

/// At least one character, all of them ASCII that is printed, no blanks.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// EIP-4361: at least eight letters and digits.
fn is_nonce(text: &str) -> bool {
    (8..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// One line of at least one character, none of which is a control or steers the direction or width of what is shown.
fn is_plain_line(text: &str) -> bool {
    let unseen = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{feff}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{e0000}'..='\u{e007f}')
    };
    !text.is_empty() && !text.chars().any(unseen)
}
