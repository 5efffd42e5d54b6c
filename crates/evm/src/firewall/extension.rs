use serde_json::{Map, Value};

use super::Terms;
use crate::eip712::Permit;
use crate::known::PERMIT2;
use crate::{Address, Refused, Token, U256};

/// A second signature that may be made beside that of the payment: an allowance for Permit2 of exactly the amount
/// (EIP-2612). Made only by [`judge_extensions`]; it belongs into the record of the payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtraSignature {
    token: Token,
    owner: Address,
    amount: U256,
}

impl ExtraSignature {
    /// The allowance itself. `nonce` is what the token says of the owner ([`crate::Call::nonces`]), `deadline` the end of
    /// the payment's own window in seconds since 1970.
    pub fn permit(&self, nonce: U256, deadline: u64) -> Permit {
        Permit::new(self.token.clone(), self.owner, self.amount, nonce, deadline)
    }

    /// What Permit2 may take by it, in atomic units.
    pub const fn amount(&self) -> U256 {
        self.amount
    }
}

/// Judges the extensions of an offer (x402 `extensions`) that ask for more signatures.
///
/// `eip2612GasSponsoring` may name spender, amount, token and owner; each that it names must be Permit2 and those of the
/// payment. `erc20ApprovalGasSponsoring` may be announced, but a signed transaction is never made: if it asks for one, it is
/// refused. What is refused is [`Refused::SigningFirewall`]; extensions that ask for no signature pass.
pub fn judge_extensions(
    extensions: &Map<String, Value>,
    terms: &Terms<'_>,
) -> Result<Option<ExtraSignature>, Refused> {
    if let Some(extension) = extensions.get("erc20ApprovalGasSponsoring") {
        let announced =
            info_of(extension)?.is_none_or(|info| info.keys().all(|name| says_nothing(name)));
        if !announced {
            return Err(Refused::SigningFirewall("a signed approval, which is a transaction"));
        }
    }
    let Some(extension) = extensions.get("eip2612GasSponsoring") else { return Ok(None) };
    if let Some(info) = info_of(extension)? {
        judge_info(info, terms)?;
    }
    let token = terms.token.clone();
    Ok(Some(ExtraSignature { token, owner: terms.wallet, amount: terms.amount }))
}

/// What an extension says; without an `info` it is only announced.
fn info_of(extension: &Value) -> Result<Option<&Map<String, Value>>, Refused> {
    let unknown = Refused::SigningFirewall("an extension of unknown form");
    let info = extension.as_object().ok_or(unknown)?.get("info");
    info.map(|info| info.as_object().ok_or(unknown)).transpose()
}

/// Members that describe the extension itself.
fn says_nothing(name: &str) -> bool {
    matches!(name, "description" | "version")
}

fn judge_info(info: &Map<String, Value>, terms: &Terms<'_>) -> Result<(), Refused> {
    for (name, value) in info {
        let (right, else_refused) = match name.as_str() {
            "spender" => (is_address(value, PERMIT2), "an allowance for another than Permit2"),
            "amount" | "value" => (
                value.as_str().and_then(|text| U256::parse_amount(text).ok()) == Some(terms.amount),
                "an allowance for another amount than that of the payment",
            ),
            "asset" | "token" => {
                (is_address(value, terms.token.address), "an allowance of another token")
            }
            "from" | "owner" => {
                (is_address(value, terms.wallet), "an allowance in the name of another")
            }
            name if says_nothing(name) => continue,
            _ => (false, "an extension of unknown form"),
        };
        if !right {
            return Err(Refused::SigningFirewall(else_refused));
        }
    }
    Ok(())
}

fn is_address(value: &Value, expected: Address) -> bool {
    value.as_str().and_then(|text| Address::parse(text).ok()) == Some(expected)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::vectors::{ACCOUNT_0, STRANGER, account_0, address, usdc};
    use crate::{Signable, keccak256};

    fn judged(extensions: Value) -> Result<Option<ExtraSignature>, Refused> {
        let token = usdc();
        let terms =
            Terms { token: &token, amount: U256::from(10_000_u64), wallet: address(ACCOUNT_0) };
        let Value::Object(extensions) = extensions else { panic!("an object") };
        judge_extensions(&extensions, &terms)
    }

    fn sponsored(info: &Value) -> Result<Option<ExtraSignature>, Refused> {
        judged(json!({"eip2612GasSponsoring": {"info": info}}))
    }

    #[test]
    fn a_permit_for_another_than_permit2_is_refused() {
        // SIG-01
        assert_eq!(
            sponsored(&json!({"spender": STRANGER})).unwrap_err().code(),
            "signing_firewall"
        );
        assert_eq!(sponsored(&json!({"spender": null})).unwrap_err().code(), "signing_firewall");
    }

    #[test]
    fn an_unlimited_permit_is_refused() {
        // SIG-02
        for name in ["amount", "value"] {
            let info = json!({"spender": PERMIT2.to_string(), name: U256::MAX.to_string()});
            assert_eq!(sponsored(&info).unwrap_err().code(), "signing_firewall");
        }
    }

    #[test]
    fn a_permit_of_the_amount_to_permit2_is_signed_and_no_other_can_be_made() {
        // SIG-03
        let extra =
            sponsored(&json!({"spender": PERMIT2.to_string(), "value": "10000"})).unwrap().unwrap();
        assert_eq!(extra.amount(), U256::from(10_000_u64));
        let permit = extra.permit(U256::ZERO, 1_740_672_154);
        let signature = account_0().sign(&Signable::Permit(&permit)).unwrap();
        assert_eq!(signature.recover(permit.digest()), Ok(address(ACCOUNT_0)));
        assert_eq!(
            sponsored(&json!({"description": "gas is paid", "version": "1"})).unwrap(),
            Some(extra)
        );
    }

    #[test]
    fn a_permit_of_another_token_or_owner_is_refused() {
        for info in
            [json!({"asset": STRANGER}), json!({"from": STRANGER}), json!({"amount": 10000})]
        {
            assert_eq!(sponsored(&info).unwrap_err().code(), "signing_firewall");
        }
        for extension in [json!("yes"), json!({"info": "yes"}), json!(null)] {
            let extensions = json!({"eip2612GasSponsoring": extension});
            assert_eq!(judged(extensions).unwrap_err().code(), "signing_firewall");
        }
    }

    #[test]
    fn a_signed_approval_is_refused() {
        // SIG-10
        let approve =
            json!({"info": {"spender": PERMIT2.to_string(), "amount": U256::MAX.to_string()}});
        let refused = judged(json!({"erc20ApprovalGasSponsoring": approve})).unwrap_err();
        assert_eq!(refused.code(), "signing_firewall");
        let announced =
            json!({"info": {"description": "gas is paid", "version": "1"}, "schema": {}});
        assert_eq!(judged(json!({"erc20ApprovalGasSponsoring": announced})), Ok(None));
    }

    #[test]
    fn other_extensions_ask_for_no_signature() {
        assert_eq!(judged(json!({"bazaar": {}, "payment-identifier": {"info": {}}})), Ok(None));
    }

    #[test]
    fn the_permit_is_that_of_eip_2612() {
        assert_eq!(
            keccak256(Permit::TYPE).to_string(),
            "0x6e71edae12b1b97f4d1f60370fef10105fa2faae0126114a169c64845d6126c9"
        );
    }
}
