//! x402, versions 1 and 2: offers read entry by entry, payments and receipts.

mod entry;
mod network;
mod offer;
mod payment;
mod receipt;

pub use entry::Entry;
pub use network::{caip2_of_v1, chain_id, is_caip2};
pub use offer::{Carrier, Offer, REQUIRED_HEADER, SIGN_IN, Version};
pub use payment::{Authorization, GasPermit, Permit2Authorization};
pub use receipt::{Receipt, receipt_header};
