use evm::firewall::{self, ExtraSignature, judge_extensions, judge_spender};
use evm::{Address, U256};

use super::{Case, Finding};
use crate::candidate::{Chain, Dialect, Form, flaw};
use crate::{Reason, Scheme};

/// The seller asks for no signature but those that this gate makes.
pub(super) fn asks_for_nothing_else(case: &Case<'_>) -> Finding {
    let Form::Chain(chain) = &case.candidate.form else { return Finding::Fine };
    if case.candidate.by_hand {
        // Nothing is signed.
        return Finding::Fine;
    }
    if let Err(reason) = spender(chain) {
        return Finding::Deny(reason);
    }
    match extra(case, chain) {
        Ok(_) => Finding::Fine,
        Err(reason) => Finding::Deny(reason),
    }
}

fn spender(chain: &Chain<'_>) -> Result<(), Reason> {
    let Some(named) = &chain.transfer.hints.spender else { return Ok(()) };
    let scheme = match chain.scheme {
        Ok(Scheme::Upto) => firewall::Scheme::Upto,
        _ => firewall::Scheme::Exact,
    };
    let judged = Address::parse(named).and_then(|spender| judge_spender(scheme, spender));
    judged.map_err(|refused| {
        flaw(
            refused.code(),
            "The seller asks for a permit for another spender than the pinned one.",
        )
    })
}

/// The one signature that may come beside that of the payment, where the way is by Permit2.
pub(crate) fn extra(case: &Case<'_>, chain: &Chain<'_>) -> Result<Option<ExtraSignature>, Reason> {
    // A charge of the Payment scheme has nothing beside it.
    let Dialect::Entry(offer, _) = chain.dialect else { return Ok(None) };
    let (Some(token), Some(amount)) = (chain.row.and_then(|row| row.token.as_ref()), case.minor())
    else {
        return Ok(None);
    };
    let wallet = case.situation.known.wallets.first().copied().unwrap_or(Address::ZERO);
    let terms = firewall::Terms { token, amount: U256::from(amount), wallet };
    let judged = judge_extensions(&offer.extensions, &terms).map_err(|refused| {
        flaw(refused.code(), "The seller asks for a signature that is never made.")
    })?;
    let by_permit2 = matches!(chain.scheme, Ok(Scheme::ExactPermit2 | Scheme::Upto));
    Ok(judged.filter(|_| by_permit2))
}
