use bytes::Bytes;
use model::money::MoneyRule;
use serde_json::{Map, Value};

use super::Version;
use super::network::{caip2_of_v1, is_caip2};
use crate::{Digits, Flaw, strict};

/// What a seller says about the asset and the way; compared with what is known, never used in its place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hints {
    /// The name of the token's EIP-712 domain.
    pub name: Option<String>,
    /// The version of that domain.
    pub version: Option<String>,
    /// Decimals, as they were written.
    pub decimals: Option<String>,
    /// `eip3009`, `permit2` or `erc7710`; none said is `eip3009` for `exact`.
    pub transfer_method: Option<String>,
    /// Who may settle a payment of scheme `upto`.
    pub facilitator: Option<String>,
    /// A spender that the seller asks the permit for.
    pub spender: Option<String>,
}

/// One way to pay: an element of `accepts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub(super) raw: Bytes,
    /// `exact`, `upto`, or what else there may be.
    pub scheme: String,
    /// The network by CAIP-2, or `bad_network`.
    pub network: Result<String, Flaw>,
    /// The network as it was written.
    pub network_name: String,
    /// The asset: an address, not checked.
    pub asset: String,
    /// Who is to be paid: not checked.
    pub pay_to: String,
    /// The amount in smallest units, or `bad_amount`, `zero_amount`, `bad_type`.
    pub amount: Result<Digits, Flaw>,
    /// `maxTimeoutSeconds`, at least 1, or `bad_timeout`.
    pub timeout: Result<u64, Flaw>,
    /// The URL it is for (version 1).
    pub resource: Option<String>,
    /// A text about it, from the seller (version 1).
    pub description: Option<String>,
    /// What the seller says about the asset.
    pub hints: Hints,
}

impl Entry {
    /// Reads an entry that is within the bounds; `raw` is its text.
    pub(super) fn read(raw: Bytes, value: &Value, version: Version) -> Result<Self, Flaw> {
        let members = strict::object(value, MoneyRule::BadJson)?;
        if version == Version::V2 {
            refuse_members_of_v1(members)?;
        }
        let required =
            |name| Ok::<_, Flaw>(strict::text(members, name, MoneyRule::BadJson)?.to_owned());
        let optional =
            |name| Ok::<_, Flaw>(strict::optional_text(members, name)?.map(str::to_owned));
        let network_name = required("network")?;
        let (amount, resource) = match version {
            Version::V1 => ("maxAmountRequired", Some(required("resource")?)),
            Version::V2 => ("amount", None),
        };
        Ok(Self {
            raw,
            scheme: required("scheme")?,
            network: network(&network_name, version),
            network_name,
            asset: required("asset")?,
            pay_to: required("payTo")?,
            amount: digits(members.get(amount)),
            timeout: seconds(members.get("maxTimeoutSeconds")),
            resource,
            description: if version == Version::V1 { optional("description")? } else { None },
            hints: hints(members.get("extra"))?,
        })
    }

    /// The text of the entry, byte for byte as it was offered.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }
}

/// A peer that reads the older member would see other terms than we do.
fn refuse_members_of_v1(members: &Map<String, Value>) -> Result<(), Flaw> {
    match ["maxAmountRequired", "resource"].into_iter().find(|name| members.contains_key(*name)) {
        None => Ok(()),
        Some(name) => {
            let why = format!("The entry of version 2 also has `{name}`, which is of version 1.");
            Err(Flaw::new(MoneyRule::Ambiguous, why))
        }
    }
}

fn network(name: &str, version: Version) -> Result<String, Flaw> {
    let known = match version {
        Version::V1 => caip2_of_v1(name),
        Version::V2 => is_caip2(name).then_some(name),
    };
    let bad = || {
        Flaw::new(
            MoneyRule::BadNetwork,
            "The network is not named as this version of x402 names networks.",
        )
    };
    known.map(str::to_owned).ok_or_else(bad)
}

fn digits(member: Option<&Value>) -> Result<Digits, Flaw> {
    match member {
        Some(Value::String(text)) => Digits::parse(text),
        Some(_) => Err(Flaw::new(MoneyRule::BadType, "The amount is not a string.")),
        None => Err(Flaw::new(MoneyRule::BadType, "The offer has no amount.")),
    }
}

/// A plain JSON integer of at least 1: `60.0` and `6e1` are other spellings that peers read in other ways.
fn seconds(member: Option<&Value>) -> Result<u64, Flaw> {
    let bad = |why: &'static str| Flaw::new(MoneyRule::BadTimeout, why);
    let Some(Value::Number(number)) = member else {
        return Err(bad("The offer has no number of seconds in `maxTimeoutSeconds`."));
    };
    let text = number.as_str();
    if !text.bytes().all(|c| c.is_ascii_digit()) || text.starts_with('0') {
        return Err(bad(
            "The `maxTimeoutSeconds` of the offer is not a whole number of at least one second.",
        ));
    }
    // What is too large to count is longer than any window.
    Ok(text.parse().unwrap_or(u64::MAX))
}

fn hints(extra: Option<&Value>) -> Result<Hints, Flaw> {
    let members = match extra {
        None | Some(Value::Null) => return Ok(Hints::default()),
        Some(Value::Object(members)) => members,
        Some(_) => {
            return Err(Flaw::new(
                MoneyRule::BadType,
                "The `extra` of the offer is not an object.",
            ));
        }
    };
    let text = |name| Ok::<_, Flaw>(strict::optional_text(members, name)?.map(str::to_owned));
    let decimals = match members.get("decimals") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.as_str().to_owned()),
        Some(_) => {
            return Err(Flaw::new(
                MoneyRule::BadType,
                "The `decimals` of the offer are not a number.",
            ));
        }
    };
    Ok(Hints {
        name: text("name")?,
        version: text("version")?,
        decimals,
        transfer_method: text("assetTransferMethod")?,
        facilitator: text("facilitatorAddress")?,
        spender: text("spender")?,
    })
}
