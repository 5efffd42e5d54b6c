use gate::port::Boxed;
use model::Timestamp;

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimed {
    /// Nobody claimed it before: go on.
    Fresh,
    /// Somebody did: it is a replay.
    Taken,
    /// The route remembers as many as it may.
    Full,
}

/// A claim that could not be made durable; for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotClaimed(pub String);

/// Where requests are claimed before they are carried out. Claims are atomic, and outlive this process.
pub trait Claims: Send + Sync {
    /// Claims a request of a route until that moment.
    fn claim<'a>(
        &'a self,
        route: &'a str,
        key: [u8; 32],
        until: Timestamp,
    ) -> Boxed<'a, Result<Claimed, NotClaimed>>;
}
