use std::collections::HashMap;
use std::sync::Arc;

use ambient::Clock;
use egress::Egress;
use gate::port::{Events, Source as Behind};
use gate::{PinMode, ResultMode, SourceSettings};
use model::{Effect, Secrets, SourceName, Template};
use pay::Payer;
use process::Launcher;
use purse::Purse;
use sources::{Config, Mcp, Ports, Program, Reach, Remote};
use store::{PinKey, PinKind};
use url::Url;
use workflow::{Converted, Flows};

use super::reach::Way;
use crate::config::place::Step;
use crate::config::{self, ConfigError, Loaded, Pins, Results, Source, Transport, UnknownMethods};

/// What sources reach the world through.
#[derive(Clone)]
pub struct Ways {
    /// Connections.
    pub egress: Egress,
    /// Programs.
    pub launcher: Launcher,
    /// Time.
    pub clock: Clock,
    /// Secrets, at the moment they leave for somewhere.
    pub secrets: Arc<dyn Secrets>,
    /// What pays, where anything may be paid.
    pub payer: Option<Payer>,
}

/// From how many tools on those of an API are searched rather than listed.
const DISCOVERY: usize = 128;

/// Everything behind a gate.
pub struct Servers {
    /// Every source, with what the operator set about it.
    pub sources: Vec<(Arc<dyn Behind>, SourceSettings)>,
    /// Those among them that call others, and need the gate for that.
    pub flows: Vec<Arc<Flows>>,
}

/// Every source of a configuration, not yet contacted.
pub fn servers(
    loaded: &Loaded,
    ways: &Ways,
    events: &Arc<dyn Events>,
) -> Result<Servers, ConfigError> {
    let mut apis = HashMap::new();
    let mut operations = Converted::default();
    for (n, source) in loaded.config.source.iter().enumerate() {
        if source.openapi.is_some() || source.graphql.is_some() || source.har.is_some() {
            let way = way(n, source, loaded)?;
            let api = super::api(source, loaded, &way, ways);
            let api = api.map_err(|e| wrong(loaded, n, source, &e))?;
            operations.add(&source.name, api.tools());
            apis.insert(n, api);
        }
    }
    let described = apis.iter().map(|(n, api)| (&loaded.config.source[*n], api.clone()));
    super::tenants::fit(loaded, &described.collect::<Vec<_>>())?;
    let operations = Arc::new(operations);
    let mut servers = Servers { sources: Vec::new(), flows: Vec::new() };
    for (n, source) in loaded.config.source.iter().enumerate() {
        let behind: Arc<dyn Behind> = if let Some(api) = apis.remove(&n) {
            api
        } else if let Some(own) = &source.arazzo {
            let flows = super::workflows::flows(source, own, &operations, loaded);
            let flows = flows.map_err(|e| wrong(loaded, n, source, &e))?;
            servers.flows.push(flows.clone());
            flows
        } else {
            mcp(n, source, loaded, ways, events)?
        };
        servers.sources.push((behind, settings(source)));
    }
    // Last, so that those of the configuration keep their places.
    if let Some(purse) = purse(loaded, ways)? {
        let settings = purse.settings();
        servers.sources.push((purse, settings));
    }
    Ok(servers)
}

/// The built-in source with which agents pay, where anything may be paid.
fn purse(loaded: &Loaded, ways: &Ways) -> Result<Option<Arc<Purse>>, ConfigError> {
    let Some(own) = &loaded.config.payments else { return Ok(None) };
    let start = |what: String| ConfigError::Start(format!("the source `{}`: {what}", purse::NAME));
    Ok(Some(Purse::new(purse::Config {
        name: SourceName::new(purse::NAME).map_err(|e| start(e.to_string()))?,
        payer: ways.payer.clone(),
        egress: ways.egress.clone(),
        private: super::money::private(own).map_err(start)?,
        budgets: super::money::budgets(&loaded.config).map_err(start)?,
        relays: super::money::relays(own).map_err(start)?,
        clock: ways.clock.clone(),
    })))
}

/// The way to a source, what is wrong with it told at its place.
fn way(n: usize, source: &Source, loaded: &Loaded) -> Result<Way, ConfigError> {
    Way::of(source, loaded).map_err(|wrong| {
        let keys = wrong.at.iter().map(|key| Step::from(*key));
        let path: Vec<Step> = [Step::from("source"), n.into()].into_iter().chain(keys).collect();
        ConfigError::placed(loaded, &path, &format!("source `{}`: {}", source.name, wrong.what))
    })
}

fn wrong(loaded: &Loaded, n: usize, source: &Source, message: &str) -> ConfigError {
    let path = ["source".into(), n.into(), "name".into()];
    ConfigError::placed(loaded, &path, &format!("source `{}`: {message}", source.name))
}

/// Under which key an accepted effect of a tool is kept.
pub fn effect_key(identity: &str, upstream: &str) -> PinKey {
    PinKey { source: identity.to_owned(), kind: PinKind::Tool, name: upstream.to_owned() }
}

