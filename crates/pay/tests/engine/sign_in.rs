//! Where a caller has paid, the wallet signs in instead of paying once more; nobody else is signed in by it.

use model::money::MoneyRule;
use pay::{Answer, Broken};
use serde_json::json;
use spend::{Listed, SignIn};
use treasury::ledger::Stop;

use crate::support::*;

/// 402 with the base offer and the extension.
fn asks_who(nonce: &str, payee: &str) -> Answer {
    let mut offer = offer_of("10000", payee);
    offer["extensions"] = json!({"sign-in-with-x": {"info": {"nonce": nonce}}});
    demand(402, &[x402(&offer)], URL)
}

/// What is asked when the same resource is asked for with this query.
fn with_query(answer: Answer, query: &str) -> (pay::Errand, Answer) {
    let url = format!("{URL}?{query}");
    let Answer::Http { status, headers, body, .. } = answer else { panic!("over HTTP") };
    let errand = errand_to("a1", "weather", &url);
    (errand, Answer::Http { status, headers, body, url: url.parse().unwrap() })
}

/// The same, where nothing but a sign-in is wanted.
fn members_only(nonce: &str) -> Answer {
    let mut offer = offer_of("10000", PAYEE);
    offer["accepts"] = json!([]);
    offer["extensions"] = json!({"sign-in-with-x": {"info": {"nonce": nonce}}});
    demand(402, &[x402(&offer)], URL)
}

/// `a1` has paid here once.
async fn paid_once(plan: Plan) -> House {
    let house = House::new(plan);
    let shop = Shop::says([asks_who("n0", PAYEE), serves("sunny")]);
    assert_eq!(shop.sells(&house, &errand("a1")).await, (200, true));
    assert_eq!(shop.came("sign-in-with-x"), [None, None]);
    house
}

#[tokio::test]
async fn whoever_has_paid_signs_in_and_pays_nothing() {
    let house = paid_once(Plan::default()).await;
    let shop = Shop::says([asks_who("n1", PAYEE), serves("sunny")]);
    assert_eq!(shop.sells(&house, &errand("a1")).await, (200, false));
    let came = shop.came("sign-in-with-x");
    assert!(came[0].is_none() && came[1].as_ref().unwrap().starts_with("signed 0"), "{came:?}");
    assert_eq!((house.evm.counts(), house.used("day").await), ((1, 1, 0), 10_000));
    let records = house.records_of("sign_in");
    assert_eq!(records.len(), 1);
    let line = format!("{:?}", records[0]);
    assert!(
        line.contains("signed in at https://api.example.com") && !line.contains("n1"),
        "{line}"
    );
}

#[tokio::test]
async fn nobody_is_signed_in_for_what_another_has_paid_nor_elsewhere_than_it_was_paid() {
    let house = paid_once(Plan::default()).await;
    let mut tenant = errand("a1");
    tenant.tenant = "other".to_owned();
    for errand in [errand("a2"), tenant] {
        let shop = Shop::says([asks_who("n1", PAYEE), serves("sunny")]);
        assert_eq!(shop.sells(&house, &errand).await, (200, true));
        assert_eq!(shop.came("sign-in-with-x"), [None, None]);
    }
    // Another path, and the answer of another place than the one that was asked.
    let path = errand_to("a1", "weather", "https://api.example.com/other");
    let Answer::Http { status, headers, body, .. } = asks_who("n1", PAYEE) else { panic!() };
    let elsewhere = |url: &str| Answer::Http {
        status,
        headers: headers.clone(),
        body: body.clone(),
        url: url.parse().unwrap(),
    };
    for (errand, url) in [
        (path, "https://api.example.com/other"),
        (errand("a1"), "https://api.example.com/login"),
        (errand("a1"), "https://evil.example/weather"),
    ] {
        let shop = Shop::says([elsewhere(url)]);
        assert!(matches!(shop.exchanged(&house, &errand).await, Err(Broken::Refused(_))), "{url}");
        assert_eq!(shop.came("sign-in-with-x"), [None]);
    }
}

