//! Paying with ecash: by the request, and for credit beforehand.

use model::money::Flag;
use serde_json::{Value, json};

use crate::fake::{FakeMint, Fault};
use crate::house::{Around, House};
use crate::till::{Takes, Till};

/// A gate with 64 satoshi of ecash at each of so many mints, whose callers may spend 40 each.
async fn opened(mints: usize) -> (Till, House) {
    let till = Till::open(mints).await;
    let mints = till.mints.iter().map(FakeMint::mint).collect();
    let around = Around { till: Some((till.at.clone(), mints)), ..Around::default() };
    let house = House::amid(40, around).await;
    let wallet = house.ecash.as_ref().unwrap();
    for mint in till.mints.iter() {
        let quote = wallet.mint_quote(mint.url.as_str(), 64).await.unwrap().quote;
        mint.world().paid.insert(quote.clone());
        wallet.mint(&quote).await.unwrap();
    }
    house.payer.begin().await;
    (till, house)
}

async fn open() -> (Till, House) {
    opened(1).await
}

/// What is free at each mint.
async fn purses(house: &House) -> Vec<u64> {
    let all = house.ecash.as_ref().unwrap().balance().await.unwrap();
    all.iter().map(|one| one.free).collect()
}

async fn free(house: &House) -> u64 {
    purses(house).await[0]
}

async fn redeem(house: &House) -> Value {
    let arguments = json!({ "url": house.url("/weather"), "amountSats": 10 });
    house.message("ann", "redeem_token", &arguments).await
}

async fn last(house: &House) -> ledger::Payment {
    house.payer.treasury().recent(1).await.unwrap().remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn credit_is_bought_with_ecash_and_serves_its_buyer_alone() {
    let (till, house) = open().await;
    let message = redeem(&house).await;
    let told = &message["result"]["structuredContent"];
    assert_eq!(told["payment"]["state"], "settled", "{message}");
    assert_eq!(
        (&told["paid"], &told["credit"], &told["kept"]),
        (&json!("10 sat"), &json!(10), &json!(true))
    );
    assert_eq!((till.taken(), free(&house).await), (vec![10], 54));
    let said = message.to_string();
    assert!(!said.contains("cashuB") && !said.contains("5ec2e7"), "{said}");
    let url = json!({ "url": house.url("/weather") });
    let served = house.call("ann", "paid_fetch", url.clone()).await;
    assert_eq!((&served["status"], &served["boughtBefore"]), (&json!(200), &json!(true)));
    let other = house.call("bob", "paid_fetch", url).await;
    assert_eq!((&other["payment"]["state"], till.taken()), (&json!("settled"), vec![10, 10]));
    let payment = last(&house).await;
    assert_eq!((payment.intent.agent.as_str(), payment.flags), ("bob", vec![]));
}

// L4C-25
#[tokio::test(flavor = "multi_thread")]
async fn less_credit_than_the_token_is_worth_is_settled_and_marked() {
    let (till, house) = open().await;
    till.set(Takes::AndCredits(7));
    let told = redeem(&house).await["result"]["structuredContent"].clone();
    assert_eq!((&told["payment"]["state"], &told["credit"]), (&json!("settled"), &json!(7)));
    let payment = last(&house).await;
    assert_eq!((payment.state.as_str(), payment.paid), ("settled", 10));
    assert_eq!(payment.flags, [Flag::ReceiptMismatch]);
    let own = house.call("ann", "payment_status", json!({})).await;
    assert_eq!(own["payments"][0]["flags"], json!(["receipt_mismatch"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_seller_does_not_take_comes_back() {
    let (till, house) = open().await;
    for takes in [Takes::NotYet, Takes::Not] {
        till.set(takes);
        let message = redeem(&house).await;
        let text = message["result"]["content"][0]["text"].as_str().unwrap();
        assert!(text.starts_with("bad_response: ") && text.contains("released"), "{text}");
        assert_eq!((till.taken(), free(&house).await), (vec![], 64), "{takes:?}");
        assert_eq!(last(&house).await.state.as_str(), "released");
    }
    let list = house.call("ann", "credentials_list", json!({})).await;
    assert_eq!(list["credentials"], json!([]));
}

// v-upstream-06
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_after_the_effect_holds_the_money_until_the_mint_has_the_word() {
    let (till, house) = open().await;
    till.set(Takes::AndIsGone);
    let url = json!({ "url": house.url("/weather") });
    let no = house.no("ann", "paid_fetch", url.clone()).await;
    assert!(no.contains("is held: check the status"), "{no}");
    assert_eq!((till.taken(), last(&house).await.state.as_str()), (vec![10], "held"));
    let budget = house.call("ann", "budget_status", json!({})).await;
    assert_eq!(budget["budgets"][0]["used"], "10 sat");
    // Not made again while that is so.
    let again = house.no("ann", "paid_fetch", url).await;
    assert!(again.starts_with("in_flight: "), "{again}");
    assert_eq!(till.taken(), [10]);
    let found = house.payer.reconcile().await.unwrap();
    assert_eq!((found.len(), found[0].state), (1, "settled"));
    let payment = last(&house).await;
    assert_eq!((payment.paid, payment.flags), (10, vec![Flag::NoDelivery]));
}

#[tokio::test(flavor = "multi_thread")]
async fn credit_costs_what_budgets_and_prices_allow_and_nobody_brings_a_token() {
    let (till, house) = open().await;
    let url = house.url("/weather");
    let no = house.no("ann", "redeem_token", json!({ "url": url, "amountSats": 41 })).await;
    assert!(no.starts_with("day_cap: "), "{no}");
    for arguments in [
        json!({ "url": url }),
        json!({ "url": url, "amountSats": 0 }),
        json!({ "url": url, "amountSats": 10, "token": "cashuBo2F" }),
    ] {
        let message = house.message("ann", "redeem_token", &arguments).await;
        let refused = message["result"]["isError"] == true || message.get("error").is_some();
        assert!(refused, "{message}");
    }
    // Dearer than was agreed to: a person is asked.
    let arguments = json!({ "url": url, "amountSats": 20 });
    let message = house.message("ann", "redeem_token", &arguments).await;
    assert!(message["result"]["structuredContent"].is_null(), "{message}");
    assert_eq!((last(&house).await.state.as_str(), till.taken()), ("asked", vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_mint_is_tried_only_where_nothing_was_signed_at_the_one_before() {
    let (till, house) = opened(2).await;
    // The first mint loses the swap: no ecash was set aside, and the second one pays.
    till.mints[0].fault(Fault::SwapLost);
    let url = json!({ "url": house.url("/weather") });
    let paid = house.call("ann", "paid_fetch", url.clone()).await;
    assert_eq!((&paid["payment"]["state"], till.taken()), (&json!("settled"), vec![10]));
    let books = house.payer.treasury().recent(9).await.unwrap();
    let told: Vec<_> =
        books.iter().map(|p| (p.state.as_str(), p.intent.terms.network.as_str())).collect();
    let [first, second] = [0, 1].map(|n: usize| till.mints[n].url.as_str());
    assert_eq!(told, [("settled", second), ("released", first)]);
    assert_eq!(purses(&house).await, [0, 54], "what is in exchange is not free");
    // Handed over: whatever becomes of it, no other mint is asked.
    till.mints[0].fault(Fault::None);
    till.set(Takes::AndIsGone);
    let no = house.no("bob", "paid_fetch", url.clone()).await;
    assert!(no.contains("is held"), "{no}");
    assert_eq!((till.taken(), house.rows().await), (vec![10, 10], 3));
}
