use model::money::MoneyRule;
use serde_json::{Map, Value};

use crate::{Digits, Flaw};

/// What is asked for on a chain, in whatever dialect: the parts that are judged, and held against what is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// The network by CAIP-2, or `bad_network`.
    pub network: Result<String, Flaw>,
    /// The asset: an address, not checked.
    pub asset: String,
    /// Who is to be paid: not checked.
    pub pay_to: String,
    /// The amount in smallest units, or `bad_amount`, `zero_amount`, `bad_type`.
    pub amount: Result<Digits, Flaw>,
    /// What the seller says about the asset and the way.
    pub hints: Hints,
}

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

impl Hints {
    /// The decimals among these members: a number, or the text of one.
    pub(crate) fn decimals(members: &Map<String, Value>) -> Result<Option<String>, Flaw> {
        match members.get("decimals") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.as_str().to_owned())),
            Some(_) => {
                Err(Flaw::new(MoneyRule::BadType, "The `decimals` of the offer are not a number."))
            }
        }
    }
}

/// An amount is a string of digits; a JSON number is read in other ways by other peers.
pub(crate) fn amount(member: Option<&Value>) -> Result<Digits, Flaw> {
    match member {
        Some(Value::String(text)) => Digits::parse(text),
        Some(_) => Err(Flaw::new(MoneyRule::BadType, "The amount is not a string.")),
        None => Err(Flaw::new(MoneyRule::BadType, "The offer has no amount.")),
    }
}
