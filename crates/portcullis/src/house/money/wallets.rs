//! The wallets that a configuration names, each as the driver of its rails; none is contacted yet.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use egress::{Client, Credential, Egress, HeaderTemplates, Policy, Target};
use http::HeaderName;
use model::Secrets;
use pay::chain::Chain;
use pay::ecash::{Ecash, Melter, Mint};
use pay::hand::Hand;
use pay::lightning::{Lightning, TIME_LIMIT};
use pay::x402::{Settings, X402};
use pay::{Drivers, Proofs};
use relays::Relays;
use treasury::Treasury;
use url::Url;
use wallets::{CoreLightning, LnBits, Lnd, Nwc, Place, Wallet};

use super::Shared;
use super::policy::tokens;
use crate::config::{self, LightningWallet, Payments, Value};
use crate::house::House;

/// Blocks on top of the one that holds a transfer.
const CONFIRMATIONS: u64 = 1;
/// How long a seller's answer may wait for the chain.
const PATIENCE: Duration = Duration::from_secs(5);

/// Every driver that a configuration names.
///
/// # Errors
/// A URL, a key or a network that cannot be used.
pub fn drivers(
    house: &House,
    own: &Payments,
    treasury: &Treasury,
    shared: &Shared,
) -> Result<Drivers, String> {
    let reach = Reach { own, egress: &shared.egress, secrets: &shared.secrets };
    let mut drivers = Drivers::default();
    if let Some(key) = own.x402.as_ref().and_then(|x402| x402.key.as_ref()) {
        drivers.evm = Some(Arc::new(X402::new(reach.x402(house, key, treasury)?)));
    }
    if own.by_hand() {
        drivers.hand = Some(Arc::new(reach.hand(house, treasury)?));
    }
    let ecash = ecash(house, own, treasury, &shared.egress)?.map(Arc::new);
    if let Some(ecash) = &ecash {
        drivers.ecash = Some(ecash.clone());
    }
    if let Some(lightning) = &own.lightning {
        let limit = lightning.timeout.map_or(TIME_LIMIT, |span| span.0);
        let wallet = reach.wallet(house, &lightning.wallet, limit, ecash)?;
        let name = lightning.wallet.name();
        drivers.lightning =
            Some(Arc::new(Lightning::new(wallet, name, house.clock.clone(), limit)));
    }
    Ok(drivers)
}

/// The wallet of ecash, if the configuration names mints.
///
/// # Errors
/// A URL that cannot be used.
pub fn ecash(
    house: &House,
    own: &Payments,
    treasury: &Treasury,
    egress: &Egress,
) -> Result<Option<Ecash>, String> {
    let named = own.cashu.as_ref().map_or(&[][..], |cashu| &cashu.mints);
    let mint = |text: &String| {
        let url = cashu::MintUrl::parse(text)
            .map_err(|e| format!("`mints`: `{}`: {e}", text.escape_debug()))?;
        let target =
            spend::Target::parse(url.as_str()).map_err(|e| format!("`mints`: `{url}`: {e}"))?;
        let origin = target.origin.to_string();
        let near = own.private.iter().any(|place| origin == format!("http://{place}"));
        if !target.origin.is_tls() && !target.origin.is_loopback() && !near {
            return Err(format!(
                "`mints`: `{url}` is not https, and ecash is not sent in the open"
            ));
        }
        let (client, _) = client(own, egress, url.as_str(), "mints")?;
        Ok(Mint::new(url, client))
    };
    let mints = named.iter().map(mint).collect::<Result<Vec<_>, String>>()?;
    let wallet = |mints| Ecash::new(mints, treasury.clone(), house.clock.clone());
    Ok((!mints.is_empty()).then_some(mints).map(wallet))
}

/// Which targets of the section may be on a private network: only what is named.
///
/// # Errors
/// Something that is no `host:port`.
pub fn private(own: &Payments) -> Result<Policy, String> {
    let mut policy = Policy::default();
    for text in &own.private {
        let (host, port) = config::host_port(text)
            .ok_or_else(|| format!("`private`: `{}` is no host:port", text.escape_debug()))?;
        policy = policy.allow(&host, port);
    }
    Ok(policy)
}

/// The most relays that are searched.
const MAX_RELAYS: usize = 10;

/// Where services may be searched for. Plain `ws` is for this machine alone, where it is named as private.
///
/// # Errors
/// Something that is no relay, or too many of them.
pub fn relays(own: &Payments) -> Result<Vec<Url>, String> {
    if own.relays.len() > MAX_RELAYS {
        return Err(format!("`relays`: more than {MAX_RELAYS} are not searched"));
    }
    let private = private(own)?;
    let relay = |text: &String| {
        let wrong = |what: &str| format!("`relays`: `{}`: {what}", text.escape_debug());
        let url = nostr::relay::url(text, true).map_err(|fault| wrong(fault.message))?;
        let named = url.host_str().zip(url.port_or_known_default());
        let named = named.is_some_and(|(host, port)| private.names(host, port));
        if url.scheme() == "ws" && !named {
            return Err(wrong("a relay on this machine must stand in `private`, as host:port"));
        }
        Ok(url)
    };
    own.relays.iter().map(relay).collect()
}

