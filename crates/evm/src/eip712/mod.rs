//! Structures as EIP-712 has them hashed and signed, written by hand for the few that are signed or checked here.

mod domain;
mod offer;
mod permit;
mod permit2;
mod transfer;

pub use domain::Domain;
pub use offer::{Offer, Receipt};
pub use permit::Permit;
pub use permit2::{PermitExact, PermitUpto, permit2_domain};
pub use transfer::TransferWithAuthorization;

use crate::{Bytes32, keccak256};

/// The digest that is signed: of a domain's separator and of a structure's hash (`encode` of EIP-712).
pub fn digest(separator: Bytes32, structure: Bytes32) -> Bytes32 {
    let mut bytes = vec![0x19, 0x01];
    bytes.extend_from_slice(separator.as_bytes());
    bytes.extend_from_slice(structure.as_bytes());
    keccak256(bytes)
}
