use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use ambient::Clock;
use egress::{Deadline, Egress};
use gate::port::{
    Boxed, Events, Filter, Greeting, Kind, Link, Listing, Reply, Source, Status, Told, Trouble,
};
use gate::{Clearance, Cleared, Client, Lease};
use model::SourceName;
use process::Launcher;
use protocol::mcp::{Era, Method};

use crate::breaker::{Breaker, Outcome};
use crate::call::{Call, End, Trace};
use crate::config::{Config, Reach};
use crate::eras::Eras;
use crate::error::SetupError;
use crate::fault::{Fault, FaultKind};
use crate::greetings::Greetings;
use crate::hub::Hub;
use crate::launch::Launch;
use crate::session::{Key, Opener, Pool, Session, Way};
use crate::wire::Endpoint;
use crate::{pages, watch};

/// One MCP server behind the gate.
///
/// Sessions are opened when they are first needed, one a lease (one for all if the server keeps nothing), in the
/// client's own era where the server speaks it. A session that the server has forgotten is opened anew once, and the
/// request it refused repeated once; nothing else is ever sent twice.
pub struct Mcp {
    identity: String,
    stateless: bool,
    eras: Eras,
    opener: Opener,
    pub(crate) pool: Pool,
    greetings: Greetings,
    breaker: Mutex<Breaker>,
    /// Clients that watch something: their sessions are opened anew when they are lost.
    watchers: Mutex<HashMap<Lease, Arc<Client>>>,
    hub: Arc<Hub>,
}

/// What a source needs of the rooms around it.
pub struct Ports {
    /// The way out.
    pub egress: Egress,
    /// What starts programs.
    pub launcher: Launcher,
    /// The time.
    pub clock: Clock,
    /// Where news goes.
    pub events: Arc<dyn Events>,
}

