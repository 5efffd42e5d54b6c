use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ambient::{Clock, Instant};
use gate::port::Events;
use model::{Masks, Noting, Secret, Secrets, SourceName, Template, Usage};
use process::{Backoff, Child, Confine, Launcher, Restarts, SpawnError, Spec};

use crate::config::Program;
use crate::error::SetupError;
use crate::fault::Fault;
use crate::secrets;
use crate::told::{Teller, Telling};

/// How long a program gets to end by itself once its input is closed, and again after SIGTERM.
const GRACE: Duration = Duration::from_secs(2);

/// Starts one program, as often as it is needed and no faster than it deserves.
#[derive(Clone)]
pub(crate) struct Launch(Arc<Inner>);

struct Inner {
    launcher: Launcher,
    source: SourceName,
    command: Vec<String>,
    dir: PathBuf,
    confine: Confine,
    /// Variables without secrets of the vault.
    known: Vec<(String, Secret<String>)>,
    /// Variables with them.
    sealed: Vec<(String, Template)>,
    secrets: Arc<dyn Secrets>,
    clock: Clock,
    restarts: Mutex<Restarts>,
    teller: Teller,
}

/// What a program writes.
pub(crate) type Output = process::Lines<tokio::net::unix::pipe::Receiver>;

/// A program that runs.
pub(crate) struct Running {
    pub(crate) child: Child,
    /// What must not be shown of what it says.
    masks: Masks,
    started: Instant,
    launch: Launch,
    telling: Telling,
}

/// What ends a program.
pub(crate) struct Stop {
    handle: process::Handle,
    started: Instant,
    launch: Launch,
    telling: Telling,
}

impl Launch {
    /// Checks the settings; nothing is started yet.
    pub(crate) fn new(
        source: &SourceName,
        launcher: Launcher,
        program: Program,
        clock: Clock,
        given: Arc<dyn Secrets>,
        events: Arc<dyn Events>,
    ) -> Result<Self, SetupError> {
        let Program { command, args, env, inherit, dir, confine } = program;
        let (mut known, sealed) = secrets::split(env);
        let set = |name: &String| {
            known.iter().map(|(n, _)| n).chain(sealed.iter().map(|(n, _)| n)).any(|n| n == name)
        };
        let listed: Vec<_> = inherit.into_iter().filter(|name| !set(name)).collect();
        let found = listed.into_iter().filter_map(|name| {
            let value = Secret::new(ambient::env(&name)?);
            Some((name, value))
        });
        known.extend(found);
        let inner = Inner {
            launcher,
            source: source.clone(),
            command: std::iter::once(command).chain(args).collect(),
            dir: dir.unwrap_or_else(|| PathBuf::from("/")),
            confine,
            known,
            sealed,
            secrets: given,
            clock,
            restarts: Mutex::new(Restarts::new(Backoff::default())),
            teller: Teller { source: source.clone(), events },
        };
        // What holds a secret is checked by its name now, and by its value when it is there.
        let empty = inner.sealed.iter().map(|(n, _)| (n.clone(), Secret::new(String::new())));
        inner.spec(empty.collect()).check().map_err(|e| SetupError::Program(e.to_string()))?;
        Ok(Self(Arc::new(inner)))
    }

    /// Starts it, unless it has ended too often lately. A secret that is not given out keeps it from being started.
    pub(crate) async fn start(&self) -> Result<Running, Fault> {
        let started = self.0.clock.instant();
        let allowed = self.restarts().may_start(started);
        if let Err(wait) = allowed {
            let wait = wait.as_millis();
            return Err(Fault::down(format!("the program ended early; next start in {wait} ms")));
        }
        let (spec, masks) = self.0.filled().await?;
        match self.0.launcher.spawn(&spec).await {
            Ok(child) => {
                let telling = self.0.teller.started(&spec.command, &spec.confine, &child.handle);
                Ok(Running { child, masks, started, launch: self.clone(), telling })
            }
            Err(e @ SpawnError::TooMany { .. }) => Err(Fault::down(e.to_string())),
            Err(e) => {
                self.0.teller.not_started(&e);
                self.restarts().ended(started, self.0.clock.instant());
                Err(Fault::failed(e.to_string()))
            }
        }
    }

    /// How many of its programs run.
    pub(crate) fn live(&self) -> usize {
        self.0.launcher.children().live_of(&self.0.source)
    }

    fn restarts(&self) -> std::sync::MutexGuard<'_, Restarts> {
        self.0.restarts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn spec(&self, sealed: Vec<(String, Secret<String>)>) -> Spec {
        let known = self.known.iter().map(|(n, v)| (n.clone(), Secret::new(v.reveal().clone())));
        Spec {
            source: self.source.clone(),
            command: self.command.clone(),
            env: known.chain(sealed).collect(),
            dir: self.dir.clone(),
            confine: self.confine.clone(),
        }
    }

    /// What is started now, its secrets filled in: each for the very file that is started. And what must not come back.
    async fn filled(&self) -> Result<(Spec, Masks), Fault> {
        if self.sealed.is_empty() {
            return Ok((self.spec(Vec::new()), Masks::none()));
        }
        let secrets = Noting::new(&*self.secrets);
        let names = self.sealed.iter().map(|(n, _)| (n.clone(), Secret::new(String::new())));
        let file = self.launcher.check(&self.spec(names.collect())).map_err(|e| {
            self.teller.not_started(&e);
            Fault::failed(e.to_string())
        })?;
        let file = file.canonicalize().unwrap_or(file);
        let mut filled = Vec::with_capacity(self.sealed.len());
        for (name, template) in &self.sealed {
            let value = template.fill(&secrets, Usage::Program(&file)).await;
            let value = value.map_err(|e| Fault::secret(format!("the variable `{name}`: {e}")))?;
            filled.push((name.clone(), value));
        }
        Ok((self.spec(filled), secrets.into_masks()))
    }
}

impl Running {
    /// Its streams, what must not be shown of them, and what ends it.
    pub(crate) fn into_parts(self) -> (process::Stdin, Output, Masks, Stop) {
        let Self { child, masks, started, launch, telling } = self;
        let Child { stdin, stdout, handle } = child;
        (stdin, stdout, masks, Stop { handle, started, launch, telling })
    }
}

impl Stop {
    /// Notes that it had to be ended, or ended itself, for its own fault: the next start waits.
    pub(crate) fn own_fault(&self) {
        self.launch.restarts().ended(self.started, self.launch.0.clock.instant());
    }

    /// Notes that the gate ends it because nobody needs it any more.
    pub(crate) fn asked(&self) {
        self.telling.asked();
    }

    /// Ends the program, whose input must be closed by now; returns when nothing of its tree is left, and that is told.
    pub(crate) async fn now(self) -> process::Exit {
        let exit = self.handle.stop(GRACE).await;
        self.telling.over().await;
        exit
    }

    /// The last thing it said on standard error.
    pub(crate) fn last_words(&self) -> Option<String> {
        self.handle.stderr().last_lines().pop()
    }
}
