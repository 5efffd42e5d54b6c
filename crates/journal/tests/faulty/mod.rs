//! A disk that fails when it is told to.

use std::collections::HashMap;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use journal::{Disk, DiskFile, RealDisk};

/// What fails in the file of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Write,
    Sync,
}

/// The real disk, with faults.
#[derive(Default)]
pub(crate) struct FaultyDisk(Arc<Shared>);

#[derive(Default)]
struct Shared {
    steps: AtomicU64,
    /// The step at which everything stops; 0 for never.
    stop_at: u64,
    stopped: AtomicBool,
    full: AtomicBool,
    no_allocation: AtomicBool,
    records: Mutex<Option<Fault>>,
    /// For each file, its length at the last sync and now.
    lengths: Mutex<HashMap<PathBuf, (u64, u64)>>,
}

impl FaultyDisk {
    /// Stops the world at step `k`: a write there is cut in half, and nothing works any more.
    pub(crate) fn stopping_at(k: u64) -> Self {
        Self(Arc::new(Shared { stop_at: k, ..Shared::default() }))
    }

    pub(crate) fn stopped(&self) -> bool {
        self.0.stopped.load(Ordering::SeqCst)
    }

    pub(crate) fn fail_records(&self, fault: Fault) {
        *self.0.records.lock().unwrap() = Some(fault);
    }

    pub(crate) fn fill(&self) {
        self.0.full.store(true, Ordering::SeqCst);
    }

    pub(crate) fn heal(&self) {
        self.0.full.store(false, Ordering::SeqCst);
        *self.0.records.lock().unwrap() = None;
    }

    /// Whether blocks can be set aside here.
    pub(crate) fn set_allocation(&self, supported: bool) {
        self.0.no_allocation.store(!supported, Ordering::SeqCst);
    }

    /// What a power cut does: of what was not synced, the last `percent` is gone from every file. Where room was set
    /// aside, zeros are in its place.
    pub(crate) fn lose_unsynced(&self, percent: u64) {
        for (path, (synced, now)) in self.0.lengths.lock().unwrap().iter() {
            let Ok(file) = std::fs::OpenOptions::new().write(true).open(path) else { continue };
            let keep = now - now.saturating_sub(*synced) * percent / 100;
            let len = file.metadata().unwrap().len();
            if len > *now {
                let zeros = vec![0; usize::try_from(now - keep).unwrap()];
                file.write_all_at(&zeros, keep).unwrap();
            } else if len > keep {
                file.set_len(keep).unwrap();
            }
        }
    }
}

impl Shared {
    /// Counts a step; an error if the world has stopped. True: it stops now, halfway through this step.
    fn step(&self) -> io::Result<bool> {
        if self.stopped.load(Ordering::SeqCst) {
            return Err(io::Error::other("stopped"));
        }
        let now = self.steps.fetch_add(1, Ordering::SeqCst) + 1;
        let last = self.stop_at == now;
        if last {
            self.stopped.store(true, Ordering::SeqCst);
        }
        Ok(last)
    }

    /// A step that happens or does not; at the last one it does not.
    fn whole_step(&self) -> io::Result<()> {
        if self.step()? { Err(io::Error::other("stopped here")) } else { Ok(()) }
    }
}

impl Disk for FaultyDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.0.whole_step()?;
        let file = RealDisk.open(path)?;
        let len = std::fs::metadata(path)?.len();
        self.0.lengths.lock().unwrap().entry(path.to_owned()).or_insert((len, len));
        Ok(Arc::new(FaultyFile { file, path: path.to_owned(), shared: self.0.clone() }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.whole_step()?;
        RealDisk.rename(from, to)?;
        let mut lengths = self.0.lengths.lock().unwrap();
        if let Some(entry) = lengths.remove(from) {
            lengths.insert(to.to_owned(), entry);
        }
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.whole_step()?;
        self.0.lengths.lock().unwrap().remove(path);
        RealDisk.remove(path)
    }

    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        self.0.whole_step()
    }

    fn free(&self, dir: &Path) -> io::Result<u64> {
        if self.0.full.load(Ordering::SeqCst) { Ok(4096) } else { RealDisk.free(dir) }
    }
}

struct FaultyFile {
    file: Arc<dyn DiskFile>,
    path: PathBuf,
    shared: Arc<Shared>,
}

impl FaultyFile {
    fn fails(&self, fault: Fault) -> bool {
        let records = self.path.extension().is_some_and(|e| e == "jsonl");
        records && *self.shared.records.lock().unwrap() == Some(fault)
    }

    fn wrote(&self, end: u64) {
        if let Some((_, now)) = self.shared.lengths.lock().unwrap().get_mut(&self.path) {
            *now = end.max(*now);
        }
    }
}

impl DiskFile for FaultyFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let halfway = self.shared.step()?;
        if halfway || self.fails(Fault::Write) {
            let half = &bytes[..bytes.len() / 2];
            self.file.write_at(half, offset)?;
            self.wrote(offset + half.len() as u64);
            return Err(io::Error::other("the disk failed halfway"));
        }
        self.file.write_at(bytes, offset)?;
        self.wrote(offset + bytes.len() as u64);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.shared.whole_step()?;
        if self.fails(Fault::Sync) {
            return Err(io::Error::other("the disk did not sync"));
        }
        // What is lost at a power cut is decided by `lose_unsynced`: no need to wait for the real disk.
        if let Some((synced, now)) = self.shared.lengths.lock().unwrap().get_mut(&self.path) {
            *synced = *now;
        }
        Ok(())
    }

    fn allocate(&self, offset: u64, len: u64) -> io::Result<bool> {
        if self.shared.no_allocation.load(Ordering::SeqCst) {
            return Ok(false);
        }
        if self.shared.full.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.shared.whole_step()?;
        self.file.allocate(offset, len)
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.shared.whole_step()?;
        self.file.truncate(len)?;
        if let Some((synced, now)) = self.shared.lengths.lock().unwrap().get_mut(&self.path) {
            (*synced, *now) = (len.min(*synced), len);
        }
        Ok(())
    }
}
