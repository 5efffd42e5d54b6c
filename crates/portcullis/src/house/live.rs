use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use anyhow::Context as _;
use audit::{Kind, Record};
use front::Gauges;
use futures_util::future::join_all;
use gate::Gate;
use gate::port::Source;
use journal::Journal;
use model::Timestamp;
use pay::Payer;
use store::{SqliteStore, Store as _};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::announce::Announcer;
use super::changes::Decisions;
use super::exposition::Exposition;
use super::fetching::fetch_descriptions;
use super::reload::next_epoch;
use super::{
    AdminState, Built, House, Reloader, announcer, build, collisions, console, desk, door, host,
    money, no_strangers, open_hooks, serve_admin, tend,
};
use crate::config::{Auth, ConfigError, Loaded};

/// How often the store is asked whether another program has changed it.
const LOOK: Duration = Duration::from_secs(1);
/// How long sources get to stop.
const STOP: Duration = Duration::from_secs(10);

/// A gate that is about to run: everything is open, nobody has been let in yet.
pub struct Live {
    house: House,
    journal: Journal,
    built: Built,
    payer: Option<Payer>,
    settings: front::Settings,
    gauges: Arc<Gauges>,
    listener: TcpListener,
    admin: Option<TcpListener>,
    hangups: Signal,
    announces: Option<Announcer>,
}

impl Live {
    /// Opens everything a configuration names, listens, and fetches descriptions. Contacts no source.
    pub async fn open(loaded: Loaded) -> anyhow::Result<Self> {
        let house = House::open(loaded)?;
        let gauges = Arc::new(Gauges::default());
        let mut settings = door(&house.loaded, &house.clock, &gauges)?;
        open_hooks(&mut settings, &house, house.secrets())?;
        let (journal, recovery) = house.journal()?;
        if recovery.records == 0 {
            tracing::info!(
                vkey = recovery.vkey,
                "a new audit log: note its verifier key elsewhere"
            );
        }
        let config = &house.loaded.config;
        let listener = listen(config.server.listen).await?;
        let admin =
            if config.admin.enabled { Some(listen(config.admin.listen).await?) } else { None };
        // Known only now where a port was left to the system.
        let mut own = vec![listener.local_addr()?];
        own.extend(admin.as_ref().map(TcpListener::local_addr).transpose()?);
        let secrets = house.secrets();
        let options =
            egress::Options { secrets: secrets.clone(), own: own.clone(), ..Default::default() };
        let egress = egress::Egress::new(options, house.clock.clone());
        fetch_descriptions(&house.loaded, &egress).await;
        let page = admin.as_ref().map(TcpListener::local_addr).transpose()?;
        let desk = desk(&house, Some(journal.clone()), page);
        let shared = money::Shared {
            desk: desk.clone(),
            journal: journal.clone(),
            egress: egress.clone(),
            secrets,
        };
        let payer = money::payer(&house, &shared)?;
        let built = prepared(&house, &journal, own, payer.clone())?;
        let mut announces = None;
        if house.loaded.config.approvals.enabled {
            announces = announcer(&house, &desk, &egress)?;
            built.gate.attach_desk(desk);
        }
        // Before anybody is told that it runs: until then SIGHUP would end it.
        let hangups = signal(SignalKind::hangup())?;
        Ok(Self {
            house,
            journal,
            built,
            payer,
            settings,
            gauges,
            listener,
            admin,
            hangups,
            announces,
        })
    }

    /// Where agents reach it.
    pub fn url(&self) -> anyhow::Result<String> {
        let scheme = if self.house.loaded.config.server.tls.is_some() { "https" } else { "http" };
        Ok(format!("{scheme}://{}/mcp", self.listener.local_addr()?))
    }

    /// Where operators reach it, if they do.
    pub fn admin(&self) -> Option<SocketAddr> {
        self.admin.as_ref().and_then(|l| l.local_addr().ok())
    }

    /// Lets agents in until `stop`, then lets what runs come to its end, stops every source, and closes the log.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> anyhow::Result<()> {
        let Self {
            house,
            journal,
            built,
            payer,
            settings,
            gauges,
            listener,
            admin,
            hangups,
            announces,
        } = self;
        let Built { gate, sources, launcher } = built;
        record(&journal, &house.clock, Kind::Start, None).await?;
        say_auth(&house);
        let mut helpers = tokio::task::JoinSet::new();
        if let Some(listener) = admin {
            let children = launcher.children().clone();
            let numbers =
                Exposition::new(gate.clone(), journal.clone(), gauges, children, sources.clone());
            let (console, host) =
                (console(&house, &gate, payer.as_ref()), host(&house.loaded.config));
            let state = AdminState { numbers, store: house.store.clone(), console, host };
            helpers.spawn(serve_admin(listener, Arc::new(state)));
        }
        if let Some(desk) = gate.desk() {
            helpers.spawn(tend(desk.clone()));
        }
        if let Some(announcer) = announces {
            helpers.spawn(announcer.run());
        }
        let (store, clock) = (house.store.clone(), house.clock.clone());
        helpers.spawn(watch_store(gate.clone(), store.clone(), journal.clone(), clock.clone()));
        let reloader = Reloader::new(&house.loaded, gate.clone(), store, launcher, clock.clone());
        helpers.spawn(on_hangup(hangups, reloader, journal.clone(), clock));
        if let Some(payer) = payer {
            helpers.spawn(money::tend(payer));
        }
        let draining = gate.clone();
        let told = async move {
            stop.await;
            draining.drain();
        };
        front::serve(gate.clone(), settings, listener, told).await?;
        helpers.shutdown().await;
        finish(&gate, &sources, &journal, &house.clock).await;
        Ok(())
    }
}