/// How the targets of the section are reached.
struct Reach<'a> {
    own: &'a Payments,
    egress: &'a Egress,
    secrets: &'a Arc<dyn Secrets>,
}

fn client(
    own: &Payments,
    egress: &Egress,
    text: &str,
    what: &str,
) -> Result<(Client, Url), String> {
    let url = Url::parse(text).map_err(|e| format!("`{what}`: `{text}` is no URL: {e}"))?;
    let mut target = Target::new(url.clone());
    target.policy = private(own)?;
    let client = egress.client(&target);
    client.map(|client| (client, url)).map_err(|e| format!("`{what}`: {e}"))
}

impl Reach<'_> {
    fn client(&self, text: &str, what: &str) -> Result<(Client, Url), String> {
        client(self.own, self.egress, text, what)
    }

    /// The chains that are named, each with its nodes.
    fn chains(&self) -> Result<BTreeMap<String, Chain>, String> {
        let mut chains = BTreeMap::new();
        let Some(set) = &self.own.x402 else { return Ok(chains) };
        for network in &set.networks {
            let id = rails::x402::chain_id(network)
                .ok_or_else(|| format!("`{network}` is no EVM chain: write it like eip155:8453"))?;
            let nodes = set.rpc.get(network).into_iter().flatten();
            let endpoints = nodes.map(|url| Ok(self.client(url, "rpc")?.0));
            let endpoints = endpoints.collect::<Result<_, String>>()?;
            let quorum = set.quorum.unwrap_or(0);
            // Counted from the block that holds the transfer, which is the first.
            let confirmations = set.confirmations.unwrap_or(CONFIRMATIONS).saturating_add(1);
            chains.insert(network.clone(), Chain { id, endpoints, quorum, confirmations });
        }
        if let Some(stray) = set.rpc.keys().find(|network| !chains.contains_key(*network)) {
            return Err(format!("`rpc` names {stray}, which is none of `networks`"));
        }
        Ok(chains)
    }

    fn x402(&self, house: &House, key: &Value, treasury: &Treasury) -> Result<Settings, String> {
        Ok(Settings {
            chains: self.chains()?,
            tokens: tokens(self.own)?,
            key: key.template().map_err(|e| format!("`x402.key`: {e}"))?,
            secrets: self.secrets.clone(),
            clock: house.clock.clone(),
            unique: Arc::new(Proofs::new(treasury.clone())),
            patience: PATIENCE,
        })
    }

    fn hand(&self, house: &House, treasury: &Treasury) -> Result<Hand, String> {
        let named = self.own.human.as_ref().and_then(|human| human.wallet.as_ref());
        let wallet = named
            .map(|set| Ok::<_, String>((self.wallet(house, set, TIME_LIMIT, None)?, set.name())));
        Ok(Hand::new(pay::hand::Settings {
            wallet: wallet.transpose()?,
            chains: self.chains()?,
            unique: Arc::new(Proofs::new(treasury.clone())),
            clock: house.clock.clone(),
        }))
    }

    fn wallet(
        &self,
        house: &House,
        set: &LightningWallet,
        limit: Duration,
        ecash: Option<Arc<Ecash>>,
    ) -> Result<Arc<dyn Wallet>, String> {
        Ok(match set {
            LightningWallet::Lnbits { url, key } => {
                Arc::new(LnBits::new(self.place(url, "x-api-key", key, limit)?))
            }
            LightningWallet::Lnd { url, macaroon } => {
                Arc::new(Lnd::new(self.place(url, "grpc-metadata-macaroon", macaroon, limit)?))
            }
            LightningWallet::Cln { url, rune } => {
                Arc::new(CoreLightning::new(self.place(url, "rune", rune, limit)?))
            }
            LightningWallet::Nwc { uri } => {
                let uri = uri.template().map_err(|e| format!("`lightning.wallet`: {e}"))?;
                let relays = Relays::new(self.egress.clone(), private(self.own)?);
                let secrets = self.secrets.clone();
                Arc::new(Nwc::new(uri, secrets, relays, house.clock.clone(), limit))
            }
            LightningWallet::Ecash {} => {
                let none =
                    "`lightning.wallet`: the wallet of ecash has no `mints` in `[payments.cashu]`";
                Arc::new(Melter::new(ecash.ok_or(none)?))
            }
        })
    }

    fn place(
        &self,
        url: &str,
        field: &'static str,
        key: &Value,
        limit: Duration,
    ) -> Result<Place, String> {
        let (client, base) = self.client(url, "lightning.wallet")?;
        let key = key.template().map_err(|e| format!("`lightning.wallet`: {e}"))?;
        let fields = vec![(HeaderName::from_static(field), key)];
        let credential: Arc<dyn Credential> = Arc::new(HeaderTemplates(fields));
        Ok(Place::new(client, base, credential, limit))
    }
}
