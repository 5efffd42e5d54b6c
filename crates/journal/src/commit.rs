use std::cell::RefCell;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use audit::{Record, Signer};

use crate::error::JournalError;
use crate::queue::Queue;

thread_local! {
    /// Where a line is made before the lock is taken; kept, so that making one allocates nothing.
    static BODY: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Room for one record that is sure to be there. Dropped without a commit, it is free again.
#[must_use = "a slot is room for the record of a call"]
pub struct Slot {
    queue: Option<Arc<Queue>>,
}

impl Slot {
    pub(crate) fn reserve(queue: &Arc<Queue>) -> Result<Self, JournalError> {
        queue.reserve()?;
        Ok(Self { queue: Some(queue.clone()) })
    }

    /// Hands the record over at once, whether the future is polled or not. It resolves to the record's number when
    /// the record is durable; until then, nothing may be answered.
    pub fn commit(self, mut record: Record) -> Commit {
        record.next_key = None;
        record.first_kept = None;
        self.commit_own(&record, None)
    }

    /// Hands the record over for a caller who is gone and waits for nothing.
    pub fn commit_detached(self, record: Record) {
        drop(self.commit(record));
    }

    /// A record of the log's own, perhaps one that hands over to a new key.
    pub(crate) fn commit_own(mut self, record: &Record, handover: Option<Signer>) -> Commit {
        let Some(queue) = self.queue.take() else {
            return Commit { at: Err(JournalError::Closed), registered: false };
        };
        let pushed = BODY.with_borrow_mut(|body| {
            body.clear();
            record.write_body(body);
            queue.push(body, handover)
        });
        Commit { at: pushed.map(|seq| (queue, seq)), registered: false }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(queue) = self.queue.take() {
            queue.release();
        }
    }
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Slot")
    }
}

/// Resolves to the number of a record once it is durable.
#[must_use = "a record is durable only when this has resolved"]
pub struct Commit {
    at: Result<(Arc<Queue>, u64), JournalError>,
    registered: bool,
}

impl Commit {
    /// A record that was refused.
    pub(crate) fn refused(error: JournalError) -> Self {
        Self { at: Err(error), registered: false }
    }

    /// Why the record was not taken, if it was not.
    pub(crate) fn refusal(&self) -> Option<JournalError> {
        self.at.as_ref().err().cloned()
    }

    /// The number the record was given, durable or not.
    pub(crate) fn seq(&self) -> Option<u64> {
        self.at.as_ref().ok().map(|(_, seq)| *seq)
    }
}

impl Future for Commit {
    type Output = Result<u64, JournalError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        match &this.at {
            Err(error) => Poll::Ready(Err(error.clone())),
            Ok((queue, seq)) => {
                match queue.poll_durable(*seq, context.waker(), &mut this.registered) {
                    Some(result) => {
                        this.registered = false;
                        Poll::Ready(result)
                    }
                    None => Poll::Pending,
                }
            }
        }
    }
}

impl Drop for Commit {
    fn drop(&mut self) {
        // It may be the one that was woken to wake the others.
        if let (true, Ok((queue, seq))) = (self.registered, &self.at) {
            queue.forget(*seq);
        }
    }
}
