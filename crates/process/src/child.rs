use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use model::SourceName;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::{mpsc, watch};

use crate::{Lines, Seen, Stderr, Stdin};

/// A running program. Dropping its [`Handle`] ends it, and everything that came from it.
#[derive(Debug)]
pub struct Child {
    /// Where to write to it.
    pub stdin: Stdin,
    /// What it writes.
    pub stdout: Lines<Receiver>,
    /// How to watch and end it.
    pub handle: Handle,
}

impl Child {
    /// Ends the child as MCP asks (2025-11-25, basic/lifecycle, shutdown): its input is closed; after `grace` its tree
    /// gets SIGTERM; after another `grace`, SIGKILL. Returns when nothing of the tree is left.
    pub async fn stop(self, grace: Duration) -> Exit {
        drop(self.stdin);
        self.handle.stop(grace).await
    }
}

/// Watches and ends a child. Dropped, it ends the child within about a second, without waiting for it.
pub struct Handle {
    pub(crate) source: SourceName,
    pub(crate) pid: i32,
    pub(crate) stops: mpsc::Sender<Duration>,
    pub(crate) exit: watch::Receiver<Option<Ended>>,
    pub(crate) seen: watch::Receiver<Seen>,
    pub(crate) stderr: Arc<Stderr>,
}

/// How long beyond all graces a supervisor may take to clear a tree away before the gate stops waiting for it.
const PATIENCE: Duration = Duration::from_secs(5);

impl Handle {
    /// The program's process id, for people.
    pub const fn pid(&self) -> i32 {
        self.pid
    }

    /// Its last words.
    pub const fn stderr(&self) -> &Arc<Stderr> {
        &self.stderr
    }

    /// How it ended, if it has and nothing of its tree is left.
    pub fn exited(&self) -> Option<Exit> {
        self.exit.borrow().map(|ended| ended.exit)
    }

    /// Waits until it has ended and nothing of its tree is left.
    pub async fn exit(&self) -> Exit {
        let mut exit = self.exit.clone();
        match exit.wait_for(Option::is_some).await {
            Ok(ended) => ended.map_or(Exit::Lost, |ended| ended.exit),
            Err(_) => Exit::Lost,
        }
    }

    /// What was seen of it so far that its end alone does not tell; all of it once it has ended.
    pub fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    /// A look at the child that does not keep it alive.
    pub fn watch(&self) -> Look {
        Look { exit: self.exit.clone(), seen: self.seen.clone(), told: Seen::default() }
    }

    /// Waits `grace` for the child to end by itself (its input should be closed by now), then sends its tree SIGTERM,
    /// and after another `grace` SIGKILL. Returns when nothing of the tree is left.
    pub async fn stop(&self, grace: Duration) -> Exit {
        if let Ok(exit) = tokio::time::timeout(grace, self.exit()).await {
            return exit;
        }
        // A full channel means that stops are under way already.
        let _ = self.stops.try_send(grace);
        tokio::time::timeout(grace + PATIENCE, self.exit()).await.unwrap_or(Exit::Lost)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({}, process {})", self.source, self.pid)
    }
}

/// Watches a child without keeping it alive.
#[derive(Debug)]
pub struct Look {
    exit: watch::Receiver<Option<Ended>>,
    seen: watch::Receiver<Seen>,
    told: Seen,
}

/// What is new of a child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// More was seen of it: before, and now.
    Seen(Seen, Seen),
    /// It has ended, and nothing of its tree is left.
    Ended(Exit),
}

impl Look {
    /// What is new; everything that was seen comes before the end, which is the last thing to come.
    pub async fn next(&mut self) -> News {
        loop {
            let seen = self.seen.borrow_and_update().clone();
            if seen != self.told {
                return News::Seen(std::mem::replace(&mut self.told, seen.clone()), seen);
            }
            tokio::select! {
                biased;
                Ok(()) = self.seen.changed() => {}
                ended = self.exit.wait_for(Option::is_some) => {
                    let exit = ended.ok().and_then(|e| *e).map_or(Exit::Lost, |ended| ended.exit);
                    if *self.seen.borrow() == self.told {
                        return News::Ended(exit);
                    }
                }
            }
        }
    }
}

/// The end of a program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended {
    pub(crate) exit: Exit,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// With this status.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// Nobody knows: its supervisor was killed, or is still busy with its tree.
    Lost,
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exited with status {code}"),
            Self::Signal(signal) => write!(f, "was ended by signal {signal}"),
            Self::Lost => f.write_str("ended in an unknown way"),
        }
    }
}
