use std::time::Duration;

use tokio::time::Instant;

/// The moment after which an exchange is given up, whatever it is doing. Made once a call, so that retries count too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(pub(crate) Instant);

/// Far enough to mean "no limit", near enough for every timer.
const FAR: Duration = Duration::from_hours(30 * 365 * 24);

impl Deadline {
    /// `limit` from now.
    pub fn after(limit: Duration) -> Self {
        let now = Instant::now();
        Self(now.checked_add(limit.min(FAR)).unwrap_or(now))
    }

    /// No limit but those of the target.
    pub fn none() -> Self {
        Self::after(FAR)
    }

    /// This moment, or `limit` from now if that is sooner.
    #[must_use]
    pub fn or_after(self, limit: Duration) -> Self {
        self.min(Self::after(limit))
    }

    /// How much time is left; zero once it has passed.
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}
