use model::Timestamp;
use model::money::{Flag, MoneyRule};
use serde::{Deserialize, Serialize};

use crate::{Intent, Opening, PaymentId, Unlawful, words};

/// Why the money of a payment is free again. Each needs to be definite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Released {
    /// Nothing was ever signed.
    Unsigned,
    /// It was signed, has never left, and the signature is destroyed.
    Destroyed,
    /// It can no longer be paid: past its validity and unused at a finalised block.
    Unused {
        /// Where that is shown.
        proof: String,
    },
    /// The wallet or the mint gave its own final answer that nothing was paid.
    Refused {
        /// What it said, or where that is kept.
        proof: String,
    },
    /// Its money came back to the wallet, less what was taken for the way: that counts as spent.
    Returned {
        /// Where that is shown.
        proof: String,
        /// What was taken, in the smallest unit of its asset.
        #[serde(with = "words::one")]
        fee: u128,
    },
    /// An operator looked into it and answers for it.
    Operator {
        /// Who.
        by: String,
    },
}

impl Released {
    /// What it cost all the same, in the smallest unit of its asset.
    pub const fn fee(&self) -> u128 {
        match self {
            Self::Returned { fee, .. } => *fee,
            _ => 0,
        }
    }
}

/// Where a payment stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// A person is asked; the amount is held.
    Asked {
        /// Why.
        rules: Vec<MoneyRule>,
        /// How many different persons must agree.
        persons: u8,
        /// Who has.
        yes: Vec<String>,
        /// Until when.
        until: Timestamp,
    },
    /// Agreed to, and not taken up yet; the amount is held.
    Granted {
        /// Who agreed.
        yes: Vec<String>,
        /// Until when it may be taken up.
        until: Timestamp,
    },
    /// Reserved; nothing is signed.
    Reserved,
    /// Signed, and not sent.
    Signed,
    /// Perhaps on its way.
    Sent,
    /// The outcome is not known; the amount is held until there is proof.
    Held(MoneyRule),
    /// Paid, with proof.
    Settled,
    /// Not paid, with proof.
    Released(Released),
    /// Not to be made.
    Denied(MoneyRule),
}

impl State {
    /// The word used in records and answers.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Asked { .. } => "asked",
            Self::Granted { .. } => "granted",
            Self::Reserved => "reserved",
            Self::Signed => "signed",
            Self::Sent => "sent",
            Self::Held(_) => "held",
            Self::Settled => "settled",
            Self::Released(_) => "released",
            Self::Denied(_) => "denied",
        }
    }

    /// Whether it holds money.
    pub const fn is_open(&self) -> bool {
        !matches!(self, Self::Settled | Self::Released(_) | Self::Denied(_))
    }
}

/// One payment, as the books have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Its name.
    pub id: PaymentId,
    /// The process that carries it out.
    pub owner: String,
    /// What for.
    pub intent: Intent,
    /// How much it holds while it is open, in the smallest unit of its asset.
    pub holds: u128,
    /// Since when.
    pub since: Timestamp,
    /// When it last changed.
    pub changed: Timestamp,
    /// Where it stands.
    pub state: State,
    /// Whether anything was signed for it.
    pub signed: bool,
    /// Whether what was signed may have left.
    pub sent: bool,
    /// The nonce or payment hash.
    pub mark: Option<String>,
    /// What the payee got, once it is settled.
    pub paid: u128,
    /// What it cost besides.
    pub fee: u128,
    /// Where the proof is.
    pub proof: Option<String>,
    /// Marks on its record.
    pub flags: Vec<Flag>,
    /// The budgets of which 80 % were reached with it.
    pub soft: Vec<String>,
}

impl Payment {
    pub(crate) fn new(opening: &Opening, at: Timestamp, state: State) -> Self {
        let Opening { id, owner, intent, holds, soft } = opening.clone();
        let flags = if soft.is_empty() { Vec::new() } else { vec![Flag::SoftLimit] };
        Self {
            id,
            owner,
            intent,
            holds,
            since: at,
            changed: at,
            state,
            signed: false,
            sent: false,
            mark: None,
            paid: 0,
            fee: 0,
            proof: None,
            flags,
            soft,
        }
    }

    /// Whether it may be set free for that reason.
    pub(crate) const fn may_release(&self, reason: &Released) -> bool {
        match (&self.state, reason) {
            (State::Reserved | State::Held(_), Released::Unsigned) => !self.signed,
            (State::Signed, Released::Destroyed) => !self.sent,
            // A payment that never had a signature needs none of the proofs that one was not used; what was got ready
            // for it may have cost something before anything was signed.
            (
                State::Sent | State::Held(_),
                Released::Unused { .. } | Released::Refused { .. } | Released::Operator { .. },
            )
            | (State::Reserved | State::Sent | State::Held(_), Released::Returned { .. }) => true,
            _ => false,
        }
    }

    pub(crate) const fn no_way(&self, to: &'static str) -> Unlawful {
        Unlawful::Step { id: self.id, from: self.state.as_str(), to }
    }

    pub(crate) fn flag(&mut self, flags: &[Flag]) {
        for flag in flags {
            if !self.flags.contains(flag) {
                self.flags.push(*flag);
            }
        }
    }
}
