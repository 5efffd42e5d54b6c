use std::time::Duration;

/// A wait is as long as so many syncs at most, and twice as long in a crowd.
const SYNCS: u32 = 3;
/// A sync that takes longer counts as this long.
const MOST: Duration = Duration::from_micros(200);
/// So many records in the time of a sync are a crowd: three halves.
const CROWD: usize = ONE * 3 / 2;
/// After so many batches without waiting it is tried again whether waiting pays.
const PROBE: u32 = 16;
/// Fixed point: one record.
const ONE: usize = 256;

/// Whether a batch should wait a moment for company.
///
/// A sync costs the processor much the same for one record as for twenty, so under load it pays to wait for those who
/// are about to come; with nobody about, it would only delay. Which of the two it is, the waits themselves tell: the
/// writer goes on waiting while a wait brings another record on average, and tries now and then when none did. It
/// never waits longer than three syncs take, nor at all where records come one at a time, nor once everybody under way is
/// there. In a crowd it waits up to twice as long: what a sync costs the processor is then what keeps the others waiting.
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
    /// Records in the time of a sync, lately, times [`ONE`].
    crowd: usize,
}

/// How one batch was written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written {
    /// Its records.
    pub(crate) records: usize,
    /// Those of them that a wait brought, if there was one.
    pub(crate) gained: Option<usize>,
    /// Time of its sync.
    pub(crate) sync: Duration,
    /// Time since the batch before.
    pub(crate) since: Duration,
}

impl Company {
    /// A batch was written.
    pub(crate) fn note(&mut self, written: Written) {
        let Written { records, gained, sync, since } = written;
        self.sync = (self.sync * 3 + sync) / 4;
        self.last = records;
        self.since += 1;
        let pace = sync.as_nanos() * (records * ONE) as u128 / since.as_nanos().max(1);
        self.crowd = (self.crowd * 3 + usize::try_from(pace).unwrap_or(usize::MAX / 4)) / 4;
        if let Some(gained) = gained {
            self.gain = (self.gain * 3 + gained.saturating_mul(ONE)) / 4;
            self.since = 0;
        }
    }

    /// How long to wait for company, if that may pay.
    pub(crate) fn wait(&self) -> Option<Duration> {
        let pays = self.gain >= ONE;
        let may = self.last > 1 && self.since >= PROBE;
        let syncs = if self.crowd >= CROWD { 2 * SYNCS } else { SYNCS };
        (pays || may).then(|| self.sync.min(MOST) * syncs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYNC: Duration = Duration::from_micros(100);
    /// So long that no batch is a crowd.
    const QUIET: Duration = Duration::from_millis(10);

    /// Goes through batches of `records`, of which a wait brings `gained`; gives how many of them waited.
    fn waits(company: &mut Company, batches: usize, records: usize, gained: usize) -> usize {
        let one = |_: &usize| {
            let waits = company.wait().is_some();
            let gained = waits.then_some(gained);
            company.note(Written { records, gained, sync: SYNC, since: QUIET });
            waits
        };
        (0..batches).filter(one).count()
    }

    /// How long is waited after many batches of `records`, one in every `since`, with a sync of that length.
    fn longest(records: usize, sync: Duration, since: Duration) -> Duration {
        let mut company = Company::default();
        let written = Written { records, gained: Some(4), sync, since };
        (0..100).for_each(|_| company.note(written));
        company.wait().unwrap()
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
    fn nobody_waits_longer_than_three_syncs_take_or_than_the_bound() {
        for (sync, most) in [(10, 30), (100, 300), (10_000, 600)] {
            let waited = longest(8, Duration::from_micros(sync), Duration::from_secs(1));
            assert!(waited <= Duration::from_micros(most), "{sync}");
        }
    }

    #[test]
    fn in_a_crowd_and_only_there_the_wait_is_twice_as_long() {
        // Of eight records in 600 µs, a sync of 100 µs sees 1.3; in 300 µs, 2.7.
        assert!(longest(8, SYNC, Duration::from_micros(600)) <= SYNC * 3);
        let waited = longest(8, SYNC, Duration::from_micros(300));
        assert!(waited > SYNC * 3 && waited <= SYNC * 6, "{waited:?}");
        let slow = longest(8, Duration::from_millis(10), Duration::from_millis(12));
        assert!(slow <= MOST * 6, "{slow:?}");
    }
}
