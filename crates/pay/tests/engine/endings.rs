//! How payments end, and what is on record of them.

use std::sync::Arc;

use model::money::{Flag, MoneyRule};
use pay::{Standing, Unpaid};
use tokio::sync::Notify;

use crate::support::*;

/// CTL-01, CTL-12
#[tokio::test]
async fn a_payment_is_signed_once_sent_once_and_settled() {
    let house = House::new(Plan::default());
    let paid = house.pays(&errand("a1"), &asks("10000")).await;
    let id = paid.id();
    assert_eq!(house.state(&id).await, "sent");
    let told = paid.answered(&serves("sunny")).await;
    assert_eq!((told.state, told.rule), ("settled", None));
    let payment = house.payment(&id).await;
    assert_eq!((payment.paid, payment.proof.as_deref()), (10_000, Some("0xproof")));
    assert_eq!((house.evm.counts(), house.used("day").await), ((1, 1, 0), 10_000));
    assert!(house.books().under_way().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_was_paid_beforehand_is_known_to_be_settled_when_the_seller_answers() {
    let house = House::new(Plan::default());
    house.evm.set(|s| s.way = Way::Done(settled(10_000)));
    house.pays(&errand("a1"), &asks("10000")).await.answered(&serves("sunny")).await;
    assert_eq!(house.evm.heard(), [ledger::State::Settled]);
}

/// CTL-11
#[tokio::test]
async fn two_tools_of_one_seller_have_a_pin_each() {
    let house = House::new(Plan {
        pins: vec![pin("weather", "0.01"), pin("forecast", "0.01")],
        ..Plan::default()
    });
    house.pays(&errand("a1"), &asks("10000")).await.answered(&serves("sunny")).await;
    let forecast = errand_to("a1", "forecast", URL);
    house.pays(&forecast, &asks("10000")).await.answered(&serves("rain")).await;
    assert_eq!((house.evm.counts(), house.used("day").await), ((2, 2, 0), 20_000));
}

/// FLW-11
#[tokio::test]
async fn two_agents_that_want_the_same_pay_each_for_themselves() {
    let house = House::new(Plan::default());
    let demand = asks("10000");
    let (e1, e2) = (errand("a1"), errand("a2"));
    let (one, two) = tokio::join!(house.pays(&e1, &demand), house.pays(&e2, &demand));
    let (first, second) = (house.payment(&one.id()).await, house.payment(&two.id()).await);
    assert_ne!(first.mark.unwrap(), second.mark.unwrap());
    assert_eq!((house.evm.counts(), house.used("day").await), ((2, 2, 0), 20_000));
}

/// g-money-09
#[tokio::test]
async fn two_calls_that_differ_in_their_arguments_are_two_payments() {
    let house = House::new(Plan::default());
    let other = errand_to("a1", "weather", "https://api.example.com/weather?city=oslo");
    let _one = house.pays(&errand("a1"), &asks("10000")).await;
    let demand = demand(
        402,
        &[x402(&offer_of("10000", PAYEE))],
        "https://api.example.com/weather?city=oslo",
    );
    let _two = house.pays(&other, &demand).await;
    assert_eq!((house.evm.counts(), house.used("day").await), ((2, 2, 0), 20_000));
}

/// AUD-04
#[tokio::test]
async fn a_record_of_a_paid_call_says_everything_but_the_signature() {
    let house = House::new(Plan::strangers());
    let asked = house.asks(&errand("a1"), &asks("10000")).await;
    house.yes(&asked, false).await;
    let paid = house.pays(&errand("a1"), &asks("10000")).await;
    let id = paid.id();
    let secret = paid.attachment().secrets[0].clone();
    paid.answered(&serves("sunny")).await;
    let records = house.records();
    let states: Vec<_> =
        records.iter().map(|record| record.payment.as_ref().unwrap().state.as_str()).collect();
    assert_eq!(states, ["asked", "reserved", "settled"]);
    let last = records.last().unwrap();
    assert!(!last.time.is_empty());
    let shown = [
        &last.principal,
        &last.tenant,
        &last.session,
        &last.source,
        &last.tool,
        &last.verdict,
        &last.request_id,
    ];
    let shown = shown.map(|text| text.as_deref().unwrap());
    assert_eq!(shown, ["a1", "acme", "s1", "weather", "weather", "allow", "trace 7"]);
    assert_eq!(records[0].rule.as_deref(), Some("first_payee"));
    assert_eq!(records[0].verdict.as_deref(), Some("ask"));
    let payment = last.payment.as_ref().unwrap();
    let told = [&payment.origin, &payment.payee, &payment.amount, &payment.state];
    assert_eq!(told, ["https://api.example.com", PAYEE, "10000", "settled"]);
    assert!(payment.asset.starts_with("eip155:84532/erc20:0x036"));
    assert_eq!(payment.id, id);
    assert_eq!(payment.approval.as_ref(), Some(&asked.ticket.id));
    assert_eq!(payment.policy, Some("05".repeat(32)));
    assert_eq!(payment.receipt.as_deref(), Some("0xproof"));
    assert!(payment.nonce.as_deref().unwrap().starts_with("nonce 0"));
    assert!(!format!("{records:?}").contains(&secret));
}

/// CRS-13
#[tokio::test]
async fn a_payment_keeps_the_policy_it_was_decided_under_while_another_comes_into_force() {
    let house = House::new(Plan::default());
    let paid = house.pays(&errand("a1"), &asks("10000")).await;
    let reloaded = house.reloaded([6; 32]);
    paid.answered(&serves("sunny")).await;
    assert!(matches!(reloaded.pay(&errand("a2"), &asks("10000")).await, Err(Unpaid::Asks(_))));
    let records = house.records().into_iter().map(|record| record.payment.unwrap());
    let told: Vec<_> = records.map(|p| (p.state, p.policy.unwrap())).collect();
    let (old, new) = ("05".repeat(32), "06".repeat(32));
    let state = |state: &str, policy: &String| (state.to_owned(), policy.clone());
    assert_eq!(told, [state("reserved", &old), state("settled", &old), state("asked", &new)]);
}

/// FLW-12
#[tokio::test]
async fn an_empty_delivery_is_marked_and_the_money_goes_its_own_way() {
    for (standing, state) in [(settled(10_000), "settled"), (held(MoneyRule::NoProof), "held")] {
        let house = House::new(Plan::default());
        house.evm.set(|s| s.answered = standing);
        let paid = house.pays(&errand("a1"), &asks("10000")).await;
        let id = paid.id();
        assert_eq!(paid.answered(&serves("")).await.state, state);
        let entry = house.records().pop().unwrap().payment.unwrap();
        assert_eq!((entry.state.as_str(), entry.flags.as_str()), (state, "empty_delivery"));
        assert_eq!(house.payment(&id).await.flags, [Flag::EmptyDelivery]);
    }
}

/// FLW-09, FLW-10, g-money-33
#[tokio::test]
async fn what_a_seller_says_settles_nothing_and_its_marks_are_kept() {
    let house = House::new(Plan::default());
    let flags = vec![Flag::ReceiptFailed];
    house.evm.set(|s| s.answered = Standing::Held { rule: MoneyRule::NoProof, flags });
    let paid = house.pays(&errand("a1"), &asks("10000")).await;
    let id = paid.id();
    let told = paid.answered(&serves("sunny")).await;
    assert_eq!((told.state, told.rule), ("held", Some(MoneyRule::NoProof)));
    assert_eq!(house.state(&id).await, "held:no_proof");
    assert_eq!(house.payment(&id).await.flags, [Flag::ReceiptFailed]);
    assert_eq!(house.used("day").await, 10_000);
}

/// TIM-06: what the seller cannot have is free again, and another attempt is another payment.
#[tokio::test]
async fn what_never_left_is_released_and_a_new_attempt_is_a_new_payment() {
    let house = House::new(Plan::default());
    let paid = house.pays(&errand("a1"), &asks("10000")).await;
    let first = paid.id();
    assert_eq!(paid.lost(false).await.state, "released");
    assert_eq!(house.used("day").await, 0);
    let again = house.pays(&errand("a1"), &asks("10000")).await;
    assert_ne!(again.id(), first);
    assert_eq!(house.evm.counts().0, 2);
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_no_payment_half_made() {
    let house = House::new(Plan::default());
    let go_on = Arc::new(Notify::new());
    house.evm.set(|s| s.until = Some(go_on.clone()));
    let (payer, called, demand) = (house.payer.clone(), errand("a1"), asks("10000"));
    let caller = tokio::spawn(async move { drop(payer.pay(&called, &demand).await) });
    while house.books().under_way().await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    go_on.notify_one();
    let held = loop {
        let open = house.books().holds().await.unwrap();
        if let Some(open) = open.into_iter().find(|p| matches!(p.state.as_str(), "held" | "sent")) {
            break open;
        }
        tokio::task::yield_now().await;
    };
    assert!(held.signed && held.sent);
    assert_eq!(house.used("day").await, 10_000);
    house.evm.set(|s| s.until = None);
    let refused = house.refuses(&errand("a1"), &asks("10000")).await;
    assert_eq!(refused.rule, MoneyRule::InFlight);
    assert_eq!(house.evm.counts().0, 1);
}

/// g-money-42: what a seller writes about what it sells goes into no terms and no record.
#[tokio::test]
async fn the_words_of_a_seller_are_in_no_terms_and_in_no_record() {
    let house = House::new(Plan::default());
    let mut offer = offer_of("10000", PAYEE);
    offer["resource"]["description"] = "for alice@acme.example".into();
    let demand = demand(402, &[x402(&offer)], URL);
    let paid = house.pays(&errand("a1"), &demand).await;
    let id = paid.id();
    paid.answered(&serves("sunny")).await;
    assert!(!format!("{:?}", house.payment(&id).await).contains("alice"));
    assert!(!format!("{:?}", house.records()).contains("alice"));
}

/// MPC-15: paid over Lightning before the request, and the receipt speaks of another payment.
#[tokio::test]
async fn a_receipt_that_contradicts_what_was_paid_beforehand_is_marked_in_the_books() {
    let house = House::new(Plan::strangers());
    let flags = vec![Flag::ReceiptMismatch];
    let doubtful = Standing::Settled { amount: 10, fee: 0, receipt: "0xproof".to_owned(), flags };
    house.lightning.set(|s| (s.way, s.answered) = (Way::Done(settled(10)), doubtful));
    let paid = house.pays_after_a_yes(&errand("a1"), &asks_lightning(), false).await;
    let id = paid.id();
    assert!(house.payment(&id).await.flags.is_empty());
    let told = paid.answered(&serves("sunny")).await;
    assert_eq!((told.state, told.rule), ("settled", None));
    let payment = house.payment(&id).await;
    assert_eq!((payment.state.as_str(), payment.paid), ("settled", 10));
    assert_eq!(payment.flags, [Flag::ReceiptMismatch]);
}

/// Each record of a payment says how far the books were: by the last of them a file that was put back is found out.
#[tokio::test]
async fn every_record_of_a_payment_says_how_far_the_books_were() {
    let house = House::new(Plan::default());
    house.pays(&errand("a1"), &asks("10000")).await.answered(&serves("sunny")).await;
    let place = house.books().place().unwrap();
    let places: Vec<_> = house.records().into_iter().map(|r| r.ledger.unwrap()).collect();
    assert_eq!(places.len(), 2);
    assert!(places[0].starts_with("1:"), "{places:?}");
    assert_eq!(places[1], place);
}
