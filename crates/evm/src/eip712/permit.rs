use crate::abi::Words;
use crate::known::PERMIT2;
use crate::{Address, Bytes32, Token, U256, keccak256};

/// An allowance for Permit2 (EIP-2612). The spender is no field, and one is made only by
/// [`crate::firewall::ExtraSignature::permit`], for the amount of the payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    token: Token,
    owner: Address,
    value: U256,
    nonce: U256,
    deadline: u64,
}

impl Permit {
    /// Its type, as `encodeType` writes it.
    pub const TYPE: &'static str =
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)";

    pub(crate) const fn new(
        token: Token,
        owner: Address,
        value: U256,
        nonce: U256,
        deadline: u64,
    ) -> Self {
        Self { token, owner, value, nonce, deadline }
    }

    /// Whose tokens they are.
    pub const fn owner(&self) -> Address {
        self.owner
    }

    /// What Permit2 may take, in atomic units.
    pub const fn value(&self) -> U256 {
        self.value
    }

    /// The digest that is signed, in the domain of the token.
    pub fn digest(&self) -> Bytes32 {
        let words = Words::new()
            .bytes32(keccak256(Self::TYPE))
            .address(self.owner)
            .address(PERMIT2)
            .uint(self.value)
            .uint(self.nonce)
            .uint(self.deadline);
        super::digest(self.token.domain().separator(), keccak256(words.into_bytes()))
    }
}
