use model::money::MoneyRule;
use rails::payment::Challenge;

use super::{Case, Finding, ask, deny};
use crate::candidate::Form;

/// The rail is enabled.
pub(super) fn rail_enabled(case: &Case<'_>) -> Finding {
    match case.candidate.rail() {
        None => deny(MoneyRule::Rail, "LNURLcash is recognised and is not a rail that is enabled."),
        Some(rail) if case.situation.policy.rails.contains(&rail) => Finding::Fine,
        Some(rail) => deny(MoneyRule::Rail, format!("The rail {rail} is not enabled.")),
    }
}

/// The wallet of the gate pays it, and nobody else has to.
pub(super) fn by_wallet(case: &Case<'_>) -> Finding {
    if case.candidate.by_hand {
        return ask(MoneyRule::ByHand, "A person pays this with a wallet of their own.");
    }
    Finding::Fine
}

/// The scheme or method is known and enabled.
pub(super) fn enabled(case: &Case<'_>) -> Finding {
    match &case.candidate.form {
        // A transfer is a transfer, whatever a wallet of the gate would have signed.
        Form::Chain(_) if case.candidate.by_hand => Finding::Fine,
        Form::Chain(chain) => match chain.scheme {
            Ok(scheme) if case.situation.policy.schemes.contains(&scheme) => Finding::Fine,
            Ok(scheme) => {
                deny(MoneyRule::Scheme, format!("The scheme {} is not enabled.", scheme.as_str()))
            }
            Err(why) => deny(MoneyRule::Scheme, why),
        },
        Form::Method(challenge) => unspoken(challenge),
        Form::Bolt11(bolt11) if bolt11.is_deposit() && case.request.mcp => {
            deny(MoneyRule::Scheme, "A session is opened over HTTP alone.")
        }
        _ => Finding::Fine,
    }
}

/// Why a method of the Payment scheme is not paid by.
fn unspoken(challenge: &Challenge) -> Finding {
    if !challenge.method_is_lawful() {
        return deny(MoneyRule::Scheme, "The payment method is not written in lower case.");
    }
    match challenge.method.as_str() {
        "lightning" | "evm" => {
            deny(MoneyRule::Scheme, "The intent of the challenge is not one that is paid.")
        }
        "tempo" => deny(
            MoneyRule::NoAcceptableOffer,
            "The payment method `tempo` takes a signed transaction, and none is ever signed here.",
        ),
        _ => deny(MoneyRule::NoAcceptableOffer, "The payment method is not one that is spoken."),
    }
}
