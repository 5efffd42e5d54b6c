//! Nostr relays: events sent and heard over websockets (NIP-01), within bounds.
//!
//! Every relay is dialled by `egress`, under the rules of every target. Nothing that comes is trusted: events are
//! unverified, texts are data, and a relay that says too much is left. Nothing is kept open between two uses.

mod relay;

pub use relay::{MAX_BYTES, MAX_MESSAGE, MAX_MESSAGES, Relay, Relays};
