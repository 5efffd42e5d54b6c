use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use ambient::Clock;
use ledger::{Books, Event, State};
use model::Timestamp;
use store::{LedgerFile, Mark, StoreError, Stored};
use tokio::sync::{oneshot, watch};

use crate::Refused;
use crate::owner::Owner;
use crate::queue::{Batch, Fact, Job, Queue, Reply};
use crate::round::Round;

/// How the treasury is doing, after the last round.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Events in the books.
    pub events: u64,
    /// The newest place in the file: see [`Treasury::open_since`](crate::Treasury::open_since).
    pub head: Option<Mark>,
    /// Rounds that were stored, each with one sync.
    pub rounds: u64,
    /// Payments that hold money.
    pub open: usize,
    /// Payments whose outcome is not known.
    pub held: usize,
    /// What each rail has moved.
    pub sums: Vec<ledger::Sum>,
    /// Pauses.
    pub paused: usize,
    /// Outcomes that could not be stored yet.
    pub unstored: usize,
    /// Why the last round was not stored, if it was not: nothing is allowed until one is.
    pub failed: Option<String>,
}

/// The one thread that writes. It owns the books.
pub(crate) struct Writer {
    pub(crate) queue: Arc<Queue>,
    pub(crate) file: LedgerFile,
    pub(crate) path: PathBuf,
    pub(crate) owner: Arc<Owner>,
    pub(crate) clock: Clock,
    pub(crate) books: Books,
    /// Up to where the books have read the file.
    pub(crate) mark: Mark,
    /// What could not be stored yet.
    pub(crate) unstored: VecDeque<Fact>,
    pub(crate) standing: watch::Sender<Standing>,
}

impl Writer {
    /// Deals with what processes that are gone left behind, in the first round.
    pub(crate) fn recover(&mut self) -> Result<(), StoreError> {
        let clock = Timestamp(self.clock.now_millis());
        let Self { file, books, mark, owner, path, queue, .. } = self;
        let policy = queue.policy();
        let (gone, after) = file.transact(mark, |news, tx| {
            replay(books, news)?;
            let gone: Vec<String> = books.owners().into_iter().map(str::to_owned).collect();
            let gone: Vec<_> = gone.into_iter().filter(|name| owner.is_gone(path, name)).collect();
            let changes = books.after_restart(|name| gone.iter().any(|g| g == name));
            let owner = owner.name.as_str();
            let mut round =
                Round { books, tx, policy: &policy, now: clock, owner, broken: None, events: 0 };
            for change in changes {
                // Each follows from the state it was made from.
                let _ = round.record(change);
            }
            round.broken.take().map_or(Ok(gone), Err)
        })?;
        self.mark = after;
        for name in &gone {
            Owner::tidy(&self.path, name);
        }
        self.report(None, 0);
        Ok(())
    }

    /// Writes until the treasury is closed.
    pub(crate) fn run(mut self) {
        let closing = CloseWhenDropped(self.queue.clone());
        loop {
            let Batch { jobs, facts, stopping } = self.queue.take(!self.unstored.is_empty());
            self.unstored.extend(facts);
            if stopping && jobs.is_empty() && self.unstored.is_empty() {
                break;
            }
            let stored = self.round(jobs);
            if stopping && !stored {
                // What is lost here is held after a restart, as everything unfinished is.
                tracing::error!(
                    outcomes = self.unstored.len(),
                    "outcomes could not be stored before the end"
                );
                break;
            }
        }
        drop(closing);
    }

    /// One transaction, one sync, for all who wait. Tells them when it is durable.
    fn round(&mut self, jobs: Vec<Job>) -> bool {
        let (done, replies, events) = match self.attempt(jobs) {
            Ok(done) => done,
            Err(error) => {
                tracing::error!(%error, "the ledger could not be written: nothing is paid until it can");
                // Whether the round was stored is not known; the file is read anew.
                (self.books, self.mark) = (Books::default(), Mark::START);
                self.report(Some(error.to_string()), 0);
                for fact in &mut self.unstored {
                    if let Some(done) = fact.done.take() {
                        let _ = done.send(Err(Refused::Ledger(error.to_string())));
                    }
                }
                return false;
            }
        };
        self.unstored.clear();
        self.report(None, events);
        for (waiting, outcome) in done {
            let _ = waiting.send(outcome);
        }
        for reply in replies {
            reply();
        }
        true
    }

    fn attempt(&mut self, jobs: Vec<Job>) -> Result<Done, StoreError> {
        let now = Timestamp(self.clock.now_millis());
        let Self { file, books, mark, owner, queue, unstored, .. } = self;
        let policy = queue.policy();
        let (done, after) = file.transact(mark, |news, tx| {
            replay(books, news)?;
            let owner = owner.name.as_str();
            let mut round =
                Round { books, tx, policy: &policy, now, owner, broken: None, events: 0 };
            let lapsed = round.books.lapsed(now);
            for change in lapsed {
                let _ = round.record(change);
            }
            let mut outcomes = Vec::new();
            for fact in unstored.iter() {
                outcomes.push(round.conclude(fact.change.clone()));
            }
            let mut replies: Vec<Reply> = Vec::with_capacity(jobs.len());
            for job in jobs {
                replies.push(job(&mut round));
                if round.broken.is_some() {
                    break;
                }
            }
            let events = round.events;
            round.broken.take().map_or(Ok((outcomes, replies, events)), Err)
        })?;
        self.mark = after;
        let (outcomes, replies, events) = done;
        let waiting = self.unstored.iter_mut().map(|fact| fact.done.take());
        let told = waiting.zip(outcomes).filter_map(|(w, outcome)| w.map(|w| (w, outcome)));
        Ok((told.collect(), replies, events))
    }

    fn report(&self, failed: Option<String>, events: u64) {
        self.standing.send_modify(|standing| {
            if failed.is_none() {
                let open = |p: &&ledger::Payment| matches!(p.state, State::Held(_));
                standing.events = self.mark.seq();
                standing.head = Some(self.mark.clone());
                standing.rounds += u64::from(events > 0);
                standing.open = self.books.open_count();
                // Counted anew only where something may have become held or free.
                standing.held = self.books.open().filter(open).count();
                standing.sums = self.books.sums();
                standing.paused = self.books.stops().count();
            }
            standing.unstored = self.unstored.len();
            standing.failed = failed;
        });
    }
}

type Waiting = (oneshot::Sender<Result<(), Refused>>, Result<(), Refused>);
type Done = (Vec<Waiting>, Vec<Reply>, u64);

fn replay(books: &mut Books, news: Vec<Stored>) -> Result<(), StoreError> {
    for Stored { seq, payload } in news {
        let wrong = |why: String| StoreError::Integrity {
            what: format!("event {seq} of the ledger ({why})"),
        };
        let event = Event::decode(&payload).map_err(|error| wrong(error.to_string()))?;
        books.apply(&event).map_err(|error| wrong(error.to_string()))?;
    }
    Ok(())
}

/// Tells callers that nobody writes any more, however the writer ends.
struct CloseWhenDropped(Arc<Queue>);

impl Drop for CloseWhenDropped {
    fn drop(&mut self) {
        self.0.close();
    }
}
