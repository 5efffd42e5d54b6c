use std::time::Duration;

/// The longest wait, whatever a sync takes.
const MOST: Duration = Duration::from_micros(200);
/// After so many batches without waiting it is tried again whether waiting pays.
const PROBE: u32 = 16;
/// Fixed point: one record.
const ONE: usize = 256;

/// Whether a batch should wait a moment for company.
///
/// A sync costs the processor much the same for one record as for twenty, so under load it pays to wait for those who
/// are about to come; with nobody about, it would only delay. Which of the two it is, the waits themselves tell: the
/// writer goes on waiting while a wait brings another record on average, and tries now and then when none did. It
/// never waits longer than a sync takes, nor at all where records come one at a time.
#[derive(Debug, Default)]
pub(crate) struct Company {
    /// Records that a wait brought, lately, times [`ONE`].
    gain: usize,
    /// Time of a sync, lately.
    sync: Duration,
    /// Batches since the last wait.
    since: u32,
    /// Records of the last batch.
    last: usize,
}

impl Company {
    /// So many records were written by a sync of that length; `gained` of them thanks to a wait, if there was one.
    pub(crate) fn note(&mut self, records: usize, gained: Option<usize>, sync: Duration) {
        self.sync = (self.sync * 3 + sync) / 4;
        self.last = records;
        self.since += 1;
        if let Some(gained) = gained {
            self.gain = (self.gain * 3 + gained.saturating_mul(ONE)) / 4;
            self.since = 0;
        }
    }

    /// How long to wait for company, if that may pay.
    pub(crate) fn wait(&self) -> Option<Duration> {
        let pays = self.gain >= ONE;
        let may = self.last > 1 && self.since >= PROBE;
        (pays || may).then(|| self.sync.min(MOST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYNC: Duration = Duration::from_micros(100);

    /// Goes through batches of `records`, of which a wait brings `gained`; gives how many of them waited.
    fn waits(company: &mut Company, batches: usize, records: usize, gained: usize) -> usize {
        let one = |_: &usize| {
            let waits = company.wait().is_some();
            company.note(records, waits.then_some(gained), SYNC);
            waits
        };
        (0..batches).filter(one).count()
    }

    #[test]
    fn nobody_waits_where_records_come_one_at_a_time() {
        assert_eq!(waits(&mut Company::default(), 1000, 1, 0), 0);
    }

    #[test]
    fn waiting_that_brings_nobody_is_given_up_but_for_a_try_now_and_then() {
        assert!(waits(&mut Company::default(), 1700, 3, 0) <= 100);
    }

    #[test]
    fn waiting_that_brings_somebody_goes_on_until_it_does_not() {
        let mut company = Company::default();
        assert!(waits(&mut company, 1000, 8, 4) >= 980);
        assert!(waits(&mut company, 1000, 2, 0) <= 70);
    }

    #[test]
    fn nobody_waits_longer_than_a_sync_takes_or_than_the_bound() {
        for (sync, most) in [(10, 10), (100, 100), (10_000, 200)] {
            let mut company = Company::default();
            (0..100).for_each(|_| company.note(8, Some(4), Duration::from_micros(sync)));
            assert!(company.wait().unwrap() <= Duration::from_micros(most), "{sync}");
        }
    }
}
