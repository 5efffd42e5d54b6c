use model::money::MoneyRule;

use super::{Case, Finding, deny};
use crate::candidate::{flaw, sentence};
use crate::judge::terms;
use crate::{Room, Spend};

/// The wallet has enough, and does not expect more fees than may be paid.
pub(super) fn fee_within_limit(case: &Case<'_>) -> Finding {
    let expected = match case.picked() {
        Some(Ok(picked)) => Some(u128::from(picked.fee)),
        Some(Err(fault)) => return Finding::Deny(flaw(fault.code, sentence(fault.message))),
        None => case.situation.known.quoted_fee,
    };
    match expected {
        Some(fee) if fee > case.fee_limit() => deny(
            MoneyRule::FeeLimit,
            format!(
                "The payment would cost {fee} in fees, and {} are the limit.",
                case.fee_limit()
            ),
        ),
        _ => Finding::Fine,
    }
}

/// All budgets have room for it.
pub(super) fn room(case: &Case<'_>) -> Finding {
    let (Some(terms), Some(counted)) = (terms(case), case.counted()) else {
        return deny(MoneyRule::Ledger, "What would be spent cannot be put into terms.");
    };
    let request = case.request;
    let spend = Spend { terms: &terms, counted, agent: request.agent, tool: request.tool };
    match case.caps.room(&spend) {
        Room::Enough { soft: false } => Finding::Fine,
        Room::Enough { soft: true } => Finding::Soft,
        Room::Asks(reasons) => Finding::Ask(reasons),
        Room::None(rule, why) => deny(rule, why),
    }
}