/// Builds the gate, and refuses one in which two pinned things have one name.
fn prepared(
    house: &House,
    journal: &Journal,
    own: Vec<SocketAddr>,
    payer: Option<Payer>,
) -> anyhow::Result<Built> {
    let epoch = next_epoch(0, &house.clock);
    no_strangers(&house.store, &house.loaded.config, Timestamp(house.clock.now_millis()))?;
    let built = build(house, journal.clone(), house.store.clone(), epoch, own, payer)?;
    let twice = collisions(&house.store, &house.loaded.config, &built.sources)?;
    if twice.is_empty() { Ok(built) } else { Err(ConfigError::Start(twice.join("\n")).into()) }
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

/// Ends what was started, in the order in which nothing is lost.
pub async fn finish(gate: &Gate, sources: &[Arc<dyn Source>], journal: &Journal, clock: &Clock) {
    gate.drain();
    let stopped = join_all(sources.iter().map(|s| s.stop()));
    if tokio::time::timeout(STOP, stopped).await.is_err() {
        tracing::warn!("not every source stopped in time");
    }
    if let Some(desk) = gate.desk() {
        // What another program answered in the last moment is recorded, too.
        if let Err(e) = desk.tend().await {
            tracing::error!("{e}");
        }
    }
    if let Err(e) = record(journal, clock, Kind::Stop, None).await {
        tracing::error!("the stop could not be recorded: {e}");
    }
    journal.close();
}

/// Writes one record of the gate's own.
pub async fn record(
    journal: &Journal,
    clock: &Clock,
    kind: Kind,
    note: Option<String>,
) -> anyhow::Result<()> {
    let mut record = Record::new(kind, Timestamp(clock.now_millis()));
    record.note = Some(
        note.unwrap_or_else(|| concat!("portcullis ", env!("CARGO_PKG_VERSION")).to_owned()).into(),
    );
    journal.append(record).await?;
    Ok(())
}

fn say_auth(house: &House) {
    let config = &house.loaded.config;
    let now = Timestamp(house.clock.now_millis());
    match config.server.auth {
        Auth::None => tracing::warn!("auth = \"none\": every program on this machine may call"),
        Auth::Keys => {
            let rows = store::Keys::keys(&*house.store).unwrap_or_default();
            if super::good(&rows, now) == 0 {
                tracing::warn!(
                    "there is no API key, so nobody gets in: make one with `portcullis keys create NAME`"
                );
            }
        }
    }
}

/// Takes up keys, pins and effects that a command of the operator has changed, and records that.
pub async fn watch_store(gate: Gate, store: Arc<SqliteStore>, journal: Journal, clock: Clock) {
    let mut version = store.version();
    let mut known = Decisions::read(&store);
    loop {
        tokio::time::sleep(LOOK).await;
        if version.as_ref().is_ok_and(|v| store.changed(*v) == Ok(false)) {
            continue;
        }
        version = store.version();
        let now = Decisions::read(&store);
        let changes = known.changes(&now);
        known = now;
        if changes.keys {
            gate.set_keys(Ok(super::ring(&store)));
        }
        if changes.pins {
            gate.forget_pins();
        }
        for note in changes.notes {
            tracing::info!("{note}");
            if let Err(e) = record(&journal, &clock, Kind::Admin, Some(note)).await {
                tracing::error!("a change could not be recorded: {e}");
            }
        }
    }
}

/// Reads the configuration again whenever SIGHUP says so.
async fn on_hangup(mut hangups: Signal, reloader: Reloader, journal: Journal, clock: Clock) {
    while hangups.recv().await.is_some() {
        let note = match reloader.reload() {
            Ok(restart) if restart.is_empty() => "configuration reloaded".to_owned(),
            Ok(restart) => {
                let list = restart.join("], [");
                format!("configuration reloaded; changes in [{list}] need a restart")
            }
            Err(e) => {
                tracing::error!(
                    "the configuration was not reloaded, the last good one stays:\n{e}"
                );
                "configuration not reloaded: it has an error".to_owned()
            }
        };
        tracing::info!("{note}");
        if let Err(e) = record(&journal, &clock, Kind::Admin, Some(note)).await {
            tracing::error!("a reload could not be recorded: {e}");
        }
    }
}

/// A future that is done when the process is asked to end. From the call on, not only from the first poll, SIGTERM and
/// SIGINT no longer kill.
pub fn asked_to_end() -> std::io::Result<impl Future<Output = ()> + Send> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
    })
}
