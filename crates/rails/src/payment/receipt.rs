use model::money::MoneyRule;
use serde_json::Value;

use crate::{Flaw, MAX_HEADER, decode, strict};

/// The field of a receipt over HTTP.
pub const RECEIPT_HEADER: &str = "Payment-Receipt";
/// The key of a receipt in `_meta` of an MCP result.
pub const RECEIPT_META: &str = "org.paymentauth/receipt";

/// What a seller says of a payment. A claim, never a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The method.
    pub method: String,
    /// When, as it was written.
    pub timestamp: String,
    /// What the method knows the payment by: the payment hash over Lightning, the transaction on an EVM chain.
    pub reference: String,
    /// The challenge it answers, if it says so.
    pub challenge_id: Option<String>,
    /// The number of the chain, if it names one (method `evm`); 0 for what is no number of a chain.
    pub chain_id: Option<u64>,
}

impl Receipt {
    /// Reads the value of the header.
    ///
    /// # Errors
    /// `bad_response` for what is no receipt of a success.
    pub fn from_header(value: &[u8]) -> Result<Self, Flaw> {
        let bytes = if value.len() > MAX_HEADER { None } else { decode(value) };
        let bytes = bytes.ok_or_else(|| no("The receipt is not base64url."))?;
        Self::from_json(&bytes)
    }

    /// Reads the JSON of a receipt, as MCP has it.
    ///
    /// # Errors
    /// The same.
    pub fn from_json(text: &[u8]) -> Result<Self, Flaw> {
        let value = strict::json(text, MoneyRule::BadResponse)?;
        let members = strict::object(&value, MoneyRule::BadResponse)?;
        let text = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
        if text("status").as_deref() != Some("success") {
            return Err(no("The receipt does not say success."));
        }
        let required =
            |name: &'static str| text(name).ok_or_else(|| no("The receipt lacks a member."));
        Ok(Self {
            method: required("method")?,
            timestamp: required("timestamp")?,
            reference: required("reference")?,
            challenge_id: text("challengeId"),
            chain_id: members.get("chainId").map(|id| id.as_u64().unwrap_or(0)),
        })
    }
}

fn no(why: &'static str) -> Flaw {
    Flaw::new(MoneyRule::BadResponse, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode_url;

    #[test]
    fn a_receipt_is_read_and_anything_but_success_is_none() {
        let text = r#"{"status":"success","method":"lightning","timestamp":"2025-02-27T16:01:45Z","reference":"72cd","challengeId":"a"}"#;
        let receipt = Receipt::from_header(encode_url(text.as_bytes()).as_bytes()).unwrap();
        assert_eq!(
            (receipt.reference.as_str(), receipt.challenge_id.as_deref(), receipt.chain_id),
            ("72cd", Some("a"), None)
        );
        for (chain, read) in [("84532", 84_532), ("\"84532\"", 0), ("null", 0)] {
            let text = format!(
                r#"{{"status":"success","method":"evm","timestamp":"t","reference":"r","chainId":{chain}}}"#
            );
            assert_eq!(Receipt::from_json(text.as_bytes()).unwrap().chain_id, Some(read));
        }
        for bad in [
            r#"{"status":"failed","method":"m","timestamp":"t","reference":"r"}"#,
            r#"{"status":"success"}"#,
            "[]",
            "{}",
        ] {
            assert_eq!(
                Receipt::from_json(bad.as_bytes()).unwrap_err().rule,
                MoneyRule::BadResponse
            );
        }
        assert!(Receipt::from_header(b"@@").is_err());
    }
}
