use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use ambient::Clock;
use egress::{Egress, Options};
use gate::EventHub;
use process::{Caps, Launcher};

use crate::config::{self, ConfigError, Loaded};
use crate::house::{Ways, confined, door, policies, recorded, servers, summary};
use crate::say;

/// Says whether a gate would start with this configuration, and what each program would reach. Starts and changes nothing.
pub fn run(path: &Path) -> anyhow::Result<ExitCode> {
    let loaded = config::load(path)?;
    let policies = whole(&loaded)?;
    for source in &loaded.config.source {
        let Some(har) = &source.har else { continue };
        // It could be read a moment ago.
        let became = recorded(&har.0, &loaded).map_or_else(|why| why, |c| summary(&c));
        say::line(format_args!("source `{}`: {became}", source.name));
        let name = &source.name;
        say::note(format_args!("`portcullis explain recording --source {name}` shows all of it"));
    }
    let sources = loaded.config.source.len();
    let sources = say::count(sources, "source", "sources");
    let policies = say::count(policies, "policy", "policies");
    say::line(format_args!("{}: good ({sources}, {policies})", path.display()));
    for planned in confined(&loaded) {
        let shown = planned.to_string();
        say::line(format_args!("  {}", audit::terminal_safe(&shown)));
    }
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
        payer: None,
    };
    servers(loaded, &ways, &EventHub::default().events())?;
    Ok(policies(loaded, 1)?.len())
}
