use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A reading of the monotonic clock, in nanoseconds since the clock was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(pub u64);

impl Instant {
    /// Time passed since `earlier`; zero if that lies ahead.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Where time comes from: the system, or a test that holds it.
#[derive(Debug, Clone)]
pub struct Clock(Kind);

#[derive(Debug, Clone)]
enum Kind {
    System { started: std::time::Instant },
    Manual { millis: Arc<AtomicU64> },
}

impl Clock {
    /// The machine's clock.
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    pub fn system() -> Self {
        Self(Kind::System { started: std::time::Instant::now() })
    }

    /// A clock that stands at `millis` since the epoch until [`Clock::advance`] moves it.
    pub fn manual(millis: u64) -> Self {
        Self(Kind::Manual { millis: Arc::new(AtomicU64::new(millis)) })
    }

    /// Milliseconds since 1970-01-01T00:00:00Z. May step back; never use it to order things.
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    pub fn now_millis(&self) -> u64 {
        match &self.0 {
            Kind::System { .. } => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX)),
            Kind::Manual { millis } => millis.load(Ordering::Relaxed),
        }
    }

    /// A monotonic reading.
    pub fn instant(&self) -> Instant {
        match &self.0 {
            Kind::System { started } => {
                Instant(u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX))
            }
            Kind::Manual { millis } => Instant(millis.load(Ordering::Relaxed) * 1_000_000),
        }
    }

    /// Moves a manual clock; does nothing to the system's.
    pub fn advance(&self, by: Duration) {
        if let Kind::Manual { millis } = &self.0 {
            millis.fetch_add(u64::try_from(by.as_millis()).unwrap_or(0), Ordering::Relaxed);
        }
    }
}
