use std::io;
use std::path::Path;

use audit::{
    Checkpoint, CheckpointError, Entry, Hash, NoteError, ProofError, Tree, Verifier, hash_text,
    inclusion, leaf_hash, parse_hash, verify_inclusion,
};
use serde_json::{Value, json};

use crate::disk::{Disk, replace};
use crate::layout::{self, HANDOVERS, PUBLIC_KEY};

/// The keys of a log, in the order they signed. Each but the first was named in a record under a checkpoint that the
/// key before it signed; from that record on, the key before it signs nothing more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chain {
    keys: Vec<Verifier>,
    /// The last size each key signs; one fewer than there are keys.
    last_sizes: Vec<u64>,
}

impl Chain {
    /// A log with one key.
    pub(crate) fn new(first: Verifier) -> Self {
        Self { keys: vec![first], last_sizes: Vec::new() }
    }

    /// Reads the keys of a log as it tells them itself. An error is a sentence about what is wrong.
    pub(crate) fn load(dir: &Path) -> io::Result<Result<Self, String>> {
        let public = layout::read_if_there(&dir.join(PUBLIC_KEY))?.unwrap_or_default();
        let handovers = layout::read_if_there(&dir.join(HANDOVERS))?.unwrap_or_default();
        let handovers = String::from_utf8_lossy(&handovers).into_owned();
        Ok(Self::build(&String::from_utf8_lossy(&public), &handovers))
    }

    /// The checkpoints under which keys handed over.
    pub(crate) fn handover_notes(dir: &Path) -> io::Result<Vec<String>> {
        let handovers = layout::read_if_there(&dir.join(HANDOVERS))?.unwrap_or_default();
        let text = String::from_utf8_lossy(&handovers).into_owned();
        Ok(text.lines().filter_map(Handover::parse).map(|handover| handover.note).collect())
    }

    fn build(public: &str, handovers: &str) -> Result<Self, String> {
        let current = Verifier::parse(public).map_err(|e| format!("`{PUBLIC_KEY}`: {e}"))?;
        let mut chain: Option<Self> = None;
        // A last line without its line break was cut short: that handover did not happen.
        for line in handovers.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            let handover = Handover::parse(line).ok_or("a handover between keys cannot be read")?;
            let so_far = chain.get_or_insert_with(|| Self::new(handover.old.clone()));
            so_far.extend(&handover)?;
        }
        let chain = chain.unwrap_or_else(|| Self::new(current.clone()));
        // While a handover is being finished, the public key may still be the one before the last.
        if chain.keys.iter().rev().take(2).any(|key| *key == current) {
            Ok(chain)
        } else {
            Err(format!("`{PUBLIC_KEY}` is not the key that the last handover names"))
        }
    }

    /// Adds a key, after checking that the key before it signed it in.
    pub(crate) fn extend(&mut self, handover: &Handover) -> Result<(), String> {
        if self.current() != &handover.old {
            return Err(format!(
                "the handover at record {} is not by the key of the log",
                handover.seq
            ));
        }
        let after_last = self.last_sizes.last().is_none_or(|last| handover.seq > *last);
        if !after_last || !handover.is_proven() {
            return Err(format!("the handover at record {} is not proven", handover.seq));
        }
        self.last_sizes.push(handover.seq);
        self.keys.push(handover.new.clone());
        Ok(())
    }

    /// The key that signs now.
    pub(crate) fn current(&self) -> &Verifier {
        // INVARIANT: there is always a first key.
        self.keys.last().unwrap_or(&self.keys[0])
    }

    /// Whether `key` is one of the log's keys.
    pub(crate) fn contains(&self, key: &Verifier) -> bool {
        self.keys.contains(key)
    }

    /// Whether a key took over after record `seq`.
    pub(crate) fn handed_over_at(&self, seq: u64) -> bool {
        self.last_sizes.contains(&seq)
    }

    /// Reads a signed checkpoint and checks that it is by the key that signs logs of its size.
    pub(crate) fn open(&self, note: &str) -> Result<Checkpoint, Distrust> {
        let (checkpoint, key) = Checkpoint::open(note, &self.keys).map_err(|e| match e {
            CheckpointError::Malformed | CheckpointError::Note(NoteError::Malformed) => {
                Distrust::Malformed
            }
            CheckpointError::Note(e) => Distrust::Signature(e.to_string()),
        })?;
        let (id, size) = (self.keys[key].id_text(), checkpoint.size);
        if checkpoint.origin != self.keys[key].name() {
            return Err(Distrust::Signature(format!(
                "it is of another log, `{}`",
                checkpoint.origin
            )));
        }
        match self.last_sizes.get(key) {
            Some(last) if size > *last => {
                return Err(Distrust::Signature(format!(
                    "the checkpoint of {size} records is signed by key {id}, which was retired at record {last}"
                )));
            }
            _ => {}
        }
        match key.checked_sub(1).and_then(|before| self.last_sizes.get(before)) {
            Some(last) if size <= *last => Err(Distrust::Signature(format!(
                "the checkpoint of {size} records is signed by key {id}, which signs only after record {last}"
            ))),
            _ => Ok(checkpoint),
        }
    }
}

