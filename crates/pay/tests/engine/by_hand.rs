//! Payments that a person makes.

use std::sync::{Arc, Mutex};

use approvals::{Answer as Said, Answerer, State};
use egress::Boxed;
use lightning::{Invoice, PaymentHash};
use model::money::{Amount, Asset, MoneyRule, Rail};
use pay::Unpaid;
use treasury::Settlement;
use treasury::ledger::{Budget, Unit, Window};
use wallets::{Outcome, Trouble, Wallet};

use crate::support::*;

/// The preimage of the invoice of the base state, and one that is not.
fn right() -> String {
    "01".repeat(32)
}

fn wrong() -> String {
    "02".repeat(32)
}

/// The wallet that a person pays with: it says what a test says, and is never ordered to pay.
struct Own(Mutex<fn() -> Outcome>);

impl Own {
    fn says(outcome: fn() -> Outcome) -> Arc<Self> {
        Arc::new(Self(Mutex::new(outcome)))
    }
}

impl Wallet for Own {
    fn pay<'a>(&'a self, _: &'a Invoice, _: u64, _: &'a str) -> Boxed<'a, Outcome> {
        panic!("the wallet of a person was ordered to pay");
    }

    fn lookup(&self, _: PaymentHash) -> Boxed<'_, Outcome> {
        let says = *self.0.lock().unwrap();
        Box::pin(std::future::ready(says()))
    }

    fn balance(&self) -> Boxed<'_, Result<u64, Trouble>> {
        Box::pin(std::future::ready(Ok(0)))
    }

    fn kind(&self) -> &'static str {
        "own"
    }
}

fn plan(wallet: Option<Arc<Own>>) -> Plan {
    let wallet = wallet.map(|own| own as Arc<dyn Wallet>);
    Plan { by_hand: Some(Person(wallet)), ..Plan::default() }
}

/// The payment that is under way.
async fn held(house: &House) -> String {
    let holds = house.books().holds().await.unwrap();
    assert_eq!(holds.len(), 1);
    assert_eq!(holds[0].intent.terms.rail, Rail::Human);
    holds[0].id.to_string()
}

#[tokio::test]
async fn an_invoice_is_shown_held_and_proven_and_serves_the_call_that_comes_again() {
    let house = House::new(plan(None));
    let asked = house.asks(&errand("a1"), &asks_invoice()).await;
    assert_eq!(asked.rules.last(), Some(&MoneyRule::ByHand));
    assert!(asked.ticket.by_hand);
    let id = held(&house).await;
    assert_eq!(
        (house.state(&id).await.as_str(), house.used("day sat").await),
        ("held:in_flight", 10)
    );
    let who = Answerer::System("ada".to_owned());
    let shown = house.desk.show(&who, &asked.ticket.id).await.unwrap().unwrap();
    let hand = shown.hand.unwrap();
    assert!(hand.uri.starts_with("lightning:lnbc100n1"), "{}", hand.uri);
    assert_eq!((hand.payment.as_str(), shown.terms.unwrap().said.as_str()), (&*id, "10 sat"));
    let again = house.asks(&errand("a1"), &asks_invoice()).await;
    assert_eq!(again.ticket.id, asked.ticket.id, "asked again, it is the same payment");
    for (proof, code) in [(wrong(), "bad_proof"), ("thanks".to_owned(), "bad_proof")] {
        let no = house.payer.told_paid(&id, "os:ada", &proof).await.unwrap_err();
        assert_eq!(no.code, code);
    }
    assert_eq!(house.state(&id).await, "held:in_flight");
    house.payer.told_paid(&id, "os:ada", &right()).await.unwrap();
    assert_eq!((house.state(&id).await.as_str(), house.used("day sat").await), ("settled", 10));
    let paid = house.pays(&errand("a1"), &asks_invoice()).await;
    let (name, value) = paid.attachment().headers[0].clone();
    assert_eq!((name.as_str(), value.ends_with(&format!(":{}", right()))), ("Authorization", true));
    assert_eq!((paid.id(), paid.answered(&serves("sunny")).await.state), (id.clone(), "settled"));
    let ticket = house.desk.ticket(&asked.ticket.id).await.unwrap().unwrap();
    assert_eq!(ticket.state, State::Used);
    assert_eq!((house.evm.counts(), house.lightning.counts()), ((0, 0, 0), (0, 0, 0)));
    let twice = house.payer.told_paid(&id, "os:ada", &right()).await.unwrap_err();
    assert_eq!(twice.code, "already_paid");
}

