use model::money::MoneyRule;

use super::{Case, Finding, deny};
use crate::candidate::{Form, flaw, invoice_declared, token};

/// The asset is in the table; what a seller calls it plays no part.
pub(super) fn known(case: &Case<'_>) -> Finding {
    match &case.candidate.form {
        Form::Chain(chain) => {
            if let Err(flaw) = &chain.asset {
                return Finding::Deny(flaw.clone());
            }
        }
        Form::Bolt11(bolt11)
            if invoice_declared(bolt11).is_some_and(|charge| charge.currency != "sat") =>
        {
            return deny(MoneyRule::Currency, "The declared currency is not `sat`.");
        }
        Form::Ecash(ecash) => {
            let sat = ecash.request.unit.as_deref() == Some("sat");
            if !(sat && case.situation.policy.ecash) {
                return deny(MoneyRule::Unit, "The unit of the ecash is missing or not enabled.");
            }
        }
        _ => {}
    }
    match case.row() {
        Some(_) => Finding::Fine,
        None => deny(MoneyRule::UnknownAsset, "The asset is not in the table of trusted assets."),
    }
}

/// What is said of the asset, and what binds token and invoice, is as it is known to be.
pub(super) fn as_listed(case: &Case<'_>) -> Finding {
    match &case.candidate.form {
        Form::Chain(chain) => {
            let Some(row) = chain.row else { return Finding::Fine };
            if case.situation.known.disabled.contains(&row.asset) {
                let why =
                    "The contract of the asset does not say of itself what the table says of it.";
                return deny(MoneyRule::DomainMismatch, why);
            }
            let hints = &chain.transfer.hints;
            if hints.decimals.as_ref().is_some_and(|said| *said != row.decimals.to_string()) {
                return deny(
                    MoneyRule::DecimalsMismatch,
                    "The seller states other decimals than the table has.",
                );
            }
            let judged = row.token.as_ref().map_or(Ok(()), |token| {
                token.check_hint(hints.name.as_deref(), hints.version.as_deref(), None)
            });
            match judged {
                Ok(()) => Finding::Fine,
                Err(refused) => Finding::Deny(flaw(
                    refused.code(),
                    "The seller states another name or version of the asset than the table has.",
                )),
            }
        }
        Form::Bolt11(bolt11) => {
            let hash = bolt11.invoice.payment_hash();
            if token(bolt11).is_some_and(|token| token.bound_to(&hash).is_err()) {
                return deny(
                    MoneyRule::HashMismatch,
                    "The token is for another payment than the invoice.",
                );
            }
            let declared =
                invoice_declared(bolt11).and_then(|charge| charge.payment_hash.as_deref());
            if declared.is_some_and(|text| lightning::PaymentHash::from_hex(text) != Some(hash)) {
                return deny(
                    MoneyRule::HashMismatch,
                    "The declared payment hash is not that of the invoice.",
                );
            }
            Finding::Fine
        }
        _ => Finding::Fine,
    }
}
