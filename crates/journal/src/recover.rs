use std::io;
use std::path::Path;

use audit::{Checkpoint, Entry, Signer, Tree, leaf_hash};

use crate::chain::{Chain, Distrust, Handover};
use crate::disk::{Disk, replace};
use crate::error::OpenError;
use crate::keys::{self, Keys};
use crate::layout::{self, CHECKPOINT, KEY_NEXT, SegmentName};
use crate::notes;
use crate::segment::Segment;
use crate::verify::verify;
use crate::window::Window;

/// A log as it was found, ready to go on.
pub(crate) struct Recovered {
    pub(crate) tree: Tree,
    pub(crate) segment: Segment,
    pub(crate) signer: Signer,
    /// The newest checkpoint and its size.
    pub(crate) note: String,
    pub(crate) signed: u64,
    /// When the last record was made, in milliseconds since the epoch.
    pub(crate) last_time: u64,
    /// Bytes that a crash left after the last record, cut off.
    pub(crate) torn: u64,
}

/// Finds out where the log ends. What was signed must be there as it was signed; what came after may end in a line
/// that a crash cut short, and only that is removed.
pub(crate) fn recover(disk: &dyn Disk, dir: &Path, origin: &str) -> Result<Recovered, OpenError> {
    let segments = layout::segments(dir).map_err(OpenError::io("read", dir))?;
    let has_log = !segments.is_empty() || dir.join(CHECKPOINT).exists();
    let keys = keys::load_or_create(disk, dir, origin, !segments.is_empty())?;
    if segments.is_empty() {
        return begin(disk, dir, origin, keys, has_log);
    }
    let keys = finish_promotion(disk, dir, keys)?;
    let chain = own_chain(dir, &keys)?;
    let (newest, note) = newest_checkpoint(dir, &segments, &chain)?;
    let mut replay = Replay::new(disk, dir, keys, chain, newest, note);
    let from = segments.iter().rposition(|name| name.0 <= replay.newest.size + 1).unwrap_or(0);
    replay.start(segments[from])?;
    let (last, closed) = segments[from..].split_last().unwrap_or((&segments[from], &[]));
    for name in closed {
        replay.segment(*name, false)?;
    }
    let log_len = replay.segment(*last, true)?;
    replay.finish(*last, log_len)
}

/// A new log: first a checkpoint that says so, then a place for records.
fn begin(
    disk: &dyn Disk,
    dir: &Path,
    origin: &str,
    keys: Keys,
    has_checkpoint: bool,
) -> Result<Recovered, OpenError> {
    let tree = Tree::default();
    let path = dir.join(CHECKPOINT);
    if has_checkpoint {
        let text = std::fs::read_to_string(&path).map_err(OpenError::io("read", &path))?;
        let signed = own_chain(dir, &keys)?.open(&text);
        if !signed.as_ref().is_ok_and(|checkpoint| checkpoint.size == 0) {
            let reason = "there is a checkpoint and no records".to_owned();
            return Err(OpenError::Changed { record: Some(1), reason });
        }
    }
    let note = Checkpoint::of(origin, &tree).sign(&keys.signer);
    replace(disk, &path, note.as_bytes(), true).map_err(OpenError::io("write", &path))?;
    let segment = Segment::create(disk, dir, &tree, &note).map_err(OpenError::io("create", dir))?;
    Ok(Recovered { tree, segment, signer: keys.signer, note, signed: 0, last_time: 0, torn: 0 })
}

/// If the log already says that the next key took over, the crash came just before its file was put in place.
fn finish_promotion(disk: &dyn Disk, dir: &Path, mut keys: Keys) -> Result<Keys, OpenError> {
    let chain = Chain::load(dir).map_err(OpenError::io("read", dir))?.map_err(changed)?;
    if let Some(next) = keys.next.take_if(|next| chain.current() == next.verifier()) {
        keys::promote(disk, dir, &next)
            .map_err(OpenError::io("replace", &dir.join(layout::KEY)))?;
        keys.signer = next;
    }
    Ok(keys)
}

fn own_chain(dir: &Path, keys: &Keys) -> Result<Chain, OpenError> {
    let chain = Chain::load(dir).map_err(OpenError::io("read", dir))?.map_err(changed)?;
    if chain.current() == keys.signer.verifier() {
        Ok(chain)
    } else {
        Err(changed("the key is not the one that signed this log last".to_owned()))
    }
}

