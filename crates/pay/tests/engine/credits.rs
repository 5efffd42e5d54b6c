//! What was bought and serves again serves whom it was bought for, where it was bought.

use model::money::MoneyRule;
use pay::Reuse;

use crate::support::*;

async fn bought(until: Option<u64>) -> House {
    let house = House::new(Plan::default());
    house.evm.set(|s| {
        s.way = Way::Done(settled(10_000));
        s.reuse = Some(Reuse { until });
    });
    house.pays(&errand("a1"), &asks("10000")).await.answered(&serves("sunny")).await;
    house
}

/// L4C-20
#[tokio::test]
async fn a_credential_serves_the_next_call_without_another_payment() {
    let house = bought(None).await;
    let credit = house.payer.credit(&errand("a1")).await.unwrap();
    assert!(credit.headers[0].1.starts_with("signed 0"));
    assert_eq!(house.evm.counts(), (1, 1, 0));
}

/// L4C-21, L4C-22
#[tokio::test]
async fn a_credential_goes_to_no_other_origin_path_or_principal() {
    let house = bought(None).await;
    for url in [
        "http://api.example.com/weather",
        "https://evil.example/weather",
        "https://api.example.com:8443/weather",
        "https://api.example.com/weather/",
        "https://api.example.com/other",
    ] {
        assert!(house.payer.credit(&errand_to("a1", "weather", url)).await.is_none(), "{url}");
    }
    assert!(house.payer.credit(&errand("a2")).await.is_none());
    let mut tenant = errand("a1");
    tenant.tenant = "other".to_owned();
    assert!(house.payer.credit(&tenant).await.is_none());
    // What the caller may choose makes no difference.
    let mut chosen =
        errand_to("a1", "weather", "https://evil.example/weather?pubkey=https://api.example.com");
    chosen.asking.arguments = r#"{"pubkey":"https://api.example.com"}"#.to_owned();
    assert!(house.payer.credit(&chosen).await.is_none());
    assert!(house.payer.credit(&errand("a1")).await.is_some());
}

/// L4C-24
#[tokio::test]
async fn a_credential_whose_time_is_over_is_not_sent() {
    let house = bought(Some(T0 + 60_000)).await;
    assert!(house.payer.credit(&errand("a1")).await.is_some());
    house.later(60);
    assert!(house.payer.credit(&errand("a1")).await.is_none());
}

/// L4C-16, L4C-18
#[tokio::test]
async fn what_has_no_proof_is_held_and_leaves_no_credential() {
    let house = House::new(Plan::default());
    house.evm.set(|s| {
        s.way = Way::Stop(held(MoneyRule::BadProof));
        s.reuse = Some(Reuse { until: None });
    });
    let refused = house.refuses(&errand("a1"), &asks("10000")).await;
    assert_eq!(refused.rule, MoneyRule::BadProof);
    assert_eq!(house.state(&refused.payment.unwrap()).await, "held:bad_proof");
    assert!(house.payer.credit(&errand("a1")).await.is_none());
}

/// MPC-14: the proof outlives the answer that did not come.
#[tokio::test]
async fn what_was_paid_and_not_answered_is_kept_for_the_next_call() {
    let house = House::new(Plan::default());
    house.evm.set(|s| {
        s.way = Way::Done(settled(10_000));
        s.reuse = Some(Reuse { until: None });
    });
    let paid = house.pays(&errand("a1"), &asks("10000")).await;
    let first = paid.attachment().headers.clone();
    paid.lost(true).await;
    assert_eq!(house.payer.credit(&errand("a1")).await.unwrap().headers, first);
    assert_eq!((house.evm.counts(), house.used("day").await), ((1, 1, 0), 10_000));
}

/// L4C-19
#[tokio::test]
async fn what_was_paid_and_not_served_is_kept_for_the_next_call() {
    let house = House::new(Plan::default());
    house.evm.set(|s| {
        s.way = Way::Done(settled(10_000));
        s.reuse = Some(Reuse { until: None });
    });
    let paid = house.pays(&errand("a1"), &asks("10000")).await;
    let first = paid.attachment().headers.clone();
    assert_eq!(paid.answered(&fails(500)).await.state, "settled");
    assert_eq!(house.payer.credit(&errand("a1")).await.unwrap().headers, first);
    assert_eq!(house.evm.counts(), (1, 1, 0));
}

#[tokio::test]
async fn a_credential_that_is_refused_is_forgotten() {
    let house = House::new(Plan::default());
    house.evm.set(|s| {
        s.way = Way::Done(settled(10_000));
        s.reuse = Some(Reuse { until: None });
    });
    let paid = house.pays(&errand("a1"), &asks("10000")).await;
    paid.answered(&asks("10000")).await;
    assert!(house.payer.credit(&errand("a1")).await.is_none());
}

#[tokio::test]
async fn what_serves_once_is_not_kept() {
    let house = House::new(Plan::default());
    house.pays(&errand("a1"), &asks("10000")).await.answered(&serves("sunny")).await;
    assert!(house.payer.credit(&errand("a1")).await.is_none());
}

#[tokio::test]
async fn what_is_proven_later_is_kept_for_the_next_call() {
    let house = House::new(Plan::default());
    house.evm.set(|s| {
        s.way = Way::Stop(held(MoneyRule::NoProof));
        s.reuse = Some(Reuse { until: None });
    });
    house.refuses(&errand("a1"), &asks("10000")).await;
    assert!(house.payer.credit(&errand("a1")).await.is_none());
    house.evm.set(|s| s.look = settled(10_000));
    house.payer.reconcile().await.unwrap();
    assert!(house.payer.credit(&errand("a1")).await.is_some());
    assert!(house.payer.credit(&errand("a2")).await.is_none());
}
