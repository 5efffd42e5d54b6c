use std::path::Path;

use audit::{
    Checkpoint, Hash, Tree, Verifier, hash_text, inclusion, inclusion_text, leaf_hash,
    verify_inclusion,
};
use serde_json::{Value, json};

use crate::chain::Chain;
use crate::error::ReadError;
use crate::layout::{self, CHECKPOINT, SegmentName};
use crate::read::{self, Line, Lines};

/// Proof that one record is in the log, for somebody who has nothing but the verifier key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Number of the record.
    pub seq: u64,
    /// The record itself: without its line break, these bytes are what is proven.
    pub line: String,
    /// Hashes from the record's sibling up to the root's child.
    pub path: Vec<Hash>,
    /// The signed checkpoint.
    pub checkpoint: String,
}

impl Proof {
    /// The text form of C2SP tlog-proof.
    pub fn text(&self) -> String {
        inclusion_text(self.seq - 1, &self.path, &self.checkpoint)
    }

    /// The same as JSON, with the record.
    pub fn json(&self) -> Value {
        let path: Vec<String> = self.path.iter().map(hash_text).collect();
        json!({ "seq": self.seq, "index": self.seq - 1, "record": self.line, "path": path, "checkpoint": self.checkpoint })
    }

    /// Whether the proof holds under `key`.
    pub fn holds(&self, key: &Verifier) -> bool {
        let leaf = leaf_hash(self.line.as_bytes());
        Checkpoint::open(&self.checkpoint, std::slice::from_ref(key)).is_ok_and(
            |(checkpoint, _)| {
                verify_inclusion(self.seq - 1, checkpoint.size, &leaf, &self.path, &checkpoint.root)
            },
        )
    }
}

/// Proves that record `seq` is under the newest checkpoint.
pub fn prove(dir: &Path, seq: u64) -> Result<Proof, ReadError> {
    let path = dir.join(CHECKPOINT);
    let note = std::fs::read_to_string(&path).map_err(ReadError::io(&path))?;
    let chain = Chain::load(dir).map_err(ReadError::io(dir))?.map_err(ReadError::Proof)?;
    let checkpoint = chain.open(&note).map_err(|e| ReadError::Proof(e.to_string()))?;
    if seq > checkpoint.size {
        let reason = format!(
            "record {seq} is not under a checkpoint: the newest covers {}",
            checkpoint.size
        );
        return Err(ReadError::Proof(reason));
    }
    let segments = read::existing(dir)?;
    let first = segments[0];
    if seq < first.0 {
        let reason = format!("record {seq} is no longer kept: the first is {}", first.0);
        return Err(ReadError::Proof(reason));
    }
    let prefix = prefix(dir, first)?;
    let mut leaves =
        Leaves { dir, segments, lines: None, failed: None, next: first.0, wanted: seq, line: None };
    let path = inclusion(seq - 1, checkpoint.size, &prefix, &mut leaves);
    // The last record is nobody's sibling but its own: the proof may be complete before it was read.
    while leaves.line.is_none() && (&mut leaves).next().is_some() {}
    if let Some(error) = leaves.failed {
        return Err(error);
    }
    let path = path.map_err(|e| ReadError::Proof(e.to_string()))?;
    let line = leaves.line.ok_or_else(|| ReadError::Proof(format!("record {seq} is not there")))?;
    if !verify_inclusion(
        seq - 1,
        checkpoint.size,
        &leaf_hash(line.as_bytes()),
        &path,
        &checkpoint.root,
    ) {
        let reason = "the log is not the one that was signed: `audit verify` says where".to_owned();
        return Err(ReadError::Proof(reason));
    }
    Ok(Proof { seq, line, path, checkpoint: note })
}

/// The tree before the first record that is kept.
fn prefix(dir: &Path, first: SegmentName) -> Result<Tree, ReadError> {
    let path = first.tree(dir);
    let bytes = layout::read_if_there(&path).map_err(ReadError::io(&path))?.unwrap_or_default();
    serde_json::from_slice(&bytes)
        .map_err(|e| ReadError::Proof(format!("`{}`: {e}", path.display())))
}

/// The hash of every record, in order; keeps the line of one.
struct Leaves<'a> {
    dir: &'a Path,
    segments: Vec<SegmentName>,
    lines: Option<Lines>,
    failed: Option<ReadError>,
    next: u64,
    wanted: u64,
    line: Option<String>,
}

impl Iterator for &mut Leaves<'_> {
    type Item = Hash;

    fn next(&mut self) -> Option<Hash> {
        match self.step() {
            Ok(hash) => hash,
            Err(error) => {
                self.failed = Some(error);
                None
            }
        }
    }
}

impl Leaves<'_> {
    fn step(&mut self) -> Result<Option<Hash>, ReadError> {
        loop {
            let Some(lines) = &mut self.lines else {
                if self.segments.is_empty() {
                    return Ok(None);
                }
                self.lines = Some(Lines::open(&self.segments.remove(0).log(self.dir))?);
                continue;
            };
            let Some(Line::Whole(line)) = lines.next()? else {
                self.lines = None;
                continue;
            };
            if self.next == self.wanted {
                self.line = Some(String::from_utf8_lossy(line).into_owned());
            }
            self.next += 1;
            return Ok(Some(leaf_hash(line)));
        }
    }
}