/// The newest checkpoint that can be believed. One that was cut short by a crash is passed over, for the history has
/// the one before; one that is whole and false stops everything.
fn newest_checkpoint(
    dir: &Path,
    segments: &[SegmentName],
    chain: &Chain,
) -> Result<(Checkpoint, String), OpenError> {
    let path = dir.join(CHECKPOINT);
    let single = layout::read_if_there(&path).map_err(OpenError::io("read", &path))?;
    let mut found: Vec<String> =
        single.map(|b| String::from_utf8_lossy(&b).into_owned()).into_iter().collect();
    for name in segments.iter().rev().take(2) {
        let path = name.notes(dir);
        found.extend(notes::read(&path).map_err(OpenError::io("read", &path))?.pop());
    }
    let mut newest: Option<(Checkpoint, String)> = None;
    for note in found {
        match chain.open(&note) {
            Ok(checkpoint) if newest.as_ref().is_none_or(|(n, _)| checkpoint.size > n.size) => {
                newest = Some((checkpoint, note));
            }
            Ok(_) | Err(Distrust::Malformed) => {}
            Err(Distrust::Signature(reason)) => return Err(changed(reason)),
        }
    }
    newest.ok_or_else(|| changed("there are records and no checkpoint".to_owned()))
}

/// Goes through the records from the start of a segment.
struct Replay<'a> {
    disk: &'a dyn Disk,
    dir: &'a Path,
    keys: Keys,
    chain: Chain,
    newest: Checkpoint,
    tree: Tree,
    leaves: Vec<u8>,
    last_time: u64,
    torn: u64,
    /// The newest checkpoint and its size, one made while finishing a handover included.
    note: String,
    signed: u64,
}

impl<'a> Replay<'a> {
    fn new(
        disk: &'a dyn Disk,
        dir: &'a Path,
        keys: Keys,
        chain: Chain,
        newest: Checkpoint,
        note: String,
    ) -> Self {
        let signed = newest.size;
        let (tree, leaves) = (Tree::default(), Vec::new());
        Self { disk, dir, keys, chain, newest, tree, leaves, last_time: 0, torn: 0, note, signed }
    }

    /// Takes the tree before the first record from where it was kept. The checkpoint that comes after proves it.
    fn start(&mut self, name: SegmentName) -> Result<(), OpenError> {
        let path = name.tree(self.dir);
        if name.0 > 1 {
            let bytes = std::fs::read(&path).map_err(OpenError::io("read", &path))?;
            self.tree = serde_json::from_slice(&bytes)
                .map_err(|e| changed(format!("`{}`: {e}", path.display())))?;
        }
        self.check_root(true)
    }

    /// Reads one segment; gives the bytes of it that are whole records.
    fn segment(&mut self, name: SegmentName, last: bool) -> Result<u64, OpenError> {
        if name.0 != self.tree.size() + 1 {
            let reason = "records are missing before the next segment".to_owned();
            return Err(OpenError::Changed { record: Some(self.tree.size() + 1), reason });
        }
        let path = name.log(self.dir);
        let unread = || OpenError::io("read", &path);
        let mut lines = Window::open(&path).map_err(unread())?;
        self.leaves.clear();
        while let Some(line) = lines.line().map_err(unread())? {
            if !self.accept(line) {
                break;
            }
            self.push(line)?;
            let length = line.len();
            lines.pass(length);
        }
        let whole = lines.offset();
        let rest = lines.rest().map_err(unread())?;
        if !rest.is_empty() {
            self.cut(rest, last)?;
        }
        if last && self.tree.size() < self.newest.size {
            return Err(self.too_short());
        }
        Ok(whole)
    }

    /// What is under the checkpoint is judged by its root; what comes after must at least be the record it seems.
    fn accept(&mut self, line: &[u8]) -> bool {
        let tail = self.tree.size() >= self.newest.size;
        let last_signed = self.tree.size() + 1 == self.newest.size;
        if !tail && !last_signed {
            return true;
        }
        match Entry::parse(line) {
            Ok(entry) if entry.seq == self.tree.size() + 1 => {
                self.last_time = entry.timestamp().as_millis();
                true
            }
            // Under the checkpoint even an unreadable line is counted: its root then says what is wrong.
            _ => last_signed,
        }
    }

    fn push(&mut self, line: &[u8]) -> Result<(), OpenError> {
        let leaf = leaf_hash(line);
        let before = self.names_next_key(line).then(|| self.tree.clone());
        self.tree.push(leaf);
        self.leaves.extend_from_slice(&leaf);
        self.check_root(false)?;
        match before {
            Some(before) => self.finish_handover(&before, line),
            None => Ok(()),
        }
    }

