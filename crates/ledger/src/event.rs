use model::Timestamp;
use model::money::{Amount, Flag, MoneyRule};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Intent, PaymentId, Released, Stop, words};

/// The version of the written form. Events of another one are refused, never guessed at.
pub const VERSION: u8 = 1;

/// Something that changed the books, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When; never before the event before it, except for [`Change::ClockConfirmed`].
    pub at: Timestamp,
    /// What.
    pub change: Change,
}

/// How a payment begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// The payment's name.
    pub id: PaymentId,
    /// The process that carries it out.
    pub owner: String,
    /// What for.
    pub intent: Intent,
    /// How much it holds, in the smallest unit of its asset: the amount, and the fee limit where fees count
    /// beforehand.
    #[serde(with = "words::one")]
    pub holds: u128,
    /// The budgets of which 80 % are reached with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub soft: Vec<String>,
}

/// Everything that ever changes the books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// A person is asked; the amount is held meanwhile.
    Asked {
        /// What is asked about.
        opening: Box<Opening>,
        /// Why.
        #[serde(with = "words::many")]
        rules: Vec<MoneyRule>,
        /// How many different persons must agree: one or two.
        persons: u8,
        /// Until when it may be answered and used.
        #[serde(with = "words::millis")]
        until: Timestamp,
    },
    /// A person answered.
    Answered {
        /// Which payment.
        id: PaymentId,
        /// The name of this answer; good once.
        approval: String,
        /// Who.
        by: String,
        /// Yes or no.
        yes: bool,
    },
    /// Somebody takes up a payment that was agreed to: the approval is used.
    Claimed {
        /// Which payment.
        id: PaymentId,
        /// The process that carries it out.
        owner: String,
    },
    /// A payment that was asked about will not be made.
    Denied {
        /// Which payment.
        id: PaymentId,
        /// Why.
        #[serde(with = "words::one")]
        rule: MoneyRule,
    },
    /// The amount is reserved; nothing is signed.
    Reserved {
        /// What is paid.
        opening: Box<Opening>,
    },
    /// Something that pays is signed, and sealed away; it has not left.
    Signed {
        /// Which payment.
        id: PaymentId,
        /// What makes it unique: a nonce, the hash of an invoice. Never used twice.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mark: Option<String>,
    },
    /// It is about to leave.
    Sent {
        /// Which payment.
        id: PaymentId,
    },
    /// There is proof that it was paid.
    Settled {
        /// Which payment.
        id: PaymentId,
        /// What the payee got.
        #[serde(with = "words::one")]
        amount: Amount,
        /// What it cost besides, in the same asset.
        #[serde(with = "words::one")]
        fee: u128,
        /// Where the proof is: a transaction, the hash of a preimage.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proof: Option<String>,
        /// Marks on the record.
        #[serde(with = "words::many", default, skip_serializing_if = "Vec::is_empty")]
        flags: Vec<Flag>,
    },
    /// There is proof that nothing was paid, nor will be.
    Released {
        /// Which payment.
        id: PaymentId,
        /// Why.
        reason: Released,
    },
    /// Nobody knows what became of it: its money stays held.
    Held {
        /// Which payment.
        id: PaymentId,
        /// Why.
        #[serde(with = "words::one")]
        rule: MoneyRule,
    },
    /// Marks on the record of a payment.
    Flagged {
        /// Which payment.
        id: PaymentId,
        /// Which marks.
        #[serde(with = "words::many")]
        flags: Vec<Flag>,
    },
    /// An operator stops spending.
    Paused(Stop),
    /// An operator lets it go on.
    Resumed(Stop),
    /// A person keeps a payee and a price for a tool at an origin.
    Pinned {
        /// Scheme, host and port.
        origin: String,
        /// The tool.
        tool: String,
        /// Who is paid from now on.
        payee: String,
        /// What it costs, if that is kept too.
        #[serde(with = "words::maybe", default, skip_serializing_if = "Option::is_none")]
        price: Option<Amount>,
    },
    /// An operator confirms that the clock is right, though it is behind the books. What they have of later moments
    /// counts as if it were of this one.
    ClockConfirmed {
        /// Who.
        by: String,
    },
}

/// What is no event of a version this program knows.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("no event of the books: {0}")]
pub struct Unreadable(String);

#[derive(Serialize)]
struct Line<'a> {
    v: u8,
    #[serde(with = "words::millis")]
    at: Timestamp,
    #[serde(rename = "do")]
    change: &'a Change,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Owned {
    #[serde(rename = "v")]
    _v: u8,
    #[serde(with = "words::millis")]
    at: Timestamp,
    #[serde(rename = "do")]
    change: Change,
}

#[derive(Deserialize)]
struct Version {
    v: u64,
}

impl Event {
    /// Writes it as one line of JSON.
    ///
    /// # Errors
    /// None that can be met: every member has a spelling.
    pub fn encode(&self) -> Result<Vec<u8>, Unreadable> {
        let line = Line { v: VERSION, at: self.at, change: &self.change };
        serde_json::to_vec(&line).map_err(|error| Unreadable(error.to_string()))
    }

    /// Reads it back. Unknown versions, changes and members are refused: to skip one would be to forget money.
    ///
    /// # Errors
    /// It is none.
    pub fn decode(text: &[u8]) -> Result<Self, Unreadable> {
        let wrong = |error: serde_json::Error| Unreadable(error.to_string());
        // The version first: an event of another one may look different in every other way.
        let Version { v } = serde_json::from_slice(text).map_err(wrong)?;
        if v != u64::from(VERSION) {
            return Err(Unreadable(format!("version {v} is unknown here")));
        }
        let Owned { at, change, .. } = serde_json::from_slice(text).map_err(wrong)?;
        Ok(Self { at, change })
    }
}
