use model::money::MoneyRule;
use serde_json::{Map, Value};

use super::challenge::{Challenge, details};
use crate::transfer::amount;
use crate::x402::is_caip2;
use crate::{Flaw, Hints, Transfer, strict};

/// The request of method `evm`, intent `charge` (draft-evm-charge-00): a transfer of a token to one payee, or to several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvmCharge {
    /// What is asked for, all of it; of the hints it has the decimals.
    pub transfer: Transfer,
    /// The types of credentials that are taken. Where none is named, signatures of EIP-3009 are not among them.
    pub credential_types: Vec<String>,
    /// How many others get a part of the amount.
    pub splits: usize,
}

impl EvmCharge {
    /// Whether a signed authorization by EIP-3009 is taken.
    pub fn takes_authorization(&self) -> bool {
        self.credential_types.iter().any(|name| name == "authorization")
    }
}

impl Challenge {
    /// The request as a charge on an EVM chain. `None` for another method or intent.
    ///
    /// # Errors
    /// `bad_challenge` for a missing member, `bad_type` for one of another type.
    pub fn evm_charge(&self) -> Option<Result<EvmCharge, Flaw>> {
        let ours = self.method == "evm" && self.intent == "charge";
        ours.then(|| charge(self.request.members()))
    }
}

fn charge(members: &Map<String, Value>) -> Result<EvmCharge, Flaw> {
    let details = details(members)?;
    let required =
        |name| Ok::<_, Flaw>(strict::text(members, name, MoneyRule::BadChallenge)?.to_owned());
    let hints = Hints { decimals: Hints::decimals(details)?, ..Hints::default() };
    Ok(EvmCharge {
        transfer: Transfer {
            network: network(details.get("chainId")),
            asset: required("currency")?,
            pay_to: required("recipient")?,
            amount: amount(members.get("amount")),
            hints,
        },
        credential_types: credential_types(list(details, "credentialTypes")?)?,
        splits: list(details, "splits")?.len(),
    })
}

/// The number of the chain, as CAIP-2 names it. `84532.0` and `8e4` are other spellings that peers read in other ways.
fn network(chain_id: Option<&Value>) -> Result<String, Flaw> {
    let bad = || Flaw::new(MoneyRule::BadNetwork, "The `chainId` of the request names no chain.");
    let Some(Value::Number(number)) = chain_id else { return Err(bad()) };
    let name = format!("eip155:{}", number.as_str());
    if is_caip2(&name) { Ok(name) } else { Err(bad()) }
}

fn list<'a>(members: &'a Map<String, Value>, name: &'static str) -> Result<&'a [Value], Flaw> {
    match members.get(name) {
        None => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => {
            Err(Flaw::new(MoneyRule::BadType, format!("The member `{name}` is not a list.")))
        }
    }
}

