use std::time::Duration;

/// The longest wait, whatever a sync takes.
const MOST: Duration = Duration::from_micros(200);
/// Records come so far apart at most, for the reckoning: a quiet hour is forgotten within a few batches.
const QUIET: Duration = Duration::from_millis(1);

/// Whether a batch should wait a moment for company.
///
/// A sync costs the processor much the same for one record as for twenty, so under load it pays to wait for those who
/// are about to come; with nobody about, it would only delay. So the writer waits where the last batches say that at
/// least two more records come within the time that a sync takes, and never longer than that.
#[derive(Debug)]
pub(crate) struct Company {
    /// Time between two records, lately.
    apart: Duration,
    /// Time of a sync, lately.
    sync: Duration,
}

impl Company {
    pub(crate) const fn new() -> Self {
        Self { apart: QUIET, sync: Duration::ZERO }
    }

    /// So many records were made durable by a sync of that length, so long after those before.
    pub(crate) fn note(&mut self, records: usize, since: Duration, sync: Duration) {
        let records = u32::try_from(records).unwrap_or(u32::MAX).max(1);
        self.apart = (self.apart * 3 + (since / records).min(QUIET)) / 4;
        self.sync = (self.sync * 3 + sync.min(QUIET)) / 4;
    }

    /// How long to wait for company, if that pays.
    pub(crate) fn wait(&self) -> Option<Duration> {
        let wait = self.sync.min(MOST);
        (self.apart * 2 <= wait).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    fn after(batches: usize, records: usize, since: Duration, sync: Duration) -> Option<Duration> {
        let mut company = Company::new();
        (0..batches).for_each(|_| company.note(records, since, sync));
        company.wait()
    }

    #[test]
    fn nobody_waits_who_is_alone_and_under_load_everybody_waits_no_longer_than_a_sync_takes() {
        assert_eq!(Company::new().wait(), None);
        assert_eq!(after(50, 1, us(1_000_000), us(100)), None, "one record a second");
        assert_eq!(after(50, 1, us(100), us(100)), None, "one at a time, one after the other");
        let busy = after(50, 8, us(250), us(100)).unwrap();
        assert!(busy > us(90) && busy <= us(100), "{busy:?}");
    }

    #[test]
    fn a_slow_disk_gathers_by_itself_and_a_fast_one_needs_no_company() {
        assert_eq!(after(50, 500, us(10_000), us(10_000)), Some(MOST));
        assert_eq!(after(50, 4, us(100), us(10)), None);
    }

    #[test]
    fn load_is_noticed_within_a_few_batches_and_forgotten_as_soon() {
        let mut company = Company::new();
        let noticed = (1..100).find(|_| {
            company.note(8, us(200), us(100));
            company.wait().is_some()
        });
        assert!(noticed.is_some_and(|n| n <= 20), "{noticed:?}");
        company.note(1, us(10_000_000), us(100));
        assert_eq!(company.wait(), None);
    }
}
