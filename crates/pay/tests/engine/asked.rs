//! Payments that wait for a person.

use std::time::Duration;

use approvals::{Answer as Said, Answerer, NoAnswer};
use model::money::MoneyRule;
use pay::{Errand, Unpaid};
use spend::{Price, Thresholds};
use treasury::ledger::{Budget, Unit, Window};

use crate::support::*;

fn above(ask: &str, four_eyes: Option<&str>) -> Thresholds {
    let usd = |text: &str| Price::parse(text, "USD").unwrap();
    let four_eyes_above = four_eyes.into_iter().map(usd).collect();
    Thresholds { ask_above: vec![usd(ask)], four_eyes_above }
}

fn key(id: &str, role: model::Role) -> Answerer {
    let principal = model::Principal {
        id: model::PrincipalId::new(id),
        tenant: model::TenantId::new("acme"),
        role,
        scopes: model::Scopes::default(),
        credential: model::Credential::ApiKey("k9".into()),
    };
    Answerer::Key { principal, made: model::Timestamp(T0 - 1) }
}

/// Up to a dollar a call, and a price of half a dollar is usual.
fn dear(thresholds: Thresholds) -> Plan {
    let mut plan = Plan { thresholds, ..Plan::default() };
    plan.pins = vec![pin("weather", "0.50")];
    plan.budgets[0].limit = Some(1_000_000);
    plan
}

/// PAY-08, APR-02, g-money-32
#[tokio::test]
async fn a_first_payee_is_asked_about_paid_once_and_the_yes_is_used() {
    let house = House::new(Plan::strangers());
    let asked = house.asks(&errand("a1"), &asks("10000")).await;
    assert_eq!(asked.rules, [MoneyRule::FirstPayee, MoneyRule::FirstCharge]);
    assert_eq!((house.evm.counts(), house.used("day").await), ((0, 0, 0), 10_000));
    house.yes(&asked, false).await;
    let paid = house.pays(&errand("a1"), &asks("10000")).await;
    let id = paid.id();
    assert_eq!(paid.answered(&serves("sunny")).await.state, "settled");
    assert_eq!((house.payment(&id).await.paid, house.used("day").await), (10_000, 10_000));
    assert_eq!(house.rule(&errand("a1"), &asks("10000")).await, MoneyRule::ApprovalUsed);
    assert_eq!(house.evm.counts(), (1, 1, 0));
}

#[tokio::test]
async fn while_nobody_has_answered_the_same_call_waits_for_the_same_question() {
    let house = House::new(Plan::strangers());
    let first = house.asks(&errand("a1"), &asks("10000")).await;
    let second = house.asks(&errand("a1"), &asks("10000")).await;
    assert_eq!(first.ticket.id, second.ticket.id);
    assert_eq!((house.evm.counts(), house.used("day").await), ((0, 0, 0), 10_000));
}

/// MCP-08, g-money-11
#[tokio::test]
async fn a_yes_serves_neither_other_terms_nor_other_arguments() {
    let house = House::new(Plan::strangers());
    let asked = house.asks(&errand("a1"), &asks("10000")).await;
    house.yes(&asked, false).await;
    let mut named = errand("a1");
    named.asking.named = Some(asked.ticket.id.clone());
    assert_eq!(house.rule(&named, &asks("20000")).await, MoneyRule::ApprovalMismatch);
    named.asking.binding.arguments = [2; 32];
    assert_eq!(house.rule(&named, &asks("10000")).await, MoneyRule::ApprovalMismatch);
    assert_eq!(house.evm.counts(), (0, 0, 0));
}

#[tokio::test]
async fn a_yes_serves_no_other_principal() {
    let house = House::new(Plan::strangers());
    let asked = house.asks(&errand("a1"), &asks("10000")).await;
    house.yes(&asked, false).await;
    let mut other = errand("a2");
    other.asking.named = Some(asked.ticket.id.clone());
    assert_eq!(house.rule(&other, &asks("10000")).await, MoneyRule::ApprovalPrincipal);
    let unnamed = house.asks(&errand("a2"), &asks("10000")).await;
    assert_ne!(unnamed.ticket.id, asked.ticket.id);
    assert_eq!(house.evm.counts(), (0, 0, 0));
}

