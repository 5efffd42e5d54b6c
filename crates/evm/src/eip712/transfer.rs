use crate::abi::Words;
use crate::{Address, Bytes32, Token, U256, keccak256};

/// An order to a token to transfer (EIP-3009), which anyone may carry to the chain, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransferWithAuthorization {
    /// Who pays, and signs.
    pub from: Address,
    /// Who is paid.
    pub to: Address,
    /// Atomic units.
    pub value: U256,
    /// The chain takes it only in blocks later than this; seconds since 1970.
    pub valid_after: u64,
    /// The chain takes it only in blocks earlier than this; seconds since 1970.
    pub valid_before: u64,
    /// Random; each of a payer's nonces counts once.
    pub nonce: Bytes32,
}

impl TransferWithAuthorization {
    /// Its type, as `encodeType` writes it.
    pub const TYPE: &'static str = "TransferWithAuthorization(address from,address to,uint256 value,\
        uint256 validAfter,uint256 validBefore,bytes32 nonce)";

    /// The digest that is signed, in the domain of the token.
    pub fn digest(&self, token: &Token) -> Bytes32 {
        super::digest(token.domain().separator(), self.hash_struct())
    }

    fn hash_struct(&self) -> Bytes32 {
        let words = Words::new()
            .bytes32(keccak256(Self::TYPE))
            .address(self.from)
            .address(self.to)
            .uint(self.value)
            .uint(self.valid_after)
            .uint(self.valid_before)
            .bytes32(self.nonce);
        keccak256(words.into_bytes())
    }
}
