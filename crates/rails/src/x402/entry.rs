use bytes::Bytes;
use model::money::MoneyRule;
use serde_json::{Map, Value};

use super::Version;
use super::network::{caip2_of_v1, is_caip2};
use crate::transfer::amount;
use crate::{Flaw, Hints, Transfer, strict};

/// One way to pay: an element of `accepts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub(super) raw: Bytes,
    /// `exact`, `upto`, or what else there may be.
    pub scheme: String,
    /// What is asked for.
    pub transfer: Transfer,
    /// The network as it was written.
    pub network_name: String,
    /// `maxTimeoutSeconds`, at least 1, or `bad_timeout`.
    pub timeout: Result<u64, Flaw>,
    /// The URL it is for (version 1).
    pub resource: Option<String>,
    /// A text about it, from the seller (version 1).
    pub description: Option<String>,
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
        let (minor, resource) = match version {
            Version::V1 => ("maxAmountRequired", Some(required("resource")?)),
            Version::V2 => ("amount", None),
        };
        Ok(Self {
            raw,
            scheme: required("scheme")?,
            transfer: Transfer {
                network: network(&network_name, version),
                asset: required("asset")?,
                pay_to: required("payTo")?,
                amount: amount(members.get(minor)),
                hints: hints(members.get("extra"))?,
            },
            network_name,
            timeout: seconds(members.get("maxTimeoutSeconds")),
            resource,
            description: if version == Version::V1 { optional("description")? } else { None },
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
    Ok(Hints {
        name: text("name")?,
        version: text("version")?,
        decimals: Hints::decimals(members)?,
        transfer_method: text("assetTransferMethod")?,
        facilitator: text("facilitatorAddress")?,
        spender: text("spender")?,
    })
}