/// APR-03, APR-08
#[tokio::test]
async fn a_yes_after_fifteen_minutes_is_none_and_the_money_is_free_again() {
    let house = House::new(Plan::strangers());
    let asked = house.asks(&errand("a1"), &asks("10000")).await;
    house.later(15 * 60 + 1);
    let who = Answerer::System("ada".to_owned());
    let yes = Said::Yes { keep: false, widen: false };
    let late = house.desk.answer(&asked.ticket.id, who, yes).await;
    assert_eq!(late.unwrap_err().code(), "approval_expired");
    let mut named = errand("a1");
    named.asking.named = Some(asked.ticket.id);
    assert_eq!(house.rule(&named, &asks("10000")).await, MoneyRule::ApprovalExpired);
    assert_eq!((house.evm.counts(), house.used("day").await), ((0, 0, 0), 0));
}

/// A yes in time that is taken up too late is used for nothing.
#[tokio::test]
async fn a_yes_in_time_is_not_taken_up_after_the_question_is_over() {
    let house = House::new(Plan::strangers());
    let asked = house.asks(&errand("a1"), &asks("10000")).await;
    house.later(14 * 60);
    house.yes(&asked, false).await;
    house.later(61);
    let unpaid = house.payer.pay(&errand("a1"), &asks("10000")).await;
    assert!(matches!(unpaid, Err(Unpaid::Asks(_) | Unpaid::Refused(_))));
    assert_eq!(house.evm.counts(), (0, 0, 0));
}

#[tokio::test]
async fn a_no_ends_it_and_the_money_is_free_again() {
    let house = House::new(Plan::strangers());
    let asked = house.asks(&errand("a1"), &asks("10000")).await;
    let who = Answerer::System("ada".to_owned());
    house.desk.answer(&asked.ticket.id, who, Said::No).await.unwrap();
    assert_eq!(house.rule(&errand("a1"), &asks("10000")).await, MoneyRule::Denied);
    assert_eq!((house.evm.counts(), house.used("day").await), ((0, 0, 0), 0));
}

/// APR-01, APR-07: what an agent says on its own way decides nothing.
#[tokio::test]
async fn an_agent_does_not_agree_to_its_own_payment() {
    let house = House::new(Plan::strangers());
    let asked = house.asks(&errand("a1"), &asks("10000")).await;
    let who = key("a1", model::Role::Agent);
    let yes = Said::Yes { keep: true, widen: true };
    let said = house.desk.answer(&asked.ticket.id, who, yes).await;
    assert!(matches!(said, Err(NoAnswer::NotPermitted(_))));
    house.asks(&errand("a1"), &asks("10000")).await;
    assert_eq!(house.evm.counts(), (0, 0, 0));
}

/// PRC-03
#[tokio::test]
async fn a_price_agreed_to_once_is_asked_about_again_unless_the_person_keeps_it() {
    let house = House::new(Plan::default());
    let forecast = |n: u8| {
        let mut errand = errand("a1");
        errand.asking.binding.arguments = [n; 32];
        errand
    };
    let paid = house.pays_after_a_yes(&forecast(1), &asks("50000"), false).await;
    paid.answered(&serves("sunny")).await;
    let asked = house.asks(&forecast(2), &asks("50000")).await;
    assert_eq!(asked.rules, [MoneyRule::PriceDrift]);
    house.yes(&asked, true).await;
    house.pays(&forecast(2), &asks("50000")).await.answered(&serves("sunny")).await;
    house.pays(&forecast(3), &asks("50000")).await.answered(&serves("sunny")).await;
    assert_eq!(house.evm.counts(), (3, 3, 0));
}

/// PAY-01, g-money-25
#[tokio::test]
async fn only_a_person_moves_the_pinned_payee() {
    let house = House::new(Plan::default());
    let to_stranger = demand(402, &[x402(&offer_of("10000", STRANGER))], URL);
    let asked = house.asks(&errand("a1"), &to_stranger).await;
    assert_eq!(asked.rules, [MoneyRule::PayeeChanged]);
    house.yes(&asked, true).await;
    house.pays(&errand("a1"), &to_stranger).await.answered(&serves("sunny")).await;
    house.pays(&errand("a1"), &to_stranger).await.answered(&serves("sunny")).await;
    // The old payee is the stranger now.
    let asked = house.asks(&errand("a1"), &asks("10000")).await;
    assert_eq!(asked.rules, [MoneyRule::PayeeChanged]);
}

