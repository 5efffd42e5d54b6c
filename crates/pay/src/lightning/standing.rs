use ::lightning::Preimage;
use ledger::Released;
use model::Timestamp;
use model::money::{Flag, MoneyRule};
use wallets::{Outcome, Trouble, codes};

use super::sealed::Sealed;
use crate::driver::Standing;

/// How long after the last moment at which the wallet could have got the order its books must still not have it, in
/// milliseconds, before its absence means anything.
const QUIET: u64 = 600_000;

/// Settled: the amount in whole sat, rounded up, and the fee likewise. Where the wallet does not say what it took, the
/// most that it may have taken is booked.
pub(super) fn settled(sealed: &Sealed, fee_msat: Option<u64>) -> Standing {
    let over = fee_msat.is_some_and(|fee| fee > sealed.fee_limit_msat());
    Standing::Settled {
        amount: sealed.invoice.sat_ceil().unwrap_or(0).into(),
        fee: fee_msat.map_or(sealed.fee_limit, |msat| msat.div_ceil(1000)).into(),
        receipt: sealed.invoice.payment_hash().to_string(),
        flags: if over { vec![Flag::FeeOverLimit] } else { Vec::new() },
    }
}

/// Released: the wallet's own final word.
pub(super) fn refused(kind: &str, trouble: &Trouble) -> Standing {
    Standing::Released {
        reason: Released::Refused { proof: format!("{kind}: {trouble}") },
        rule: MoneyRule::from_text(trouble.code),
    }
}

/// Held. What makes no sense is marked: somebody has to look at the wallet.
pub(super) fn held(rule: MoneyRule) -> Standing {
    let strange = matches!(rule, MoneyRule::BadResponse | MoneyRule::BadProof);
    Standing::Held { rule, flags: if strange { vec![Flag::BadResponse] } else { Vec::new() } }
}

/// The rule under which an outcome is held that says neither yes nor no.
pub(super) fn doubt(outcome: &Outcome) -> MoneyRule {
    match outcome {
        Outcome::InFlight => MoneyRule::InFlight,
        Outcome::Unknown(trouble) => match trouble.code {
            codes::NO_PROOF => MoneyRule::NoProof,
            codes::BAD_PROOF => MoneyRule::BadProof,
            codes::BAD_RESPONSE => MoneyRule::BadResponse,
            _ => MoneyRule::SentUnknown,
        },
        _ => MoneyRule::SentUnknown,
    }
}

/// An outcome with the proof held against the invoice once more: a wallet that is mistaken about its own proof is not
/// believed.
pub(super) fn checked(
    outcome: Outcome,
    sealed: &Sealed,
) -> Result<(Preimage, Option<u64>), Outcome> {
    match outcome {
        Outcome::Settled { preimage, fee_msat } => {
            if preimage.proves(&sealed.invoice.payment_hash()) {
                Ok((preimage, fee_msat))
            } else {
                let why = "the preimage is that of another payment".to_owned();
                Err(Outcome::Unknown(Trouble { code: codes::BAD_PROOF, why }))
            }
        }
        other => Err(other),
    }
}

/// What a look-up without proof means, held against what was known before: `before` is the rule under which the payment
/// was held, if it was.
pub(super) fn looked_up(
    sealed: &Sealed,
    outcome: &Outcome,
    before: Option<MoneyRule>,
    wallet: &Asked<'_>,
) -> Standing {
    let claimed = matches!(before, Some(MoneyRule::NoProof | MoneyRule::BadProof));
    let known = before.unwrap_or(MoneyRule::SentUnknown);
    // Another wallet knows nothing of this payment, whatever it says, but for a proof.
    if wallet.name != sealed.wallet {
        return held(known);
    }
    match outcome {
        // It said that it had paid: then this is no final word, but a contradiction.
        Outcome::Failed(_) | Outcome::Absent if claimed => held(match outcome {
            Outcome::Absent => known,
            _ => MoneyRule::BadResponse,
        }),
        Outcome::Failed(trouble) => refused(wallet.kind, trouble),
        Outcome::Absent if gone(sealed, wallet) => Standing::Released {
            reason: Released::Unused {
                proof: format!(
                    "{}: no such payment, long after the order and the invoice ended",
                    wallet.kind
                ),
            },
            rule: None,
        },
        Outcome::Absent => held(known),
        other => held(match doubt(other) {
            MoneyRule::SentUnknown => known,
            rule => rule,
        }),
    }
}

/// The wallet that was asked, when, and how long it was given for the payment.
pub(super) struct Asked<'a> {
    /// The operator's name for it.
    pub(super) name: &'a str,
    /// The word for records.
    pub(super) kind: &'a str,
    /// When it was asked, or before.
    pub(super) now: Timestamp,
    /// How long an order may take, in milliseconds.
    pub(super) limit: u64,
}

/// Whether nothing can still pay it: the invoice has ended, and so has the order, some time ago.
fn gone(sealed: &Sealed, wallet: &Asked<'_>) -> bool {
    let quiet = sealed.until.as_millis().saturating_add(wallet.limit).saturating_add(QUIET);
    wallet.now.as_secs() >= sealed.invoice.expires_at() && wallet.now.as_millis() >= quiet
}
