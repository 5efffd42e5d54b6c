use super::Domain;
use crate::abi::Words;
use crate::known::{EXACT_PROXY, PERMIT2, UPTO_PROXY};
use crate::{Address, Bytes32, U256, keccak256};

const TOKEN_PERMISSIONS: &str = "TokenPermissions(address token,uint256 amount)";

/// The domain of Permit2 on a chain. It has no version.
pub fn permit2_domain(chain_id: u64) -> Domain {
    Domain {
        name: Some("Permit2".to_owned()),
        chain_id: Some(chain_id),
        verifying_contract: Some(PERMIT2),
        ..Domain::default()
    }
}

/// A permit to take exactly an amount and give it to one payee: `PermitWitnessTransferFrom` with the witness of x402's
/// `exact`. The spender is no field: it is always [`EXACT_PROXY`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PermitExact {
    /// The token that is taken.
    pub token: Address,
    /// Atomic units.
    pub amount: U256,
    /// Unordered; each of an owner's nonces counts once (a bit of `nonceBitmap`).
    pub nonce: U256,
    /// The chain takes it only up to this block time, inclusive; seconds since 1970.
    pub deadline: u64,
    /// Who is paid.
    pub to: Address,
    /// The chain takes it only from this block time on; seconds since 1970.
    pub valid_after: u64,
}

impl PermitExact {
    /// Its type, as `encodeType` writes it.
    pub const TYPE: &'static str = "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,\
        uint256 nonce,uint256 deadline,Witness witness)\
        TokenPermissions(address token,uint256 amount)\
        Witness(address to,uint256 validAfter)";
    const WITNESS: &'static str = "Witness(address to,uint256 validAfter)";

    /// The digest that is signed.
    pub fn digest(&self, chain_id: u64) -> Bytes32 {
        let words =
            Words::new().bytes32(keccak256(Self::WITNESS)).address(self.to).uint(self.valid_after);
        let permit = Permitted {
            kind: Self::TYPE,
            token: self.token,
            amount: self.amount,
            spender: EXACT_PROXY,
        };
        permit.digest(chain_id, self.nonce, self.deadline, keccak256(words.into_bytes()))
    }
}

/// A permit to take at most an amount and give it to one payee: `PermitWitnessTransferFrom` with the witness of x402's
/// `upto`. The spender is no field: it is always [`UPTO_PROXY`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PermitUpto {
    /// The token that is taken.
    pub token: Address,
    /// The most that may be taken, in atomic units.
    pub amount: U256,
    /// Unordered; each of an owner's nonces counts once (a bit of `nonceBitmap`).
    pub nonce: U256,
    /// The chain takes it only up to this block time, inclusive; seconds since 1970.
    pub deadline: u64,
    /// Who is paid.
    pub to: Address,
    /// Who alone may carry it to the chain.
    pub facilitator: Address,
    /// The chain takes it only from this block time on; seconds since 1970.
    pub valid_after: u64,
}

impl PermitUpto {
    /// Its type, as `encodeType` writes it.
    pub const TYPE: &'static str = "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,\
        uint256 nonce,uint256 deadline,Witness witness)\
        TokenPermissions(address token,uint256 amount)\
        Witness(address to,address facilitator,uint256 validAfter)";
    const WITNESS: &'static str = "Witness(address to,address facilitator,uint256 validAfter)";

    /// The digest that is signed.
    pub fn digest(&self, chain_id: u64) -> Bytes32 {
        let words = Words::new()
            .bytes32(keccak256(Self::WITNESS))
            .address(self.to)
            .address(self.facilitator)
            .uint(self.valid_after);
        let permit = Permitted {
            kind: Self::TYPE,
            token: self.token,
            amount: self.amount,
            spender: UPTO_PROXY,
        };
        permit.digest(chain_id, self.nonce, self.deadline, keccak256(words.into_bytes()))
    }
}

/// What both permits have in common.
struct Permitted {
    kind: &'static str,
    token: Address,
    amount: U256,
    spender: Address,
}

impl Permitted {
    fn digest(&self, chain_id: u64, nonce: U256, deadline: u64, witness: Bytes32) -> Bytes32 {
        let permitted = Words::new()
            .bytes32(keccak256(TOKEN_PERMISSIONS))
            .address(self.token)
            .uint(self.amount);
        let words = Words::new()
            .bytes32(keccak256(self.kind))
            .bytes32(keccak256(permitted.into_bytes()))
            .address(self.spender)
            .uint(nonce)
            .uint(deadline)
            .bytes32(witness);
        super::digest(permit2_domain(chain_id).separator(), keccak256(words.into_bytes()))
    }
}
