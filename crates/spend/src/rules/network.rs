use model::money::MoneyRule;

use super::{Case, Finding, deny};
use crate::candidate::{Form, invoice_declared};

/// The chain, the Lightning network or the mint is one that may be paid on.
pub(super) fn enabled(case: &Case<'_>) -> Finding {
    let policy = &case.situation.policy;
    match &case.candidate.form {
        Form::Chain(chain) => match &chain.transfer.network {
            Err(flaw) => Finding::Deny(flaw.clone()),
            Ok(network) if !policy.networks.contains(network) => {
                deny(MoneyRule::Network, format!("The network {network} is not enabled."))
            }
            Ok(network) if case.situation.known.wrong_chains.contains(network) => deny(
                MoneyRule::Network,
                format!("The endpoint for {network} answers for another chain."),
            ),
            Ok(_) => Finding::Fine,
        },
        Form::Bolt11(bolt11) => {
            let network = bolt11.invoice.network();
            let declared = invoice_declared(bolt11).and_then(|charge| charge.network.as_deref());
            if network != policy.lightning.network {
                let wanted = policy.lightning.network;
                return deny(
                    MoneyRule::InvoiceNetwork,
                    format!("The invoice is for {network}, not for {wanted}."),
                );
            }
            if declared.is_some_and(|name| name != network.name()) {
                return deny(
                    MoneyRule::InvoiceNetwork,
                    "The declared network is not that of the invoice.",
                );
            }
            Finding::Fine
        }
        Form::Ecash(ecash) if ecash.mint.is_none() => {
            deny(MoneyRule::Mint, "No mint that the seller takes is listed.")
        }
        _ => Finding::Fine,
    }
}
