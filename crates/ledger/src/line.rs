use std::collections::VecDeque;

use model::Timestamp;

use crate::Window;

/// What was spent under one value of one scope in one asset: what is open, and running sums of what has ended.
///
/// The sums are cumulative, so that any window is one search and one subtraction, whatever the policy asks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    open: Tally,
    /// Everything that ever ended.
    total: Tally,
    /// What of it is too old to be told apart.
    old: Tally,
    /// When something ended, and all that had ended by then, itself included. In the order of time.
    ended: VecDeque<(Timestamp, Tally)>,
}

/// An amount in smallest units, and a number of payments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) minor: u128,
    pub(crate) count: u64,
}

impl Tally {
    pub(crate) fn plus(self, minor: u128, count: u64) -> Option<Self> {
        let minor = self.minor.checked_add(minor)?;
        Some(Self { minor, count: self.count.checked_add(count)? })
    }

    /// Only ever of a part: less than nothing becomes nothing.
    const fn less(self, minor: u128, count: u64) -> Self {
        Self { minor: self.minor.saturating_sub(minor), count: self.count.saturating_sub(count) }
    }
}

impl Line {
    /// Whether `minor` more can be counted, open or ended.
    pub(crate) fn can_take(&self, minor: u128) -> bool {
        self.all().and_then(|all| all.plus(minor, 1)).is_some()
    }

    /// Whether what holds `held` can be counted as `booked` instead.
    pub(crate) fn can_end(&self, held: u128, booked: u128) -> bool {
        let rest = self.open.less(held, 1);
        let all = self.total.plus(rest.minor, rest.count);
        all.and_then(|all| all.plus(booked, 1)).is_some()
    }

    /// Something is reserved. The caller has asked [`Line::can_take`] where all there is is counted.
    pub(crate) fn open(&mut self, minor: u128) {
        self.open = self.open.plus(minor, 1).unwrap_or(self.open);
    }

    /// Something that was reserved is not paid.
    pub(crate) fn free(&mut self, minor: u128) {
        self.open = self.open.less(minor, 1);
    }

    /// Something that was reserved is paid, perhaps with another amount.
    pub(crate) fn end(&mut self, at: Timestamp, held: u128, booked: u128) {
        self.free(held);
        self.book(at, booked, 1);
    }

    /// Something was spent on a payment that was not made.
    pub(crate) fn cost(&mut self, at: Timestamp, fee: u128) {
        self.book(at, fee, 0);
    }

    fn book(&mut self, at: Timestamp, minor: u128, count: u64) {
        self.total = self.total.plus(minor, count).unwrap_or(self.total);
        match self.ended.back_mut() {
            Some((last, sum)) if *last == at => *sum = self.total,
            _ => self.ended.push_back((at, self.total)),
        }
        self.forget(at);
    }

    /// What has ended, and what is open, since the books began.
    pub(crate) const fn parts(&self) -> (Tally, Tally) {
        (self.total, self.open)
    }

    /// What counts in the window that ends at `now`. `None`: more than can be counted.
    pub(crate) fn within(&self, window: Window, now: Timestamp) -> Option<Tally> {
        let gone = if window == Window::Lifetime {
            Tally::default()
        } else {
            let length = window.length();
            let left = self.ended.partition_point(|(at, _)| at.after(length) <= now);
            left.checked_sub(1).and_then(|i| self.ended.get(i)).map_or(self.old, |(_, s)| *s)
        };
        self.all().map(|all| all.less(gone.minor, gone.count))
    }

    /// What ended after `at` counts as if it had ended then.
    pub(crate) fn redate(&mut self, at: Timestamp) {
        for (ended, _) in self.ended.iter_mut().rev().take_while(|(ended, _)| *ended > at) {
            *ended = at;
        }
    }

    fn all(&self) -> Option<Tally> {
        self.total.plus(self.open.minor, self.open.count)
    }

    fn forget(&mut self, now: Timestamp) {
        while let Some((at, sum)) = self.ended.front()
            && at.after(Window::LONGEST) <= now
        {
            self.old = *sum;
            self.ended.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_window_is_half_open_and_an_open_amount_never_leaves_it() {
        let mut line = Line::default();
        line.open(5);
        line.open(7);
        line.end(Timestamp(1_000), 5, 4);
        let sum = |line: &Line, now| line.within(Window::Minute, Timestamp(now)).unwrap();
        assert_eq!(sum(&line, 1_000), Tally { minor: 11, count: 2 });
        assert_eq!(sum(&line, 60_999), Tally { minor: 11, count: 2 });
        assert_eq!(sum(&line, 61_000), Tally { minor: 7, count: 1 });
        assert_eq!(sum(&line, u64::MAX), Tally { minor: 7, count: 1 });
        assert_eq!(line.within(Window::Lifetime, Timestamp(u64::MAX)).unwrap().minor, 11);
    }

    #[test]
    fn what_is_too_old_for_any_window_is_kept_in_the_sum_of_a_lifetime_alone() {
        let mut line = Line::default();
        for day in 0..800_u64 {
            line.open(1);
            line.end(Timestamp(day * 86_400_000), 1, 1);
        }
        assert!(line.ended.len() <= 367);
        let now = Timestamp(799 * 86_400_000);
        assert_eq!(line.within(Window::Lifetime, now).unwrap().minor, 800);
        assert_eq!(line.within(Window::Week, now).unwrap().minor, 7);
        let year = Window::Other(Duration::from_hours(366 * 24));
        assert_eq!(line.within(year, now).unwrap().minor, 366);
    }

    #[test]
    fn a_confirmed_clock_lets_what_lies_ahead_end_at_that_moment() {
        let mut line = Line::default();
        line.open(3);
        line.end(Timestamp(9_000_000), 3, 3);
        line.redate(Timestamp(5_000));
        assert_eq!(line.within(Window::Minute, Timestamp(64_999)).unwrap().minor, 3);
        assert_eq!(line.within(Window::Minute, Timestamp(65_000)).unwrap().minor, 0);
    }
}
