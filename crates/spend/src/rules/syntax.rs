use model::money::MoneyRule;

use super::{Case, Finding, deny};
use crate::Scheme;
use crate::candidate::Form;

/// It could be read, and has what its scheme needs.
pub(super) fn readable(case: &Case<'_>) -> Finding {
    match &case.candidate.form {
        Form::Broken(_, flaw) => Finding::Deny(flaw.clone()),
        Form::Chain(chain) if chain.scheme == Ok(Scheme::Upto) && chain.facilitator.is_none() => {
            deny(MoneyRule::BadJson, "The offer of scheme `upto` does not say who settles it.")
        }
        _ => Finding::Fine,
    }
}
