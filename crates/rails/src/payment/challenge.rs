use aws_lc_rs::hmac;
use model::Timestamp;
use model::money::MoneyRule;
use serde_json::{Map, Value};

use crate::{Flaw, MAX_STRING, challenge, decode, encode_url, jcs, strict};

/// What is asked for, in the form it came in: it goes back in the same one.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Over HTTP: base64url of JSON, kept byte for byte, and what it says.
    Encoded(String, Map<String, Value>),
    /// Over MCP: JSON itself.
    Native(Map<String, Value>),
}

impl Request {
    /// The members.
    pub const fn members(&self) -> &Map<String, Value> {
        match self {
            Self::Encoded(_, members) | Self::Native(members) => members,
        }
    }

    /// The slot of the identifier: the text itself, or base64url of the canonical form.
    fn slot(&self) -> String {
        match self {
            Self::Encoded(text, _) => text.clone(),
            Self::Native(members) => encode_url(
                jcs::write(&Value::Object(members.clone())).unwrap_or_default().as_bytes(),
            ),
        }
    }

    pub(super) fn echo(&self) -> Value {
        match self {
            Self::Encoded(text, _) => Value::String(text.clone()),
            Self::Native(members) => Value::Object(members.clone()),
        }
    }
}

/// A challenge. What has to come back in the credential is kept exactly as it was given.
#[derive(Debug, Clone, PartialEq)]
pub struct Challenge {
    /// The seller's name for it.
    pub id: String,
    /// The realm; a seller's text.
    pub realm: String,
    /// The payment method, `lightning` for one.
    pub method: String,
    /// The intent, `charge` for one.
    pub intent: String,
    /// What is asked for.
    pub request: Request,
    /// When it ends, as it was written (RFC 3339).
    pub expires: Option<String>,
    /// The digest of the request body that it is for (RFC 9530).
    pub digest: Option<String>,
    /// A text about it, from the seller.
    pub description: Option<String>,
    /// What the seller wants back unchanged.
    pub opaque: Option<Value>,
}

impl Challenge {
    /// Reads a challenge of HTTP.
    ///
    /// # Errors
    /// `bad_challenge` for a missing parameter, a request that is no base64url of a JSON object, a time that is none, or a
    /// credential that is wanted elsewhere than in `Authorization`; `ambiguous` for a parameter that stands twice; `too_large`.
    pub fn read(challenge: &challenge::Challenge) -> Result<Self, Flaw> {
        let required = |name: &'static str| {
            let found = challenge.get(name)?.filter(|text| !text.is_empty());
            found.map(str::to_owned).ok_or_else(|| bad(format!("The challenge has no `{name}`.")))
        };
        let optional = |name| Ok::<_, Flaw>(challenge.get(name)?.map(str::to_owned));
        if challenge.get("header")?.is_some_and(|name| !name.eq_ignore_ascii_case("authorization"))
        {
            return Err(bad("The challenge wants its credential in a header field of its own."));
        }
        let encoded = required("request")?;
        let bytes = decode(encoded.as_bytes());
        let bytes = bytes.ok_or_else(|| bad("The request of the challenge is not base64url."))?;
        let request = strict::json(&bytes, MoneyRule::BadChallenge)?;
        let members = strict::object(&request, MoneyRule::BadChallenge)?.clone();
        Self {
            id: required("id")?,
            realm: required("realm")?,
            method: required("method")?,
            intent: required("intent")?,
            request: Request::Encoded(encoded, members),
            expires: optional("expires")?,
            digest: optional("digest")?,
            description: optional("description")?,
            opaque: optional("opaque")?.map(Value::String),
        }
        .checked()
    }

    /// Reads a challenge of MCP: an element of `error.data.challenges`, already within the bounds.
    pub(crate) fn native(value: &Value) -> Result<Self, Flaw> {
        let members = strict::object(value, MoneyRule::BadChallenge)?;
        let required =
            |name| Ok::<_, Flaw>(strict::text(members, name, MoneyRule::BadChallenge)?.to_owned());
        let optional =
            |name| Ok::<_, Flaw>(strict::optional_text(members, name)?.map(str::to_owned));
        let request = members.get("request").and_then(Value::as_object);
        let request =
            request.ok_or_else(|| bad("The request of the challenge is not a JSON object."))?;
        Self {
            id: required("id")?,
            realm: required("realm")?,
            method: required("method")?,
            intent: required("intent")?,
            request: Request::Native(request.clone()),
            expires: optional("expires")?,
            digest: optional("digest")?,
            description: optional("description")?,
            opaque: members.get("opaque").cloned(),
        }
        .checked()
    }

    fn checked(self) -> Result<Self, Flaw> {
        let texts = [&self.id, &self.realm, &self.method, &self.intent];
        if texts.iter().any(|text| text.len() > MAX_STRING) {
            return Err(Flaw::new(
                MoneyRule::TooLarge,
                "A text of the challenge is longer than is read.",
            ));
        }
        if self.id.is_empty() {
            return Err(bad("The challenge has no `id`."));
        }
        if self.expires.is_some() && self.expires_at().is_none() {
            return Err(bad("The challenge ends at a time that cannot be read."));
        }
        Ok(self)
    }

    /// Whether the method is written as methods are: lower-case letters, digits and hyphens.
    pub fn method_is_lawful(&self) -> bool {
        let lawful = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        !self.method.is_empty() && self.method.bytes().all(lawful)
    }

    /// When it ends, to the millisecond and rounded down. `None` if it does not say.
    pub fn expires_at(&self) -> Option<Timestamp> {
        let moment: jiff::Timestamp = self.expires.as_deref()?.parse().ok()?;
        // A time before 1970 is over just as well.
        Some(Timestamp(u64::try_from(moment.as_millisecond()).unwrap_or(0)))
    }

    /// The identifier by which a seller knows its own challenge: base64url of HMAC-SHA256 over the seven slots
    /// realm, method, intent, request, expires, digest and opaque, each of them always there.
    pub fn id_under(&self, secret: &[u8]) -> String {
        let opaque = match &self.opaque {
            None => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(native) => encode_url(jcs::write(native).unwrap_or_default().as_bytes()),
        };
        let request = self.request.slot();
        let text = |slot: &Option<String>| slot.clone().unwrap_or_default();
        let slots = [
            self.realm.clone(),
            self.method.clone(),
            self.intent.clone(),
            request,
            text(&self.expires),
            text(&self.digest),
            opaque,
        ];
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        encode_url(hmac::sign(&key, slots.join("|").as_bytes()).as_ref())
    }
}

/// The `methodDetails` of a request.
pub(super) fn details(members: &Map<String, Value>) -> Result<&Map<String, Value>, Flaw> {
    let details = members.get("methodDetails");
    let details = details.ok_or_else(|| bad("The request has no `methodDetails`."))?;
    details.as_object().ok_or_else(|| {
        Flaw::new(MoneyRule::BadType, "The `methodDetails` of the request are not an object.")
    })
}

pub(super) fn bad(why: impl Into<std::borrow::Cow<'static, str>>) -> Flaw {
    Flaw::new(MoneyRule::BadChallenge, why)
}
