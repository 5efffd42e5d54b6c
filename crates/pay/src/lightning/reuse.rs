use ::lightning::Token;
use model::Timestamp;

use super::sealed::{Challenge, Sealed};
use crate::driver::{Open, Payload};

/// For what an L402 credential may be shown again: it is good until it is refused or its own caveats end it, and for the
/// origin that was paid alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reuse {
    /// Scheme, host and port of the seller that was paid.
    pub origin: String,
    /// From when on it is not shown any more, in seconds since 1970; `None`: until it is refused.
    pub until: Option<u64>,
}

impl Reuse {
    /// What was bought by this payment. `None` for a credential that is good once (the Payment scheme).
    pub fn of(open: &Open, payload: &Payload) -> Option<Self> {
        match Sealed::read(payload)?.challenge {
            Challenge::L402(challenge) => Some(Self {
                origin: open.intent.terms.origin.clone(),
                until: valid_until(&challenge.token),
            }),
            Challenge::Payment(_) => None,
        }
    }

    /// Whether it may be shown to this origin now.
    pub fn serves(&self, origin: &str, now: Timestamp) -> bool {
        self.origin == origin && self.until.is_none_or(|end| now.as_secs() < end)
    }
}

/// When a token ends by its own caveats (`<service>_valid_until=<unix seconds>`): at the first of them, whatever the
/// service. An end that cannot be read is over. `None` where there is none, or the token is no macaroon, which an operator
/// may allow for an origin: then only the seller knows.
pub fn valid_until(token: &str) -> Option<u64> {
    let token = Token::parse(token).ok()?;
    let caveats = token.macaroon().caveats().flatten();
    let ends = caveats.filter(|caveat| caveat.condition.ends_with("_valid_until"));
    ends.map(|caveat| caveat.valid_until().unwrap_or(0)).min()
}
