//! A gate that is only looked at: nothing it meets is pinned, nothing it does is recorded.

use std::path::Path;
use std::sync::Arc;

use gate::{Client, Gate, Lease};
use model::{Credential, Principal, Scopes};
use protocol::mcp::{ClientCapabilities, Version};

use crate::cli::Who;
use crate::config::{self, Loaded};
use crate::house::{Built, House, Onlooker, build, listens, next_epoch};

/// A gate for one question.
pub struct Look {
    /// The gate.
    pub gate: Gate,
    /// The configuration it was made for.
    pub loaded: Loaded,
    /// What it was made of.
    pub built: Built,
    /// Gone when this is dropped.
    _scratch: Box<dyn std::any::Any>,
}

impl Look {
    /// Opens one for the configuration at `path`. To be called inside a runtime.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let loaded = config::load(path)?;
        let house = House::open(loaded.clone())?;
        let (journal, scratch) = house.scratch()?;
        let store = Arc::new(Onlooker(house.store.clone()));
        let own = listens(&house.loaded.config);
        let built = build(&house, journal, store, next_epoch(0, &house.clock), own, None)?;
        Ok(Self { gate: built.gate.clone(), loaded, built, _scratch: Box::new(scratch) })
    }

    /// Stops what was started for it.
    pub async fn close(self) {
        for source in &self.built.sources {
            source.stop().await;
        }
    }
}

/// A client that asks as `who` would.
pub fn client(who: &Who, version: Version) -> anyhow::Result<Arc<Client>> {
    let principal = principal(who)?;
    let mut lease = [0; 16];
    ambient::random(&mut lease)?;
    Ok(Arc::new(Client::new(
        Lease(u128::from_be_bytes(lease)),
        Arc::new(principal),
        version,
        ClientCapabilities::none(),
        None,
        None,
        "command",
        String::new(),
        None,
    )))
}

/// Whom the command line names.
pub fn principal(who: &Who) -> anyhow::Result<Principal> {
    Ok(Principal {
        id: identity::principal_id(&who.principal)?,
        tenant: identity::tenant_id(&who.tenant)?,
        role: who.role.into(),
        scopes: Scopes::new(who.scopes.iter().cloned()),
        credential: Credential::None,
    })
}

/// The operator at the terminal, as an agent would be seen.
pub fn operator() -> Who {
    Who {
        principal: user(),
        tenant: "default".to_owned(),
        role: crate::cli::RoleName::Operator,
        scopes: Vec::new(),
    }
}

/// Who decides, for records: the name of the user, as far as it can be an id.
pub fn user() -> String {
    let name = ["USER", "LOGNAME"].into_iter().find_map(ambient::env).unwrap_or_default();
    if identity::principal_id(&name).is_ok() { name } else { "local".to_owned() }
}
