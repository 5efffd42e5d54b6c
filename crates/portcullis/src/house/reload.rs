use std::path::PathBuf;
use std::sync::Arc;

use egress::{Egress, Options};
use gate::{EventHub, Gate};
use model::Timestamp;
use store::SqliteStore;

use super::{Ways, door, no_strangers, policies, ring, servers};
use crate::config::{self, Config, ConfigError, Loaded};

/// Takes up what can change while a gate runs: policies, rules, the lists of tenants and keys.
pub struct Reloader {
    path: PathBuf,
    started: Config,
    gate: Gate,
    store: Arc<SqliteStore>,
    ways: Ways,
}

impl Reloader {
    /// For a gate that was started with `loaded`.
    pub fn new(
        loaded: &Loaded,
        gate: Gate,
        store: Arc<SqliteStore>,
        launcher: process::Launcher,
        clock: ambient::Clock,
    ) -> Self {
        let egress = Egress::new(Options::default(), clock.clone());
        // Nothing is dialled or started from here, so no secret is needed.
        let ways = Ways { egress, launcher, clock, secrets: Arc::new(model::NoVault), payer: None };
        let (path, started) = (loaded.path.clone(), loaded.config.clone());
        Self { path, started, gate, store, ways }
    }

    /// Reads the configuration again. All of it has to be good, as at a start; then the parts that can change are put
    /// in force, and the names of the sections that need a restart are returned.
    ///
    /// # Errors
    /// Something in it is wrong: nothing was changed.
    pub fn reload(&self) -> Result<Vec<&'static str>, ConfigError> {
        let loaded = config::load(&self.path)?;
        door(&loaded, &self.ways.clock, &Arc::default())?;
        servers(&loaded, &self.ways, &EventHub::default().events())?;
        no_strangers(&self.store, &loaded.config, Timestamp(self.ways.clock.now_millis()))?;
        let epoch = next_epoch(self.gate.epoch(), &self.ways.clock);
        self.gate.set_policy(policies(&loaded, epoch)?);
        self.gate.set_keys(Ok(ring(&self.store)));
        Ok(self.restart(&loaded.config))
    }

    fn restart(&self, new: &Config) -> Vec<&'static str> {
        let old = &self.started;
        let sections = [
            ("server", old.server != new.server),
            ("admin", old.admin != new.admin),
            ("state", old.state != new.state),
            ("vault", old.vault != new.vault),
            ("source", old.source != new.source),
            ("packs", old.packs != new.packs),
            ("limits", old.limits != new.limits),
            ("rest", old.rest != new.rest),
            ("webhook", old.webhook != new.webhook),
            ("audit", old.audit != new.audit),
            ("approvals", old.approvals != new.approvals),
            ("log", old.log != new.log),
        ];
        sections.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}

/// The number of a policy: seconds since the epoch, so that it grows over restarts, too, and at least one more than
/// the last.
pub fn next_epoch(last: u64, clock: &ambient::Clock) -> u64 {
    (clock.now_millis() / 1000).max(last + 1)
}
