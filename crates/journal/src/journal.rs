use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use ambient::Clock;
use audit::{Kind, Record};
use model::Timestamp;

use crate::commit::{Commit, Slot};
use crate::company::Company;
use crate::disk::{Disk, RealDisk};
use crate::error::{JournalError, OpenError};
use crate::keys;
use crate::layout::{KEY_NEXT, LOCK};
use crate::options::Options;
use crate::queue::{Last, Queue};
use crate::recover::recover;
use crate::retain::Retainer;
use crate::sink::{Carrier, FileSink, Sink, SinkHandle};
use crate::stats::Stats;
use crate::writer::Writer;

/// The audit log, open for writing. Clones are cheap and share it; the last one dropped closes it.
#[derive(Clone)]
pub struct Journal(Arc<Inner>);

struct Inner {
    queue: Arc<Queue>,
    options: Options,
    clock: Clock,
    sink: Option<SinkHandle>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Held for as long as the log is open.
    _lock: File,
}

/// How the log was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Records in the log.
    pub records: u64,
    /// How many of them were signed.
    pub signed: u64,
    /// Bytes of a torn record that were cut off. The log has a record of it.
    pub torn_bytes: u64,
    /// The verifier key: pin it somewhere else.
    pub vkey: String,
}

impl Journal {
    /// Opens the log, or begins one. Checks that what was signed is there as it was signed.
    pub fn open(options: Options, clock: Clock) -> Result<(Self, Recovery), OpenError> {
        let sink = options.sink.as_ref().map(|path| Box::new(FileSink::new(path)) as Box<dyn Sink>);
        Self::open_with(options, clock, Arc::new(RealDisk), sink)
    }

    /// The same, with a disk and a sink of the caller's.
    pub fn open_with(
        options: Options,
        clock: Clock,
        disk: Arc<dyn Disk>,
        sink: Option<Box<dyn Sink>>,
    ) -> Result<(Self, Recovery), OpenError> {
        let dir = &options.dir;
        prepare(dir)?;
        let lock = lock(dir)?;
        let found = recover(disk.as_ref(), dir, &options.origin)?;
        let last = Last {
            seq: found.tree.size(),
            time: found.last_time,
            vkey: found.signer.verifier().to_string(),
        };
        let recovery = Recovery {
            records: last.seq,
            signed: found.signed,
            torn_bytes: found.torn,
            vkey: last.vkey.clone(),
        };
        let (file, at) = (found.segment.log.clone(), found.segment.len());
        let bound = options.queue;
        let queue = Queue::new(disk.clone(), dir.clone(), clock.clone(), bound, file, at, last);
        let queue = Arc::new(queue);
        queue.counters.signed.store(found.signed, Ordering::Relaxed);
        let carrier = sink.map(|sink| Carrier::new(sink, disk, dir)).transpose();
        let (carrier, handle) = carrier.map_err(OpenError::io("read", dir))?.unzip();
        let writer = Writer {
            queue: queue.clone(),
            options: options.clone(),
            clock: clock.clone(),
            segment: found.segment,
            tree: found.tree,
            signer: found.signer,
            note: found.note,
            signed: found.signed,
            signed_at: None,
            retainer: Retainer::new(dir.clone(), options.retain),
            company: Company::default(),
            written: None,
            sink: handle.clone(),
        };
        let mut threads = vec![spawn("audit-writer", dir, move || writer.run())?];
        if let Some(carrier) = carrier {
            threads.push(spawn("audit-sink", dir, move || carrier.run())?);
        }
        let threads = Mutex::new(threads);
        let journal =
            Self(Arc::new(Inner { queue, options, clock, sink: handle, threads, _lock: lock }));
        journal.record_recovery(&recovery);
        Ok((journal, recovery))
    }

    /// Sets room aside for one record, before the call it will be about is made.
    pub fn reserve(&self) -> Result<Slot, JournalError> {
        Slot::reserve(&self.0.queue)
    }

    /// Writes one record for which no room was set aside before.
    pub fn append(&self, record: Record) -> Commit {
        match self.reserve() {
            Ok(slot) => slot.commit(record),
            Err(error) => Commit::refused(error),
        }
    }