#[tokio::test]
async fn a_sign_in_that_is_not_taken_is_paid_for_and_none_follows_until_something_is_paid() {
    let house = paid_once(Plan::default()).await;
    let asked = |n| asks_who(n, STRANGER);
    let shop = Shop::says([asked("n1"), asked("n2")]);
    let refused = shop.exchanged(&house, &errand("a1")).await;
    assert!(matches!(refused, Err(Broken::Asks(_))), "the ordinary rules: another payee asks");
    assert!(shop.came("sign-in-with-x")[1].is_some());
    let shop = Shop::says([asked("n3")]);
    assert!(matches!(shop.exchanged(&house, &errand("a1")).await, Err(Broken::Asks(_))));
    assert_eq!(shop.came("sign-in-with-x"), [None], "it was not taken a moment ago");
    // What is paid counts anew.
    let (again, asks) = with_query(asks_who("n4", PAYEE), "again");
    let shop = Shop::says([asks, serves("sunny")]);
    assert_eq!(shop.sells(&house, &again).await, (200, true));
    let shop = Shop::says([asked("n5"), serves("sunny")]);
    assert_eq!(shop.sells(&house, &errand("a1")).await, (200, false));
    // Nor is it remembered for ever.
    let shop = Shop::says([asked("n6"), asked("n7")]);
    assert!(matches!(shop.exchanged(&house, &errand("a1")).await, Err(Broken::Asks(_))));
    house.later(300);
    let shop = Shop::says([asked("n8"), serves("sunny")]);
    assert_eq!(shop.sells(&house, &errand("a1")).await, (200, false));
}

#[tokio::test]
async fn a_nonce_is_signed_once_by_all_gates_on_these_books() {
    let house = paid_once(Plan::default()).await;
    let shop = Shop::says([asks_who("n1", PAYEE), serves("sunny")]);
    assert_eq!(shop.sells(&house, &errand("a1")).await, (200, false));
    let again = Shop::says([asks_who("n1", PAYEE), serves("sunny")]);
    assert_eq!(again.sells(&house, &errand("a1")).await, (200, true), "it is paid instead");
    assert_eq!(again.came("sign-in-with-x"), [None, None]);
    let records = house.records_of("sign_in");
    assert_eq!(records.len(), 2);
    let refused = format!("{:?}", records[1]);
    assert!(refused.contains("siwx") && refused.contains("did not sign in"), "{refused}");
}

#[tokio::test]
async fn what_is_off_or_paused_is_not_signed() {
    let plan = Plan { free: (SignIn::default(), true), ..Plan::default() };
    let house = paid_once(plan).await;
    let shop = Shop::says([asks_who("n1", PAYEE), serves("sunny")]);
    assert_eq!(shop.sells(&house, &errand("a1")).await, (200, true));
    assert_eq!(shop.came("sign-in-with-x"), [None, None]);

    let house = paid_once(Plan::default()).await;
    for stop in ["all", "agent:a1", "tenant:acme", "origin:https://api.example.com", "rail:x402"]
        .into_iter()
        .chain(["tool:weather", "source:weather", "session:s1"])
    {
        let stop: Stop = stop.parse().unwrap();
        house.books().pause(stop.clone()).await.unwrap();
        let shop = Shop::says([asks_who("n1", PAYEE)]);
        let Err(Broken::Refused(no)) = shop.exchanged(&house, &errand("a1")).await else {
            panic!("{stop}");
        };
        assert_eq!(no.rule, MoneyRule::Paused, "{stop}");
        assert_eq!(shop.came("sign-in-with-x"), [None], "{stop}");
        house.books().resume(stop).await.unwrap();
    }
}

#[tokio::test]
async fn where_everybody_may_sign_in_nothing_has_to_be_paid_before() {
    let anyone = vec![Listed::parse("https://api.example.com").unwrap()];
    let free = (SignIn { where_paid: true, anyone }, true);
    let house = House::new(Plan { free, ..Plan::default() });
    let shop = Shop::says([members_only("n1"), serves("sunny")]);
    assert_eq!(shop.sells(&house, &errand("a1")).await, (200, false));
    assert_eq!(shop.came("sign-in-with-x")[1].as_deref(), Some("anyone, n1"));

    // Anywhere else there is nothing that could be paid.
    let house = House::new(Plan::default());
    let shop = Shop::says([members_only("n1")]);
    let Err(Broken::Refused(no)) = shop.exchanged(&house, &errand("a1")).await else { panic!() };
    assert_eq!(no.rule, MoneyRule::NoAcceptableOffer);
}