impl Mcp {
    /// A source; nothing is opened yet. Inside a runtime it looks after itself: sessions nobody uses are closed, and a
    /// server that was left alone is tried again.
    ///
    /// # Errors
    /// The settings cannot be used as they are.
    pub fn new(config: Config, ports: Ports) -> Result<Arc<Self>, SetupError> {
        let Config { name, reach, era, stateless, times, bounds, breaker, roots } = config;
        let identity = reach.identity();
        let Ports { egress, launcher, clock, events } = ports;
        let children = launcher.children().caps().per_source;
        let way = match reach {
            Reach::Stdio(program) => {
                Way::Stdio(Launch::new(&name, launcher, program, clock.clone())?)
            }
            Reach::Http(remote) => Way::Http(Endpoint::new(&egress, &remote, &times, &bounds)?),
            Reach::Sse(_) if era == Some(Era::Modern) => return Err(SetupError::ModernSse),
            Reach::Sse(remote) => Way::Sse(Endpoint::new(&egress, &remote, &times, &bounds)?),
        };
        let mut sessions = bounds.sessions;
        if let Way::Stdio(_) = way {
            // One less than there may be children: the one that makes room takes a moment to go.
            sessions = sessions.min(children.saturating_sub(1).max(1));
        }
        let hub = Arc::new(Hub::new(name, times, bounds, roots, clock, events));
        let mcp = Arc::new(Self {
            identity,
            stateless,
            eras: Eras::new(era),
            opener: Opener { hub: hub.clone(), way, old: AtomicBool::new(false) },
            pool: Pool::new(sessions),
            greetings: Greetings::new(hub.clock.clone()),
            breaker: Mutex::new(Breaker::new(breaker)),
            watchers: Mutex::default(),
            hub,
        });
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(look_after(Arc::downgrade(&mcp)));
        }
        Ok(mcp)
    }

    /// Asks the server for a sign of life: `ping` or `server/discover`, whichever its era has.
    ///
    /// # Errors
    /// It gives none.
    pub async fn check(&self) -> Result<(), Trouble> {
        let alive = async {
            let Some(session) = self.pool.open_ones().into_iter().next() else {
                // There is nobody to open a session for: whether it can be opened for anyone has to do.
                let session = self.open(None, Era::Modern).await?;
                session.close().await;
                return Ok(());
            };
            let method = match session.era() {
                Era::Legacy => Method::Ping,
                Era::Modern => Method::Discover,
            };
            // An error is an answer too.
            session.ask(method, &session.params(&[]), self.hub.times.list).await.map(drop)
        };
        self.guarded(async { alive.await.map_err(End::Fault) }).await
    }

    /// Carries out what was cleared.
    pub(crate) async fn carry_out(
        &self,
        clearance: Clearance,
        link: Arc<dyn Link>,
    ) -> Result<Reply, Trouble> {
        let limit = clearance.deadline;
        let deadline = Deadline::after(limit);
        let trace = Trace::default();
        let running = async {
            let attempts = self.attempts(&clearance, &link, deadline, &trace);
            match tokio::time::timeout(limit, attempts).await {
                Ok(reply) => reply,
                Err(_) => Err(trace.overdue(limit.as_millis()).into()),
            }
        };
        let reply = self.guarded(running).await;
        if trace.breached.load(Ordering::Relaxed) {
            self.breaker().report(Outcome::Fault, self.hub.clock.instant());
        }
        reply
    }

    /// The call, and once more if the server refused it for having forgotten the session.
    async fn attempts(
        &self,
        clearance: &Clearance,
        link: &Arc<dyn Link>,
        deadline: Deadline,
        trace: &Trace,
    ) -> Result<Reply, End> {
        let mut again = true;
        loop {
            let session = self.session(&clearance.client).await?;
            let hub = &self.hub;
            let call = Call { hub, session: &session, clearance, link, deadline, trace };
            match call.run().await {
                Err(End::Fault(fault)) if fault.is(FaultKind::SessionGone) => {
                    self.pool.forget(self.key(&clearance.client), &session);
                    if !std::mem::take(&mut again) {
                        return Err(fault.into());
                    }
                }
                Err(End::Fault(fault)) if fault.is(FaultKind::OtherEra) => {
                    // It was of this era and is no more: the next call finds out anew.
                    self.eras.forget();
                    self.pool.forget(self.key(&clearance.client), &session);
                    return Err(Fault { blamed: true, ..fault }.into());
                }
                other => return other,
            }
        }
    }

    /// Work that tells of the server's health: not begun while the circuit is open, and its outcome noted.
    async fn guarded<T>(&self, work: impl Future<Output = Result<T, End>>) -> Result<T, Trouble> {
        let admitted = self.breaker().admit(self.hub.clock.instant());
        if let Err(wait) = admitted {
            let wait = wait.as_millis();
            return Err(Fault::down(format!("left alone for {wait} ms more")).into());
        }
        let mut report = Report { of: self, outcome: Outcome::Unknown };
        let done = work.await;
        report.outcome = match &done {
            Ok(_) | Err(End::Answered(_) | End::Needs(_)) => Outcome::Alive,
            Err(End::Fault(fault)) if fault.blamed => Outcome::Fault,
            Err(End::Fault(_)) => Outcome::Unknown,
        };
        if let Err(End::Fault(fault)) = &done {
            self.hub.trouble(fault.detail.clone());
        }
        drop(report);
        done.map_err(Trouble::from)
    }

    /// The session for this client, opened if there is none.
    async fn session(&self, client: &Arc<Client>) -> Result<Arc<Session>, Fault> {
        let key = self.key(client);
        if let Some(session) = self.pool.get(key) {
            return Ok(session);
        }
        let whose = (!self.stateless).then_some(client);
        let opened = self.pool.get_or_open(key, self.open(whose, client.version.era())).await?;
        self.restore(client, &opened);
        Ok(opened)
    }

    /// Opens a session in the first era that works.
    async fn open(&self, client: Option<&Arc<Client>>, of: Era) -> Result<Arc<Session>, Fault> {
        let mut last = Fault::failed("speaks no era of MCP");
        for era in self.eras.to_try(of) {
            match self.opener.open(era, client, self.eras.speaks(era)).await {
                Ok(session) => {
                    self.eras.learn(era, true);
                    return Ok(session);
                }
                Err(fault) if fault.is(FaultKind::OtherEra) => {
                    self.eras.learn(era, false);
                    last = fault;
                }
                Err(fault) => return Err(fault),
            }
        }
        self.eras.forget();
        Err(Fault { blamed: true, ..last })
    }

    /// Hears a server that may ask a legacy client outside any call, and watches again what was watched on a session
    /// that is lost.
    fn restore(&self, client: &Arc<Client>, session: &Arc<Session>) {
        let lease = client.lease;
        let can_be_asked = client.link.is_some() && session.declared.can_be_asked();
        if can_be_asked && client.version.era() == Era::Legacy && session.era() == Era::Legacy {
            let (hub, weak) = (self.hub.clone(), Arc::downgrade(session));
            let listening = tokio::spawn(async move {
                if let Some(session) = weak.upgrade() {
                    session.listen(&hub).await;
                }
            });
            session.keep(listening.abort_handle());
        }
        let Some(filter) = self.hub.watched(lease).filter(|f| *f != Filter::default()) else {
            return;
        };
        let (hub, weak) = (self.hub.clone(), Arc::downgrade(session));
        let task = tokio::spawn(async move {
            let Some(session) = weak.upgrade() else { return };
            match watch::start(&hub, &session, lease, &filter).await {
                Ok(_) => hub.presume_changed(lease),
                Err(fault) => hub.trouble(format!("watching could not be restored: {fault}")),
            }
        });
        session.keep(task.abort_handle());
    }

    fn key(&self, client: &Client) -> Key {
        if self.stateless { Key::Shared(client.version.era()) } else { Key::Lease(client.lease) }
    }

    fn breaker(&self) -> std::sync::MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watchers(&self) -> std::sync::MutexGuard<'_, HashMap<Lease, Arc<Client>>> {
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the sessions anew that were lost while something was watched on them.
    async fn watch_on(&self) {
        let watchers: Vec<_> = self.watchers().values().cloned().collect();
        for client in watchers.into_iter().filter(|c| self.pool.get(self.key(c)).is_none()) {
            let opened = async { Ok(self.session(&client).await?) };
            if let Err(trouble) = self.guarded(opened).await {
                tracing::debug!(source = %self.hub.name, "watching is not restored: {trouble}");
                return;
            }
        }
    }

    async fn greeting(&self, client: &Arc<Client>) -> Result<Arc<Greeting>, End> {
        let session = self.session(client).await?;
        let _busy = session.use_it();
        Ok(self.greetings.of(&self.hub, &session, client).await?)
    }

    /// One thing done on the client's session, and once more if the server has forgotten that.
    async fn on_session<T, F>(
        &self,
        client: &Arc<Client>,
        work: impl Fn(Arc<Session>) -> F,
    ) -> Result<T, End>
    where
        F: Future<Output = Result<T, End>>,
    {
        let session = self.session(client).await?;
        let busy = session.use_it();
        match work(session.clone()).await {
            Err(End::Fault(fault)) if fault.is(FaultKind::SessionGone) => {
                drop(busy);
                self.pool.forget(self.key(client), &session);
                let session = self.session(client).await?;
                let _busy = session.use_it();
                work(session.clone()).await
            }
            other => other,
        }
    }
}