/// It counts once it is paid, and is to be had all the same.
#[tokio::test]
async fn what_was_paid_serves_its_call_though_it_used_the_budget_up() {
    let mut plan = plan(None);
    plan.budgets.iter_mut().find(|b| b.name == "day sat").unwrap().limit = Some(10);
    let house = House::new(plan);
    house.asks(&errand("a1"), &asks_invoice()).await;
    let id = held(&house).await;
    house.asks(&errand("a1"), &asks_invoice()).await;
    house.payer.told_paid(&id, "os:ada", &right()).await.unwrap();
    house.pays(&errand("a1"), &asks_invoice()).await.answered(&serves("sunny")).await;
    assert_eq!(house.rule(&errand("a1"), &asks_invoice()).await, MoneyRule::DayCap);
}

#[tokio::test]
async fn where_a_budget_asks_a_person_is_asked_before_one_pays() {
    let mut plan = plan(None);
    plan.budgets.push(Budget {
        ask_above: Some(5),
        ..Budget::new("asks".to_owned(), Window::Call, Unit::Asset(Asset::sat()))
    });
    let house = House::new(plan);
    let asked = house.asks(&errand("a1"), &asks_invoice()).await;
    assert_eq!((asked.ticket.by_hand, asked.rules), (false, vec![MoneyRule::OverThreshold]));
    let waits = house.asks(&errand("a1"), &asks_invoice()).await;
    assert_eq!(waits.ticket.id, asked.ticket.id);
    assert!(house.books().holds().await.unwrap().is_empty(), "nothing is shown before");
    let who = Answerer::System("ada".to_owned());
    let yes = Said::Yes { keep: false, widen: false };
    house.desk.answer(&asked.ticket.id, who, yes).await.unwrap();
    assert!(house.asks(&errand("a1"), &asks_invoice()).await.ticket.by_hand);
    let id = held(&house).await;
    house.payer.told_paid(&id, "os:ada", &right()).await.unwrap();
    house.pays(&errand("a1"), &asks_invoice()).await.answered(&serves("sunny")).await;
}

#[tokio::test]
async fn an_approval_is_no_payment() {
    let house = House::new(plan(None));
    let asked = house.asks(&errand("a1"), &asks_invoice()).await;
    let who = Answerer::System("ada".to_owned());
    for answer in [Said::Yes { keep: false, widen: false }, Said::No] {
        let said = house.desk.answer(&asked.ticket.id, who.clone(), answer).await;
        assert_eq!(said.unwrap_err().code(), "not_permitted");
    }
    let id = held(&house).await;
    assert_eq!(house.state(&id).await, "held:in_flight");
    house.asks(&errand("a1"), &asks_invoice()).await;
}

#[tokio::test]
async fn what_was_paid_for_one_serves_nobody_else() {
    let house = House::new(plan(None));
    house.asks(&errand("a1"), &asks_invoice()).await;
    let id = held(&house).await;
    house.payer.told_paid(&id, "os:ada", &right()).await.unwrap();
    assert!(matches!(
        house.payer.pay(&errand("a2"), &asks_invoice()).await,
        Err(Unpaid::Refused(_))
    ));
    house.pays(&errand("a1"), &asks_invoice()).await.answered(&serves("sunny")).await;
}

/// HUM-04: the invoice ends after an hour, and what was begun in time has come to its end ten minutes later.
#[tokio::test]
async fn an_invoice_that_ended_unpaid_by_the_word_of_the_persons_wallet_is_released() {
    let house = House::new(plan(Some(Own::says(|| Outcome::Absent))));
    let asked = house.asks(&errand("a1"), &asks_invoice()).await;
    let id = held(&house).await;
    house.later(3600);
    assert_eq!(house.payer.reconcile().await.unwrap()[0].state, "held");
    house.later(600);
    assert_eq!(house.payer.reconcile().await.unwrap()[0].state, "released");
    assert_eq!((house.state(&id).await.as_str(), house.used("day sat").await), ("released", 0));
    let ticket = house.desk.ticket(&asked.ticket.id).await.unwrap().unwrap();
    assert_eq!(ticket.state, State::Refused);
}

