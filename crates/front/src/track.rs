//! Messages on their way to one client, in order: what a stream of any kind reads from.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio::sync::Notify;

/// Messages that may wait for a reader that is there before whoever sends more has to wait.
const WINDOW: u64 = 32;
/// Messages that may wait for a slow reader in all, where nobody waits for room.
const MOST: usize = 256;
/// Bytes that may wait in the same way, and that are kept for a reader that comes back.
const HELD: usize = 1024 * 1024;

/// A bounded queue with at most one reader.
///
/// While a reader is attached and slow, [`Track::send`] waits: back-pressure. Without a reader nobody waits; what is
/// kept for one that may come (back) is bounded, the oldest give way.
pub(crate) struct Track {
    /// Names it in event ids.
    number: u64,
    /// Messages kept for a reader that is not there, or that lost them.
    keep: usize,
    state: Mutex<State>,
    room: Notify,
}

struct State {
    items: VecDeque<Bytes>,
    /// Number of the first item; numbers begin at 1.
    first: u64,
    /// Number of the item that is delivered next.
    at: u64,
    bytes: usize,
    done: bool,
    /// The reader there is; zero for none.
    reader: u64,
    readers: u64,
    waker: Option<Waker>,
}

impl Track {
    /// A track whose reader is there from the beginning, as [`Track::FIRST`].
    pub(crate) fn new(number: u64, keep: usize) -> Self {
        let state = State {
            items: VecDeque::new(),
            first: 1,
            at: 1,
            bytes: 0,
            done: false,
            reader: Self::FIRST,
            readers: Self::FIRST,
            waker: None,
        };
        Self { number, keep, state: Mutex::new(state), room: Notify::new() }
    }

    /// The reader that a new track has.
    pub(crate) const FIRST: u64 = 1;

    /// A track that nobody reads yet.
    pub(crate) fn unread(number: u64, keep: usize) -> Self {
        let track = Self::new(number, keep);
        track.detach(Self::FIRST);
        track
    }

    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    /// Adds a message; waits while the reader is behind.
    pub(crate) async fn send(&self, message: Bytes) {
        // Where nobody has to wait, others must have their turn all the same.
        tokio::task::consume_budget().await;
        loop {
            let room = self.room.notified();
            {
                let mut state = self.lock();
                if state.reader == 0 || state.has_room(message.len()) {
                    self.add(&mut state, message);
                    return;
                }
            }
            room.await;
        }
    }

    /// Adds a message at once; if too many wait, the oldest gives way.
    pub(crate) fn push(&self, message: Bytes) {
        self.add(&mut self.lock(), message);
    }

    /// Adds a message unless the same one waits already.
    pub(crate) fn push_once(&self, message: Bytes) {
        let mut state = self.lock();
        let unread = usize::try_from(state.at.saturating_sub(state.first)).unwrap_or(usize::MAX);
        if !state.items.iter().skip(unread).any(|waiting| *waiting == message) {
            self.add(&mut state, message);
        }
    }

    /// Adds the last message there is, if any. Nothing comes after it.
    pub(crate) fn finish(&self, last: Option<Bytes>) {
        let mut state = self.lock();
        if let Some(last) = last {
            self.add(&mut state, last);
        }
        state.done = true;
        state.wake();
        self.room.notify_waiters();
    }

    /// A reader takes over; one that was there before ends. It goes on after the message of that number, or with the
    /// first that nobody has read.
    pub(crate) fn attach(&self, after: Option<u64>) -> u64 {
        let mut state = self.lock();
        if let Some(after) = after {
            let next = state.first + state.items.len() as u64;
            state.at = after.saturating_add(1).clamp(state.first, next);
        }
        state.readers += 1;
        state.reader = state.readers;
        state.wake();
        state.reader
    }

    /// The reader leaves.
    pub(crate) fn detach(&self, reader: u64) {
        let mut state = self.lock();
        if state.reader == reader {
            state.reader = 0;
            self.trim(&mut state);
            self.room.notify_waiters();
        }
    }

