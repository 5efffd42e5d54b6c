//! The caller's own key: equal keys, one payment.

use model::money::MoneyRule;

use crate::support::*;

/// FLW-03
#[tokio::test]
async fn the_same_key_brings_the_same_payload_and_signs_nothing() {
    let house = House::new(Plan::default());
    let paid = house.pays(&keyed("a1", "k"), &asks("10000")).await;
    let (id, first) = (paid.id(), paid.attachment().headers.clone());
    paid.lost(true).await;
    let again = house.pays(&keyed("a1", "k"), &asks("10000")).await;
    assert_eq!((again.id(), &again.attachment().headers), (id.clone(), &first));
    again.answered(&serves("sunny")).await;
    assert_eq!((house.evm.counts(), house.used("day").await), ((1, 1, 0), 10_000));
}

#[tokio::test]
async fn a_key_that_named_another_request_is_refused() {
    let house = House::new(Plan::default());
    let url = "https://api.example.com/weather?city=oslo";
    drop(house.pays(&keyed("a1", "k"), &asks("10000")).await);
    let mut other = errand_to("a1", "weather", url);
    other.key = Some("k".to_owned());
    let demand = demand(402, &[x402(&offer_of("10000", PAYEE))], url);
    assert_eq!(house.rule(&other, &demand).await, MoneyRule::RequestChanged);
    assert_eq!(house.evm.counts().0, 1);
}

#[tokio::test]
async fn a_key_belongs_to_its_principal() {
    let house = House::new(Plan::default());
    let one = house.pays(&keyed("a1", "k"), &asks("10000")).await;
    let two = house.pays(&keyed("a2", "k"), &asks("10000")).await;
    assert_ne!(one.id(), two.id());
}

/// A payment that a person agreed to is found by its key like any other: the yes was used for it.
#[tokio::test]
async fn the_same_key_finds_a_payment_that_a_person_agreed_to() {
    let house = House::new(Plan::strangers());
    let paid = house.pays_after_a_yes(&keyed("a1", "k"), &asks("10000"), false).await;
    let (id, first) = (paid.id(), paid.attachment().headers.clone());
    paid.lost(true).await;
    let again = house.pays(&keyed("a1", "k"), &asks("10000")).await;
    assert_eq!((again.id(), &again.attachment().headers), (id, &first));
    assert_eq!((house.evm.counts(), house.used("day").await), ((1, 1, 0), 10_000));
}

/// What was released is counted as free; shown to the seller after all, it would be spent beside the books.
#[tokio::test]
async fn a_key_does_not_bring_back_what_was_released() {
    let house = House::new(Plan::default());
    let paid = house.pays(&keyed("a1", "k"), &asks("10000")).await;
    let (id, first) = (paid.id(), paid.attachment().headers.clone());
    paid.lost(false).await;
    let again = house.pays(&keyed("a1", "k"), &asks("10000")).await;
    assert_ne!(again.id(), id);
    assert_ne!(again.attachment().headers, first);
    assert_eq!((house.evm.counts(), house.used("day").await), ((2, 2, 0), 10_000));
}

/// What is told of a payment is what the books have, whoever shows it once more.
#[tokio::test]
async fn a_key_that_finds_a_held_payment_is_told_that_it_is_held_until_there_is_proof() {
    let house = House::new(Plan::default());
    let paid = house.pays(&keyed("a1", "k"), &asks("10000")).await;
    let id = paid.id();
    paid.lost(true).await;
    house.evm.set(|s| s.answered = held(MoneyRule::NoProof));
    let again = async || house.pays(&keyed("a1", "k"), &asks("10000")).await;
    let still = ("held", Some(MoneyRule::SentUnknown));
    let told = again().await.answered(&serves("sunny")).await;
    assert_eq!((told.state, told.rule), still);
    let told = again().await.lost(true).await;
    assert_eq!((told.state, told.rule), still);
    house.evm.set(|s| s.answered = settled(10_000));
    let told = again().await.answered(&serves("sunny")).await;
    assert_eq!((told.state, told.rule), ("settled", None));
    assert_eq!((house.state(&id).await.as_str(), house.used("day").await), ("settled", 10_000));
    let told = again().await.answered(&asks("10000")).await;
    assert_eq!((told.state, told.rule), ("settled", Some(MoneyRule::Second402)));
    assert_eq!(house.evm.counts().0, 1);
}