#[tokio::test]
async fn time_alone_or_a_wallet_that_is_at_it_releases_nothing() {
    let at_it = Own::says(|| Outcome::InFlight);
    for wallet in [None, Some(at_it)] {
        let house = House::new(plan(wallet));
        house.asks(&errand("a1"), &asks_invoice()).await;
        let id = held(&house).await;
        house.later(30 * 86_400);
        house.payer.reconcile().await.unwrap();
        assert_eq!(house.state(&id).await, "held:in_flight");
        assert_eq!(house.desk.waiting_by_hand().await.unwrap().len(), 1, "it can be told still");
        house.payer.told_paid(&id, "os:ada", &right()).await.unwrap();
        assert_eq!(house.state(&id).await, "settled");
    }
}

#[tokio::test]
async fn the_persons_wallet_proves_by_itself_what_it_paid() {
    let own = Own::says(|| Outcome::InFlight);
    let house = House::new(plan(Some(own.clone())));
    house.asks(&errand("a1"), &asks_invoice()).await;
    *own.0.lock().unwrap() = || {
        let preimage = lightning::Preimage::from_bytes([1; 32]);
        Outcome::Settled { preimage, fee_msat: Some(3000) }
    };
    assert_eq!(house.payer.reconcile().await.unwrap()[0].state, "settled");
    let paid = house.pays(&errand("a1"), &asks_invoice()).await;
    assert!(paid.attachment().headers[0].1.ends_with(&right()));
    assert_eq!(
        house.used("day sat").await,
        10,
        "what the wallet takes for the way is the person's"
    );
    paid.answered(&serves("sunny")).await;
}

#[tokio::test]
async fn an_operators_word_that_nothing_was_paid_frees_the_money_and_tells_the_caller() {
    let house = House::new(plan(None));
    house.asks(&errand("a1"), &asks_invoice()).await;
    let id = held(&house).await;
    house.payer.told_unpaid(&id, "opal").await.unwrap();
    assert_eq!((house.state(&id).await.as_str(), house.used("day sat").await), ("released", 0));
    assert_eq!(house.rule(&errand("a1"), &asks_invoice()).await, MoneyRule::Denied);
    let payment = house.payment(&id).await;
    assert!(payment.flags.contains(&model::money::Flag::OperatorConfirmed));
}

/// What an operator books by their own word is as good for the seller, if it is the proof.
#[tokio::test]
async fn a_preimage_that_an_operator_booked_serves_the_call() {
    let house = House::new(plan(None));
    house.asks(&errand("a1"), &asks_invoice()).await;
    let id = held(&house).await.parse().unwrap();
    let amount = Amount::new(Asset::sat(), 10);
    let settlement = Settlement { amount, fee: 0, proof: Some(right()), flags: Vec::new() };
    house.books().settle_held(id, settlement).await.unwrap();
    house.payer.reconcile().await.unwrap();
    let paid = house.pays(&errand("a1"), &asks_invoice()).await;
    assert!(paid.attachment().headers[0].1.ends_with(&right()));
    paid.answered(&serves("sunny")).await;
}

/// The command line settles in the books alone: the question ends by what stands there.
#[tokio::test]
async fn a_question_ends_by_what_the_books_have_whoever_wrote_it() {
    let house = House::new(plan(None));
    let asked = house.asks(&errand("a1"), &asks_invoice()).await;
    let id = held(&house).await.parse().unwrap();
    let by = ledger::Released::Operator { by: "os:ada".to_owned() };
    house.books().release_held(id, by).await.unwrap();
    house.payer.reconcile().await.unwrap();
    let ticket = house.desk.ticket(&asked.ticket.id).await.unwrap().unwrap();
    assert_eq!(ticket.state, State::Refused);
}
