//! What becomes of a program, told to whoever keeps records.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gate::port::{Events, SourceEvent};
use model::SourceName;
use process::{Confine, Exit, Handle, Look, News, SpawnError};
use tokio::task::JoinHandle;

/// The signal that ends a program whose file has become too large.
const SIGXFSZ: i32 = 25;
/// How long the last record about a program is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whom to tell, and of whose programs.
#[derive(Clone)]
pub(crate) struct Teller {
    pub(crate) source: SourceName,
    pub(crate) events: Arc<dyn Events>,
}

/// Tells of one program, until it has ended.
pub(crate) struct Telling {
    asked: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Teller {
    /// It runs; what becomes of it is told from here on.
    pub(crate) fn started(
        &self,
        command: &[String],
        confine: &Confine,
        handle: &Handle,
    ) -> Telling {
        let how = format!("process {}; {confine}", handle.pid());
        self.tell(SourceEvent::Started { command: command.to_vec(), how });
        let asked = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(self.clone().follow(handle.watch(), asked.clone()));
        Telling { asked, task }
    }

    /// It was not started.
    pub(crate) fn not_started(&self, error: &SpawnError) {
        self.tell(SourceEvent::NotStarted { code: error.code(), why: error.to_string() });
    }

    async fn follow(self, mut look: Look, asked: Arc<AtomicBool>) {
        loop {
            match look.next().await {
                News::Seen(before, now) => {
                    now.since(&before).into_iter().for_each(|(by, what)| self.held(by, what));
                }
                News::Ended(exit) => {
                    if exit == Exit::Signal(SIGXFSZ) {
                        self.held("file-size", "it wrote more into a file than it may".to_owned());
                    }
                    let well = exit == Exit::Code(0) || asked.load(Ordering::Relaxed);
                    self.tell(SourceEvent::Ended { well, how: exit.to_string() });
                    return;
                }
            }
        }
    }

    fn held(&self, by: &'static str, what: String) {
        self.tell(SourceEvent::Held { by, what });
    }

    fn tell(&self, event: SourceEvent) {
        self.events.note(&self.source, event);
    }
}

impl Telling {
    /// It is ended on purpose: its end is no failure.
    pub(crate) fn asked(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    /// Waits until its end is told.
    pub(crate) async fn over(self) {
        let _ = tokio::time::timeout(PATIENCE, self.task).await;
    }
}