/// Why a checkpoint is not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Distrust {
    /// It is no checkpoint at all, perhaps one that was cut short.
    Malformed,
    /// It is one, and its signature is not what it should be.
    Signature(String),
}

impl std::fmt::Display for Distrust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Malformed => f.write_str("not a signed checkpoint"),
            Self::Signature(reason) => f.write_str(reason),
        }
    }
}

/// How one key handed over to the next: the record that names the next, and proof that the old key signed it.
#[derive(Debug, Clone)]
pub(crate) struct Handover {
    pub(crate) seq: u64,
    pub(crate) old: Verifier,
    pub(crate) new: Verifier,
    pub(crate) line: String,
    pub(crate) path: Vec<Hash>,
    pub(crate) note: String,
}

impl Handover {
    /// A handover by the record `line`, the first after the records of `before`, under the checkpoint `note`.
    pub(crate) fn make(
        before: &Tree,
        line: &[u8],
        old: &Verifier,
        new: &Verifier,
        note: String,
    ) -> Result<Self, ProofError> {
        let seq = before.size() + 1;
        let path = inclusion(seq - 1, seq, before, std::iter::once(leaf_hash(line)))?;
        let line = String::from_utf8_lossy(line).into_owned();
        Ok(Self { seq, old: old.clone(), new: new.clone(), line, path, note })
    }

    /// Adds it to the handovers file, in place of a last line that was cut short.
    pub(crate) fn append(&self, disk: &dyn Disk, dir: &Path) -> io::Result<()> {
        let path = dir.join(HANDOVERS);
        let mut text = layout::read_if_there(&path)?.unwrap_or_default();
        text.truncate(text.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1));
        text.extend_from_slice(self.to_line().as_bytes());
        replace(disk, &path, &text, true)
    }

    /// One line of the handovers file.
    fn to_line(&self) -> String {
        let path: Vec<String> = self.path.iter().map(hash_text).collect();
        let json = json!({ "seq": self.seq, "old": self.old.to_string(), "new": self.new.to_string(), "line": self.line,
            "path": path, "note": self.note });
        format!("{json}\n")
    }

    fn parse(line: &str) -> Option<Self> {
        let json: Value = serde_json::from_str(line).ok()?;
        let text = |name: &str| json.get(name)?.as_str();
        let path = json.get("path")?.as_array()?.iter().map(|h| parse_hash(h.as_str()?));
        Some(Self {
            seq: json.get("seq")?.as_u64()?,
            old: Verifier::parse(text("old")?).ok()?,
            new: Verifier::parse(text("new")?).ok()?,
            line: text("line")?.to_owned(),
            path: path.collect::<Option<_>>()?,
            note: text("note")?.to_owned(),
        })
    }

    fn is_proven(&self) -> bool {
        let signed = Checkpoint::open(&self.note, std::slice::from_ref(&self.old));
        let (Ok((checkpoint, _)), Ok(entry)) = (signed, Entry::parse(self.line.as_bytes())) else {
            return false;
        };
        let leaf = leaf_hash(self.line.as_bytes());
        checkpoint.size == self.seq
            && checkpoint.origin == self.old.name()
            && self.new.name() == self.old.name()
            && entry.seq == self.seq
            && entry.next_key.as_deref() == Some(self.new.to_string().as_str())
            && verify_inclusion(self.seq - 1, self.seq, &leaf, &self.path, &checkpoint.root)
    }
}
