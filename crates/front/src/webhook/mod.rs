//! Signed requests of other services, each of which becomes one tool call (webhooks).
//!
//! A route is a principal of its own, proven by a signature over the raw body. What proves freshness is under the
//! signature, what prevents replay is made of what is signed, and it is claimed before anything happens.

mod arguments;
mod claims;
mod document;
mod filter;
mod hook;
mod keys;
mod receive;
mod routes;
mod run;
mod scheme;
mod verify;

pub use arguments::From;
pub use claims::{Claimed, Claims, NotClaimed};
pub use filter::Condition;
pub use hook::{Answer, BadHook, Hook, HookName};
pub(crate) use receive::visit;
pub(crate) use routes::Routes;
pub use routes::{WebhookLimits, Webhooks};
pub use scheme::{Algorithm, BadScheme, Encoding, Freshness, Hmac, Scheme};
