//! Events of Nostr (NIP-01), sealed payloads (NIP-44), the protocol of remote wallets (NIP-47), and what services announce.
//!
//! Pure: no I/O, no clock, no randomness; nonces and times are passed in. Amounts of wallets are millisatoshi.
//!
//! - [`Event`]: an event whose id and signature hold; [`Unverified`]: one of which nothing is known yet
//! - [`Conversation`]: what two keys can say to each other (NIP-44 version 2)
//! - [`relay`]: the messages between a client and a relay
//! - [`nwc`]: a wallet at the other end of a relay, and what its answers and its silence mean for money
//! - [`Board`], [`Announcement`]: services that announce themselves (kind 31402)

mod announce;
mod bytes;
mod event;
mod fault;
mod keys;
mod nip44;
pub mod nwc;
pub mod relay;

pub use announce::{Announcement, Board, Heard, KIND_SERVICE, Price};
pub use event::{Event, MAX_EVENT, Unverified};
pub use fault::Fault;
pub use keys::{Keys, PublicKey};
pub use nip44::{Conversation, MAX_PLAIN, is_nip04};
