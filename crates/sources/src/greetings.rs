use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ambient::{Clock, Instant};
use gate::port::Greeting;
use gate::{Client, Lease};
use protocol::mcp::Era;

use crate::fault::Fault;
use crate::hub::Hub;
use crate::session::{Said, Session, discover, modern_meta};

/// A modern server is not asked for itself more often than this, whatever it says.
const LEAST: Duration = Duration::from_secs(5);
/// What it said is not kept for longer than this.
const MOST: Duration = Duration::from_mins(5);
/// Greetings kept at most.
const KEPT: usize = 1024;

/// What the server said of itself to each client, for as long as that holds.
pub(crate) struct Greetings {
    clock: Clock,
    /// Until when, from which session (its address), and what.
    kept: Mutex<HashMap<Lease, Kept>>,
}

type Kept = (Instant, usize, Arc<Greeting>);

impl Greetings {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, kept: Mutex::default() }
    }

    /// The greeting for one client, in the words of its version. Kept apart by lease: what a server offers may
    /// depend on who asks.
    pub(crate) async fn of(
        &self,
        hub: &Hub,
        session: &Arc<Session>,
        client: &Arc<Client>,
    ) -> Result<Arc<Greeting>, Fault> {
        let now = self.clock.instant();
        let from = Arc::as_ptr(session) as usize;
        if let Some((until, of, greeting)) = self.lock().get(&client.lease)
            && now < *until
            && *of == from
        {
            return Ok(greeting.clone());
        }
        let fresh = |said: &&Arc<Said>| match session.era() {
            Era::Legacy => true,
            Era::Modern => now.since(session.opened) < kept_for(said),
        };
        let said = if let Some(said) = session.said.as_ref().filter(fresh) {
            said.clone()
        } else {
            let meta = modern_meta(&session.declared, session.client.as_deref());
            let id = session.next_id();
            let asked = discover(&session.wire, &session.desk, id, &meta, hub.times.list);
            Arc::new(asked.await?)
        };
        let greeting = Arc::new(greeting(&said, session, client));
        let ttl = kept_for(&said);
        let until =
            Instant(now.0.saturating_add(u64::try_from(ttl.as_nanos()).unwrap_or(u64::MAX)));
        let mut kept = self.lock();
        if kept.len() >= KEPT {
            kept.retain(|_, (until, ..)| now < *until);
        }
        if kept.len() < KEPT {
            kept.insert(client.lease, (until, from, greeting.clone()));
        }
        Ok(greeting)
    }

    pub(crate) fn forget(&self, lease: Lease) {
        self.lock().remove(&lease);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Lease, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn kept_for(said: &Said) -> Duration {
    said.ttl.unwrap_or(MOST).clamp(LEAST, MOST)
}

fn greeting(said: &Said, session: &Session, client: &Client) -> Greeting {
    Greeting {
        capabilities: said.capabilities.project(session.version, client.version),
        instructions: said.instructions.clone(),
        info: said.info.clone(),
    }
}
