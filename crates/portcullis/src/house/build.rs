use std::net::SocketAddr;
use std::sync::Arc;

use egress::{Egress, Options};
use gate::port::Source;
use gate::{EventHub, Gate, Parts, RecordArguments, Settings};
use journal::Journal;
use model::{Principal, TenantId};
use pay::Payer;
use process::{Caps, Launcher};
use store::Store;

use super::{House, Servers, Ways, policies, ring, servers};
use crate::config::{Arguments, Auth, Config, ConfigError, Loaded};

/// A gate, and what it was made of that somebody else asks about.
pub struct Built {
    /// The gate.
    pub gate: Gate,
    /// Its sources, in the order of the configuration.
    pub sources: Vec<Arc<dyn Source>>,
    /// What started their programs.
    pub launcher: Launcher,
}

/// Puts a gate together, with what pays if anything may be paid. Contacts nobody. `own` is where the installation listens: no source is there.
pub fn build(
    house: &House,
    journal: Journal,
    store: Arc<dyn Store>,
    epoch: u64,
    own: Vec<SocketAddr>,
    payer: Option<Payer>,
) -> Result<Built, ConfigError> {
    let loaded = &house.loaded;
    let config = &loaded.config;
    let policy = policies(loaded, epoch)?;
    let events = EventHub::default();
    let secrets = house.secrets();
    let options = Options { secrets: secrets.clone(), own, ..Options::default() };
    let ways = Ways {
        egress: Egress::new(options, house.clock.clone()),
        launcher: launcher(house),
        clock: house.clock.clone(),
        secrets,
        payer,
    };
    let Servers { sources: servers, flows } = servers(loaded, &ways, &events.events())?;
    let sources: Vec<Arc<dyn Source>> = servers.iter().map(|(source, _)| source.clone()).collect();
    let keys = house.installation.sealer(house.clock.clone());
    let keys = keys.map_err(|e| ConfigError::Start(format!("the installation key: {e}")))?;
    let parts = Parts {
        settings: settings(config),
        sources: servers,
        events,
        keys: Arc::new(keys),
        ring: Ok(ring(&house.store)),
        unauthenticated: unauthenticated(config),
        policy,
        journal,
        store,
        mask: audit::MaskRules::with_names(config.audit.mask.iter().map(String::as_str)),
        clock: house.clock.clone(),
    };
    let gate = Gate::new(parts);
    for flows in &flows {
        flows.attach(gate.downgrade());
    }
    Ok(Built { gate, sources, launcher: ways.launcher })
}

/// Where an installation is said to listen.
pub fn listens(config: &Config) -> Vec<SocketAddr> {
    let admin = config.admin.enabled.then_some(config.admin.listen);
    let all = [Some(config.server.listen), admin].into_iter().flatten();
    all.filter(|address| address.port() != 0).collect()
}

/// What starts the programs of an installation.
pub fn launcher(house: &House) -> Launcher {
    let limits = &house.loaded.config.limits;
    let usual = Caps::default();
    let caps = Caps {
        total: limits.children.unwrap_or(usual.total),
        per_source: limits.children_per_source.unwrap_or(usual.per_source),
    };
    guarded(Launcher::new(caps, house.clock.clone()), &house.loaded)
}

/// A launcher that keeps what is the gate's own from its programs, and has a place for what they fetch.
pub fn guarded(launcher: Launcher, loaded: &Loaded) -> Launcher {
    let state = loaded.state_dir();
    launcher.with_cache(state.join("cache")).with_withheld([state, loaded.path.clone()])
}

fn unauthenticated(config: &Config) -> Option<Arc<Principal>> {
    match config.server.auth {
        Auth::Keys => None,
        Auth::None => Some(identity::anonymous_principal(TenantId::new("default"))),
    }
}

fn settings(config: &Config) -> Settings {
    let (limits, usual) = (&config.limits, Settings::default());
    Settings {
        call_deadline: limits.call.map_or(usual.call_deadline, |s| s.0),
        list_deadline: limits.list.map_or(usual.list_deadline, |s| s.0),
        park: limits.park.map_or(usual.park, |s| s.0),
        page_size: limits.page_size.unwrap_or(usual.page_size),
        per_principal: limits.per_principal.map_or(usual.per_principal, |f| f.0),
        per_tool: limits.per_tool.map_or(usual.per_tool, |f| f.0),
        concurrency: limits.concurrency.unwrap_or(usual.concurrency),
        approval_wait: config.approvals.wait.map_or(usual.approval_wait, |s| s.0),
        four_eyes: config.approvals.four_eyes.clone(),
        asks_per_call: limits.asks_per_call.unwrap_or(usual.asks_per_call),
        arguments: match config.audit.arguments {
            Arguments::Digest => RecordArguments::Digest,
            Arguments::Masked => RecordArguments::Masked,
        },
        elicitation_hosts: limits.elicitation_hosts.clone(),
        failed_logins: limits.failed_logins.unwrap_or(usual.failed_logins),
        ..usual
    }
}
