use ::lightning::Token;

use super::sealed::Challenge;
use crate::errand::Reuse;

/// How long what was bought serves again: an L402 credential until it is refused or its own caveats end it. `None` for the
/// Payment scheme, whose credentials are good once; what a deposit opens is a session.
pub(super) fn reuse(challenge: &Challenge) -> Option<Reuse> {
    match challenge {
        Challenge::L402(challenge) => {
            let until = valid_until(&challenge.token);
            Some(Reuse { until: until.map(|seconds| seconds.saturating_mul(1000)) })
        }
        Challenge::Payment(_) | Challenge::Session(..) => None,
    }
}

/// When a token ends by its own caveats (`<service>_valid_until=<unix seconds>`), in seconds: at the first of them,
/// whatever the service. An end that cannot be read is over. `None` where there is none, or the token is no macaroon, which
/// an operator may allow for an origin: then only the seller knows.
pub fn valid_until(token: &str) -> Option<u64> {
    let token = Token::parse(token).ok()?;
    let caveats = token.macaroon().caveats().flatten();
    let ends = caveats.filter(|caveat| caveat.condition.ends_with("_valid_until"));
    ends.map(|caveat| caveat.valid_until().unwrap_or(0)).min()
}
