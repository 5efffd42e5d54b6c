use std::io;
use std::path::Path;
use std::sync::Arc;

use audit::{Hash, Tree};

use crate::disk::{Disk, DiskFile, replace};
use crate::layout::SegmentName;
use crate::notes;

/// How far ahead of the records zeros are written at once.
const AHEAD: u64 = 256 * 1024;

/// The segment that is being written.
pub(crate) struct Segment {
    pub(crate) log: Arc<dyn DiskFile>,
    log_len: u64,
    /// Up to where zeros have been written ahead of the records.
    zeros: u64,
    notes: Arc<dyn DiskFile>,
    notes_len: u64,
    leaves: Arc<dyn DiskFile>,
    leaves_len: u64,
    /// Hashes not yet written: they go out with the next checkpoint, for nothing hangs on them.
    pending: Vec<u8>,
}

impl Segment {
    /// Opens the files of a segment at the lengths where they are to go on; makes them if they are missing.
    pub(crate) fn open(
        disk: &dyn Disk,
        dir: &Path,
        name: SegmentName,
        [log_len, notes_len, leaves_len]: [u64; 3],
    ) -> io::Result<Self> {
        let (notes, leaves) = (disk.open(&name.notes(dir))?, disk.open(&name.leaves(dir))?);
        let log = disk.open(&name.log(dir))?;
        let zeros = log_len;
        Ok(Self { log, log_len, zeros, notes, notes_len, leaves, leaves_len, pending: Vec::new() })
    }

    /// Begins a segment after the records of `tree`, which `note` signs: so there is always a durable checkpoint to
    /// go back to. The file of records comes last: a segment without one is none.
    pub(crate) fn create(disk: &dyn Disk, dir: &Path, tree: &Tree, note: &str) -> io::Result<Self> {
        let name = SegmentName(tree.size() + 1);
        let start = serde_json::to_vec(tree)?;
        replace(disk, &name.tree(dir), &start, true)?;
        let framed = notes::framed(note);
        replace(disk, &name.notes(dir), framed.as_bytes(), true)?;
        let segment = Self::open(disk, dir, name, [0, framed.len() as u64, 0])?;
        disk.sync_dir(dir)?;
        Ok(segment)
    }

    /// Bytes of records.
    pub(crate) const fn len(&self) -> u64 {
        self.log_len
    }

    /// Writes whole lines and waits until they are durable.
    pub(crate) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        self.log.write_at(lines, self.log_len)?;
        self.log_len += lines.len() as u64;
        self.log.sync()
    }

    /// Writes zeros ahead of the records, within the room that was set aside. To most file systems a block that was only
    /// set aside is one without content: the first record in it changes what the system knows of the file, and that
    /// has to be synced, too. Zeros take that off the way of most records. Where they cannot be written nothing is lost.
    pub(crate) fn smooth(&mut self, room: u64) {
        let from = self.zeros.max(self.log_len);
        if from >= room || from > self.log_len + AHEAD / 2 {
            return;
        }
        let to = room.min(from + AHEAD);
        let zeros = vec![0; usize::try_from(to - from).unwrap_or(0)];
        if self.log.write_at(&zeros, from).is_ok() {
            self.zeros = to;
        }
    }

    /// Remembers the hash of a record for the next checkpoint.
    pub(crate) fn push_leaf(&mut self, leaf: &Hash) {
        self.pending.extend_from_slice(leaf);
    }

    /// Adds a signed checkpoint, and the hashes of the records before it. After a failure it may be tried again: it
    /// then writes over what was left half done.
    pub(crate) fn append_note(&mut self, note: &str, durable: bool) -> io::Result<()> {
        if !self.pending.is_empty() {
            self.leaves.write_at(&self.pending, self.leaves_len)?;
            self.leaves_len += self.pending.len() as u64;
            self.pending.clear();
        }
        let framed = notes::framed(note);
        self.notes.write_at(framed.as_bytes(), self.notes_len)?;
        self.notes_len += framed.len() as u64;
        if durable { self.notes.sync() } else { Ok(()) }
    }

    /// Waits until every checkpoint is durable.
    pub(crate) fn sync_notes(&self) -> io::Result<()> {
        self.notes.sync()
    }

    /// Gives room back that was set aside and not used.
    pub(crate) fn trim(&self) -> io::Result<()> {
        self.log.truncate(self.log_len)
    }
}
