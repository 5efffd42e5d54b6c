//! What the supervisor tells the gate of what it sees, as often as it is news.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ambient::{Clock, Instant};
use rustix::net::SendFlags;

use crate::order::Report;
use crate::refused::{LONGEST, Refused, Wall};

/// Things that are told apart; all others of one wall count together.
const KINDS: usize = 1024;
/// The name of those others.
const OTHERS: &str = "more than can be named";
/// After this time what is still tried is news again.
const AGAIN: Duration = Duration::from_hours(1);

/// The way to the gate, and what it was told already.
pub(crate) struct Diary {
    gate: OwnedFd,
    clock: Clock,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    times: HashMap<(Wall, String), u32>,
    since: Instant,
    is_blind: bool,
}

impl Diary {
    pub(crate) fn new(gate: BorrowedFd<'_>, clock: Clock) -> io::Result<Self> {
        let since = clock.instant();
        let known = Mutex::new(Known { since, ..Known::default() });
        Ok(Self { gate: gate.try_clone_to_owned()?, clock, known })
    }

    /// Something was refused. Never waits: a gate that does not read misses what does not fit.
    pub(crate) fn refused(&self, by: Wall, what: &str) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(refused) = known.note(by, cut(what), self.clock.instant()) {
            self.tell(&Report::Refused(refused));
        }
    }

    /// What the program is refused is not seen, or not all of it.
    pub(crate) fn blind(&self, why: Blind) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::replace(&mut known.is_blind, true) {
            self.tell(&Report::Blind(why.number()));
        }
    }

    fn tell(&self, report: &Report) {
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        let _ = rustix::net::send(self.gate.as_fd(), &report.encode(), flags);
    }
}

impl Known {
    /// Counts it; gives it back if that is news.
    fn note(&mut self, by: Wall, what: &str, now: Instant) -> Option<Refused> {
        if now.since(self.since) >= AGAIN {
            self.times.clear();
            self.since = now;
        }
        let key = (by, what.to_owned());
        let is_room = self.times.len() < KINDS || self.times.contains_key(&key);
        let key = if is_room { key } else { (by, OTHERS.to_owned()) };
        let what = key.1.clone();
        let times = self.times.entry(key).or_default();
        *times = times.saturating_add(1);
        is_news(*times).then_some(Refused { by, what, times: *times })
    }
}

/// The first time, the tenth, the hundredth and so on.
fn is_news(times: u32) -> bool {
    times.checked_ilog10().is_some_and(|n| 10_u32.pow(n) == times)
}

/// At most so much of a name as is told.
fn cut(what: &str) -> &str {
    &what[..what.floor_char_boundary(LONGEST)]
}

/// Why what a program is refused is not seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blind {
    /// Somebody else hears what filters ask here, as in some containers, or the kernel knows no such thing.
    NoListener,
    /// The memory of the program cannot be read, so that the names of files in it are not known: it forbids that, or the
    /// system does.
    Memory,
}

impl Blind {
    const ALL: [Self; 2] = [Self::NoListener, Self::Memory];

    pub(crate) const fn number(self) -> i32 {
        self as i32
    }

    pub(crate) fn from_number(n: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.number() == n)
    }
}

impl std::fmt::Display for Blind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NoListener => {
                "what it is refused cannot be seen here: the kernel lets nobody listen, as in some containers"
            }
            Self::Memory => {
                "which files it is refused cannot be seen: its memory cannot be read"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tried_again_and_again_is_told_ever_more_rarely() {
        let mut known = Known::default();
        let told: Vec<u32> = (0..1000)
            .filter_map(|_| known.note(Wall::Read, "/a", Instant(1)).map(|refused| refused.times))
            .collect();
        assert_eq!(told, [1, 10, 100, 1000]);
        assert_eq!(known.note(Wall::Write, "/a", Instant(1)).map(|r| r.times), Some(1));
    }

    #[test]
    fn names_without_end_fill_neither_memory_nor_log_and_an_hour_later_all_is_news() {
        let mut known = Known::default();
        let told = (0..100_000)
            .filter_map(|n| known.note(Wall::Read, &format!("/{n}"), Instant(1)))
            .filter(|refused| refused.what == OTHERS)
            .count();
        assert!(known.times.len() <= KINDS + 6 && told == 5, "{told}");
        assert_eq!(known.note(Wall::Read, "/new", Instant(1)), None);
        let later = Instant(1 + 3_600_000_000_000);
        assert_eq!(known.note(Wall::Read, "/new", later).map(|r| r.what).as_deref(), Some("/new"));
    }

    #[test]
    fn a_long_name_is_cut_where_a_letter_ends() {
        let long = format!("/{}", "é".repeat(LONGEST));
        assert_eq!(cut(&long).len(), LONGEST - 1);
        assert_eq!(cut("/short"), "/short");
    }
}
