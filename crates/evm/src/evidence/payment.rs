use crate::{Address, Bytes32, U256};

/// What was signed, or what a person was asked to transfer: what the chain has to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payment {
    /// The chain (EIP-155).
    pub chain_id: u64,
    /// The listed token.
    pub token: Address,
    /// Who pays. Of [`Proof::Person`] nobody knows it, and it is not looked at.
    pub from: Address,
    /// Who is paid.
    pub to: Address,
    /// Atomic units; of `upto` the most.
    pub amount: U256,
    /// What else shows that it was this payment.
    pub proof: Proof,
    /// `validBefore` or `deadline`; seconds since 1970.
    pub valid_until: u64,
}

/// What, beside the transfer, shows that it was this payment and no other of the same terms.
///
/// Only the event of EIP-3009 names the nonce. With Permit2 the nonce is known to be spent, and at best in which block
/// ([`super::View::nonce_used_before`]): whoever books such a payment, or one of a person, takes each transaction once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// EIP-3009: `AuthorizationUsed` with our nonce, in the same transaction.
    Authorization(Bytes32),
    /// Permit2, `exact`: the event of the proxy in the same transaction, and the bit of our nonce.
    PermitExact(U256),
    /// Permit2, `upto`: the same; the amount is whatever was transferred.
    PermitUpto(U256),
    /// A transfer by hand: nothing.
    Person,
}

impl Payment {
    /// Whether the chain can take it no more in any block after one of this time.
    ///
    /// EIP-3009 takes it while the time of the block is *below* `validBefore`, Permit2 while it is *not above* the deadline.
    pub const fn is_over(&self, block_time: u64) -> bool {
        match self.proof {
            Proof::Authorization(_) => block_time >= self.valid_until,
            Proof::PermitExact(_) | Proof::PermitUpto(_) => block_time > self.valid_until,
            Proof::Person => false,
        }
    }
}
