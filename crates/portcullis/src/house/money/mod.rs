//! Money, from the configuration to what pays: the policy of the judge, the budgets of the books, the wallets.

mod books;
mod budgets;
pub mod numbers;
mod policy;
mod units;
mod wallets;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use approvals::Desk;
use aws_lc_rs::digest::{SHA256, digest};
use egress::Egress;
use journal::Journal;
use model::Secrets;
use pay::ecash::Ecash;
use pay::{Parts, Payer};
use treasury::Treasury;

use super::House;
use crate::config::{ConfigError, Loaded};

pub use books::{treasury, treasury_as_it_is};
pub use budgets::{budgets, limits};
pub use policy::{pins, policy};
pub use units::{NANO, assets};
pub use wallets::{private, relays};

/// How often payments whose outcome is not known are looked into.
const LOOK: Duration = Duration::from_secs(10);

/// What a payer shares with the rest of the gate.
pub struct Shared {
    /// Where persons are asked.
    pub desk: Desk,
    /// The audit log.
    pub journal: Journal,
    /// The way out.
    pub egress: Egress,
    /// Secrets, at the moment they are needed.
    pub secrets: Arc<dyn Secrets>,
}

/// What pays, if anything may be paid at all.
///
/// # Errors
/// The settings about money cannot be used as they are.
pub fn payer(house: &House, shared: &Shared) -> Result<Option<Payer>, ConfigError> {
    let config = &house.loaded.config;
    let Some(own) = &config.payments else { return Ok(None) };
    let policy = policy(own).map_err(ConfigError::Start)?;
    let treasury = treasury(house)?;
    let drivers = wallets::drivers(house, own, &treasury, shared).map_err(ConfigError::Start)?;
    let pins = pins(own).map_err(ConfigError::Start)?;
    let pin_nodes = own.lightning.as_ref().is_some_and(|lightning| lightning.pin_nodes);
    Ok(Some(Payer::new(Parts {
        treasury,
        desk: shared.desk.clone(),
        policy,
        policy_digest: settings_digest(&house.loaded),
        pins,
        pin_nodes,
        drivers,
        journal: shared.journal.clone(),
        clock: house.clock.clone(),
    })))
}

/// The wallet of ecash by itself, if the configuration names mints: for a program that fills it.
///
/// # Errors
/// The settings about money cannot be used as they are.
pub fn ecash(house: &House, treasury: &Treasury) -> Result<Option<Ecash>, ConfigError> {
    let Some(own) = &house.loaded.config.payments else { return Ok(None) };
    let options = egress::Options { secrets: house.secrets(), ..Default::default() };
    let egress = Egress::new(options, house.clock.clone());
    wallets::ecash(house, own, treasury, &egress).map_err(ConfigError::Start)
}

/// The same for a program that is no listening gate: what it needs is made here.
///
/// # Errors
/// As for [`payer`].
pub fn alone(
    house: &House,
    desk: &Desk,
    journal: &Journal,
    own: Vec<SocketAddr>,
) -> Result<Option<Payer>, ConfigError> {
    let secrets = house.secrets();
    let options = egress::Options { secrets: secrets.clone(), own, ..Default::default() };
    let egress = Egress::new(options, house.clock.clone());
    let (desk, journal) = (desk.clone(), journal.clone());
    payer(house, &Shared { desk, journal, egress, secrets })
}

/// Looks into payments whose outcome is not known, now and then, until the future is dropped.
pub async fn tend(payer: Payer) {
    payer.begin().await;
    loop {
        match payer.reconcile().await {
            Ok(found) => {
                for one in found.iter().filter(|one| one.state != "held") {
                    tracing::info!(payment = %one.id, state = one.state, "looked into: {}", one.why);
                }
            }
            Err(error) => tracing::error!("payments could not be looked into: {error}"),
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// SHA-256 of all settings about money: two records with the same one were decided alike.
fn settings_digest(loaded: &Loaded) -> [u8; 32] {
    let config = &loaded.config;
    let text = format!("{:?}\n{:?}", config.payments, config.budget);
    digest(&SHA256, text.as_bytes()).as_ref().try_into().unwrap_or_default()
}
