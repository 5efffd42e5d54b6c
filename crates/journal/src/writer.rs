use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ambient::{Clock, Instant};
use audit::{Checkpoint, Signer, Tree, leaf_hash};

use crate::chain::Handover;
use crate::company::{Company, Written};
use crate::disk::replace;
use crate::keys;
use crate::layout::{CHECKPOINT, SegmentName};
use crate::options::Options;
use crate::queue::{Batch, Handing, Queue};
use crate::retain::Retainer;
use crate::segment::Segment;
use crate::sink::SinkHandle;

/// The one thread that writes. It owns the files, the tree and the key.
pub(crate) struct Writer {
    pub(crate) queue: Arc<Queue>,
    pub(crate) options: Options,
    pub(crate) clock: Clock,
    pub(crate) segment: Segment,
    pub(crate) tree: Tree,
    pub(crate) signer: Signer,
    /// The newest checkpoint, its size, and when it was signed.
    pub(crate) note: String,
    pub(crate) signed: u64,
    pub(crate) signed_at: Option<Instant>,
    pub(crate) retainer: Retainer,
    pub(crate) company: Company,
    /// When the last batch became durable.
    pub(crate) written: Option<Instant>,
    pub(crate) sink: Option<SinkHandle>,
}

impl Writer {
    /// Writes until the log is closed or fails.
    pub(crate) fn run(mut self) {
        let guard = FailIfDropped(self.queue.clone());
        match self.write_all() {
            Ok(()) => std::mem::forget(guard),
            Err(error) => {
                tracing::error!(%error, "the audit log has failed: calls are refused from now on");
                self.queue.fail(&error.to_string());
            }
        }
        if let Some(sink) = &self.sink {
            sink.stop();
        }
    }

    fn write_all(&mut self) -> io::Result<()> {
        let mut batch = Batch::default();
        loop {
            self.queue.take(&mut batch, self.company.wait(), self.patience());
            if !batch.ends.is_empty() {
                self.write(&mut batch)?;
            }
            if self.is_due() {
                self.checkpoint(false);
            }
            self.retainer.remove_when_recorded(&self.queue, self.sink.as_ref());
            if self.segment.len() >= self.options.segment_bytes {
                self.rotate()?;
            }
            if batch.stopping && batch.ends.is_empty() {
                return self.finish();
            }
        }
    }

    /// One write and one sync for the whole batch; who waited is woken before the tree is brought up to date.
    fn write(&mut self, batch: &mut Batch) -> io::Result<()> {
        let begun = self.clock.instant();
        self.segment.append(&batch.lines)?;
        let now = self.clock.instant();
        let last = self.tree.size() + batch.ends.len() as u64;
        self.queue.counters.batch(batch.ends.len(), batch.lines.len());
        self.queue.done(last);
        let (records, gained) = (batch.ends.len(), batch.gained);
        let since = self.written.replace(now).map_or(Duration::MAX, |before| now.since(before));
        self.company.note(Written { records, gained, sync: now.since(begun), since });
        let mut start = 0;
        for end in &batch.ends {
            let line = &batch.lines[start..end - 1];
            match batch.handover.take_if(|h| h.seq == self.tree.size() + 1) {
                None => self.push(line),
                Some(handing) => self.hand_over(handing, line)?,
            }
            start = *end;
        }
        let room = self.queue.stay_ahead();
        self.segment.smooth(room);
        Ok(())
    }

    /// How long to wait for records before a checkpoint is due.
    fn patience(&self) -> Option<Duration> {
        if self.tree.size() == self.signed {
            return None;
        }
        let passed = self.signed_at.map_or(Duration::MAX, |at| self.clock.instant().since(at));
        Some(self.options.checkpoint_every.saturating_sub(passed).max(Duration::from_millis(1)))
    }

    fn is_due(&self) -> bool {
        let passed = |at| self.clock.instant().since(at) >= self.options.checkpoint_every;
        self.tree.size() > self.signed && self.signed_at.is_none_or(passed)
    }

