//! Payments whose outcome is not known hold their money until there is proof.

use model::money::MoneyRule;

use crate::support::*;

/// FLW-01, FLW-02, g-money-08, g-money-11
#[tokio::test]
async fn a_second_demand_is_never_paid_and_the_first_payment_is_held() {
    for amount in ["10000", "20000"] {
        let house = House::new(Plan::default());
        let paid = house.pays(&errand("a1"), &asks("10000")).await;
        let id = paid.id();
        let told = paid.answered(&asks(amount)).await;
        assert_eq!((told.state, told.rule), ("held", Some(MoneyRule::Second402)));
        assert_eq!(house.state(&id).await, "held:second_402");
        let refused = house.refuses(&errand("a1"), &asks("10000")).await;
        assert_eq!((refused.rule, refused.payment), (MoneyRule::InFlight, Some(id)));
        assert_eq!((house.evm.counts(), house.used("day").await), ((1, 1, 0), 10_000));
    }
}

/// FLW-03, FLW-04, g-money-07
#[tokio::test]
async fn a_lost_answer_is_held_and_another_key_does_not_pay_again() {
    let house = House::new(Plan::default());
    let paid = house.pays(&keyed("a1", "k1"), &asks("10000")).await;
    let id = paid.id();
    let told = paid.lost(true).await;
    assert_eq!((told.state, told.rule), ("held", Some(MoneyRule::SentUnknown)));
    for errand in [keyed("a1", "k2"), errand("a1")] {
        let refused = house.refuses(&errand, &asks("10000")).await;
        assert_eq!((refused.rule, refused.payment.as_ref()), (MoneyRule::InFlight, Some(&id)));
    }
    assert_eq!((house.evm.counts(), house.used("day").await), ((1, 1, 0), 10_000));
}

#[tokio::test]
async fn a_payment_that_nobody_answers_for_stays_held() {
    let house = House::new(Plan::default());
    let paid = house.pays(&errand("a1"), &asks("10000")).await;
    let id = paid.id();
    drop(paid);
    assert_eq!(house.rule(&errand("a1"), &asks("10000")).await, MoneyRule::InFlight);
    assert!(house.payment(&id).await.state.is_open());
    assert_eq!(house.used("day").await, 10_000);
}

/// SEL-07, g-money-10
#[tokio::test]
async fn no_second_rail_is_tried_while_the_first_may_have_paid() {
    let house = House::new(Plan { budgets: caps(), pins: Vec::new(), ..Plan::default() });
    house.ecash.set(|s| s.way = Way::Stop(held(MoneyRule::SentUnknown)));
    let asked = house.asks(&errand("a1"), &asks_ecash_or_lightning()).await;
    assert_eq!(asked.terms.rail, model::money::Rail::Cashu);
    house.yes(&asked, true).await;
    let refused = house.refuses(&errand("a1"), &asks_ecash_or_lightning()).await;
    assert_eq!(refused.rule, MoneyRule::SentUnknown);
    let again = house.payer.pay(&errand("a1"), &asks_ecash_or_lightning()).await;
    assert!(again.is_err());
    assert_eq!((house.ecash.counts().1, house.lightning.counts()), (1, (0, 0, 0)));
    assert_eq!(house.state(&refused.payment.unwrap()).await, "held:sent_unknown");
}

/// FLW-05, g-money-38
#[tokio::test]
async fn proof_that_comes_later_settles_what_is_held() {
    let house = House::new(Plan::default());
    house.evm.set(|s| s.answered = held(MoneyRule::NoProof));
    let paid = house.pays(&errand("a1"), &asks("10000")).await;
    let id = paid.id();
    paid.answered(&fails(502)).await;
    house.evm.set(|s| s.look = settled(10_000));
    let found = house.payer.reconcile().await.unwrap();
    assert_eq!((found.len(), found[0].state, found[0].why.as_str()), (1, "settled", "0xproof"));
    let payment = house.payment(&id).await;
    assert_eq!((payment.paid, payment.state.as_str()), (10_000, "settled"));
    assert_eq!((house.evm.counts(), house.used("day").await), ((1, 1, 1), 10_000));
    // Once is enough.
    assert!(house.payer.reconcile().await.unwrap().is_empty());
}

/// g-money-37
#[tokio::test]
async fn proof_that_nothing_can_be_taken_any_more_frees_the_money() {
    let house = House::new(Plan::default());
    let paid = house.pays(&errand("a1"), &asks("10000")).await;
    let id = paid.id();
    paid.lost(true).await;
    house.evm.set(|s| s.look = released());
    assert_eq!(house.payer.reconcile().await.unwrap()[0].state, "released");
    assert_eq!((house.state(&id).await.as_str(), house.used("day").await), ("released", 0));
    let _again = house.pays(&errand("a1"), &asks("10000")).await;
    assert_eq!(house.evm.counts().0, 2);
}

/// FLW-06, FLW-13
#[tokio::test]
async fn without_proof_it_stays_held_however_often_one_looks() {
    let house = House::new(Plan::default());
    let paid = house.pays(&errand("a1"), &asks("10000")).await;
    let id = paid.id();
    paid.lost(true).await;
    for _ in 0..3 {
        house.later(3600);
        assert_eq!(house.payer.reconcile().await.unwrap()[0].state, "held");
    }
    assert_eq!(house.state(&id).await, "held:sent_unknown");
    assert_eq!((house.evm.counts(), house.used("day").await), ((1, 1, 3), 10_000));
    let states: Vec<_> = house.records().into_iter().map(|r| r.payment.unwrap().state).collect();
    assert_eq!(states, ["reserved", "held"], "a look that finds nothing leaves no record");
}
