//! A transfer as a URI that a person's wallet opens (EIP-681).

use crate::{Address, Token, U256};

/// `ethereum:<token>@<chain>/transfer?address=<payee>&uint256=<atomic units>`.
pub fn transfer_uri(token: &Token, payee: Address, amount: U256) -> String {
    format!(
        "ethereum:{}@{}/transfer?address={payee}&uint256={amount}",
        token.address, token.chain_id
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::{payee, usdc};

    #[test]
    fn a_wallet_is_told_the_token_the_chain_the_payee_and_the_amount() {
        assert_eq!(
            transfer_uri(&usdc(), payee(), U256::from(10_000_u64)),
            "ethereum:0x036CbD53842c5426634e7929541eC2318f3dCF7e@84532/transfer\
             ?address=0x209693Bc6afc0C5328bA36FaF03C514EF312287C&uint256=10000"
        );
    }
}