/// Reports an outcome when dropped, also when the work was given up half-way.
struct Report<'a> {
    of: &'a Mcp,
    outcome: Outcome,
}

impl Drop for Report<'_> {
    fn drop(&mut self) {
        self.of.breaker().report(self.outcome, self.of.hub.clock.instant());
    }
}

/// Closes sessions nobody uses, and tries a server again that was left alone.
async fn look_after(mcp: Weak<Mcp>) {
    loop {
        let Some(idle) = mcp.upgrade().map(|m| m.hub.times.idle) else { return };
        tokio::time::sleep((idle / 4).clamp(Duration::from_millis(50), Duration::from_secs(15)))
            .await;
        let Some(mcp) = mcp.upgrade() else { return };
        mcp.pool.reap(idle);
        mcp.watch_on().await;
        let due = mcp.breaker().wait(mcp.hub.clock.instant()).is_some_and(|wait| wait.is_zero());
        if due {
            if let Err(trouble) = mcp.check().await {
                tracing::debug!(source = %mcp.hub.name, "still out of order: {trouble}");
            }
        }
    }
}

impl Source for Mcp {
    fn name(&self) -> &SourceName {
        &self.hub.name
    }

    fn identity(&self) -> &str {
        &self.identity
    }

    fn greet<'a>(&'a self, client: &'a Arc<Client>) -> Boxed<'a, Result<Arc<Greeting>, Trouble>> {
        Box::pin(self.guarded(self.greeting(client)))
    }

