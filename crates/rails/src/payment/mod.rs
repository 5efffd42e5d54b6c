//! The Payment scheme (draft-httpauth-payment-00, "MPP"): over HTTP in `WWW-Authenticate`, over MCP in the error -32042.

mod challenge;
mod credential;
mod evm_charge;
mod lightning_charge;
mod problem;
mod receipt;
mod session;

pub use challenge::{Challenge, Request};
pub use credential::{Payload, bound_nonce};
pub use evm_charge::EvmCharge;
pub use lightning_charge::LightningCharge;
pub use problem::{PROBLEMS, Problem};
pub use receipt::{RECEIPT_HEADER, RECEIPT_META, Receipt};
pub use session::{LightningSession, SessionAct};
