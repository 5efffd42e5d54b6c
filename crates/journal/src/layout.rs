use std::io;
use std::path::{Path, PathBuf};

/// Newest signed checkpoint.
pub(crate) const CHECKPOINT: &str = "checkpoint";
/// Seed of the key that signs, in base64.
pub(crate) const KEY: &str = "key";
/// Seed of the key that will sign next, while a handover is under way.
pub(crate) const KEY_NEXT: &str = "key.next";
/// Verifier key of the key that signs.
pub(crate) const PUBLIC_KEY: &str = "key.pub";
/// Handovers from one key to the next, one JSON object a line.
pub(crate) const HANDOVERS: &str = "handovers";
/// Held by the one process that writes.
pub(crate) const LOCK: &str = "lock";
/// Size of the last checkpoint the sink has.
pub(crate) const SINK: &str = "sink";

const PREFIX: &str = "segment-";

/// A run of records, named by the number of its first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SegmentName(pub(crate) u64);

impl SegmentName {
    /// The records.
    pub(crate) fn log(self, dir: &Path) -> PathBuf {
        self.file(dir, "jsonl")
    }

    /// The tree before the first record.
    pub(crate) fn tree(self, dir: &Path) -> PathBuf {
        self.file(dir, "tree")
    }

    /// The hash of each record.
    pub(crate) fn leaves(self, dir: &Path) -> PathBuf {
        self.file(dir, "leaves")
    }

    /// The checkpoints signed while this was the newest segment.
    pub(crate) fn notes(self, dir: &Path) -> PathBuf {
        self.file(dir, "checkpoints")
    }

    /// The file of a segment with this extension.
    pub(crate) fn file(self, dir: &Path, extension: &str) -> PathBuf {
        dir.join(format!("{PREFIX}{:020}.{extension}", self.0))
    }
}

/// Every segment with records, oldest first.
pub(crate) fn segments(dir: &Path) -> io::Result<Vec<SegmentName>> {
    with_extension(dir, "jsonl")
}

/// Every segment of which a file with `extension` is left, oldest first.
pub(crate) fn with_extension(dir: &Path, extension: &str) -> io::Result<Vec<SegmentName>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let name = entry?.file_name();
        let number = name
            .to_str()
            .and_then(|n| n.strip_prefix(PREFIX)?.strip_suffix(extension)?.strip_suffix('.'));
        if let Some(first) = number.filter(|n| n.len() == 20).and_then(|n| n.parse().ok()) {
            found.push(SegmentName(first));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// A file's content; `None` if there is no such file.
pub(crate) fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}
