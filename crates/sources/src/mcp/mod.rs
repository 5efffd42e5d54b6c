mod care;
mod source;

use std::collections::HashMap;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ambient::Clock;
use egress::{Deadline, Egress};
use gate::port::{Events, Greeting, Link, Reply, Trouble};
use gate::{Clearance, Client, Lease};
use model::Secrets;
use pay::Payer;
use process::Launcher;
use protocol::mcp::{Era, Method};

use crate::call::{Call, End, Till, Trace};
use crate::config::{Config, Reach};
use crate::eras::Eras;
use crate::error::SetupError;
use crate::fault::{Fault, FaultKind};
use crate::greetings::Greetings;
use crate::hub::Hub;
use crate::launch::Launch;
use crate::session::{Key, Opener, Pool, Session, Way};
use crate::wire::Endpoint;
use breaker::{Breaker, Outcome};

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
    /// Where secrets come from.
    pub secrets: Arc<dyn Secrets>,
    /// What pays, where anything may be paid.
    pub payer: Option<Payer>,
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
        let Ports { egress, launcher, clock, events, secrets, payer } = ports;
        let till = payer.and_then(|payer| Till::new(payer, &name, reach.url()));
        let children = launcher.children().caps().per_source;
        let way = match reach {
            Reach::Stdio(program) => Way::Stdio(Launch::new(
                &name,
                launcher,
                program,
                clock.clone(),
                secrets,
                events.clone(),
            )?),
            Reach::Http(remote) => {
                Way::Http(Endpoint::new(&egress, remote, &times, &bounds, secrets)?)
            }
            Reach::Sse(_) if era == Some(Era::Modern) => return Err(SetupError::ModernSse),
            Reach::Sse(remote) => {
                Way::Sse(Endpoint::new(&egress, remote, &times, &bounds, secrets)?)
            }
        };
        let mut sessions = bounds.sessions;
        if let Way::Stdio(_) = way {
            // One less than there may be children: the one that makes room takes a moment to go.
            sessions = sessions.min(children.saturating_sub(1).max(1));
        }
        let hub = Arc::new(Hub::new(name, times, bounds, roots, clock, events, till));
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
            runtime.spawn(care::look_after(Arc::downgrade(&mcp)));
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
                let session = Box::pin(self.open(None, Era::Modern)).await?;
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
            // Pinned where it is made: it is large, and would be moved twice.
            let attempts = pin!(self.attempts(&clearance, &link, deadline, &trace));
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
                    self.pool.forget(&self.key(&clearance.client), &session);
                    if !std::mem::take(&mut again) {
                        return Err(fault.into());
                    }
                }
                Err(End::Fault(fault)) if fault.is(FaultKind::OtherEra) => {
                    // It was of this era and is no more: the next call finds out anew.
                    self.eras.forget();
                    self.pool.forget(&self.key(&clearance.client), &session);
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
            Ok(_) | Err(End::Answered(_) | End::Needs(_) | End::Unpaid(_)) => Outcome::Alive,
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
        if let Some(session) = self.pool.get(&key) {
            return Ok(session);
        }
        // Apart, for it is rare, and large enough to make every call slow that has to carry room for it.
        Box::pin(self.new_session(&key, client)).await
    }

    async fn new_session(&self, key: &Key, client: &Arc<Client>) -> Result<Arc<Session>, Fault> {
        let whose = (!self.stateless).then_some(client);
        let anew = self.pool.had(key);
        let opened = self.pool.get_or_open(key, self.open(whose, client.version.era())).await?;
        self.restore(client, &opened);
        if anew {
            self.hub.lists_may_differ();
        }
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

    fn key(&self, client: &Client) -> Key {
        if self.stateless {
            Key::Shared(client.principal.tenant.clone(), client.version.era())
        } else {
            Key::Lease(client.lease)
        }
    }

    fn breaker(&self) -> std::sync::MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watchers(&self) -> std::sync::MutexGuard<'_, HashMap<Lease, Arc<Client>>> {
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner)
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
                self.pool.forget(&self.key(client), &session);
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
