//! Two small real upstreams and a short play that shows the gate at work.
//!
//! - [`notes`]: a server of the legacy era, over standard input and output
//! - [`weather`]: a server of the modern era, over HTTP
//! - [`Agent`]: a client that can speak either
//! - [`play`]: the agent before the gate, act by act

mod agent;
mod notes;
mod play;
mod weather;

pub use agent::{Agent, AgentError, Answer, Speaks};
pub use notes::{Version, notes};
pub use play::{Act, PlayError, Stage, play};
pub use weather::weather;
