//! What is said over the socket: one JSON object a line.

use std::path::Path;

use model::Usage;
use serde::{Deserialize, Serialize};

/// The longest line of a client, in bytes.
pub(super) const REQUEST: usize = 16 << 10;
/// The longest line of the daemon: a value in which every byte is escaped.
pub(super) const ANSWER: usize = 6 * crate::MAX_VALUE + 64;
/// Most names of one token.
pub(super) const NAMES: usize = 256;

/// A line of a client.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Request {
    /// Which configuration it is for.
    Hello { client: String },
    /// A token that reads these secrets, for so many seconds. One without an end is not to be had.
    Token { names: Vec<String>, lifetime: u64 },
    /// A secret, for one use.
    Secret { token: String, name: String, usage: Use },
}

/// [`Usage`], as it is written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Use {
    Host { name: String, port: u16 },
    Program { path: String },
    Verify { webhook: String },
    Wallet {},
}

/// A line of the daemon.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Answer {
    Welcome {},
    Token { token: String, seconds: u64 },
    Value { value: String },
    No { why: No },
}

/// Why there is nothing. Only who may read a secret learns more than `refused`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum No {
    /// Whatever it was.
    Refused,
    /// There is no such secret.
    Missing,
    /// It is bound to something else.
    NotFor,
    /// The vault cannot be read.
    Unavailable,
}

impl Use {
    pub(super) fn of(usage: Usage<'_>) -> Option<Self> {
        Some(match usage {
            Usage::Host(name, port) => Self::Host { name: name.to_owned(), port },
            Usage::Program(path) => Self::Program { path: path.to_str()?.to_owned() },
            Usage::Verify(webhook) => Self::Verify { webhook: webhook.to_owned() },
            Usage::Wallet => Self::Wallet {},
        })
    }

    pub(super) fn usage(&self) -> Usage<'_> {
        match self {
            Self::Host { name, port } => Usage::Host(name, *port),
            Self::Program { path } => Usage::Program(Path::new(path)),
            Self::Verify { webhook } => Usage::Verify(webhook),
            Self::Wallet {} => Usage::Wallet,
        }
    }
}
