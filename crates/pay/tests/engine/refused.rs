//! What is refused costs nothing: no budget changes, and no key is touched.

use model::money::MoneyRule;
use pay::{Stop, Unpaid};
use treasury::ledger::{Scope, Stop as Pause};

use crate::support::*;

async fn nothing_happened(house: &House) {
    assert_eq!(house.evm.counts(), (0, 0, 0));
    assert_eq!(house.used("day").await, 0);
    assert!(house.books().under_way().await.unwrap().is_empty());
}

/// AMT-01, PAY-02
#[tokio::test]
async fn a_deny_changes_no_budget_and_signs_nothing() {
    let house = House::new(Plan::default());
    assert_eq!(house.rule(&errand("a1"), &asks("110000")).await, MoneyRule::PerCallCap);
    let nobody = "0x0000000000000000000000000000000000000000";
    let to_nobody = demand(402, &[x402(&offer_of("10000", nobody))], URL);
    assert_eq!(house.rule(&errand("a1"), &to_nobody).await, MoneyRule::BadPayee);
    nothing_happened(&house).await;
}

/// RLS-05, g-money-30
#[tokio::test]
async fn what_asks_for_nothing_is_not_paid() {
    let house = House::new(Plan::default());
    let ok = demand(200, &[x402(&offer_of("10000", PAYEE))], URL);
    let unpaid = house.payer.pay(&errand("a1"), &ok).await.err().unwrap();
    assert!(matches!(unpaid, Unpaid::NoDemand));
    nothing_happened(&house).await;
}

/// ORG-03, g-money-28
#[tokio::test]
async fn a_demand_behind_a_redirect_is_not_paid() {
    let house = House::new(Plan::default());
    let offer = x402(&offer_of("10000", PAYEE));
    for elsewhere in ["https://evil.example.net/pay", "https://api.example.com/other"] {
        let behind = demand(402, std::slice::from_ref(&offer), elsewhere);
        assert_eq!(house.rule(&errand("a1"), &behind).await, MoneyRule::Redirect, "{elsewhere}");
    }
    nothing_happened(&house).await;
}

/// CTL-13, CTL-14
#[tokio::test]
async fn a_preview_says_what_would_happen_and_does_nothing() {
    let house = House::new(Plan::default());
    let preview = house.payer.preview(&errand("a1"), &asks("10000")).await;
    assert_eq!((preview.verdict, preview.terms.unwrap().amount.minor), ("allow", 10_000));
    let preview = house.payer.preview(&errand("a1"), &asks("110000")).await;
    assert_eq!((preview.verdict, preview.rules), ("deny", vec![MoneyRule::PerCallCap]));
    let strange = demand(402, &[x402(&offer_of("10000", STRANGER))], URL);
    let preview = house.payer.preview(&errand("a1"), &strange).await;
    assert_eq!((preview.verdict, preview.rules), ("ask", vec![MoneyRule::PayeeChanged]));
    nothing_happened(&house).await;
    assert!(house.desk.waiting().await.unwrap() == 0 && house.records().is_empty());
}

/// BUD-17, BUD-18, g-money-43
#[tokio::test]
async fn who_is_paused_pays_nothing_and_others_go_on() {
    let house = House::new(Plan::default());
    let a2 = Pause { scope: Scope::Agent, value: "a2".to_owned() };
    house.books().pause(a2).await.unwrap();
    assert_eq!(house.rule(&errand("a2"), &asks("10000")).await, MoneyRule::Paused);
    nothing_happened(&house).await;
    house.pays(&errand("a1"), &asks("10000")).await.answered(&serves("sunny")).await;
    house.books().pause(Pause::all()).await.unwrap();
    assert_eq!(house.rule(&errand("a1"), &asks("10000")).await, MoneyRule::Paused);
    assert_eq!(house.evm.counts().0, 1);
}

/// BUD-20
#[tokio::test]
async fn a_pause_lets_what_was_sent_settle_and_begins_nothing_new() {
    let house = House::new(Plan::default());
    let sent = house.pays(&errand("a1"), &asks("10000")).await;
    house.books().pause(Pause::all()).await.unwrap();
    assert_eq!(house.rule(&errand("a2"), &asks("10000")).await, MoneyRule::Paused);
    assert_eq!(house.used("day").await, 10_000);
    assert_eq!(sent.answered(&serves("sunny")).await.state, "settled");
    assert_eq!(house.used("day").await, 10_000);
}

/// AUD-05, CRS-09
#[tokio::test]
async fn without_a_record_nothing_is_signed_and_the_money_is_free_again() {
    let house = House::new(Plan::default());
    house.journal.close();
    assert_eq!(house.rule(&errand("a1"), &asks("10000")).await, MoneyRule::Ledger);
    nothing_happened(&house).await;
}

#[tokio::test]
async fn what_a_rail_will_not_sign_is_released_with_its_reason() {
    let house = House::new(Plan::default());
    let why = "Not a form that is signed.".to_owned();
    house.evm.set(|s| s.refuses = Some(Stop { rule: MoneyRule::SigningFirewall, why }));
    let refused = house.refuses(&errand("a1"), &asks("10000")).await;
    assert_eq!((refused.rule, refused.payment), (MoneyRule::SigningFirewall, None));
    nothing_happened(&house).await;
    let states: Vec<_> = house.records().into_iter().map(|r| r.payment.unwrap().state).collect();
    assert_eq!(states, ["reserved", "released"]);
}
