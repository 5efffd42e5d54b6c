use model::money::MoneyRule;
use rails::Flaw;

use super::{Case, Finding, deny};
use crate::candidate::{Bolt11, Form, invoice_declared, session};

/// The amount can be read and counted, and is the same wherever it is said.
pub(super) fn lawful(case: &Case<'_>) -> Finding {
    match &case.candidate.form {
        Form::Chain(chain) => {
            if let Err(flaw) =
                chain.transfer.amount.as_ref().map_err(Clone::clone).and_then(rails::Digits::minor)
            {
                return Finding::Deny(flaw);
            }
        }
        Form::Bolt11(bolt11) => {
            if bolt11.invoice.amount_msat().is_none() {
                return deny(
                    MoneyRule::InvoiceAmount,
                    "The invoice does not say how much it is for.",
                );
            }
            if let Some(Err(flaw)) = invoice_declared(bolt11).map(|charge| charge.amount.as_ref()) {
                return Finding::Deny(flaw.clone());
            }
            if !bolt11.declared_is_true() {
                return deny(
                    MoneyRule::AmountMismatch,
                    "The declared amount is not that of the invoice.",
                );
            }
            if let Err(flaw) = pays_for_a_unit(bolt11) {
                return Finding::Deny(flaw);
            }
        }
        Form::Ecash(ecash) => match ecash.request.amount {
            None => {
                return deny(MoneyRule::BadAmount, "The request does not say how much it is for.");
            }
            Some(0) => return deny(MoneyRule::ZeroAmount, "The request is for an amount of zero."),
            Some(_) => {}
        },
        _ => return Finding::Fine,
    }
    // A cost that cannot be counted could not be added to a window either.
    let counted = case.counted().map(|cost| {
        let reference = cost.nano_in(cost.reference).unwrap_or(Ok(0));
        reference.and(cost.nano_in(&cost.row.symbol).unwrap_or(Ok(0)))
    });
    match counted {
        Some(Ok(_)) => Finding::Fine,
        _ => deny(MoneyRule::Overflow, "The amount is larger than can be counted."),
    }
}

/// A deposit is worth at least one unit of what it is for.
fn pays_for_a_unit(bolt11: &Bolt11<'_>) -> Result<(), Flaw> {
    let Some(session) = session(bolt11) else { return Ok(()) };
    let unit = session.unit.as_ref().map_err(Clone::clone)?.minor()?;
    if bolt11.sat().is_some_and(|deposit| unit <= deposit) {
        return Ok(());
    }
    Err(Flaw::new(MoneyRule::BadAmount, "The deposit is less than the price of one unit."))
}