/// APR-04
#[tokio::test]
async fn a_person_can_go_above_the_threshold() {
    let house = House::new(dear(above("0.05", None)));
    let asked = house.asks(&errand("a1"), &asks("500000")).await;
    assert_eq!(asked.rules, [MoneyRule::OverThreshold]);
    house.yes(&asked, false).await;
    house.evm.set(|s| s.answered = settled(500_000));
    let paid = house.pays(&errand("a1"), &asks("500000")).await;
    let id = paid.id();
    paid.answered(&serves("sunny")).await;
    assert_eq!(house.payment(&id).await.paid, 500_000);
}

/// APR-05, in dollars as well as in satoshi: there is nothing to say yes to.
#[tokio::test]
async fn a_person_cannot_go_above_the_cap() {
    let house = House::new(dear(above("0.05", None)));
    assert_eq!(house.rule(&errand("a1"), &asks("1000001")).await, MoneyRule::PerCallCap);
    assert_eq!(house.desk.waiting().await.unwrap(), 0);
    assert_eq!((house.evm.counts(), house.used("day").await), ((0, 0, 0), 0));
}

/// BUD-17: a pause beats a yes.
#[tokio::test]
async fn a_yes_is_worth_nothing_while_payments_are_paused() {
    let house = House::new(Plan::strangers());
    let asked = house.asks(&errand("a1"), &asks("10000")).await;
    house.yes(&asked, false).await;
    house.books().pause(ledger::Stop::all()).await.unwrap();
    assert_eq!(house.rule(&errand("a1"), &asks("10000")).await, MoneyRule::Paused);
    assert_eq!(house.evm.counts(), (0, 0, 0));
}

/// APR-09
#[tokio::test]
async fn above_the_second_threshold_two_persons_are_needed() {
    let house = House::new(dear(above("0.05", Some("0.08"))));
    let asked = house.asks(&errand("a1"), &asks("100000")).await;
    assert_eq!(
        (asked.rules.as_slice(), asked.ticket.persons),
        (&[MoneyRule::OverThreshold][..], 2)
    );
    let yes = Said::Yes { keep: false, widen: false };
    let ada = key("ada", model::Role::Operator);
    house.desk.answer(&asked.ticket.id, ada, yes).await.unwrap();
    let again = house.asks(&errand("a1"), &asks("100000")).await;
    assert_eq!((again.ticket.yes, again.ticket.persons), (1, 2));
    assert_eq!(house.evm.counts(), (0, 0, 0));
    let bea = key("bea", model::Role::Operator);
    house.desk.answer(&asked.ticket.id, bea, yes).await.unwrap();
    house.evm.set(|s| s.answered = settled(100_000));
    house.pays(&errand("a1"), &asks("100000")).await.answered(&serves("sunny")).await;
    assert_eq!((house.evm.counts(), house.used("day").await), ((1, 1, 0), 100_000));
}

fn thrifty() -> Plan {
    let mut plan = Plan { pins: vec![pin("weather", "0.05")], ..Plan::default() };
    plan.budgets.push(Budget {
        ask_above: Some(40_000),
        ..Budget::new("asks".to_owned(), Window::Call, Unit::Symbol("USDC".into(), 6))
    });
    plan
}

/// BUD-15: the threshold of a budget, which the books know and the judge does not.
#[tokio::test]
async fn what_a_budget_asks_about_is_paid_after_a_yes() {
    let house = House::new(thrifty());
    let asked = house.asks(&errand("a1"), &asks("50000")).await;
    assert_eq!(asked.rules, [MoneyRule::OverThreshold]);
    let waits = house.asks(&errand("a1"), &asks("50000")).await;
    assert_eq!(asked.ticket.id, waits.ticket.id);
    house.yes(&asked, false).await;
    house.evm.set(|s| s.answered = settled(50_000));
    house.pays(&errand("a1"), &asks("50000")).await.answered(&serves("sunny")).await;
    assert_eq!((house.evm.counts(), house.used("day").await), ((1, 1, 0), 50_000));
}

