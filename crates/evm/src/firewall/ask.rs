use serde_json::{Map, Value};

use super::Terms;
use super::eip7702::MAGIC;
use crate::known::PERMIT2;
use crate::{Address, Refused, U256, hex};

/// The structures that may be signed when they are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrimaryType {
    /// EIP-3009.
    TransferWithAuthorization,
    /// Permit2 with a witness.
    PermitWitnessTransferFrom,
    /// EIP-2612, to Permit2 and for the amount.
    Permit,
}

/// Judges what somebody asks to have signed, beside a payment: typed data (`primaryType`, `message`), an authorisation of
/// EIP-7702, a transaction, bytes, a text. Only typed data of a known structure passes, and even then nothing of what was
/// asked is signed, but the structure that is made here from the payment. All else is [`Refused::SigningFirewall`].
pub fn judge_ask(ask: &Value, terms: &Terms<'_>) -> Result<PrimaryType, Refused> {
    let what = match ask {
        Value::String(text) => text_kind(text),
        Value::Object(members) => match members.get("primaryType") {
            Some(Value::String(name)) => return judge_typed(name, members.get("message"), terms),
            Some(_) => "a structure without a name",
            None => object_kind(members),
        },
        _ => "a value of unknown form",
    };
    Err(Refused::SigningFirewall(what))
}

fn judge_typed(
    name: &str,
    message: Option<&Value>,
    terms: &Terms<'_>,
) -> Result<PrimaryType, Refused> {
    match name {
        "TransferWithAuthorization" => Ok(PrimaryType::TransferWithAuthorization),
        "PermitWitnessTransferFrom" => Ok(PrimaryType::PermitWitnessTransferFrom),
        "Permit" => judge_permit(message, terms).map(|()| PrimaryType::Permit),
        _ => Err(Refused::SigningFirewall("a structure that is not listed")),
    }
}

/// A permit that is asked for outright says whom it is for and how much.
fn judge_permit(message: Option<&Value>, terms: &Terms<'_>) -> Result<(), Refused> {
    let text = |name| message.and_then(|m| m.get(name)).and_then(Value::as_str);
    let spender = text("spender").and_then(|text| Address::parse(text).ok());
    let value = text("value").and_then(|text| U256::parse_amount(text).ok());
    if spender != Some(PERMIT2) {
        return Err(Refused::SigningFirewall("an allowance for another than Permit2"));
    }
    if value != Some(terms.amount) {
        return Err(Refused::SigningFirewall(
            "an allowance for another amount than that of the payment",
        ));
    }
    Ok(())
}

fn object_kind(members: &Map<String, Value>) -> &'static str {
    let all = |names: &[&str]| names.iter().all(|name| members.contains_key(*name));
    if all(&["chainId", "address", "nonce"]) {
        "an authorization of EIP-7702"
    } else if ["to", "data", "input", "gas"].iter().any(|name| members.contains_key(*name)) {
        "a transaction"
    } else {
        "a value of unknown form"
    }
}

/// What a text of somebody is: bytes by what they begin with (EIP-2718, EIP-191, EIP-7702), else words.
fn text_kind(text: &str) -> &'static str {
    let Ok(bytes) = hex::decode(text) else { return "a text of another" };
    match bytes.as_slice() {
        _ if bytes.len() == 32 => "a bare digest",
        [MAGIC, ..] => "an authorization of EIP-7702",
        [0x01..=0x04 | 0xc0.., ..] => "a transaction",
        _ => "bytes of another",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::vectors::{ACCOUNT_0, STRANGER, address, usdc};

    fn judged(ask: &Value) -> Result<PrimaryType, (&'static str, String)> {
        let token = usdc();
        let terms =
            Terms { token: &token, amount: U256::from(10_000_u64), wallet: address(ACCOUNT_0) };
        judge_ask(ask, &terms).map_err(|refused| (refused.code(), refused.to_string()))
    }

    fn refused_as(ask: &Value, what: &str) {
        let (code, text) = judged(ask).unwrap_err();
        assert_eq!((code, text), ("signing_firewall", format!("never signed: {what}")), "{ask}");
    }

    #[test]
    fn only_listed_structures_are_signed() {
        assert_eq!(
            judged(&json!({"primaryType": "TransferWithAuthorization"})),
            Ok(PrimaryType::TransferWithAuthorization)
        );
        assert_eq!(
            judged(&json!({"primaryType": "PermitWitnessTransferFrom"})),
            Ok(PrimaryType::PermitWitnessTransferFrom)
        );
        for name in [
            "Order", // SIG-09
            "ReceiveWithAuthorization",
            "CancelAuthorization",
            "PermitTransferFrom",
            "PermitSingle",
            "PermitBatch",
            "transferWithAuthorization",
            "Permit ",
            "",
        ] {
            refused_as(&json!({"primaryType": name}), "a structure that is not listed");
        }
        refused_as(&json!({"primaryType": 1}), "a structure without a name");
    }

    #[test]
    fn an_authorization_of_eip_7702_is_recognised_and_refused() {
        // SIG-08
        let ask = json!({"chainId": 84532, "address": STRANGER, "nonce": 0});
        refused_as(&ask, "an authorization of EIP-7702");
        refused_as(&json!("0x05da83014a34"), "an authorization of EIP-7702");
        let digest = super::super::authorization_hash(84532, address(STRANGER), 0);
        refused_as(&json!(digest.to_string()), "a bare digest");
    }

    #[test]
    fn transactions_digests_and_texts_are_refused() {
        refused_as(&json!({"to": STRANGER, "data": "0x", "value": "0x0"}), "a transaction");
        refused_as(&json!("0x02f870"), "a transaction");
        refused_as(&json!("0xf86c0a85"), "a transaction");
        refused_as(&json!("0x1901"), "bytes of another");
        refused_as(&json!("I agree to the terms."), "a text of another");
        for ask in [json!({}), json!([]), json!(null), json!(7)] {
            refused_as(&ask, "a value of unknown form");
        }
    }

    #[test]
    fn a_permit_is_for_permit2_and_for_the_amount() {
        let permit = |spender: &str, value: Value| json!({"primaryType": "Permit", "message": {"spender": spender, "value": value}});
        let permit2 = PERMIT2.to_string();
        assert_eq!(judged(&permit(&permit2, json!("10000"))), Ok(PrimaryType::Permit));
        let amount = "an allowance for another amount than that of the payment";
        for value in
            [json!("10001"), json!("9999"), json!(U256::MAX.to_string()), json!(10000), json!(null)]
        {
            refused_as(&permit(&permit2, value), amount);
        }
        refused_as(&permit(STRANGER, json!("10000")), "an allowance for another than Permit2");
        refused_as(&json!({"primaryType": "Permit"}), "an allowance for another than Permit2");
    }
}
