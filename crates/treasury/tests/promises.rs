//! What the treasury promises to those who use it as they should, and to those who do not.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests and what helps them")]

mod common;

use std::time::Duration;

use common::{Home, T0, open, paid, pay, policy, sats, send};
use model::money::{Amount, Asset, Flag, MoneyRule};
use store::{LedgerFile, LedgerKey, Mark, StoreError};
use tokio::task::JoinSet;
use treasury::ledger::{Policy, Released, State, Stop, Window};
use treasury::{OpenError, Refused, Treasury};
use zeroize::Zeroizing;

async fn race(gates: &[Treasury], each: u64, amount: u128) -> (usize, usize) {
    let mut set = JoinSet::new();
    for (i, gate) in gates.iter().enumerate() {
        for n in 0..each {
            let gate = gate.clone();
            let intent = pay(amount, i as u64 * 1_000_000 + n + 1);
            set.spawn(async move {
                let reservation = gate.reserve(intent).await?;
                send(reservation).await.settle(paid(amount)).await
            });
        }
    }
    let done = set.join_all().await;
    let caps = [MoneyRule::MinuteCap, MoneyRule::DayCap];
    for refused in done.iter().filter_map(|d| d.as_ref().err()) {
        assert!(caps.contains(&refused.rule()), "{refused}");
    }
    let allowed = done.iter().filter(|d| d.is_ok()).count();
    (allowed, done.len() - allowed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_at_once_as_many_are_let_through_as_the_budget_holds() {
    // BUD-06
    let home = Home::new();
    let gate = home.open(policy([sats(Window::Minute, 500)]));
    assert_eq!(race(&[gate], 1000, 1).await, (500, 500));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_race_for_the_rest_of_a_budget_has_one_winner() {
    // g-money-01: 10.00, spent 9.90, 100 calls of 0.10
    let home = Home::new();
    let gate = home.open(policy([sats(Window::Day, 1000)]));
    send(gate.reserve(pay(990, 1)).await.unwrap()).await.settle(paid(990)).await.unwrap();
    assert_eq!(race(std::slice::from_ref(&gate), 100, 10).await, (1, 99));
    // g-money-05: restarted, a call of 0.20
    drop(gate);
    let gate = home.open(policy([sats(Window::Day, 1000)]));
    assert_eq!(gate.reserve(pay(20, 7)).await.unwrap_err().rule(), MoneyRule::DayCap);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_gates_on_one_file_share_one_budget() {
    // g-money-02
    let home = Home::new();
    let gates = [(); 2].map(|()| home.open(policy([sats(Window::Day, 1000)])));
    send(gates[0].reserve(pay(990, 1)).await.unwrap()).await.settle(paid(990)).await.unwrap();
    assert_eq!(race(&gates, 50, 10).await, (1, 99));
    // g-money-43: paused on one, paused on the other.
    gates[0].pause("agent:a1".parse().unwrap()).await.unwrap();
    let refused = gates[1].reserve(pay(1, 8)).await.unwrap_err();
    assert_eq!(refused.rule(), MoneyRule::Paused);
}

#[tokio::test]
async fn of_two_large_calls_one_is_paid() {
    // g-money-03
    let home = Home::new();
    let gate = home.open(policy([sats(Window::Day, 1000)]));
    let (one, other) = tokio::join!(gate.reserve(pay(600, 1)), gate.reserve(pay(600, 2)));
    assert!(one.is_ok() != other.is_ok());
}

#[tokio::test]
async fn a_second_gate_does_not_take_a_living_ones_reservations_away() {
    let home = Home::new();
    let one = home.open(policy([sats(Window::Day, 1000)]));
    let reservation = one.reserve(pay(600, 1)).await.unwrap();
    let other = home.open(policy([sats(Window::Day, 1000)]));
    assert_eq!(other.reserve(pay(600, 2)).await.unwrap_err().rule(), MoneyRule::DayCap);
    send(reservation).await.settle(paid(600)).await.unwrap();
}

#[tokio::test]
async fn what_is_dropped_unfinished_is_held_and_never_free() {
    for steps in 0..3 {
        let home = Home::new();
        let gate = home.open(policy([sats(Window::Day, 1000)]));
        let reservation = gate.reserve(pay(600, 1)).await.unwrap();
        let id = reservation.id();
        if steps == 0 {
            drop(reservation);
        } else {
            let signed = reservation.sign(None, Zeroizing::new(vec![1])).await.unwrap();
            if steps == 2 {
                drop(signed.sent().await.unwrap());
            }
        }
        let holds = gate.holds().await.unwrap();
        assert_eq!(holds.iter().map(|p| p.id).collect::<Vec<_>>(), [id], "{steps}");
        home.wait(20 * 86_400);
        let gate = home.open(policy([sats(Window::Day, 1000)]));
        assert_eq!(gate.reserve(pay(600, 2)).await.unwrap_err().rule(), MoneyRule::DayCap);
    }
}

#[tokio::test]
async fn a_caller_who_leaves_before_the_answer_leaves_the_money_held() {
    let home = Home::new();
    let gate = home.open(policy([sats(Window::Day, 1000)]));
    for n in 1..=5 {
        // Polled once, so that the step is on its way, and dropped.
        let waited = tokio::time::timeout(Duration::ZERO, gate.reserve(pay(100, n))).await;
        drop(waited);
    }
    let under_way = gate.under_way().await.unwrap();
    assert!(under_way.iter().all(|p| matches!(p.state, State::Held(_) | State::Reserved)));
    assert_eq!(gate.holds().await.unwrap().len(), under_way.len());
}

#[tokio::test]
async fn an_outcome_that_is_unknown_stays_booked_until_there_is_proof() {
    // BUD-08, g-money-07
    let home = Home::new();
    let gate = home.open(policy([sats(Window::Minute, 10_000), sats(Window::Day, 10_000)]));
    let sent = send(gate.reserve(pay(4000, 1)).await.unwrap()).await;
    let id = sent.id();
    sent.hold(MoneyRule::SentUnknown).await.unwrap();
    home.wait(61);
    let Refused::Denied(refusal) = gate.reserve(pay(7000, 2)).await.unwrap_err() else { panic!() };
    assert_eq!((refusal.rule, refusal.left, refusal.again), (MoneyRule::DayCap, Some(6000), None));
    // g-money-08, g-money-10: the same request again, on whatever rail.
    let again = gate.reserve(pay(1, 1)).await.unwrap_err();
    assert_eq!(again.rule(), MoneyRule::InFlight);
    let refused = Released::Refused { proof: "lookup_invoice: failed".into() };
    gate.release_held(id, refused).await.unwrap();
    drop(gate.reserve(pay(7000, 2)).await.unwrap());
}

#[tokio::test]
async fn no_reason_that_the_state_contradicts_frees_money() {
    let home = Home::new();
    let gate = home.open(policy([sats(Window::Day, 1000)]));
    let sent = send(gate.reserve(pay(600, 1)).await.unwrap()).await;
    let id = sent.id();
    assert_eq!(sent.release(Released::Unsigned).await.unwrap_err().rule(), MoneyRule::Ledger);
    let state = gate.payment(id).await.unwrap().unwrap().state;
    assert_eq!(state, State::Held(MoneyRule::BadResponse));
    assert!(gate.release_held(id, Released::Destroyed).await.is_err());
    let other = Amount::new(Asset::parse("sat@signet").unwrap(), 1);
    assert!(gate.settle_held(id, treasury::Settlement { amount: other, ..paid(1) }).await.is_err());
    gate.settle_held(id, paid(600)).await.unwrap();
    assert!(gate.settle_held(id, paid(600)).await.is_err(), "booked once");
    assert_eq!(gate.statement().await.unwrap()[0].spent, 600);
}

#[tokio::test]
async fn a_wallet_that_took_more_is_booked_as_it_was_and_marked() {
    let home = Home::new();
    let gate = home.open(policy([sats(Window::Day, 1000)]));
    let sent = send(gate.reserve(pay(600, 1)).await.unwrap()).await;
    let id = sent.id();
    sent.settle(treasury::Settlement { fee: 11, ..paid(601) }).await.unwrap();
    let flags = gate.payment(id).await.unwrap().unwrap().flags;
    assert_eq!(flags, [Flag::FeeOverLimit, Flag::ReceiptMismatch]);
    let status = gate.status().await.unwrap();
    assert_eq!((status[0].used, status[0].left), (Ok(612), Some(388)));
}

#[tokio::test]
async fn a_pause_stops_what_is_reserved_before_it_is_signed_and_leaves_what_was_sent() {
    // BUD-17, BUD-20
    let home = Home::new();
    let gate = home.open(policy([sats(Window::Day, 1000)]));
    let sent = send(gate.reserve(pay(1, 1)).await.unwrap()).await;
    let reservation = gate.reserve(pay(999, 2)).await.unwrap();
    gate.pause(Stop::all()).await.unwrap();
    let refused = reservation.sign(None, Zeroizing::new(vec![1])).await.unwrap_err();
    assert_eq!(refused.rule(), MoneyRule::Paused);
    assert_eq!(gate.reserve(pay(1, 3)).await.unwrap_err().rule(), MoneyRule::Paused);
    sent.settle(paid(1)).await.unwrap();
    gate.resume(Stop::all()).await.unwrap();
    drop(gate.reserve(pay(999, 3)).await.unwrap());
}

#[tokio::test]
async fn a_nonce_signs_once() {
    let home = Home::new();
    let gate = home.open(policy([sats(Window::Day, 1000)]));
    let sign = async |n| {
        let reservation = gate.reserve(pay(1, n)).await.unwrap();
        reservation.sign(Some("hash".into()), Zeroizing::new(vec![1])).await
    };
    let first = sign(1).await.unwrap();
    assert_eq!(sign(2).await.unwrap_err().rule(), MoneyRule::NonceReuse);
    assert_eq!(gate.payload(first.id()).await.unwrap().unwrap().as_slice(), [1]);
    first.destroy().await.unwrap();
    assert!(gate.under_way().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_clock_that_goes_back_frees_nothing_until_an_operator_confirms_it() {
    // BUD-03, g-money-06
    let home = Home::new();
    let gate = home.open(policy([sats(Window::Day, 1000)]));
    send(gate.reserve(pay(600, 1)).await.unwrap()).await.settle(paid(600)).await.unwrap();
    drop(gate);
    let back = ambient::Clock::manual(T0 - 2 * 86_400_000);
    let gate = open(&home.path(), policy([sats(Window::Day, 1000)]), &back);
    assert_eq!(gate.reserve(pay(1, 2)).await.unwrap_err().rule(), MoneyRule::Clock);
    gate.confirm_clock("ada".into()).await.unwrap();
    assert_eq!(gate.reserve(pay(600, 2)).await.unwrap_err().rule(), MoneyRule::DayCap);
    back.advance(Duration::from_hours(24));
    drop(gate.reserve(pay(600, 2)).await.unwrap());
}

fn asking(bound: u128) -> Policy {
    let mut day = sats(Window::Day, 1000);
    (day.ask_above, day.four_eyes_above) = (Some(bound), Some(bound * 2));
    policy([day])
}

#[tokio::test]
async fn what_is_not_answered_in_time_is_over_and_its_money_free() {
    // APR-08
    let home = Home::new();
    let gate = home.open(asking(100));
    let refused = gate.reserve(pay(600, 1)).await.unwrap_err();
    assert_eq!(refused, Refused::Ask { rules: vec![MoneyRule::OverThreshold], persons: 2 });
    let asked = gate.ask(pay(600, 1), Duration::from_hours(1)).await.unwrap();
    assert_eq!(asked.until.0, T0 + 15 * 60_000);
    assert_eq!(gate.reserve(pay(600, 2)).await.unwrap_err().rule(), MoneyRule::DayCap);
    home.wait(15 * 60);
    let late = gate.answer(asked.id, "x".into(), "ada".into(), true).await.unwrap_err();
    assert_eq!(late.rule(), MoneyRule::ApprovalExpired);
    assert!(gate.under_way().await.unwrap().is_empty());
}

#[tokio::test]
async fn two_persons_agree_and_it_is_taken_up_once() {
    let home = Home::new();
    let gate = home.open(asking(100));
    let asked = gate.ask(pay(600, 1), Duration::from_mins(1)).await.unwrap();
    let yes =
        async |name: &str, by: &str| gate.answer(asked.id, name.into(), by.into(), true).await;
    assert!(matches!(yes("1", "ada").await, Ok(State::Asked { .. })));
    assert_eq!(yes("2", "ada").await.unwrap_err().rule(), MoneyRule::ApprovalPrincipal);
    assert_eq!(yes("1", "bob").await.unwrap_err().rule(), MoneyRule::ApprovalUsed);
    assert_eq!(gate.claim(asked.id).await.unwrap_err().rule(), MoneyRule::InFlight);
    assert!(matches!(yes("3", "bob").await, Ok(State::Granted { .. })));
    gate.pause(Stop::all()).await.unwrap();
    assert_eq!(gate.claim(asked.id).await.unwrap_err().rule(), MoneyRule::Paused);
    gate.resume(Stop::all()).await.unwrap();
    let reservation = gate.claim(asked.id).await.unwrap();
    assert_eq!(gate.claim(asked.id).await.unwrap_err().rule(), MoneyRule::ApprovalUsed);
    send(reservation).await.settle(paid(600)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outcome_that_cannot_be_stored_is_kept_and_nothing_else_is_paid_until_it_is() {
    // CRS-09
    let home = Home::new();
    let gate = home.open(policy([sats(Window::Day, 1000)]));
    let sent = send(gate.reserve(pay(600, 1)).await.unwrap()).await;
    let id = sent.id();
    let (tell, told) = std::sync::mpsc::channel::<()>();
    let (locked, is_locked) = std::sync::mpsc::channel::<()>();
    let path = home.path();
    let clock = home.clock.clone();
    let other = std::thread::spawn(move || {
        let mut file = LedgerFile::open(&path, LedgerKey::new(&[7; 32]).unwrap(), &clock).unwrap();
        let held = file.transact(&Mark::START, |_, _| {
            locked.send(()).unwrap();
            told.recv().unwrap();
            Ok::<_, StoreError>(())
        });
        held.unwrap();
    });
    is_locked.recv().unwrap();
    let outcome = sent.settle(paid(500)).await.unwrap_err();
    assert_eq!(outcome.rule(), MoneyRule::Ledger);
    assert_eq!(gate.watch().borrow().unstored, 1);
    assert_eq!(gate.reserve(pay(1, 2)).await.unwrap_err().rule(), MoneyRule::Ledger);
    tell.send(()).unwrap();
    other.join().unwrap();
    let payment = gate.payment(id).await.unwrap().unwrap();
    assert_eq!((payment.state, payment.paid), (State::Settled, 500));
    assert_eq!(gate.watch().borrow().unstored, 0);
}

#[tokio::test]
async fn an_older_copy_of_the_file_is_refused_by_whoever_kept_a_mark() {
    let home = Home::new();
    let pays = async |request| {
        let gate = home.open(policy([sats(Window::Day, 1000)]));
        send(gate.reserve(pay(400, request)).await.unwrap()).await.settle(paid(400)).await.unwrap();
        gate.place().unwrap().parse::<Mark>().unwrap()
    };
    let first = pays(1).await;
    let old = std::fs::read(home.path()).unwrap();
    let second = pays(2).await;
    let open = |path: &std::path::Path, mark| {
        let key = LedgerKey::new(&[7; 32]).unwrap();
        let policy = policy([sats(Window::Day, 1000)]);
        Treasury::open_since(path, key, policy, home.clock.clone(), mark)
    };
    drop(open(&home.path(), &first).unwrap());
    drop(open(&home.path(), &second).unwrap());
    std::fs::write(home.path(), &old).unwrap();
    let refused = open(&home.path(), &second).unwrap_err();
    assert!(matches!(refused, OpenError::RolledBack(seq) if seq == second.seq()), "{refused}");
    assert_eq!(refused.rule(), MoneyRule::Ledger);
    assert_eq!(std::fs::read(home.path()).unwrap(), old, "it is left as it is");
    drop(open(&home.path(), &first).unwrap());
    // Whoever goes on with it makes another past, of the same length and with other codes.
    pays(3).await;
    assert!(matches!(open(&home.path(), &second), Err(OpenError::RolledBack(_))));
    let fresh = Home::new();
    assert!(matches!(open(&fresh.path(), &first), Err(OpenError::RolledBack(_))));
}
