use model::money::MoneyRule;
use serde_json::Value;

use super::Version;
use crate::{Digits, Flaw, MAX_HEADER, decode, strict};

/// The field of a receipt over HTTP.
pub const fn receipt_header(version: Version) -> &'static str {
    match version {
        Version::V1 => "X-PAYMENT-RESPONSE",
        Version::V2 => "PAYMENT-RESPONSE",
    }
}

/// `SettlementResponse`: what a seller says of a payment. A claim, never a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Whether it says that the payment is settled.
    pub success: bool,
    /// Why not; a seller's text.
    pub error_reason: Option<String>,
    /// The transaction it names; `None` for none, and for an empty one.
    pub transaction: Option<String>,
    /// The network as it was written; empty if it names none.
    pub network: String,
    /// Who paid, as it says.
    pub payer: Option<String>,
    /// How much was taken (scheme `upto`); 0 is lawful here.
    pub amount: Option<u128>,
}

impl Receipt {
    /// Reads the value of the header.
    ///
    /// # Errors
    /// `bad_response`, `too_large`, `bad_type`.
    pub fn from_header(value: &[u8]) -> Result<Self, Flaw> {
        let text = if value.len() > MAX_HEADER { None } else { decode(value) };
        let wrong =
            || Flaw::new(MoneyRule::BadResponse, "The receipt in the header is not base64.");
        Self::from_json(&text.ok_or_else(wrong)?)
    }

    /// Reads an object, as `_meta["x402/payment-response"]` has it.
    ///
    /// # Errors
    /// The same.
    pub fn from_json(text: &[u8]) -> Result<Self, Flaw> {
        let value = strict::json(text, MoneyRule::BadResponse)?;
        let members = strict::object(&value, MoneyRule::BadResponse)?;
        let Some(Value::Bool(success)) = members.get("success") else {
            return Err(Flaw::new(
                MoneyRule::BadResponse,
                "The receipt does not say whether it succeeded.",
            ));
        };
        let optional =
            |name| Ok::<_, Flaw>(strict::optional_text(members, name)?.map(str::to_owned));
        let amount = match strict::optional_text(members, "amount")? {
            None => None,
            Some("0") => Some(0),
            Some(digits) => Some(Digits::parse(digits)?.minor()?),
        };
        Ok(Self {
            success: *success,
            error_reason: optional("errorReason")?,
            transaction: optional("transaction")?.filter(|text| !text.is_empty()),
            network: optional("network")?.unwrap_or_default(),
            payer: optional("payer")?,
            amount,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode_standard;

    #[test]
    fn a_claim_is_read_as_a_claim() {
        let text = r#"{"success":true,"transaction":"0xab","network":"eip155:84532","payer":"0xf3","amount":"0"}"#;
        let receipt = Receipt::from_header(encode_standard(text.as_bytes()).as_bytes()).unwrap();
        assert!(receipt.success);
        assert_eq!((receipt.transaction.as_deref(), receipt.amount), (Some("0xab"), Some(0)));
        let empty =
            Receipt::from_json(br#"{"success":true,"transaction":"","network":"base"}"#).unwrap();
        assert_eq!(empty.transaction, None);
    }

    #[test]
    fn what_is_no_receipt_is_a_bad_response() {
        for (bad, rule) in [
            ("{}", MoneyRule::BadResponse),
            (r#"{"success":"true"}"#, MoneyRule::BadResponse),
            ("[]", MoneyRule::BadResponse),
            (r#"{"success":true,"transaction":1}"#, MoneyRule::BadType),
            (r#"{"success":true,"amount":"1e3"}"#, MoneyRule::BadAmount),
        ] {
            assert_eq!(Receipt::from_json(bad.as_bytes()).unwrap_err().rule, rule, "{bad}");
        }
    }
}
