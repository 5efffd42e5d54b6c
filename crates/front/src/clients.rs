//! Modern clients. They have no sessions; what is remembered of one is what each of its requests says again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::hmac;
use bytes::Bytes;
use gate::{Client, Gate, Lease};
use model::{Principal, SourceName};
use protocol::json::JsonError;
use protocol::mcp::{ClientCapabilities, Method, ServerCapabilities, Version};

use crate::base::Base;
use crate::capabilities::offers;

/// Most clients that are remembered. What falls out is put together again on the next request.
const MAX: usize = 4096;
/// How long an offer is taken to stand.
const OFFER: Duration = Duration::from_secs(30);

/// Clients by what their requests say.
pub(crate) struct Clients {
    /// Leases are keyed hashes: nobody outside can make two clients share one.
    key: hmac::Key,
    known: Mutex<HashMap<Key, Arc<Known>>>,
}

#[derive(PartialEq, Eq, Hash)]
struct Key {
    /// Address of the principal, which the client that is remembered under it keeps alive.
    principal: usize,
    capabilities: Bytes,
    info: Option<Bytes>,
    only: Option<SourceName>,
    /// Records name it.
    front: &'static str,
}

/// One client, and what it was offered.
pub(crate) struct Known {
    pub(crate) client: Arc<Client>,
    offered: Mutex<Option<(ServerCapabilities, u64)>>,
}

impl Clients {
    pub(crate) fn new() -> Result<Self, ambient::NoEntropy> {
        let mut key = [0; 32];
        ambient::random(&mut key)?;
        Ok(Self { key: hmac::Key::new(hmac::HMAC_SHA256, &key), known: Mutex::default() })
    }

    /// The client that a request comes from.
    pub(crate) fn of(
        &self,
        principal: &Arc<Principal>,
        capabilities: &Bytes,
        info: Option<&Bytes>,
        only: Option<&SourceName>,
        front: &'static str,
    ) -> Result<Arc<Known>, JsonError> {
        let key = Key {
            principal: Arc::as_ptr(principal).addr(),
            capabilities: capabilities.clone(),
            info: info.cloned(),
            only: only.cloned(),
            front,
        };
        if let Some(known) = self.lock().get(&key) {
            return Ok(known.clone());
        }
        // Copies: a slice would keep the whole request alive.
        let copy = |raw: &Bytes| Bytes::copy_from_slice(raw);
        let (raw, info) = (copy(capabilities), info.map(copy));
        let parsed = ClientCapabilities::parse(raw.clone())?;
        let lease = self.lease(principal, &parsed, only);
        let client = Client::new(
            lease,
            principal.clone(),
            Version::MODERN,
            parsed,
            info.clone(),
            only.cloned(),
            front,
            String::new(),
            None,
        );
        let known = Arc::new(Known { client: Arc::new(client), offered: Mutex::default() });
        let mut all = self.lock();
        if all.len() >= MAX {
            all.clear();
        }
        all.insert(Key { capabilities: raw, info, ..key }, known.clone());
        Ok(known)
    }

    fn lease(
        &self,
        principal: &Principal,
        capabilities: &ClientCapabilities,
        only: Option<&SourceName>,
    ) -> Lease {
        let mut context = hmac::Context::with_key(&self.key);
        let parts: [&[u8]; 5] = [
            principal.tenant.as_str().as_bytes(),
            principal.id.as_str().as_bytes(),
            Version::MODERN.as_str().as_bytes(),
            only.map_or("", SourceName::as_str).as_bytes(),
            &capabilities.fingerprint(),
        ];
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let tag = context.sign();
        let mut lease = [0; 16];
        lease.copy_from_slice(&tag.as_ref()[..16]);
        Lease(u128::from_be_bytes(lease))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Arc<Known>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Whether the method is among what is offered to this client. Where a source did not answer, nobody can say no.
    pub(crate) async fn is_offered(&self, base: &Base, method: &Method) -> bool {
        // A call names what it calls; whether that is there is known without asking anybody what there is.
        if matches!(method, Method::ToolsCall) || offers(&ServerCapabilities::default(), method) {
            return true;
        }
        let now = base.clock.now_millis();
        let fresh = |at: u64| u128::from(now.saturating_sub(at)) < OFFER.as_millis();
        if let Some((offered, at)) = &*self.lock()
            && fresh(*at)
        {
            return offers(offered, method);
        }
        let welcome = Box::pin(self.greet(&base.gate, now)).await;
        !welcome.warnings.is_empty() || offers(&welcome.capabilities, method)
    }

    /// What the gate says of itself to this client, and remembers having said.
    pub(crate) async fn greet(&self, gate: &Gate, now: u64) -> gate::Welcome {
        let welcome = gate.greet(&self.client).await;
        if welcome.warnings.is_empty() {
            *self.lock() = Some((welcome.capabilities.clone(), now));
        }
        welcome
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(ServerCapabilities, u64)>> {
        self.offered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
