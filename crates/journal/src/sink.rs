use std::fs::OpenOptions;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use audit::{Checkpoint, Note};

use crate::disk::{Disk, replace};
use crate::layout::{self, SINK, SegmentName};
use crate::notes;

/// Somewhere else where checkpoints are kept, so that a log that was cut short can be told.
pub trait Sink: Send + 'static {
    /// Takes one signed checkpoint, in order. May be slow and may fail: it is called again with the same one, and
    /// after a crash perhaps once more with one it already has.
    fn deliver(&mut self, note: &str) -> io::Result<()>;
}

/// A file that each checkpoint is appended to, with an empty line after it.
#[derive(Debug, Clone)]
pub struct FileSink(PathBuf);

impl FileSink {
    /// Appends to the file at `path`, which is made if it is missing.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }
}

impl Sink for FileSink {
    fn deliver(&mut self, note: &str) -> io::Result<()> {
        let mut file = OpenOptions::new().append(true).create(true).open(&self.0)?;
        file.write_all(notes::framed(note).as_bytes())?;
        file.sync_data()
    }
}

/// Longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The writer's end: it announces, and waits for nothing.
#[derive(Clone)]
pub(crate) struct SinkHandle(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    backlog: AtomicU64,
    delivered: AtomicU64,
}

#[derive(Default)]
struct State {
    announced: bool,
    stopping: bool,
}

impl SinkHandle {
    /// There is a new checkpoint in the log.
    pub(crate) fn announce(&self) {
        self.0.backlog.fetch_add(1, Ordering::Relaxed);
        self.0.lock().announced = true;
        self.0.changed.notify_one();
    }

    /// Lets the thread end, after one try at what is left.
    pub(crate) fn stop(&self) {
        self.0.lock().stopping = true;
        self.0.changed.notify_one();
    }

    /// Checkpoints the sink does not have yet.
    pub(crate) fn backlog(&self) -> u64 {
        self.0.backlog.load(Ordering::Relaxed)
    }

    /// Size of the newest checkpoint the sink has.
    pub(crate) fn delivered(&self) -> u64 {
        self.0.delivered.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Carries checkpoints from the log's own history to the sink, on a thread of its own. The history is the queue:
/// nothing is kept in memory, and what was not delivered before a restart is delivered after it.
pub(crate) struct Carrier {
    shared: Arc<Shared>,
    sink: Box<dyn Sink>,
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    /// The history that is being read, and how far.
    history: Option<(SegmentName, u64)>,
}

impl Carrier {
    pub(crate) fn new(
        sink: Box<dyn Sink>,
        disk: Arc<dyn Disk>,
        dir: &Path,
    ) -> io::Result<(Self, SinkHandle)> {
        let stored = layout::read_if_there(&dir.join(SINK))?.unwrap_or_default();
        let delivered = String::from_utf8_lossy(&stored).trim().parse().unwrap_or(0);
        let shared = Arc::new(Shared::default());
        shared.delivered.store(delivered, Ordering::Relaxed);
        shared.lock().announced = true;
        let handle = SinkHandle(shared.clone());
        let mut carrier = Self { shared, sink, disk, dir: dir.to_owned(), history: None };
        // A segment begins with the checkpoint that the one before ended with: it counts once.
        let (mut waiting, mut newest) = (0, delivered);
        while let Some(notes) = carrier.read_on()? {
            for (size, _) in notes.iter().filter(|(size, _)| *size > 0) {
                waiting += u64::from(*size > newest);
                newest = newest.max(*size);
            }
        }
        carrier.history = None;
        carrier.shared.backlog.store(waiting, Ordering::Relaxed);
        Ok((carrier, handle))
    }

    pub(crate) fn run(mut self) {
        let mut pause = Duration::ZERO;
        loop {
            let stopping = self.wait(pause);
            match self.carry() {
                Ok(()) => pause = Duration::ZERO,
                Err(error) => {
                    let backlog = self.shared.backlog.load(Ordering::Relaxed);
                    tracing::warn!(%error, backlog, "the checkpoint sink failed; it will be tried again");
                    pause = (pause * 2).clamp(Duration::from_millis(250), LONGEST_PAUSE);
                }
            }
            if stopping {
                return;
            }
        }
    }

    /// Waits for a checkpoint or, after a failure, for the pause to pass. True: the log is being closed.
    fn wait(&self, pause: Duration) -> bool {
        let mut state = self.shared.lock();
        if pause.is_zero() {
            while !state.announced && !state.stopping {
                state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        } else if !state.stopping {
            let waited = self.shared.changed.wait_timeout_while(state, pause, |s| !s.stopping);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.announced = false;
        state.stopping
    }

    /// Delivers everything that is there, in order.
    fn carry(&mut self) -> io::Result<()> {
        loop {
            let before = self.history;
            let Some(notes) = self.read_on()? else { return Ok(()) };
            for (size, note) in notes {
                if size <= self.shared.delivered.load(Ordering::Relaxed) {
                    continue;
                }
                // A slow sink must not hold up the end: what is left goes out after the next start.
                if self.shared.lock().stopping && self.shared.backlog.load(Ordering::Relaxed) > 1 {
                    return Ok(());
                }
                if let Err(error) = self.deliver(size, &note) {
                    self.history = before;
                    return Err(error);
                }
            }
        }
    }

    fn deliver(&mut self, size: u64, note: &str) -> io::Result<()> {
        self.sink.deliver(note)?;
        self.shared.delivered.store(size, Ordering::Relaxed);
        let fewer = |n: u64| n.checked_sub(1);
        let _none_left =
            self.shared.backlog.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer);
        let stored =
            replace(self.disk.as_ref(), &self.dir.join(SINK), size.to_string().as_bytes(), false);
        if let Err(error) = stored {
            tracing::warn!(%error, "how far the checkpoint sink came was not stored; it may get some twice");
        }
        Ok(())
    }

    /// The next whole notes of the history with their sizes; `None` at its end.
    fn read_on(&mut self) -> io::Result<Option<Vec<(u64, String)>>> {
        loop {
            let files = layout::with_extension(&self.dir, "checkpoints")?;
            let (name, offset) = match self.history {
                Some(at) => at,
                None => match files.first() {
                    Some(first) => (*first, 0),
                    None => return Ok(None),
                },
            };
            let text = read_from(&name.notes(&self.dir), offset)?;
            let (found, used) = notes::split(&text);
            self.history = Some((name, offset + used as u64));
            if !found.is_empty() {
                return Ok(Some(found.into_iter().filter_map(sized).collect()));
            }
            match files.iter().find(|other| **other > name) {
                Some(next) => self.history = Some((*next, 0)),
                None => return Ok(None),
            }
        }
    }
}

fn sized(note: &str) -> Option<(u64, String)> {
    let parsed = Note::parse(note).ok()?;
    Some((Checkpoint::parse(parsed.text()).ok()?.size, note.to_owned()))
}

fn read_from(path: &Path, offset: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    match std::fs::File::open(path) {
        Ok(mut file) => {
            file.seek(SeekFrom::Start(offset))?;
            file.read_to_end(&mut bytes)?;
        }
        // Removed by retention in between: there is nothing left to read in it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
