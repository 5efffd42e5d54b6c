use std::time::Duration;

use crate::gcra::Gcra;

/// Parts a window is remembered in.
const PARTS: u64 = 16;
/// One more than `PARTS`: a window that begins inside a part touches both its ends.
const SLOTS: usize = 17;

/// A limit that holds in every window of its length, wherever the window begins.
///
/// There is no edge to wait for: `limit` events just before a full minute leave no room just after it. With a `burst`
/// below the limit, events are also paced by [`Gcra`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    limit: u32,
    /// Nanoseconds.
    window: u64,
    /// Nanoseconds of one part.
    part: u64,
    pace: Option<Gcra>,
}

impl Rate {
    /// `limit` events per `window`. A limit of zero refuses everything; a window of zero counts as one nanosecond.
    pub fn new(limit: u32, window: Duration) -> Self {
        let window = u64::try_from(window.as_nanos()).unwrap_or(u64::MAX).max(1);
        Self { limit, window, part: window.div_ceil(PARTS), pace: None }
    }

    /// The same limit with at most `burst` events at once and the rest paced evenly.
    #[must_use]
    pub fn burst(mut self, burst: u32) -> Self {
        let window = Duration::from_nanos(self.window);
        self.pace = (burst < self.limit).then(|| Gcra::new(self.limit, window, burst));
        self
    }

    /// Events per window.
    pub const fn limit(&self) -> u32 {
        self.limit
    }
}

/// What is remembered of one key's events: how many there were in each sixteenth of the window, and when the last was.
///
/// A part is forgotten as a whole, one window after its *last* event. So an event may be remembered up to a sixteenth
/// of the window too long and never too short: the limit is never exceeded, events at one moment are forgotten
/// exactly on time, and an even stream gets at least 16/17 of the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Theoretical arrival time of the pacing rule.
    tat: u64,
    /// Latest moment seen; a reading that lies before it (another thread was faster) counts as this one.
    latest: u64,
    last: [u64; SLOTS],
    count: [u32; SLOTS],
}

impl Window {
    /// Nothing happened yet.
    pub const EMPTY: Self = Self { tat: 0, latest: 0, last: [0; SLOTS], count: [0; SLOTS] };

    /// Judges an event at `now` (nanoseconds of a monotonic clock) and remembers it if it is admitted.
    ///
    /// # Errors
    /// Too many: how long to wait until the next may pass, if no other comes before. Nothing is remembered.
    pub fn admit(&mut self, rate: &Rate, now: u64) -> Result<(), Duration> {
        let now = now.max(self.latest);
        if self.alive(rate, now) >= u64::from(rate.limit) {
            return Err(self.wait(rate, now));
        }
        if let Some(pace) = rate.pace {
            self.tat = pace.admit(self.tat, now)?;
        }
        let slot = slot(rate, now);
        // A slot comes round after more than a window, so what it held is over.
        if !self.is_alive(slot, rate, now) {
            self.count[slot] = 0;
        }
        self.count[slot] = self.count[slot].saturating_add(1);
        self.last[slot] = now;
        self.latest = now;
        Ok(())
    }

    /// The moment from which this is as good as [`Window::EMPTY`].
    pub fn idle_from(&self, rate: &Rate) -> u64 {
        self.latest.saturating_add(rate.window).max(self.tat)
    }

    /// Events of the window that ends at `now`.
    fn alive(&self, rate: &Rate, now: u64) -> u64 {
        (0..SLOTS)
            .filter(|slot| self.is_alive(*slot, rate, now))
            .map(|slot| u64::from(self.count[slot]))
            .sum()
    }

    fn is_alive(&self, slot: usize, rate: &Rate, now: u64) -> bool {
        self.count[slot] > 0 && now - self.last[slot] < rate.window
    }

    /// Time until the oldest part is forgotten. That makes room, since there are never more events than the limit.
    fn wait(&self, rate: &Rate, now: u64) -> Duration {
        let alive = (0..SLOTS).filter(|slot| self.is_alive(*slot, rate, now));
        let oldest = alive.map(|slot| self.last[slot]).min();
        Duration::from_nanos(rate.window - (now - oldest.unwrap_or(now)))
    }
}

fn slot(rate: &Rate, now: u64) -> usize {
    usize::try_from((now / rate.part) % SLOTS as u64).unwrap_or(0)
}
