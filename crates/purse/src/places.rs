use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use egress::{Client, Egress, Policy, Target};
use model::money::MoneyRule;
use pay::Payer;
use spend::Origin;
use url::Url;

use crate::arguments::No;

/// Most sellers whose connections are kept.
const KEPT: usize = 64;

/// The sellers that may be asked: those that the operator lists, and nobody else.
pub(crate) struct Places {
    egress: Egress,
    private: Policy,
    clients: Mutex<HashMap<String, Client>>,
}

impl Places {
    /// `private` names what may be on the operator's own network.
    pub(crate) fn new(egress: Egress, private: Policy) -> Self {
        Self { egress, private, clients: Mutex::default() }
    }

    /// The client for a seller.
    pub(crate) fn client(&self, payer: &Payer, origin: &Origin) -> Result<Client, No> {
        if !origin.is_tls() && !origin.is_loopback() {
            let why = "the URL is not one of https, and nothing is paid for in the open";
            return Err(No::rule(MoneyRule::Tls, why));
        }
        let name = origin.to_string();
        if !payer.serves(&name) {
            let why = format!("{name} is none of the sellers that the operator lists");
            return Err(No::rule(MoneyRule::Origin, why));
        }
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&name) {
            return Ok(client.clone());
        }
        let url = Url::parse(&name).map_err(|_| No::rule(MoneyRule::Origin, "it is no seller"))?;
        let mut target = Target::new(url);
        target.policy = self.private.clone();
        let client = self.egress.client(&target);
        let client = client.map_err(|e| No::new(e.code(), "it may not be asked from here"))?;
        if clients.len() >= KEPT {
            clients.clear();
        }
        clients.insert(name, client.clone());
        Ok(client)
    }
}
