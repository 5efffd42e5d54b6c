#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use ambient::Clock;
use model::money::{Amount, Asset, Rail, Terms};
use model::{PrincipalId, TenantId};
use treasury::ledger::{Budget, Intent, Policy, Unit, Window};
use treasury::{LedgerKey, Reservation, Sent, Settlement, Treasury};
use zeroize::Zeroizing;

/// T0 of the cases.
pub const T0: u64 = 1_740_672_100_000;

pub struct Home {
    pub dir: tempfile::TempDir,
    pub clock: Clock,
}

impl Home {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), clock: Clock::manual(T0) }
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().join("ledger.db")
    }

    pub fn open(&self, policy: Policy) -> Treasury {
        open(&self.path(), policy, &self.clock)
    }

    pub fn wait(&self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
    }
}

pub fn open(path: &Path, policy: Policy, clock: &Clock) -> Treasury {
    Treasury::open(path, LedgerKey::new(&[7; 32]).unwrap(), policy, clock.clone()).unwrap()
}

pub fn sats(window: Window, limit: u128) -> Budget {
    Budget {
        limit: Some(limit),
        ..Budget::new(format!("{window:?}"), window, Unit::Asset(Asset::sat()))
    }
}

pub fn policy(budgets: impl IntoIterator<Item = Budget>) -> Policy {
    Policy { budgets: budgets.into_iter().collect(), ..Policy::default() }
}

/// A payment of so many sats for a request of its own.
pub fn pay(sats: u128, request: u64) -> Intent {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&request.to_be_bytes());
    Intent {
        tenant: TenantId::new("acme"),
        agent: PrincipalId::new("a1"),
        session: "s1".into(),
        source: "weather".into(),
        tool: "weather__now".into(),
        terms: Terms {
            rail: Rail::L402,
            scheme: "lightning".into(),
            network: "lightning:mainnet".into(),
            amount: Amount::new(Asset::sat(), sats),
            fee_limit: 10,
            payee: "02aa".into(),
            origin: "https://api.example.com".into(),
            resource: "GET https://api.example.com/weather".into(),
            expires: None,
        },
        request: digest,
        key: None,
        concerns: Vec::new(),
    }
}

pub fn paid(sats: u128) -> Settlement {
    Settlement {
        amount: Amount::new(Asset::sat(), sats),
        fee: 0,
        proof: Some("preimage".into()),
        flags: Vec::new(),
    }
}

pub async fn send(reservation: Reservation) -> Sent {
    let payload = Zeroizing::new(b"signed".to_vec());
    reservation.sign(None, payload).await.unwrap().sent().await.unwrap()
}
