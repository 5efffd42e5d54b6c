use evm::Address;
use evm::firewall::judge_payee;
use model::money::MoneyRule;

use super::{Case, Finding, ask, deny};
use crate::Pin;
use crate::candidate::{Form, flaw};

/// The payee is somebody who can be paid.
pub(super) fn lawful(case: &Case<'_>) -> Finding {
    match &case.candidate.form {
        Form::Chain(chain) => {
            let payee = match &chain.payee {
                Ok(payee) => *payee,
                Err(flaw) => return Finding::Deny(flaw.clone()),
            };
            if let Some(Err(flaw)) = &chain.facilitator {
                return Finding::Deny(flaw.clone());
            }
            let Ok(token) = chain.asset else { return Finding::Fine };
            let mut wallets = case.situation.known.wallets.clone();
            wallets.push(Address::ZERO);
            for wallet in wallets {
                if let Err(refused) = judge_payee(payee, wallet, token) {
                    let why = "The payee is nobody who may be paid: zero, ourselves, the asset or a contract of the way.";
                    return Finding::Deny(flaw(refused.code(), why));
                }
            }
            Finding::Fine
        }
        Form::Ecash(ecash) => match &ecash.request.locking {
            Some(_) if !case.situation.policy.ecash_locks => {
                deny(MoneyRule::Lock, "The seller asks for locked ecash, which is not enabled.")
            }
            _ => Finding::Fine,
        },
        _ => Finding::Fine,
    }
}

/// An invoice is paid once.
pub(super) fn not_paid_before(case: &Case<'_>) -> Finding {
    match &case.candidate.form {
        Form::Bolt11(bolt11)
            if case.situation.known.paid.contains(&bolt11.invoice.payment_hash()) =>
        {
            deny(MoneyRule::AlreadyPaid, "This invoice has been paid; its proof is kept.")
        }
        _ => Finding::Fine,
    }
}

/// The payee is not on the operator's deny list.
pub(super) fn not_denied(case: &Case<'_>) -> Finding {
    let payee = name(case);
    let denied = |listed: &String| {
        let same = match (Address::parse(listed), Address::parse(&payee)) {
            (Ok(listed), Ok(payee)) => listed == payee,
            _ => false,
        };
        same || listed.eq_ignore_ascii_case(&payee)
    };
    if case.situation.policy.denied_payees.iter().any(denied) {
        return deny(
            MoneyRule::PayeeDenied,
            "The payee is on the list of those who are never paid.",
        );
    }
    Finding::Fine
}

/// Who is paid, as terms name it: an address, the key of a node, or the host that takes ecash.
pub(crate) fn name(case: &Case<'_>) -> String {
    match &case.candidate.form {
        Form::Chain(chain) => chain.payee.as_ref().map(ToString::to_string).unwrap_or_default(),
        Form::Bolt11(bolt11) => bolt11.invoice.payee().to_string(),
        _ => case.target.as_ref().map(|target| target.origin.host().to_owned()).unwrap_or_default(),
    }
}

/// The payee is the one that was accepted for this tool at this origin.
pub(super) fn pinned(case: &Case<'_>) -> Finding {
    let pin = pin(case);
    match &case.candidate.form {
        Form::Chain(chain) => {
            let Ok(payee) = chain.payee else { return Finding::Fine };
            match pin.and_then(|pin| pin.payee) {
                None => ask(
                    MoneyRule::FirstPayee,
                    format!("Nobody has been paid for this tool here yet; {payee} asks to be."),
                ),
                Some(known) if known != payee => ask(
                    MoneyRule::PayeeChanged,
                    format!("The payee was {known} and is now {payee}."),
                ),
                Some(_) => Finding::Fine,
            }
        }
        Form::Bolt11(bolt11) => {
            let payee = bolt11.invoice.payee();
            match pin.and_then(|pin| pin.node) {
                Some(known) if known != payee => ask(
                    MoneyRule::PayeeChanged,
                    format!("The node that is paid was {known} and is now {payee}."),
                ),
                _ => Finding::Fine,
            }
        }
        _ => Finding::Fine,
    }
}

/// What is pinned for this tool at this origin.
pub(super) fn pin<'a>(case: &Case<'a>) -> Option<&'a Pin> {
    let target = case.target.as_ref().ok()?;
    case.situation.known.pins.of(&target.origin, case.request.tool)
}

/// The payee proved who it is, where that is asked of it.
pub(super) fn identified(case: &Case<'_>) -> Finding {
    match case.situation.known.identity {
        Some(false) => deny(MoneyRule::Identity, "The payee did not prove who it is."),
        _ => Finding::Fine,
    }
}
