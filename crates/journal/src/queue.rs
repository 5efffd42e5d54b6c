use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use ambient::Clock;
use audit::{MAX_LINE, Signer, assemble};

use crate::disk::{Disk, DiskFile};
use crate::error::JournalError;
use crate::stats::Counters;

/// Room is set aside in steps of so many bytes.
const CHUNK: u64 = 1024 * 1024;
const LINE: u64 = MAX_LINE as u64;

/// What callers and the writer share: one lock, held for a copy of one line at most (and, once in a megabyte, for
/// setting room aside).
pub(crate) struct Queue {
    state: Mutex<State>,
    work: Condvar,
    /// Number of the last durable record.
    durable: AtomicU64,
    /// Whether [`State::ready`] holds anybody.
    any_ready: AtomicBool,
    pub(crate) counters: Counters,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) dir: PathBuf,
    clock: Clock,
    bound: usize,
    /// The verifier key of the key that signs now.
    vkey: Mutex<String>,
    /// A key is being replaced.
    rotating: AtomicBool,
}

struct State {
    /// Lines not yet taken by the writer, and where each ends.
    lines: Vec<u8>,
    ends: Vec<usize>,
    next_seq: u64,
    /// Wall clock at the record before, in milliseconds since the epoch.
    last_time: u64,
    /// Slots reserved and not yet used.
    slots: usize,
    /// Records the writer is busy with.
    in_flight: usize,
    /// The file being written, where its records will end, and up to where it has room.
    file: Arc<dyn DiskFile>,
    at: u64,
    room_end: u64,
    waiters: Vec<(u64, Waker)>,
    /// Those whose record is durable and whom the first of them to run will wake.
    ready: Vec<Waker>,
    failed: Option<Arc<str>>,
    stopping: bool,
    /// The writer sleeps and wants to be woken.
    idle: bool,
    /// The writer waits for company, and wants to be woken once everybody is there.
    gathering: bool,
    handover: Option<Handing>,
}

/// Where the log ended when it was opened.
pub(crate) struct Last {
    pub(crate) seq: u64,
    /// Milliseconds since the epoch.
    pub(crate) time: u64,
    /// The verifier key of the key that signs.
    pub(crate) vkey: String,
}

/// A new key whose record is on its way.
pub(crate) struct Handing {
    pub(crate) seq: u64,
    pub(crate) signer: Signer,
}

/// What the writer takes at once. The buffers go back and forth, so that none is allocated.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) lines: Vec<u8>,
    pub(crate) ends: Vec<usize>,
    pub(crate) handover: Option<Handing>,
    pub(crate) stopping: bool,
    /// Records that a wait for company brought, if there was one.
    pub(crate) gained: Option<usize>,
}

impl Queue {
    pub(crate) fn new(
        disk: Arc<dyn Disk>,
        dir: PathBuf,
        clock: Clock,
        bound: usize,
        file: Arc<dyn DiskFile>,
        at: u64,
        last: Last,
    ) -> Self {
        let Last { seq: last_seq, time: last_time, vkey } = last;
        let state = State {
            lines: Vec::new(),
            ends: Vec::new(),
            next_seq: last_seq + 1,
            last_time,
            slots: 0,
            in_flight: 0,
            file,
            at,
            room_end: at,
            waiters: Vec::new(),
            ready: Vec::new(),
            failed: None,
            stopping: false,
            idle: false,
            gathering: false,
            handover: None,
        };
        Self {
            state: Mutex::new(state),
            work: Condvar::new(),
            durable: AtomicU64::new(last_seq),
            any_ready: AtomicBool::new(false),
            counters: Counters::default(),
            disk,
            dir,
            clock,
            bound,
            vkey: Mutex::new(vkey),
            rotating: AtomicBool::new(false),
        }
    }