fn mcp(
    n: usize,
    source: &Source,
    loaded: &Loaded,
    ways: &Ways,
    events: &Arc<dyn Events>,
) -> Result<Arc<Mcp>, ConfigError> {
    let wrong = |message: String| {
        let path = ["source".into(), n.into(), "mcp".into()];
        ConfigError::placed(loaded, &path, &format!("source `{}`: {message}", source.name))
    };
    let own = source.mcp.as_ref().ok_or_else(|| wrong("it is nothing that is known".to_owned()))?;
    let name = SourceName::new(&source.name).map_err(|e| wrong(e.to_string()))?;
    let way = way(n, source, loaded)?;
    let config = config(name, own, source, loaded, way).map_err(wrong)?;
    let ports = Ports {
        egress: ways.egress.clone(),
        launcher: ways.launcher.clone(),
        clock: ways.clock.clone(),
        events: events.clone(),
        secrets: ways.secrets.clone(),
        payer: ways.payer.clone(),
    };
    Mcp::new(config, ports).map_err(|e| wrong(e.to_string()))
}

/// The effect that is set for a tool of a source.
pub fn effect_of(source: &Source, upstream: &str) -> Option<Effect> {
    settings(source).effect(upstream)
}

fn settings(source: &Source) -> SourceSettings {
    let url = source.mcp.as_ref().and_then(|mcp| Url::parse(mcp.url.as_deref()?).ok());
    SourceSettings {
        prefix: config::prefix(source),
        effects: source.effects.iter().map(|(p, e)| (p.clone(), *e)).collect(),
        names: source.names.iter().map(|(from, to)| (from.clone(), to.clone())).collect(),
        pins: match source.pins {
            Pins::First => PinMode::First,
            Pins::Ask => PinMode::Ask,
            Pins::Off => PinMode::Off,
        },
        pass_unknown: source.unknown_methods == UnknownMethods::Pass,
        detectors: source.detectors,
        results: match source.results {
            Results::Annotate => ResultMode::Annotate,
            Results::Redact => ResultMode::Redact,
            Results::Block => ResultMode::Block,
            Results::Off => ResultMode::Off,
        },
        check_arguments: source.check_arguments,
        discovery: source.discovery.or_else(|| source.mcp.is_none().then_some(DISCOVERY)),
        audience: config::audience(source),
        hosts: url.and_then(|u| u.host_str().map(str::to_owned)).into_iter().collect(),
    }
}

fn config(
    name: SourceName,
    own: &config::Mcp,
    source: &Source,
    loaded: &Loaded,
    way: Way,
) -> Result<Config, String> {
    let mut config = Config::new(name, reach(own, source, loaded, way)?);
    config.era = match source.era {
        config::Era::Auto => None,
        config::Era::Legacy => Some(protocol::mcp::Era::Legacy),
        config::Era::Modern => Some(protocol::mcp::Era::Modern),
    };
    config.stateless = source.stateless;
    if let Some(timeout) = source.timeout {
        config.times.start = timeout.0;
        config.times.list = timeout.0;
        config.times.list_total = timeout.0.saturating_mul(2);
    }
    if let Some(size) = source.max_result {
        config.bounds.result = usize::try_from(size.0).unwrap_or(usize::MAX);
    }
    if let Some(sessions) = source.max_sessions {
        config.bounds.sessions = sessions;
    }
    Ok(config)
}

fn reach(mcp: &config::Mcp, source: &Source, loaded: &Loaded, way: Way) -> Result<Reach, String> {
    if let Some(command) = &mcp.command {
        let (command, args) = command.split_first().ok_or("the command is empty")?;
        let dir = mcp.cwd.as_ref().map_or_else(|| loaded.dir(), |dir| loaded.resolve(dir));
        return Ok(Reach::Stdio(Program {
            command: command.clone(),
            args: args.to_vec(),
            env: resolved(&mcp.env)?,
            inherit: mcp.pass_env.clone(),
            dir: Some(dir),
            confine: source.confine.clone().unwrap_or_default().resolve(loaded),
        }));
    }
    let url = mcp.url.as_deref().ok_or("`mcp` needs a `command` or a `url`")?;
    let remote = Remote {
        url: Url::parse(url).map_err(|e| format!("`url` is no URL: {e}"))?,
        headers: resolved(&mcp.headers)?,
        policy: super::named(source),
        ca: way.roots,
        ca_only: way.roots_only,
        http2: source.http2.unwrap_or(false),
        route: way.route,
    };
    Ok(match mcp.transport {
        Transport::Auto | Transport::Streamable => Reach::Http(remote),
        Transport::Sse => Reach::Sse(remote),
    })
}

fn resolved(
    values: &std::collections::BTreeMap<String, config::Value>,
) -> Result<Vec<(String, Template)>, String> {
    values
        .iter()
        .map(|(name, value)| {
            Ok((name.clone(), value.template().map_err(|e| format!("`{name}`: {e}"))?))
        })
        .collect()
}
