//! Rails that stop by themselves.

use ledger::{Scope, Stop};
use model::money::{Flag, MoneyRule};
use pay::Standing;
use treasury::ledger;

use crate::support::*;

fn contradiction() -> Standing {
    Standing::Held { rule: MoneyRule::BadResponse, flags: vec![Flag::BadResponse] }
}

/// WLT-06
#[tokio::test]
async fn a_wallet_that_contradicts_itself_stops_its_rail_until_an_operator_resumes_it() {
    let house = House::new(Plan::strangers());
    let rail = Stop { scope: Scope::Rail, value: "l402".to_owned() };
    house.lightning.set(|s| (s.way, s.look) = (Way::Stop(contradiction()), contradiction()));
    let asked = house.asks(&errand("a1"), &asks_lightning()).await;
    house.yes(&asked, false).await;
    let refused = house.refuses(&errand("a1"), &asks_lightning()).await;
    assert_eq!(refused.rule, MoneyRule::BadResponse);
    assert_eq!(house.state(&refused.payment.unwrap()).await, "held:bad_response");
    assert_eq!(house.books().stops().await.unwrap(), std::slice::from_ref(&rail));
    assert_eq!(house.rule(&errand("a2"), &asks_lightning()).await, MoneyRule::Paused);
    // The other rails go on.
    house.asks(&errand("a2"), &asks("10000")).await;
    // Whoever resumes it has looked into it: what is held still does not stop it again.
    house.books().resume(rail).await.unwrap();
    assert_eq!(house.payer.reconcile().await.unwrap()[0].state, "held");
    assert!(house.books().stops().await.unwrap().is_empty());
    house.asks(&errand("a3"), &asks_lightning()).await;
    let note = house.records_of("admin").pop().unwrap();
    assert!(note.note.unwrap().starts_with("rail:l402 was paused: bad_response"));
}

#[tokio::test]
async fn a_contradiction_that_comes_to_light_later_stops_the_rail_once() {
    let house = House::new(Plan::strangers());
    house.lightning.set(|s| s.way = Way::Stop(held(MoneyRule::SentUnknown)));
    let asked = house.asks(&errand("a1"), &asks_lightning()).await;
    house.yes(&asked, false).await;
    house.refuses(&errand("a1"), &asks_lightning()).await;
    assert!(house.books().stops().await.unwrap().is_empty());
    house.lightning.set(|s| s.look = contradiction());
    house.payer.reconcile().await.unwrap();
    assert_eq!(house.books().stops().await.unwrap().len(), 1);
}
