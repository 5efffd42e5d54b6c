use model::money::MoneyRule;

use super::{Case, Finding, deny};
use crate::candidate::{Form, invoice_declared};

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