/// A call that brings its own key is asked about and paid like any other.
#[tokio::test]
async fn a_key_does_not_keep_a_question_from_being_answered() {
    for plan in [Plan::strangers(), thrifty()] {
        let house = House::new(plan);
        let keyed: Errand = keyed("a1", "k");
        let asked = house.asks(&keyed, &asks("50000")).await;
        house.asks(&keyed, &asks("50000")).await;
        house.yes(&asked, false).await;
        house.pays(&keyed, &asks("50000")).await.answered(&serves("sunny")).await;
        assert_eq!(house.evm.counts(), (1, 1, 0));
    }
}

/// Power is lost after the money is held and before the question is put: it is put by the next equal call, and the money
/// is held once.
#[tokio::test]
async fn a_question_that_was_never_put_is_put_by_the_next_call_and_its_yes_pays_once() {
    let house = House::new(Plan::strangers());
    house.asks(&errand("a1"), &asks("10000")).await;
    let house = house.with_empty_desk(Duration::from_mins(15));
    assert_eq!(house.desk.waiting().await.unwrap(), 0);
    let asked = house.asks(&errand("a1"), &asks("10000")).await;
    assert_eq!(house.used("day").await, 10_000);
    house.yes(&asked, false).await;
    house.pays(&errand("a1"), &asks("10000")).await.answered(&serves("sunny")).await;
    assert_eq!((house.evm.counts(), house.used("day").await), ((1, 1, 0), 10_000));
    assert_eq!(house.rule(&errand("a1"), &asks("10000")).await, MoneyRule::ApprovalUsed);
}

/// A yes is for a payment; where nothing was signed, there was none.
#[tokio::test]
async fn a_yes_that_came_to_no_signature_counts_again_and_pays_once() {
    let house = House::new(Plan::strangers());
    let asked = house.asks(&errand("a1"), &asks("10000")).await;
    house.yes(&asked, false).await;
    let why = "The wallet has less of the asset than is asked for.".to_owned();
    house.evm.set(|s| s.refuses = Some(pay::Stop { rule: MoneyRule::Insufficient, why }));
    for _ in 0..2 {
        assert_eq!(house.rule(&errand("a1"), &asks("10000")).await, MoneyRule::Insufficient);
        assert_eq!((house.evm.counts(), house.used("day").await), ((0, 0, 0), 0));
    }
    house.evm.set(|s| s.refuses = None);
    house.pays(&errand("a1"), &asks("10000")).await.answered(&serves("sunny")).await;
    assert_eq!(house.rule(&errand("a1"), &asks("10000")).await, MoneyRule::ApprovalUsed);
    assert_eq!((house.evm.counts(), house.used("day").await), ((1, 1, 0), 10_000));
}

/// The desk's own time is that of the money: nothing is held for a question that has ended.
#[tokio::test]
async fn money_is_held_for_no_longer_than_its_question_waits() {
    let house = House::new(Plan::strangers()).with_empty_desk(Duration::from_mins(1));
    let asked = house.asks(&errand("a1"), &asks("10000")).await;
    assert_eq!(asked.ticket.expires.as_millis(), T0 + 60_000);
    house.later(59);
    assert_eq!(house.used("day").await, 10_000);
    house.later(1);
    assert_eq!(house.used("day").await, 0);
}

/// Power is lost after the books have heard the first of two persons.
#[tokio::test]
async fn the_second_of_two_persons_is_heard_where_the_books_have_heard_the_first() {
    let house = House::new(dear(above("0.05", Some("0.08"))));
    let asked = house.asks(&errand("a1"), &asks("100000")).await;
    let yes = Said::Yes { keep: false, widen: false };
    for name in ["ada", "bea"] {
        let who = key(name, model::Role::Operator);
        house.desk.answer(&asked.ticket.id, who, yes).await.unwrap();
    }
    let open = house.books().under_way().await.unwrap().remove(0);
    let first = format!("{}/0", asked.ticket.id);
    house.books().answer(open.id, first, "ada".to_owned(), true).await.unwrap();
    house.evm.set(|s| s.answered = settled(100_000));
    house.pays(&errand("a1"), &asks("100000")).await.answered(&serves("sunny")).await;
    assert_eq!((house.evm.counts(), house.used("day").await), ((1, 1, 0), 100_000));
}
