//! A process that is killed at every step of a payment, and what the next one finds.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests and what helps them")]

mod common;

use std::path::Path;
use std::time::Duration;

use common::{Home, open, paid, pay, policy, sats};
use model::money::MoneyRule;
use store::{LedgerFile, LedgerKey, Mark, StoreError};
use treasury::ledger::{Books, Event, Policy, State, Window};
use zeroize::Zeroizing;

const POINT: &str = "TREASURY_TEST_POINT";
const PLACE: &str = "TREASURY_TEST_PLACE";

fn rules() -> Policy {
    policy([sats(Window::Day, 1000)])
}

/// Dies where it is told to; as a test of its own it does nothing.
#[tokio::test]
async fn a_child_that_dies() {
    let (Some(point), Some(place)) = (ambient::env(POINT), ambient::env(PLACE)) else { return };
    let point: u8 = point.parse().unwrap();
    let at = |n| {
        if point == n {
            std::process::abort();
        }
    };
    let gate = open(Path::new(&place), rules(), &ambient::Clock::manual(common::T0));
    if point == 9 {
        gate.ask(pay(600, 1), Duration::from_mins(10)).await.unwrap();
        std::process::abort();
    }
    let reservation = gate.reserve(pay(600, 1)).await.unwrap();
    at(1);
    let signed = reservation.sign(None, Zeroizing::new(b"signed".to_vec())).await.unwrap();
    at(2);
    let sent = signed.sent().await.unwrap();
    at(3);
    sent.settle(paid(600)).await.unwrap();
    at(4);
}

#[expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a child that dies")]
fn killed_at(home: &Home, point: u8) {
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    let child = child.args(["--exact", "a_child_that_dies"]);
    let child = child.env(POINT, point.to_string()).env(PLACE, home.path());
    let output = child.output().unwrap();
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[tokio::test]
async fn after_every_step_a_kill_leaves_what_the_restart_rule_says() {
    // CRS-01, CRS-02
    let held = State::Held(MoneyRule::SentUnknown);
    for (point, wanted) in [(1, None), (2, Some(&held)), (3, Some(&held)), (4, None)] {
        let home = Home::new();
        killed_at(&home, point);
        let gate = home.open(rules());
        let open = gate.under_way().await.unwrap();
        assert_eq!(open.first().map(|p| &p.state), wanted, "killed at {point}");
        let fits = gate.reserve(pay(600, 2)).await;
        assert_eq!(fits.is_ok(), point == 1, "only what was never signed is free again");
        if let Some(payment) = open.first() {
            let payload = gate.payload(payment.id).await.unwrap().unwrap();
            assert_eq!(payload.as_slice(), b"signed", "the same may be sent again");
            gate.settle_held(payment.id, paid(600)).await.unwrap();
            assert!(gate.settle_held(payment.id, paid(600)).await.is_err(), "booked once");
        }
        let left = std::fs::read_dir(home.dir.path()).unwrap();
        let owners =
            left.filter(|f| f.as_ref().unwrap().file_name().to_str().unwrap().contains("owner"));
        assert!(owners.count() <= 2, "files of processes that are gone do not gather");
    }
}

#[tokio::test]
async fn what_a_person_was_asked_outlives_the_process_that_asked() {
    let home = Home::new();
    killed_at(&home, 9);
    let gate = home.open(rules());
    let open = gate.under_way().await.unwrap();
    assert!(matches!(open[0].state, State::Asked { .. }));
    assert_eq!(gate.reserve(pay(600, 2)).await.unwrap_err().rule(), MoneyRule::DayCap);
    gate.answer(open[0].id, "1".into(), "ada".into(), true).await.unwrap();
    let reservation = gate.claim(open[0].id).await.unwrap();
    reservation.release().await.unwrap();
    drop(gate.reserve(pay(600, 2)).await.unwrap());
}

/// What the books say, in the order in which it happened: the state of the one payment.
const WAY: [&str; 5] = ["none", "reserved", "signed", "sent", "settled"];

#[tokio::test]
async fn a_file_cut_anywhere_holds_some_beginning_of_what_happened() {
    let home = Home::new();
    let gate = home.open(rules());
    let reservation = gate.reserve(pay(600, 1)).await.unwrap();
    let id = reservation.id();
    common::send(reservation).await.settle(paid(600)).await.unwrap();
    // While it is open, everything since the file was made stands in the log beside it.
    let (file, log) = (home.path(), home.dir.path().join("ledger.db-wal"));
    let whole = std::fs::read(&log).unwrap();
    let mut seen = Vec::new();
    for cut in (0..=whole.len()).rev().step_by(509) {
        let other = Home::new();
        std::fs::copy(&file, other.path()).unwrap();
        std::fs::write(other.dir.path().join("ledger.db-wal"), &whole[..cut]).unwrap();
        let mut events =
            LedgerFile::open(&other.path(), LedgerKey::new(&[7; 32]).unwrap(), &other.clock)
                .unwrap();
        let mut books = Books::default();
        let read = events.transact(&Mark::START, |news, _| {
            for event in news {
                books.apply(&Event::decode(&event.payload).unwrap()).unwrap();
            }
            Ok::<_, StoreError>(())
        });
        read.unwrap();
        drop(events);
        let state = books.payment(id).map_or("none", |p| p.state.as_str());
        let restarted = other.open(rules());
        let after = restarted.payment(id).await.unwrap();
        let after = after.map_or("none", |p| p.state.as_str());
        let wanted = match state {
            "reserved" => "released",
            "signed" | "sent" => "held",
            state => state,
        };
        assert_eq!(after, wanted, "cut at {cut}");
        seen.push(WAY.iter().position(|s| *s == state).unwrap());
    }
    assert!(seen.is_sorted_by(|later, earlier| later >= earlier), "{seen:?}");
    seen.dedup();
    assert_eq!(seen, [4, 3, 2, 1, 0], "every step was met");
}
