use lightning::InvoiceError;
use model::Timestamp;
use model::money::MoneyRule;

use super::{Case, Finding};
use crate::Reason;
use crate::candidate::{Chain, Dialect, Form, flaw, invoice_charge};

/// Longer than this a signature is never asked for, in seconds.
const LONGEST: u64 = 900;
/// Longer than this a signature is never made valid, in seconds.
const CLAMP: u64 = 300;

/// It can be paid now, and would not be valid for too long.
pub(super) fn in_time(case: &Case<'_>) -> Finding {
    let now = case.situation.known.now;
    match &case.candidate.form {
        Form::Chain(chain) => match valid_for(chain, now) {
            Err(flaw) => Finding::Deny(flaw),
            Ok(_) => Finding::Fine,
        },
        Form::Bolt11(bolt11) => {
            let checked = bolt11.invoice.check(now.as_secs(), bolt11.invoice.network());
            if let Err(error @ (InvoiceError::Expired(_) | InvoiceError::Ahead(_))) = checked {
                let why = if matches!(error, InvoiceError::Expired(_)) {
                    "The invoice is past its time."
                } else {
                    "The invoice is dated more than ten minutes ahead of the clock."
                };
                return Finding::Deny(flaw(error.code(), why));
            }
            let ends = invoice_charge(bolt11).and_then(rails::payment::Challenge::expires_at);
            if ends.is_some_and(|ends| now >= ends) {
                return Finding::Deny(ended());
            }
            Finding::Fine
        }
        _ => Finding::Fine,
    }
}

/// For how many seconds a signature is made valid: what the seller asks for, or until its challenge ends, and never more
/// than five minutes.
pub(crate) fn valid_for(chain: &Chain<'_>, now: Timestamp) -> Result<u64, Reason> {
    let seconds = match chain.dialect {
        Dialect::Entry(_, entry) => {
            let seconds = entry.timeout.clone()?;
            if seconds > LONGEST {
                let why = "The seller wants the payment to be valid for more than 15 minutes.";
                return Err(Reason::new(MoneyRule::Window, why));
            }
            seconds
        }
        Dialect::Charge(challenge) => match challenge.expires_at() {
            None => CLAMP,
            Some(ends) => match ends.as_secs().saturating_sub(now.as_secs()) {
                0 => return Err(ended()),
                left => left,
            },
        },
    };
    Ok(seconds.min(CLAMP))
}

fn ended() -> Reason {
    Reason::new(MoneyRule::ChallengeExpired, "The challenge is past its time.")
}
