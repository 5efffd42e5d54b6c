use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use ambient::Clock;
use egress::{Egress, Options};
use gate::EventHub;
use process::{Caps, Launcher};

use crate::config::{self, ConfigError, Loaded};
use crate::house::{Ways, door, policies, servers};
use crate::say;

/// Says whether a gate would start with this configuration. Starts and changes nothing.
pub fn run(path: &Path) -> anyhow::Result<ExitCode> {
    let loaded = config::load(path)?;
    let policies = whole(&loaded)?;
    let sources = loaded.config.source.len();
    say::line(format_args!("{}: good ({sources} sources, {policies} policies)", path.display()));
    Ok(ExitCode::SUCCESS)
}

/// Everything a start looks at before it opens anything; the number of policies.
pub fn whole(loaded: &Loaded) -> Result<usize, ConfigError> {
    let clock = Clock::system();
    door(loaded, &clock, &Arc::default())?;
    let ways = Ways {
        egress: Egress::new(Options::default(), clock.clone()),
        launcher: Launcher::new(Caps::default(), clock.clone()),
        clock,
        // Nothing is dialled or started from here.
        secrets: Arc::new(model::NoVault),
    };
    servers(loaded, &ways, &EventHub::default().events())?;
    Ok(policies(loaded, 1)?.len())
}
