use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use anyhow::Context as _;
use identity::Installation;
use journal::{Journal, OpenError, Options, Recovery, Retention};
use store::{IntegrityKey, SqliteStore};

use crate::config::{self, Loaded};

/// How often, and after what pause, a log is tried that another program has: three seconds in all.
const TRIES: u32 = 30;
const PAUSE: Duration = Duration::from_millis(100);

/// What an installation keeps: its key, its database, its log.
pub struct House {
    /// The configuration it was opened for.
    pub loaded: Loaded,
    /// The key file and what is derived from it.
    pub installation: Installation,
    /// Keys, pins, effects.
    pub store: Arc<SqliteStore>,
    /// Time.
    pub clock: Clock,
}

/// The audit log for a command that may run beside the gate.
pub enum JournalUse {
    /// It is open, and ours.
    Open(Journal),
    /// The running gate has it.
    Running,
}

impl House {
    /// Opens the installation of a configuration, or begins one.
    pub fn open(loaded: Loaded) -> anyhow::Result<Self> {
        let clock = Clock::system();
        let dir = loaded.state_dir();
        let installation = Installation::load_or_create(&dir)?;
        keep_packs(&loaded);
        let key = IntegrityKey::new(installation.store_key()?.reveal());
        let store = Arc::new(SqliteStore::open(&dir.join("state.db"), key, clock.clone())?);
        Ok(Self { loaded, installation, store, clock })
    }

    /// Where the audit log is.
    pub fn audit_dir(&self) -> PathBuf {
        audit_dir(&self.loaded)
    }

    /// Opens the log for writing. Only one program can. A command of an operator that has it for a moment, because no gate
    /// was running, is waited for.
    pub fn journal(&self) -> anyhow::Result<(Journal, Recovery)> {
        let dir = self.audit_dir();
        let mut tries = 0;
        loop {
            match Journal::open(self.options(&dir), self.clock.clone()) {
                Err(OpenError::Locked(_)) if tries < TRIES => {
                    tries += 1;
                    std::thread::sleep(PAUSE);
                }
                opened => {
                    return opened.with_context(|| {
                        format!("the audit log in {} cannot be opened", dir.display())
                    });
                }
            }
        }
    }

    /// The same, unless a gate is running.
    pub fn journal_unless_running(&self) -> anyhow::Result<JournalUse> {
        match Journal::open(self.options(&self.audit_dir()), self.clock.clone()) {
            Ok((journal, _)) => Ok(JournalUse::Open(journal)),
            Err(OpenError::Locked(_)) => Ok(JournalUse::Running),
            Err(e) => Err(e.into()),
        }
    }

    /// A log in a folder that goes when it is dropped, for commands that only look.
    pub fn scratch(&self) -> anyhow::Result<(Journal, Scratch)> {
        let mut tag = [0; 8];
        ambient::random(&mut tag)?;
        let name = format!(".look-{:016x}", u64::from_be_bytes(tag));
        let scratch = Scratch(self.loaded.state_dir().join(name));
        let (journal, _) = Journal::open(Options::new(&scratch.0, "look"), self.clock.clone())?;
        Ok((journal, scratch))
    }

    fn options(&self, dir: &Path) -> Options {
        let set = &self.loaded.config.audit;
        let name = format!("portcullis-{}/audit", self.installation.fingerprint());
        let mut options = Options::new(dir, name);
        options.retain = Retention {
            segments: set.retain.segments,
            age: set.retain.age.map(|a| a.0),
            bytes: set.retain.size.map(|s| s.0),
        };
        options.sink = set.checkpoint_to.as_ref().map(|path| self.loaded.resolve(path));
        if let Some(size) = set.segment {
            options.segment_bytes = size.0;
        }
        options.checkpoint_every = Duration::from_secs(1);
        options
    }
}

/// Keeps what was approved, so that what changes later can be told. Without a copy less can be told, and nothing else.
fn keep_packs(loaded: &Loaded) {
    for origin in loaded.config.source.iter().filter_map(|source| source.pack.as_ref()) {
        if let Err(e) = config::keep(loaded, &origin.pack) {
            tracing::warn!("no copy of the pack `{}` could be kept: {e}", origin.key);
        }
    }
}

/// Where the audit log of a configuration is.
pub fn audit_dir(loaded: &Loaded) -> PathBuf {
    loaded.state_dir().join("audit")
}

/// A folder that is removed when it is dropped.
pub struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
