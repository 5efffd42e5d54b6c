use std::path::PathBuf;
use std::time::Duration;

/// How many of the oldest segments to keep. A segment goes as soon as one limit is passed; nothing set keeps all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// Keep at most so many segments.
    pub segments: Option<usize>,
    /// Keep a segment at least so long after it was closed.
    pub age: Option<Duration>,
    /// Keep at most so many bytes of closed segments.
    pub bytes: Option<u64>,
}

/// How a log is kept.
#[derive(Debug, Clone)]
pub struct Options {
    /// Directory of the log; made if it is missing. Nobody else writes there.
    pub dir: PathBuf,
    /// Name of the log and of its key, such as `gate.example/audit`: no spaces, no `+`.
    pub origin: String,
    /// A segment is closed once it holds so many bytes.
    pub segment_bytes: u64,
    /// What to remove, and when.
    pub retain: Retention,
    /// Sign at most this often while there are new records.
    pub checkpoint_every: Duration,
    /// A file elsewhere that every signed checkpoint is appended to.
    pub sink: Option<PathBuf>,
    /// Most records that may be reserved or waiting to be written at once.
    pub queue: usize,
}

impl Options {
    /// The usual settings for a log in `dir`.
    pub fn new(dir: impl Into<PathBuf>, origin: impl Into<String>) -> Self {
        Self {
            dir: dir.into(),
            origin: origin.into(),
            // Whoever starts reads the last one again.
            segment_bytes: 16 * 1024 * 1024,
            retain: Retention::default(),
            checkpoint_every: Duration::from_secs(1),
            sink: None,
            queue: 4096,
        }
    }
}