fn credential_types(items: &[Value]) -> Result<Vec<String>, Flaw> {
    let text = |item: &Value| {
        item.as_str().map(str::to_owned).ok_or_else(|| {
            Flaw::new(MoneyRule::BadType, "A type of credentials of the request is not a string.")
        })
    };
    items.iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request() -> Value {
        json!({"amount": "10000", "currency": "0x036CbD53842c5426634e7929541eC2318f3dCF7e",
            "recipient": "0x209693Bc6afc0C5328bA36FaF03C514EF312287C",
            "methodDetails": {"chainId": 84532, "credentialTypes": ["permit2", "authorization"], "decimals": 6}})
    }

    fn read(request: &Value, method: &str, intent: &str) -> Option<Result<EvmCharge, Flaw>> {
        let challenge = json!({"id": "a", "realm": "r", "method": method, "intent": intent, "request": request});
        Challenge::native(&challenge).unwrap().evm_charge()
    }

    fn changed(pointer: &str, value: Option<Value>) -> Result<EvmCharge, Flaw> {
        let mut request = request();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = request.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        match value {
            Some(value) => parent.insert(name.to_owned(), value),
            None => parent.remove(name),
        };
        read(&request, "evm", "charge").unwrap()
    }

    #[test]
    fn a_charge_names_token_payee_amount_and_chain() {
        let charge = read(&request(), "evm", "charge").unwrap().unwrap();
        let Transfer { network, asset, pay_to, amount, hints } = charge.transfer.clone();
        assert_eq!(network.as_deref(), Ok("eip155:84532"));
        assert_eq!(asset, "0x036CbD53842c5426634e7929541eC2318f3dCF7e");
        assert_eq!(pay_to, "0x209693Bc6afc0C5328bA36FaF03C514EF312287C");
        assert_eq!(amount.unwrap().as_str(), "10000");
        assert_eq!(hints, Hints { decimals: Some("6".to_owned()), ..Hints::default() });
        assert!(charge.takes_authorization());
        assert_eq!(charge.splits, 0);
    }

    #[test]
    fn another_method_or_intent_is_no_charge_on_a_chain() {
        for (method, intent) in [("EVM", "charge"), ("tempo", "charge"), ("evm", "session")] {
            assert_eq!(read(&request(), method, intent), None);
        }
    }

    #[test]
    fn a_member_that_is_missing_or_of_another_type_spoils_the_charge() {
        for (pointer, value, rule) in [
            ("/currency", None, MoneyRule::BadChallenge),
            ("/recipient", None, MoneyRule::BadChallenge),
            ("/methodDetails", None, MoneyRule::BadChallenge),
            ("/methodDetails", Some(json!([])), MoneyRule::BadType),
            ("/currency", Some(json!(7)), MoneyRule::BadType),
            ("/recipient", Some(Value::Null), MoneyRule::BadType),
            ("/methodDetails/decimals", Some(json!([6])), MoneyRule::BadType),
            ("/methodDetails/splits", Some(json!({"0": {}})), MoneyRule::BadType),
            ("/methodDetails/credentialTypes", Some(json!("authorization")), MoneyRule::BadType),
            ("/methodDetails/credentialTypes", Some(json!([1])), MoneyRule::BadType),
        ] {
            assert_eq!(changed(pointer, value).unwrap_err().rule, rule, "{pointer}");
        }
    }

    #[test]
    fn amount_and_chain_keep_their_own_flaws() {
        for (value, rule) in [
            (Some(json!(10000)), MoneyRule::BadType),
            (None, MoneyRule::BadType),
            (Some(json!("0")), MoneyRule::ZeroAmount),
            (Some(json!("0.01")), MoneyRule::BadAmount),
        ] {
            assert_eq!(changed("/amount", value).unwrap().transfer.amount.unwrap_err().rule, rule);
        }
        let bad = [None, Some(json!("84532")), Some(json!(0)), Some(json!(-1)), Some(json!(1.5))];
        let other: Value = serde_json::from_str("84532.0").unwrap();
        for value in bad.into_iter().chain([Some(other)]) {
            let network =
                changed("/methodDetails/chainId", value.clone()).unwrap().transfer.network;
            assert_eq!(network.unwrap_err().rule, MoneyRule::BadNetwork, "{value:?}");
        }
    }

    #[test]
    fn signatures_are_taken_only_where_the_request_says_so() {
        // A seller that names no type takes signed transactions and hashes of them (Credential Type Negotiation).
        for (types, takes) in [
            (None, false),
            (Some(json!([])), false),
            (Some(json!(["permit2", "transaction", "hash"])), false),
            (Some(json!(["Authorization"])), false),
            (Some(json!(["authorization"])), true),
        ] {
            let charge = changed("/methodDetails/credentialTypes", types).unwrap();
            assert_eq!(charge.takes_authorization(), takes);
        }
        let split =
            json!([{"recipient": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "amount": "1"}]);
        assert_eq!(changed("/methodDetails/splits", Some(split)).unwrap().splits, 1);
    }
}
