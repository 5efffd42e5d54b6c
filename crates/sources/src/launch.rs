use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ambient::{Clock, Instant};
use model::{Secret, SourceName};
use process::{Backoff, Child, Launcher, Restarts, SpawnError, Spec};

use crate::config::Program;
use crate::error::SetupError;
use crate::fault::Fault;

/// How long a program gets to end by itself once its input is closed, and again after SIGTERM.
const GRACE: Duration = Duration::from_secs(2);

/// Starts one program, as often as it is needed and no faster than it deserves.
#[derive(Clone)]
pub(crate) struct Launch(Arc<Inner>);

struct Inner {
    launcher: Launcher,
    spec: Spec,
    clock: Clock,
    restarts: Mutex<Restarts>,
}

/// A program that runs.
pub(crate) struct Running {
    pub(crate) child: Child,
    started: Instant,
    launch: Launch,
}

/// What ends a program.
pub(crate) struct Stop {
    handle: process::Handle,
    started: Instant,
    launch: Launch,
}

impl Launch {
    /// Checks the settings; nothing is started yet.
    pub(crate) fn new(
        source: &SourceName,
        launcher: Launcher,
        program: Program,
        clock: Clock,
    ) -> Result<Self, SetupError> {
        let Program { command, args, mut env, inherit, dir } = program;
        let listed = inherit.iter().filter(|name| !env.iter().any(|(n, _)| n == *name));
        let found: Vec<_> = listed
            .filter_map(|name| Some((name.clone(), Secret::new(ambient::env(name)?))))
            .collect();
        env.extend(found);
        let spec = Spec {
            source: source.clone(),
            command: std::iter::once(command).chain(args).collect(),
            env,
            dir: dir.unwrap_or_else(|| PathBuf::from("/")),
        };
        spec.check().map_err(|e| SetupError::Program(e.to_string()))?;
        let restarts = Mutex::new(Restarts::new(Backoff::default()));
        Ok(Self(Arc::new(Inner { launcher, spec, clock, restarts })))
    }

    /// Starts it, unless it has ended too often lately.
    pub(crate) async fn start(&self) -> Result<Running, Fault> {
        let started = self.0.clock.instant();
        let allowed = self.restarts().may_start(started);
        if let Err(wait) = allowed {
            let wait = wait.as_millis();
            return Err(Fault::down(format!("the program ended early; next start in {wait} ms")));
        }
        match self.0.launcher.spawn(&self.0.spec).await {
            Ok(child) => Ok(Running { child, started, launch: self.clone() }),
            Err(e @ SpawnError::TooMany { .. }) => Err(Fault::down(e.to_string())),
            Err(e) => {
                self.restarts().ended(started, self.0.clock.instant());
                Err(Fault::failed(e.to_string()))
            }
        }
    }

    /// How many of its programs run.
    pub(crate) fn live(&self) -> usize {
        self.0.launcher.children().live_of(&self.0.spec.source)
    }

    fn restarts(&self) -> std::sync::MutexGuard<'_, Restarts> {
        self.0.restarts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    /// Its streams, and what ends it.
    pub(crate) fn into_parts(
        self,
    ) -> (process::Stdin, process::Lines<tokio::net::unix::pipe::Receiver>, Stop) {
        let Child { stdin, stdout, handle } = self.child;
        (stdin, stdout, Stop { handle, started: self.started, launch: self.launch })
    }
}

impl Stop {
    /// Notes that it had to be ended, or ended itself, for its own fault: the next start waits.
    pub(crate) fn own_fault(&self) {
        self.launch.restarts().ended(self.started, self.launch.0.clock.instant());
    }

    /// Ends the program, whose input must be closed by now; returns when nothing of its tree is left.
    pub(crate) async fn now(self) -> process::Exit {
        self.handle.stop(GRACE).await
    }

    /// The last thing it said on standard error.
    pub(crate) fn last_words(&self) -> Option<String> {
        self.handle.stderr().last_lines().pop()
    }
}
