use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ambient::Clock;
use model::{NoSecret, SecretName};

use super::message::{Answer, NAMES, No, Request, Use};
use super::peer::Peer;
use super::token::Claims;
use crate::Vault;
use crate::crypto::{Key, random_key};
use crate::error::KeyError;

/// Most processes that are remembered; those that have ended are forgotten first.
const PEERS: usize = 1024;

/// What one client may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Its configuration, as an absolute path.
    pub client: String,
    /// The user it runs as.
    pub uid: u32,
    /// The secrets that its configuration names.
    pub names: BTreeSet<SecretName>,
}

/// How long things last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// The longest life of a token.
    pub token: Duration,
    /// A whole connection.
    pub connection: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self { token: Duration::from_mins(5), connection: Duration::from_secs(10) }
    }
}

/// What decides. It knows no socket.
pub(super) struct Desk {
    vault: Vault,
    scopes: Vec<Scope>,
    longest: u64,
    clock: Clock,
    key: Key,
    /// For which configuration a process has come. It stays with it.
    came: Mutex<HashMap<Peer, usize>>,
}

/// One connection.
pub(super) struct Visit {
    peer: Peer,
    scope: Option<usize>,
}

impl Visit {
    pub(super) const fn new(peer: Peer) -> Self {
        Self { peer, scope: None }
    }
}

impl Desk {
    pub(super) fn new(
        vault: Vault,
        scopes: Vec<Scope>,
        times: Times,
        clock: Clock,
    ) -> Result<Self, KeyError> {
        let longest = u64::try_from(times.token.as_millis()).unwrap_or(u64::MAX);
        let came = Mutex::new(HashMap::new());
        Ok(Self { vault, scopes, longest, clock, key: random_key()?, came })
    }

    /// Whether anything is there for this user at all.
    pub(super) fn knows(&self, uid: u32) -> bool {
        self.scopes.iter().any(|scope| scope.uid == uid)
    }

    pub(super) async fn answer(&self, visit: &mut Visit, request: Request) -> Answer {
        let answered = match request {
            Request::Hello { client } => self.hello(visit, &client),
            Request::Token { names, lifetime } => self.token(visit, names, lifetime).await,
            Request::Secret { token, name, usage } => {
                self.secret(visit, &token, &name, &usage).await
            }
        };
        answered.unwrap_or_else(|why| {
            tracing::info!(pid = visit.peer.pid, uid = visit.peer.uid, ?why, "nothing given out");
            Answer::No { why }
        })
    }

    fn hello(&self, visit: &mut Visit, client: &str) -> Result<Answer, No> {
        let fits = |scope: &Scope| scope.client == client && scope.uid == visit.peer.uid;
        let at = self.scopes.iter().position(fits).ok_or(No::Refused)?;
        let mut came = self.came.lock().unwrap_or_else(PoisonError::into_inner);
        if came.len() >= PEERS {
            came.retain(|peer, _| peer.lives());
        }
        if came.len() >= PEERS && !came.contains_key(&visit.peer) {
            return Err(No::Refused);
        }
        if *came.entry(visit.peer).or_insert(at) != at {
            return Err(No::Refused);
        }
        visit.scope = Some(at);
        Ok(Answer::Welcome {})
    }

    async fn token(&self, visit: &Visit, names: Vec<String>, lifetime: u64) -> Result<Answer, No> {
        let scope = self.scope(visit)?;
        let lawful =
            |name: &String| SecretName::new(name).is_ok_and(|name| scope.names.contains(&name));
        if names.is_empty() || names.len() > NAMES || !names.iter().all(lawful) {
            return Err(No::Refused);
        }
        let millis = lifetime.saturating_mul(1000);
        if lifetime == 0 || millis > self.longest {
            return Err(No::Refused);
        }
        let epoch = self.vault.epoch().await.map_err(|_| No::Unavailable)?;
        let claims = Claims {
            client: scope.client.clone(),
            uid: visit.peer.uid,
            pid: visit.peer.pid,
            started: visit.peer.started,
            names,
            epoch,
            expires: self.now().saturating_add(millis),
        };
        let token = claims.seal(&self.key).map_err(|_| No::Unavailable)?;
        Ok(Answer::Token { token, seconds: lifetime })
    }

    async fn secret(
        &self,
        visit: &Visit,
        token: &str,
        name: &str,
        usage: &Use,
    ) -> Result<Answer, No> {
        let scope = self.scope(visit)?;
        let claims = Claims::open(&self.key, token).ok_or(No::Refused)?;
        let epoch = self.vault.epoch().await.map_err(|_| No::Unavailable)?;
        let holds = claims.hold(visit.peer, &scope.client, self.now(), self.longest, epoch);
        if !holds || !claims.names.iter().any(|n| n == name) {
            return Err(No::Refused);
        }
        let name = SecretName::new(name).map_err(|_| No::Refused)?;
        match self.vault.value(&name, usage.usage()).await {
            Ok(value) => Ok(Answer::Value { value: value.as_str().to_owned() }),
            Err(NoSecret::Missing(_)) => Err(No::Missing),
            Err(NoSecret::NotFor(..)) => Err(No::NotFor),
            Err(NoSecret::Unavailable(why)) => {
                tracing::warn!("the vault cannot be read: {why}");
                Err(No::Unavailable)
            }
        }
    }

    fn scope(&self, visit: &Visit) -> Result<&Scope, No> {
        visit.scope.and_then(|at| self.scopes.get(at)).ok_or(No::Refused)
    }

    fn now(&self) -> u64 {
        self.clock.instant().0 / 1_000_000
    }
}

#[cfg(test)]
mod tests;
