use super::{Payment, Proof, event};
use crate::rpc::{Block, Receipt};
use crate::{Bytes32, U256};

/// What one node sees. Whatever it did not say, or said in another form, is *not known*, never *no*.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The chain it is on (`eth_chainId`).
    pub chain_id: u64,
    /// Its newest block.
    pub head: Block,
    /// What it knows of the transaction that is said, or was found, to be the payment.
    pub sighting: Sighting,
    /// Whether the nonce is spent, as of the newest block. [`Proof::Person`] has none.
    pub nonce_used: Option<bool>,
    /// Whether the nonce was spent already as of the block before that of the transaction ([`Sighting::Found`]): with
    /// Permit2 the only sign that a transaction carried another payment. Nodes forget old states, so it may stay unknown.
    pub nonce_used_before: Option<bool>,
    /// The newest final block, and whether the nonce is spent *as of that block*.
    pub finalised: Option<Finalised>,
}

/// What a node knows of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sighting {
    /// Nobody asked, or there was no answer.
    Unknown,
    /// It says that there is none.
    Missing,
    /// What became of it.
    Found(Receipt),
}

/// A block that no reorganisation replaces, and what was asked as of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finalised {
    /// The block.
    pub block: Block,
    /// Whether the nonce is spent.
    pub nonce_used: bool,
}

/// What became of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is proven: this much was transferred, in this transaction.
    Settled {
        /// Atomic units; of `upto` what was really taken.
        amount: U256,
        /// The transaction.
        transaction: Bytes32,
    },
    /// It may be paid, or be paid yet: held.
    Pending,
    /// It does not look paid.
    NotPaid {
        /// Whether it can never be paid any more. Only then is what was reserved set free; else it is held.
        definite: bool,
    },
}

/// What is odd about a payment; a mark on its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flag {
    /// Said to be paid, and not proven.
    ReceiptUnverified,
    /// The transaction has no such transfer of our token.
    NoTransferLog,
    /// The transaction, or the seller, says that it failed.
    ReceiptFailed,
    /// What is said is not what the chain shows, or the transaction carried another payment.
    ReceiptMismatch,
}

impl Flag {
    /// The stable word for records.
    pub const fn code(self) -> &'static str {
        match self {
            Self::ReceiptUnverified => "receipt_unverified",
            Self::NoTransferLog => "no_transfer_log",
            Self::ReceiptFailed => "receipt_failed",
            Self::ReceiptMismatch => "receipt_mismatch",
        }
    }
}

/// An outcome and what is odd about it, each mark once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// What became of the payment.
    pub outcome: Outcome,
    /// What is odd, in the order of [`Flag`].
    pub flags: Vec<Flag>,
}

impl Judgement {
    pub(super) fn new(outcome: Outcome, flags: impl IntoIterator<Item = Flag>) -> Self {
        let mut flags: Vec<_> = flags.into_iter().collect();
        flags.sort_unstable();
        flags.dedup();
        Self { outcome, flags }
    }
}

/// Judges what one node sees of a payment.
///
/// Settled is a transaction that took effect, has its `confirmations` (the block it is in counts as the first), holds the
/// transfer of exactly the right token, parties and amount, and shows our nonce (see [`Proof`]). Definitely not paid is only
/// what can be taken no more, in the time of a *final* block as of which the nonce is unspent: time alone ends nothing.
pub fn judge(payment: &Payment, view: &View, confirmations: u64) -> Judgement {
    let consistent = view.finalised.is_none_or(|last| last.block.number <= view.head.number);
    if view.chain_id != payment.chain_id || !consistent {
        return Judgement::new(Outcome::Pending, [Flag::ReceiptUnverified]);
    }
    let seen = match &view.sighting {
        Sighting::Found(receipt) => match proof(payment, receipt, view) {
            Ok(amount) => return confirmed(amount, receipt, view.head, confirmations),
            // It may be ours: then nothing that the nonce says elsewhere is an end.
            Err(Flag::ReceiptUnverified) => {
                return Judgement::new(Outcome::Pending, [Flag::ReceiptUnverified]);
            }
            Err(flag) => Some(flag),
        },
        Sighting::Unknown | Sighting::Missing => None,
    };
    Judgement::new(unpaid(payment, view), seen)
}

/// What a transaction transferred for this payment, or why it is no proof.
fn proof(payment: &Payment, receipt: &Receipt, view: &View) -> Result<U256, Flag> {
    if !receipt.success {
        return Err(Flag::ReceiptFailed);
    }
    let amount = event::carried(payment, receipt)?;
    if view.nonce_used_before == Some(true) && payment.proof != Proof::Person {
        return Err(Flag::ReceiptMismatch);
    }
    match (payment.proof, view.nonce_used) {
        // The event of the token names the nonce, so its state need not be known.
        (Proof::Person, _) | (Proof::Authorization(_), None) | (_, Some(true)) => Ok(amount),
        // Those of the proxies do not; and a node that calls the nonce unspent contradicts itself, or is behind itself.
        (_, Some(false)) | (Proof::PermitExact(_) | Proof::PermitUpto(_), None) => {
            Err(Flag::ReceiptUnverified)
        }
    }
}

fn confirmed(amount: U256, receipt: &Receipt, head: Block, confirmations: u64) -> Judgement {
    let deep = head
        .number
        .checked_sub(receipt.block)
        .is_some_and(|above| above.saturating_add(1) >= confirmations);
    let settled = Outcome::Settled { amount, transaction: receipt.transaction };
    Judgement::new(if deep { settled } else { Outcome::Pending }, [])
}

/// What the nonce says where no transaction is proof.
fn unpaid(payment: &Payment, view: &View) -> Outcome {
    let final_no = view
        .finalised
        .is_some_and(|last| !last.nonce_used && payment.is_over(last.block.timestamp));
    if view.nonce_used == Some(true) {
        // Spent: paid in a transaction that is not known yet, or cancelled.
        Outcome::Pending
    } else if final_no {
        Outcome::NotPaid { definite: true }
    } else if view.nonce_used == Some(false) && payment.is_over(view.head.timestamp) {
        // A reorganisation could still take it in.
        Outcome::NotPaid { definite: false }
    } else {
        Outcome::Pending
    }
}