    fn list<'a>(
        &'a self,
        client: &'a Arc<Client>,
        kind: Kind,
    ) -> Boxed<'a, Result<Listing, Trouble>> {
        let read = move |session: Arc<Session>| async move {
            pages::read(&self.hub, &session, kind).await
        };
        Box::pin(self.guarded(self.on_session(client, read)))
    }

    fn call<'a>(
        &'a self,
        cleared: Cleared,
        link: Arc<dyn Link>,
    ) -> Boxed<'a, Result<Reply, Trouble>> {
        Box::pin(self.carry_out(cleared.into_parts(), link))
    }

    fn watch<'a>(
        &'a self,
        client: &'a Arc<Client>,
        filter: Filter,
    ) -> Boxed<'a, Result<Filter, Trouble>> {
        Box::pin(async move {
            let (lease, filter) = (client.lease, &filter);
            let start = move |session: Arc<Session>| async move {
                Ok(watch::start(&self.hub, &session, lease, filter).await?)
            };
            let accepted = self.guarded(self.on_session(client, start)).await?;
            if accepted != Filter::default() {
                self.watchers().insert(lease, client.clone());
            }
            Ok(accepted)
        })
    }

    fn unwatch<'a>(&'a self, client: &'a Arc<Client>, uris: &'a [String]) -> Boxed<'a, ()> {
        Box::pin(async move {
            if let Some(session) = self.pool.get(self.key(client)) {
                watch::stop(&self.hub, &session, client.lease, uris).await;
            }
            if self.hub.watched(client.lease).is_none_or(|left| left == Filter::default()) {
                self.watchers().remove(&client.lease);
            }
        })
    }

    fn told<'a>(&'a self, client: &'a Arc<Client>, what: Told) -> Boxed<'a, ()> {
        Box::pin(async move {
            let own = self.pool.get(self.key(client)).filter(|s| s.client.is_some());
            let Some(session) = own.filter(|s| s.era() == Era::Legacy) else { return };
            match what {
                Told::Level(level) => session.set_level(level, self.hub.times.list).await,
                Told::RootsChanged if session.declared.roots_list_changed => {
                    let news = protocol::rpc::notification(Method::RootsChanged.as_str(), b"{}");
                    if let Err(fault) = session.wire.tell(news).await {
                        tracing::debug!(source = %self.hub.name, "not told of its roots: {fault}");
                    }
                }
                Told::RootsChanged => {}
            }
        })
    }

    fn end(&self, client: &Client) {
        self.watchers().remove(&client.lease);
        self.hub.forget(client.lease);
        self.greetings.forget(client.lease);
        if self.stateless {
            for session in self.pool.open_ones() {
                session.replace_listener(client.lease, None);
            }
        } else {
            self.pool.end(Key::Lease(client.lease));
        }
    }

    fn status(&self) -> Status {
        let (sessions, _) = self.pool.count();
        let (up, retry_in) = {
            let breaker = self.breaker();
            (breaker.is_closed(), breaker.wait(self.hub.clock.instant()))
        };
        let children = match &self.opener.way {
            Way::Stdio(launch) => launch.live(),
            Way::Http(_) | Way::Sse(_) => 0,
        };
        let last_trouble = self.hub.last_trouble();
        Status { up, era: self.eras.as_str(), sessions, children, last_trouble, retry_in }
    }

    fn stop(&self) -> Boxed<'_, ()> {
        Box::pin(self.pool.stop())
    }
}