    /// Replaces the key: a record under the old key's last checkpoint names the new one, which signs from then on.
    /// Writes a file before it waits. Gives the new verifier key.
    pub async fn rotate_key(&self) -> Result<String, JournalError> {
        let queue = &self.0.queue;
        if !queue.begin_rotation() {
            return Err(JournalError::Busy);
        }
        match self.hand_over() {
            Ok((vkey, commit)) => commit.await.map(|_| vkey),
            Err(error) => {
                queue.end_rotation(None);
                Err(error)
            }
        }
    }

    /// How the log is doing.
    pub fn stats(&self) -> Stats {
        let (queue, counters) = (&self.0.queue, &self.0.queue.counters);
        let (reserved, queued, failed) = queue.depth();
        Stats {
            records: counters.records.load(Ordering::Relaxed),
            durable: queue.durable(),
            signed: counters.signed.load(Ordering::Relaxed),
            batches: counters.batches.load(Ordering::Relaxed),
            bytes: counters.bytes.load(Ordering::Relaxed),
            queued,
            reserved,
            sink_backlog: self.0.sink.as_ref().map_or(0, SinkHandle::backlog),
            checkpoint_failures: counters.checkpoint_failures.load(Ordering::Relaxed),
            failed,
        }
    }

    /// The verifier key of the key that signs now.
    pub fn vkey(&self) -> String {
        self.0.queue.vkey()
    }

    /// Takes no more records, writes what was handed over, signs it and ends. Blocks until that is done.
    pub fn close(&self) {
        self.0.close();
    }

    fn hand_over(&self) -> Result<(String, Commit), JournalError> {
        let inner = &self.0;
        let slot = self.reserve()?;
        let path = inner.options.dir.join(KEY_NEXT);
        let made = keys::create(inner.queue.disk.as_ref(), &path, &inner.options.origin);
        let signer = made.map_err(|e| JournalError::Key(Arc::from(e.to_string())))?;
        let vkey = signer.verifier().to_string();
        let record = Record {
            tool: Some("audit.rotate_key".into()),
            next_key: Some(vkey.clone()),
            ..Record::new(Kind::Admin, Timestamp(inner.clock.now_millis()))
        };
        let commit = slot.commit_own(&record, Some(signer));
        match commit.refusal() {
            Some(error) => Err(error),
            None => Ok((vkey, commit)),
        }
    }

    /// The log says itself what a crash left behind.
    fn record_recovery(&self, recovery: &Recovery) {
        if recovery.torn_bytes == 0 {
            return;
        }
        let bytes = recovery.torn_bytes;
        tracing::warn!(bytes, records = recovery.records, "a torn audit record was cut off");
        let record = Record {
            note: Some(format!("cut off {bytes} bytes of a torn record").into()),
            ..Record::new(Kind::Recovery, Timestamp(self.0.clock.now_millis()))
        };
        if let Ok(slot) = self.reserve() {
            slot.commit_detached(record);
        }
    }
}

impl Inner {
    fn close(&self) {
        self.queue.stop();
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // A thread that panicked has marked the log as failed already.
            let _panicked = thread.join();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

/// Makes the directory if need be; refuses one that nobody may write to, also where the system would let root.
fn prepare(dir: &Path) -> Result<(), OpenError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(OpenError::io("create", dir))?;
    let mode = std::fs::metadata(dir).map_err(OpenError::io("read", dir))?.mode();
    if mode & 0o222 == 0 { Err(OpenError::ReadOnly(dir.to_owned())) } else { Ok(()) }
}

fn lock(dir: &Path) -> Result<File, OpenError> {
    let path = dir.join(LOCK);
    let opened =
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = opened.map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => OpenError::ReadOnly(dir.to_owned()),
        _ => OpenError::io("open", &path)(error),
    })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked(dir.to_owned())),
        Err(TryLockError::Error(error)) => Err(OpenError::io("lock", &path)(error)),
    }
}

fn spawn(
    name: &str,
    dir: &Path,
    run: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, OpenError> {
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    thread.map_err(OpenError::io("start a thread for", dir))
}