    /// Signs the tree as it is. A failure here loses no record: it is counted, and tried again when the next is due.
    /// Only where the proof hangs on it (`durable`) does this wait for the disk.
    fn checkpoint(&mut self, durable: bool) -> bool {
        self.signed_at = Some(self.clock.instant());
        match self.try_checkpoint(durable) {
            Ok(()) => true,
            Err(error) => {
                self.queue.counters.checkpoint_failures.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(%error, "an audit checkpoint could not be written; it will be tried again");
                false
            }
        }
    }

    fn try_checkpoint(&mut self, durable: bool) -> io::Result<()> {
        let note = Checkpoint::of(&self.options.origin, &self.tree).sign(&self.signer);
        self.segment.append_note(&note, durable)?;
        let path = self.options.dir.join(CHECKPOINT);
        replace(self.queue.disk.as_ref(), &path, note.as_bytes(), durable)?;
        self.signed = self.tree.size();
        self.queue.counters.signed.store(self.signed, Ordering::Relaxed);
        if let Some(sink) = &self.sink {
            sink.announce();
        }
        self.note = note;
        Ok(())
    }

    /// Closes the segment under a durable checkpoint and begins the next. Where the disk does not allow it, the old
    /// one simply goes on.
    fn rotate(&mut self) -> io::Result<()> {
        if !self.seal() {
            return Ok(());
        }
        let disk = self.queue.disk.clone();
        let next = match Segment::create(disk.as_ref(), &self.options.dir, &self.tree, &self.note) {
            Ok(next) => next,
            Err(error) => return self.stay(&error),
        };
        if let Err(error) = self.queue.switch(&next.log) {
            return self.stay(&io::Error::other(error));
        }
        let old = std::mem::replace(&mut self.segment, next);
        if let Err(error) = old.trim() {
            tracing::warn!(%error, "unused room of a closed audit segment was not given back");
        }
        self.retainer.plan(&self.queue, &self.clock);
        Ok(())
    }

    /// Sees to it that a durable checkpoint covers the last record.
    fn seal(&mut self) -> bool {
        if self.tree.size() > self.signed {
            return self.checkpoint(true);
        }
        self.segment.sync_notes().is_ok()
    }

    /// Takes a segment back that could not be begun: were it left, the records to come would look misplaced.
    fn stay(&self, error: &io::Error) -> io::Result<()> {
        tracing::warn!(%error, "the audit log could not begin a new segment and goes on in the old one");
        let name = SegmentName(self.tree.size() + 1);
        match self.queue.disk.remove(&name.log(&self.options.dir)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn push(&mut self, line: &[u8]) {
        let leaf = leaf_hash(line);
        self.tree.push(leaf);
        self.segment.push_leaf(&leaf);
    }

    /// The record that names the next key becomes the last leaf that the old key signs.
    fn hand_over(&mut self, handing: Handing, line: &[u8]) -> io::Result<()> {
        let before = self.tree.clone();
        self.push(line);
        self.try_checkpoint(true)?;
        let (old, new) = (self.signer.verifier(), handing.signer.verifier());
        let handover =
            Handover::make(&before, line, old, new, self.note.clone()).map_err(io::Error::other)?;
        let disk = self.queue.disk.as_ref();
        handover.append(disk, &self.options.dir)?;
        keys::promote(disk, &self.options.dir, &handing.signer)?;
        self.signer = handing.signer;
        self.queue.end_rotation(Some(self.signer.verifier().to_string()));
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.seal();
        self.segment.trim()
    }
}

/// Tells callers that nobody writes any more, should the writer end in a way nobody thought of.
struct FailIfDropped(Arc<Queue>);

impl Drop for FailIfDropped {
    fn drop(&mut self) {
        self.0.fail("the writer of the audit log ended unexpectedly");
    }
}