    /// The verifier key of the key that signs now.
    pub(crate) fn vkey(&self) -> String {
        self.vkey.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the caller may replace the key now; it is the only one until [`Queue::end_rotation`].
    pub(crate) fn begin_rotation(&self) -> bool {
        !self.rotating.swap(true, Ordering::AcqRel)
    }

    /// The key was replaced, or will not be.
    pub(crate) fn end_rotation(&self, vkey: Option<String>) {
        if let Some(vkey) = vkey {
            *self.vkey.lock().unwrap_or_else(PoisonError::into_inner) = vkey;
        }
        self.rotating.store(false, Ordering::Release);
    }

    /// Sets room aside for one record.
    pub(crate) fn reserve(&self) -> Result<(), JournalError> {
        let mut state = self.lock();
        state.usable()?;
        if state.slots + state.ends.len() + state.in_flight >= self.bound {
            return Err(JournalError::Busy);
        }
        let end = state.at + (state.slots as u64 + 1) * LINE;
        if end > state.room_end {
            self.grow(&mut state, end)?;
        }
        state.slots += 1;
        Ok(())
    }

    /// Gives the room of one record back.
    pub(crate) fn release(&self) {
        self.lock().slots -= 1;
    }

    /// Uses a slot: the line gets its number and its place. Returns the number.
    pub(crate) fn push(&self, body: &[u8], handover: Option<Signer>) -> Result<u64, JournalError> {
        let mut guard = self.lock();
        let state = &mut *guard;
        state.slots -= 1;
        state.usable()?;
        let seq = state.next_seq;
        if let Some(signer) = handover {
            state.handover = Some(Handing { seq, signer });
        }
        let now = self.clock.now_millis();
        let back = state.last_time.checked_sub(now).filter(|back| *back > 0);
        let before = state.lines.len();
        assemble(seq, back, body, &mut state.lines);
        state.at += (state.lines.len() - before) as u64;
        state.ends.push(state.lines.len());
        state.last_time = now;
        state.next_seq += 1;
        // No call is under way that could bring another record: nobody is left to wait for.
        let all_there = state.gathering && state.slots == 0;
        let due = state.idle || all_there;
        if due {
            state.idle = false;
            state.gathering = false;
        }
        // Woken under the lock, the writer would only wait for it.
        drop(guard);
        if due {
            self.work.notify_one();
        }
        Ok(seq)
    }

    /// Whether record `seq` is durable; if not, `waker` is woken once it is, or once it never will be.
    pub(crate) fn poll_durable(
        &self,
        seq: u64,
        waker: &Waker,
        registered: &mut bool,
    ) -> Option<Result<u64, JournalError>> {
        if self.durable.load(Ordering::Acquire) >= seq {
            self.pass_on();
            return Some(Ok(seq));
        }
        let mut state = self.lock();
        if self.durable.load(Ordering::Acquire) >= seq {
            drop(state);
            self.pass_on();
            return Some(Ok(seq));
        }
        if let Some(reason) = &state.failed {
            return Some(Err(JournalError::Failed(reason.clone())));
        }
        let known =
            if *registered { state.waiters.iter_mut().find(|(of, _)| *of == seq) } else { None };
        match known {
            Some((_, known)) => known.clone_from(waker),
            None => state.waiters.push((seq, waker.clone())),
        }
        *registered = true;
        None
    }

    /// Nobody waits for record `seq` any more.
    pub(crate) fn forget(&self, seq: u64) {
        self.lock().waiters.retain(|(of, _)| *of != seq);
        self.pass_on();
    }

    /// Wakes those whose record became durable together with that of the caller. The writer wakes one of them only:
    /// each wake from another thread costs a system call, one from within the runtime does not.
    fn pass_on(&self) {
        if !self.any_ready.swap(false, Ordering::AcqRel) {
            return;
        }
        let ready = std::mem::take(&mut self.lock().ready);
        ready.into_iter().for_each(Waker::wake);
    }

    /// Waits up to `company` for calls under way to bring their records, then for records, for the end, or for
    /// `patience` to run out; takes all there is. `batch` brings the buffers of the batch before and gets what the wait
    /// for company brought.
    pub(crate) fn take(
        &self,
        batch: &mut Batch,
        company: Option<Duration>,
        patience: Option<Duration>,
    ) {
        batch.lines.clear();
        batch.ends.clear();
        batch.gained = None;
        let mut state = self.lock();
        if let Some(company) = company {
            // The first one would have come without waiting, too.
            let alone = state.ends.len().max(1);
            state.gathering = true;
            let more = |s: &mut State| s.gathering && !s.stopping;
            let waited = self.work.wait_timeout_while(state, company, more);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            state.gathering = false;
            batch.gained = Some(state.ends.len().saturating_sub(alone));
        }
        while state.ends.is_empty() && !state.stopping {
            state.idle = true;
            match patience {
                None => state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(patience) => {
                    let waited = self.work.wait_timeout(state, patience);
                    state = waited.unwrap_or_else(PoisonError::into_inner).0;
                    break;
                }
            }
        }
        state.idle = false;
        std::mem::swap(&mut state.lines, &mut batch.lines);
        std::mem::swap(&mut state.ends, &mut batch.ends);
        state.in_flight = batch.ends.len();
        batch.handover = state.handover.take();
        batch.stopping = state.stopping;
    }

    /// The batch is durable up to record `seq`: wakes one of those who waited for it, who wakes the others.
    pub(crate) fn done(&self, seq: u64) {
        let mut guard = self.lock();
        let state = &mut *guard;
        state.in_flight = 0;
        self.durable.store(seq, Ordering::Release);
        let mut at = 0;
        while at < state.waiters.len() {
            if state.waiters[at].0 <= seq {
                state.ready.push(state.waiters.swap_remove(at).1);
            } else {
                at += 1;
            }
        }
        let first = state.ready.pop();
        self.any_ready.store(!state.ready.is_empty(), Ordering::Release);
        drop(guard);
        if let Some(first) = first {
            first.wake();
        }
    }

    /// Nothing more can be stored: everybody waiting, and everybody to come, is told so.
    pub(crate) fn fail(&self, reason: &str) {
        let mut state = self.lock();
        if state.failed.is_none() {
            state.failed = Some(Arc::from(reason));
        }
        let waiters = std::mem::take(&mut state.waiters);
        drop(state);
        for (_, waker) in waiters {
            waker.wake();
        }
        self.pass_on();
    }

    /// Takes no more records and lets the writer finish.
    pub(crate) fn stop(&self) {
        self.lock().stopping = true;
        self.work.notify_one();
    }

    /// Sets room aside in `file`, a new segment, for everything promised, and goes on there.
    pub(crate) fn switch(&self, file: &Arc<dyn DiskFile>) -> Result<(), JournalError> {
        let mut state = self.lock();
        let queued = state.lines.len() as u64;
        let end = queued + state.slots as u64 * LINE + CHUNK;
        self.allocate(file.as_ref(), 0, end)?;
        state.file = file.clone();
        state.at = queued;
        state.room_end = end;
        Ok(())
    }

    /// Sets room aside before it is asked for, so that callers rarely have to. Failing is for `reserve` to report.
    /// Gives the offset up to which the file has room.
    pub(crate) fn stay_ahead(&self) -> u64 {
        let mut state = self.lock();
        let end = state.at + state.slots as u64 * LINE + CHUNK / 2;
        if end > state.room_end {
            let _full = self.grow(&mut state, end);
        }
        state.room_end
    }

    /// Records reserved and queued, and whether the log has failed.
    pub(crate) fn depth(&self) -> (usize, usize, bool) {
        let state = self.lock();
        (state.slots, state.ends.len() + state.in_flight, state.failed.is_some())
    }

    /// Number of the last durable record.
    pub(crate) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    fn grow(&self, state: &mut State, end: u64) -> Result<(), JournalError> {
        let from = state.room_end;
        let generous = end.next_multiple_of(CHUNK);
        // Close to the end of the disk a whole step may not fit where one record does.
        let reached = [generous, end]
            .into_iter()
            .find(|end| self.allocate(state.file.as_ref(), from, end - from).is_ok());
        state.room_end = reached.ok_or(JournalError::Full)?;
        Ok(())
    }

    fn allocate(&self, file: &dyn DiskFile, from: u64, len: u64) -> Result<(), JournalError> {
        match file.allocate(from, len) {
            Ok(true) => Ok(()),
            // Where blocks cannot be set aside, as much must at least be free (and a step more, for others write too).
            Ok(false) => match self.disk.free(&self.dir) {
                Ok(free) if free >= len + CHUNK => Ok(()),
                _ => Err(JournalError::Full),
            },
            Err(_) => Err(JournalError::Full),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn usable(&self) -> Result<(), JournalError> {
        match &self.failed {
            Some(reason) => Err(JournalError::Failed(reason.clone())),
            None if self.stopping => Err(JournalError::Closed),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