    /// The next message and its number; none when the track is done, or the reader was replaced.
    pub(crate) fn poll_next(
        &self,
        reader: u64,
        cx: &mut Context<'_>,
    ) -> Poll<Option<(u64, Bytes)>> {
        let mut state = self.lock();
        if state.reader != reader {
            return Poll::Ready(None);
        }
        state.at = state.at.max(state.first);
        let number = state.at;
        let index = usize::try_from(number - state.first).unwrap_or(usize::MAX);
        if let Some(message) = state.items.get(index).cloned() {
            state.at += 1;
            self.trim(&mut state);
            self.room.notify_waiters();
            return Poll::Ready(Some((number, message)));
        }
        if state.done {
            return Poll::Ready(None);
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Ready as soon as there is anything to read.
    pub(crate) fn poll_any(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if !state.items.is_empty() || state.done {
            return Poll::Ready(());
        }
        match &state.waker {
            Some(waker) if waker.will_wake(cx.waker()) => {}
            _ => state.waker = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// Whether anything waits or has been read.
    pub(crate) fn is_fresh(&self) -> bool {
        let state = self.lock();
        state.items.is_empty() && state.first == 1
    }

    /// Whether nothing more comes and nobody reads.
    pub(crate) fn is_over(&self) -> bool {
        let state = self.lock();
        state.done && state.reader == 0
    }

    /// Number of the message that comes next: it grows with each that is delivered.
    pub(crate) fn delivered(&self) -> u64 {
        self.lock().at
    }

    /// Whether somebody reads.
    pub(crate) fn is_read(&self) -> bool {
        self.lock().reader != 0
    }

    fn add(&self, state: &mut State, message: Bytes) {
        if state.done || (state.reader == 0 && self.keep == 0) {
            return;
        }
        state.bytes += message.len();
        state.items.push_back(message);
        self.trim(state);
        state.wake();
    }

    /// Lets go of what was read, but for what is kept; and of what nobody came for in time.
    fn trim(&self, state: &mut State) {
        loop {
            let read = state.first < state.at;
            let over = state.items.len() > self.keep || state.bytes > HELD;
            let abandoned = state.reader == 0 || state.items.len() > MOST;
            if state.items.is_empty() || !over || !(read || abandoned && self.keep > 0) {
                return;
            }
            let gone = state.items.pop_front().map_or(0, |message| message.len());
            state.bytes -= gone;
            state.first += 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_room(&self, more: usize) -> bool {
        let unread = (self.first + self.items.len() as u64).saturating_sub(self.at.max(self.first));
        unread == 0 || self.done || (unread < WINDOW && self.bytes + more <= 2 * HELD)
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn text(n: u64) -> Bytes {
        Bytes::from(n.to_string())
    }

    async fn next(track: &Track, reader: u64) -> Option<(u64, Bytes)> {
        poll_fn(|cx| track.poll_next(reader, cx)).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_makes_the_sender_wait_and_a_gone_one_does_not() {
        let track = Arc::new(Track::new(1, 8));
        let sender = track.clone();
        let sending = tokio::spawn(async move {
            for n in 1..=100 {
                sender.send(text(n)).await;
            }
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!sending.is_finished());
        for n in 1..=10 {
            assert_eq!(next(&track, Track::FIRST).await, Some((n, text(n))));
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!sending.is_finished());
        track.detach(Track::FIRST);
        tokio::time::timeout(Duration::from_secs(1), sending).await.unwrap().unwrap();
        let back = track.attach(None);
        assert_eq!(next(&track, back).await, Some((93, text(93))), "eight are kept");
    }

    #[tokio::test]
    async fn a_reader_that_comes_back_goes_on_where_it_was() {
        let track = Track::new(1, 8);
        for n in 1..=5 {
            track.push(text(n));
        }
        for _ in 0..4 {
            next(&track, Track::FIRST).await;
        }
        track.detach(Track::FIRST);
        track.finish(Some(text(6)));
        let back = track.attach(Some(2));
        for n in 3..=6 {
            assert_eq!(next(&track, back).await, Some((n, text(n))));
        }
        assert_eq!(next(&track, back).await, None);
        let future = track.attach(Some(1000));
        assert_eq!(next(&track, future).await, None);
    }

    #[tokio::test]
    async fn a_second_reader_ends_the_first() {
        let track = Track::new(1, 8);
        let second = track.attach(None);
        track.push(text(1));
        assert_eq!(next(&track, Track::FIRST).await, None);
        track.detach(Track::FIRST);
        assert_eq!(next(&track, second).await, Some((1, text(1))));
    }

    #[tokio::test]
    async fn nothing_is_kept_that_nobody_can_come_back_for() {
        let track = Track::new(1, 0);
        track.push(text(1));
        next(&track, Track::FIRST).await;
        assert!(track.lock().items.is_empty());
        track.detach(Track::FIRST);
        track.push(text(2));
        assert!(track.lock().items.is_empty());
    }

    #[test]
    fn the_same_notice_waits_once() {
        let track = Track::unread(0, 8);
        track.push_once(text(1));
        track.push_once(text(1));
        track.push_once(text(2));
        assert_eq!(track.lock().items.len(), 2);
    }

    proptest! {
        #[test]
        fn what_is_held_is_bounded_and_numbers_never_go_back(
            ops in prop::collection::vec(0u8..5, 1..400), size in 1usize..70_000,
        ) {
            let track = Track::unread(0, 16);
            let waker = Waker::noop();
            let mut cx = Context::from_waker(waker);
            let (mut reader, mut last) = (0, 0);
            for op in ops {
                match op {
                    0 | 1 => track.push(Bytes::from(vec![b'x'; size])),
                    2 => {
                        reader = track.attach(None);
                    }
                    3 => track.detach(reader),
                    _ => {
                        if let Poll::Ready(Some((n, _))) = track.poll_next(reader, &mut cx) {
                            prop_assert!(n > last);
                            last = n;
                        }
                    }
                }
                let state = track.lock();
                prop_assert_eq!(state.bytes, state.items.len() * size);
                prop_assert!(state.items.len() <= MOST + 1);
                prop_assert!(state.reader != 0 || state.items.len() <= 16);
            }
        }
    }
}