    fn check_root(&self, at_start: bool) -> Result<(), OpenError> {
        let same_size = self.tree.size() == self.newest.size;
        if same_size && self.tree.root() != self.newest.root {
            return Err(self.name_the_record("the records are not those that were signed"));
        }
        if at_start && self.tree.size() > self.newest.size {
            return Err(changed(
                "the newest checkpoint is older than the first record kept".to_owned(),
            ));
        }
        Ok(())
    }

    /// What follows the last whole record. A crash leaves one line without its end, or blocks that never reached the
    /// disk (zeros) in a batch that nobody was told of; anything else was not left by a crash.
    fn cut(&mut self, rest: &[u8], last: bool) -> Result<(), OpenError> {
        let line = rest.split_inclusive(|b| *b == b'\n').next().unwrap_or(rest);
        let torn = last && (line.len() == rest.len() || line.contains(&0));
        if self.tree.size() < self.newest.size {
            return Err(self.too_short());
        }
        if !torn {
            let reason = "this is no record, and others follow it".to_owned();
            return Err(OpenError::Changed { record: Some(self.tree.size() + 1), reason });
        }
        self.torn = rest.len() as u64;
        Ok(())
    }

    /// Whether a record hands over to the key that waits. Only looked at while one does.
    fn names_next_key(&self, line: &[u8]) -> bool {
        self.keys.next.as_ref().is_some_and(|next| {
            let named = Entry::parse(line).ok().and_then(|entry| entry.next_key);
            named == Some(next.verifier().to_string())
        })
    }

    /// A record names the next key, and the crash came before the old one had signed it in.
    fn finish_handover(&mut self, before: &Tree, line: &[u8]) -> Result<(), OpenError> {
        let Some(next) = self.keys.next.take() else { return Ok(()) };
        let note =
            Checkpoint::of(self.keys.signer.verifier().name(), &self.tree).sign(&self.keys.signer);
        let (old, new) = (self.keys.signer.verifier(), next.verifier());
        let handover =
            Handover::make(before, line, old, new, note).map_err(|e| changed(e.to_string()))?;
        self.chain.extend(&handover).map_err(changed)?;
        handover.append(self.disk, self.dir).map_err(OpenError::io("write", self.dir))?;
        keys::promote(self.disk, self.dir, &next).map_err(OpenError::io("replace", self.dir))?;
        self.keys.signer = next;
        self.note.clone_from(&handover.note);
        self.signed = self.tree.size();
        Ok(())
    }

    /// Brings the files to where the records end.
    fn finish(mut self, name: SegmentName, log_len: u64) -> Result<Recovered, OpenError> {
        if self.keys.next.take().is_some() {
            // No record names this key: its handover never began.
            let path = self.dir.join(KEY_NEXT);
            self.disk.remove(&path).map_err(OpenError::io("remove", &path))?;
        }
        let path = name.notes(self.dir);
        let history = layout::read_if_there(&path).map_err(OpenError::io("read", &path))?;
        let history = String::from_utf8_lossy(&history.unwrap_or_default()).into_owned();
        let notes_len = notes::split(&history).1 as u64;
        let lengths = [log_len, notes_len, self.leaves.len() as u64];
        let segment =
            self.tidy(name, lengths).map_err(OpenError::io("write", &name.log(self.dir)))?;
        Ok(Recovered {
            tree: self.tree,
            segment,
            signer: self.keys.signer,
            note: self.note,
            signed: self.signed,
            last_time: self.last_time,
            torn: self.torn,
        })
    }

    fn tidy(&self, name: SegmentName, lengths: [u64; 3]) -> io::Result<Segment> {
        let leaves = self.disk.open(&name.leaves(self.dir))?;
        leaves.write_at(&self.leaves, 0)?;
        leaves.truncate(lengths[2])?;
        self.disk.open(&name.notes(self.dir))?.truncate(lengths[1])?;
        let log = self.disk.open(&name.log(self.dir))?;
        log.truncate(lengths[0])?;
        // Also makes durable what a crash left written and not yet synced: it is part of the log from now on.
        log.sync()?;
        Segment::open(self.disk, self.dir, name, lengths)
    }

    fn too_short(&self) -> OpenError {
        let (have, signed) = (self.tree.size(), self.newest.size);
        let reason = format!("the log ends after record {have}, and {signed} were signed");
        OpenError::Changed { record: Some(have + 1), reason }
    }

    /// Reads the whole log to say which record it is.
    fn name_the_record(&self, reason: &str) -> OpenError {
        let report = verify(self.dir, None, None);
        let first = report.ok().and_then(|r| r.problems.into_iter().find_map(|p| p.record));
        OpenError::Changed { record: first, reason: reason.to_owned() }
    }
}

fn changed(reason: String) -> OpenError {
    OpenError::Changed { record: None, reason }
}
