use std::borrow::Cow;

use bytes::Bytes;
use model::money::MoneyRule;
use protocol::json::{Object, elements};
use serde_json::{Map, Value};

use super::Entry;
use crate::{Flaw, MAX_ACCEPTS, MAX_BODY, MAX_EXTENSIONS, MAX_HEADER, decode, strict};

/// The field of an offer of version 2.
pub const REQUIRED_HEADER: &str = "PAYMENT-REQUIRED";
/// The extension by which a seller asks who has paid, instead of asking for money.
pub const SIGN_IN: &str = "sign-in-with-x";

/// The version of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `x402Version: 1`.
    V1,
    /// `x402Version: 2`.
    V2,
}

/// What carried an offer: it decides which versions are spoken there, and in what the payment goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// The header `PAYMENT-REQUIRED`: version 2.
    Header,
    /// The body of a 402: version 1.
    Body,
    /// A result of MCP: either version.
    Mcp,
}

/// `PaymentRequired`: what is asked, and the ways to pay.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The version.
    pub version: Version,
    /// What carried it.
    pub carrier: Carrier,
    /// What is paid for (version 2; version 1 says it in each entry).
    pub resource: Option<String>,
    /// A text about it, from the seller.
    pub description: Option<String>,
    /// What the seller says is wrong; text.
    pub error: Option<String>,
    /// The ways to pay, in the seller's order: each read, or its own flaw. None where the seller only wants a sign-in.
    pub entries: Vec<Result<Entry, Flaw>>,
    /// Extensions by their keys.
    pub extensions: Map<String, Value>,
    pub(super) whole: Object,
}

impl Offer {
    /// Reads the value of `PAYMENT-REQUIRED`: base64 of JSON.
    ///
    /// # Errors
    /// `too_large`, `bad_json`, `bad_type`, `version`, `header_injection`.
    pub fn from_header(value: &[u8]) -> Result<Self, Flaw> {
        if value.len() > MAX_HEADER {
            return Err(Flaw::new(
                MoneyRule::TooLarge,
                "The offer is longer than a header may be.",
            ));
        }
        let text = decode(value).ok_or_else(|| bad("The offer in the header is not base64."))?;
        Self::read(text.into(), Carrier::Header)
    }

    /// Reads an object.
    ///
    /// # Errors
    /// `too_large`, `bad_json`, `bad_type`, `version`. Flaws of one entry are that entry's.
    pub fn read(text: Bytes, carrier: Carrier) -> Result<Self, Flaw> {
        if text.len() > MAX_BODY {
            return Err(Flaw::new(MoneyRule::TooLarge, "The offer is larger than is read."));
        }
        let value = strict::json(&text, MoneyRule::BadJson)?;
        let members = strict::object(&value, MoneyRule::BadJson)?;
        let version = version(members, carrier)?;
        let whole = Object::parse(text, strict::LIMITS)
            .map_err(|_| bad("The offer is not strict JSON."))?;
        let (resource, description) = match version {
            Version::V1 => (None, None),
            Version::V2 => resource(members)?,
        };
        let extensions = extensions(members)?;
        Ok(Self {
            version,
            carrier,
            resource,
            description,
            error: strict::optional_text(members, "error").ok().flatten().map(str::to_owned),
            entries: entries(members, &whole, version, &extensions)?,
            extensions,
            whole,
        })
    }

    /// What an entry is for: said once in version 2, in each entry in version 1.
    pub fn resource_of<'a>(&'a self, entry: &'a Entry) -> Option<&'a str> {
        self.resource.as_deref().or(entry.resource.as_deref())
    }
}

fn version(members: &Map<String, Value>, carrier: Carrier) -> Result<Version, Flaw> {
    let version = match members.get("x402Version") {
        None => return Err(bad("The offer has no `x402Version`.")),
        Some(Value::Number(number)) => number.as_str(),
        Some(_) => {
            return Err(Flaw::new(
                MoneyRule::BadType,
                "The `x402Version` of the offer is not a number.",
            ));
        }
    };
    match (version, carrier) {
        ("1", Carrier::Body | Carrier::Mcp) => Ok(Version::V1),
        ("2", Carrier::Header | Carrier::Mcp) => Ok(Version::V2),
        ("1" | "2", _) => {
            let why = "The offer is of a version of x402 that is carried in another place.";
            Err(Flaw::new(MoneyRule::Version, why))
        }
        _ => Err(Flaw::new(
            MoneyRule::Version,
            "The offer is of a version of x402 that is not spoken.",
        )),
    }
}

type Resource = (Option<String>, Option<String>);

fn resource(members: &Map<String, Value>) -> Result<Resource, Flaw> {
    let resource = members.get("resource").ok_or_else(|| bad("The offer has no `resource`."))?;
    let wrong = || Flaw::new(MoneyRule::BadType, "The `resource` of the offer is not an object.");
    let resource = resource.as_object().ok_or_else(wrong)?;
    let url = strict::text(resource, "url", MoneyRule::BadJson)?;
    let description = strict::optional_text(resource, "description")?;
    Ok((Some(url.to_owned()), description.map(str::to_owned)))
}

fn entries(
    members: &Map<String, Value>,
    whole: &Object,
    version: Version,
    extensions: &Map<String, Value>,
) -> Result<Vec<Result<Entry, Flaw>>, Flaw> {
    let list = members.get("accepts").ok_or_else(|| bad("The offer has no `accepts`."))?;
    let wrong = || Flaw::new(MoneyRule::BadType, "The `accepts` of the offer is not a list.");
    let values = list.as_array().ok_or_else(wrong)?;
    if values.is_empty() && !extensions.contains_key(SIGN_IN) {
        return Err(bad("The offer has no way to pay in it."));
    }
    if values.len() > MAX_ACCEPTS {
        return Err(Flaw::new(
            MoneyRule::TooLarge,
            "The offer has more ways to pay than are read.",
        ));
    }
    let text = whole.get("accepts").unwrap_or_default();
    let texts = elements(&text, strict::LIMITS)
        .map_err(|_| bad("The `accepts` of the offer is not strict JSON."))?;
    let both = texts.into_iter().zip(values);
    Ok(both.map(|(raw, value)| Entry::read(raw, value, version)).collect())
}

fn extensions(members: &Map<String, Value>) -> Result<Map<String, Value>, Flaw> {
    match members.get("extensions") {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(all)) if all.len() > MAX_EXTENSIONS => {
            Err(Flaw::new(MoneyRule::TooLarge, "The offer has more extensions than are read."))
        }
        Some(Value::Object(all)) => Ok(all.clone()),
        Some(_) => {
            Err(Flaw::new(MoneyRule::BadType, "The `extensions` of the offer is not an object."))
        }
    }
}

fn bad(why: impl Into<Cow<'static, str>>) -> Flaw {
    Flaw::new(MoneyRule::BadJson, why)
}
