//! Measures durable reservations a second, with 1, 8 and 32 callers at once.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program to be read and run by hand"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ambient::Clock;
use model::money::{Amount, Asset, Rail, Terms};
use model::{PrincipalId, TenantId};
use tokio::task::JoinSet;
use treasury::ledger::{Budget, Intent, Policy, Unit, Window};
use treasury::{LedgerKey, Treasury};

const FOR: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() {
    let clock = Clock::system();
    for callers in [1, 8, 32] {
        let dir = tempfile::tempdir_in(".").unwrap();
        let budgets = [Window::Call, Window::Minute, Window::Day, Window::Week, Window::Lifetime];
        let budget = |window| Budget {
            limit: Some(u128::from(u64::MAX)),
            ..Budget::new(format!("{window:?}"), window, Unit::Asset(Asset::sat()))
        };
        let policy = Policy { budgets: budgets.map(budget).into(), ..Policy::default() };
        let key = LedgerKey::new(&[7; 32]).unwrap();
        let gate =
            Treasury::open(&dir.path().join("ledger.db"), key, policy, clock.clone()).unwrap();
        let next = Arc::new(AtomicU64::new(0));
        let begun = clock.instant();
        let mut set = JoinSet::new();
        for _ in 0..callers {
            let (gate, clock, next) = (gate.clone(), clock.clone(), next.clone());
            set.spawn(async move {
                while clock.instant().since(begun) < FOR {
                    let reservation =
                        gate.reserve(intent(next.fetch_add(1, Ordering::Relaxed))).await.unwrap();
                    // Its hold is written too, with whatever round comes next.
                    drop(reservation);
                }
            });
        }
        set.join_all().await;
        let took = clock.instant().since(begun);
        let made = next.load(Ordering::Relaxed);
        let rounds = gate.watch().borrow().rounds;
        let rate = u128::from(made) * 1000 / took.as_millis().max(1);
        println!("{callers:>3} at once: {rate:>7} reservations a second, {made} in {rounds} syncs");
    }
}

fn intent(n: u64) -> Intent {
    let mut request = [0; 32];
    request[..8].copy_from_slice(&n.to_be_bytes());
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
            amount: Amount::new(Asset::sat(), 1),
            fee_limit: 0,
            payee: "02aa".into(),
            origin: "https://api.example.com".into(),
            resource: "GET https://api.example.com/weather".into(),
            expires: None,
        },
        request,
        key: None,
        concerns: Vec::new(),
    }
}
