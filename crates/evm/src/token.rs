use crate::eip712::Domain;
use crate::{Address, Bytes32, Refused};

/// A listed token: what the operator's table says of it, never what a seller says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The chain it is on (EIP-155).
    pub chain_id: u64,
    /// Its contract.
    pub address: Address,
    /// `name` of its EIP-712 domain.
    pub name: String,
    /// `version` of its EIP-712 domain.
    pub version: String,
    /// How many decimal digits of an amount come after the point.
    pub decimals: u8,
}

impl Token {
    /// The domain that its authorisations are signed in (EIP-3009, EIP-2612).
    pub fn domain(&self) -> Domain {
        Domain {
            name: Some(self.name.clone()),
            version: Some(self.version.clone()),
            chain_id: Some(self.chain_id),
            verifying_contract: Some(self.address),
            salt: None,
        }
    }

    /// Holds what a seller says of the token against the table. An empty or missing name or version says nothing.
    pub fn check_hint(
        &self,
        name: Option<&str>,
        version: Option<&str>,
        decimals: Option<u64>,
    ) -> Result<(), Refused> {
        let other =
            |said: Option<&str>, listed: &str| said.is_some_and(|s| !s.is_empty() && s != listed);
        if other(name, &self.name) || other(version, &self.version) {
            return Err(Refused::DomainMismatch);
        }
        match decimals {
            Some(said) if said != u64::from(self.decimals) => Err(Refused::DecimalsMismatch),
            _ => Ok(()),
        }
    }

    /// Holds what the chain says of the token against the table: `eth_chainId`, `DOMAIN_SEPARATOR()`, `decimals()`.
    /// A token that does not agree is not paid with.
    pub fn check_chain(
        &self,
        chain_id: u64,
        separator: Bytes32,
        decimals: u8,
    ) -> Result<(), Refused> {
        if chain_id != self.chain_id {
            return Err(Refused::Network);
        }
        if separator != self.domain().separator() {
            return Err(Refused::DomainMismatch);
        }
        if decimals == self.decimals { Ok(()) } else { Err(Refused::DecimalsMismatch) }
    }
}

#[cfg(test)]
mod tests {
    use crate::vectors::usdc;

    #[test]
    fn a_seller_cannot_rename_a_token() {
        let token = usdc();
        assert!(token.check_hint(Some("USDC"), Some("2"), Some(6)).is_ok());
        assert!(token.check_hint(Some(""), None, None).is_ok());
        let code =
            |name, version, decimals| token.check_hint(name, version, decimals).unwrap_err().code();
        assert_eq!(code(Some("USD Coin"), Some("2"), None), "domain_mismatch");
        assert_eq!(code(Some("USDC"), Some("1"), None), "domain_mismatch");
        assert_eq!(code(Some("USDC"), Some("2"), Some(18)), "decimals_mismatch");
    }

    #[test]
    fn a_token_that_the_chain_says_something_else_of_is_not_paid_with() {
        let token = usdc();
        let separator = token.domain().separator();
        let code = |chain, separator, decimals| {
            token.check_chain(chain, separator, decimals).map_err(crate::Refused::code)
        };
        assert_eq!(code(84532, separator, 6), Ok(()));
        assert_eq!(code(0x2105, separator, 6), Err("network")); // AST-10
        assert_eq!(code(84532, crate::keccak256("other"), 6), Err("domain_mismatch"));
        assert_eq!(code(84532, separator, 18), Err("decimals_mismatch"));
    }
}
