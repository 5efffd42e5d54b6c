//! Three small real upstreams and a short play that shows the gate at work.
//!
//! - [`notes`]: a server of the legacy era, over standard input and output
//! - [`weather`]: a server of the modern era, over HTTP
//! - [`shop`]: a shop that sells by L402, and a wallet to pay it with, over a play ledger
//! - [`Agent`]: a client that can speak either
//! - [`play`]: the agent before the gate, act by act

mod agent;
mod notes;
mod play;
mod shop;
mod weather;

pub use agent::{Agent, AgentError, Answer, Speaks};
pub use notes::{Version, notes};
pub use play::{Act, PlayError, Stage, play};
pub use shop::{Ledger, WALLET_KEY, description, shop};
pub use weather::weather;
