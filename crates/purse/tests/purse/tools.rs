use serde_json::{Value, json};

use crate::house::House;

// CTL-13
#[tokio::test(flavor = "multi_thread")]
async fn a_preview_says_what_would_be_paid_and_leaves_no_row_and_no_money() {
    let house = House::open(100).await;
    let told = house.call("ann", "payment_preview", json!({ "url": house.url("/report") })).await;
    assert_eq!((&told["verdict"], &told["rules"]), (&json!("allow"), &json!([])), "{told}");
    assert_eq!(told["terms"]["amount"], "10 sat");
    assert_eq!(told["terms"]["rail"], "l402");
    assert_eq!(told["budgets"][0]["left"], "100 sat");
    assert_eq!((house.rows().await, house.shop.sent()), (0, 0));
}

// CTL-14
#[tokio::test(flavor = "multi_thread")]
async fn a_preview_gives_the_verdict_of_the_real_call() {
    let house = House::open(5).await;
    let url = json!({ "url": house.url("/report") });
    let told = house.call("ann", "payment_preview", url.clone()).await;
    assert_eq!((&told["verdict"], &told["rules"]), (&json!("deny"), &json!(["day_cap"])), "{told}");
    let no = house.no("ann", "paid_fetch", url).await;
    assert!(no.starts_with("day_cap: "), "{no}");
    // A price that nobody agreed to: the real call would ask a person.
    let house = House::open(1000).await;
    let told = house.call("ann", "payment_preview", json!({ "url": house.url("/archive") })).await;
    assert_eq!(told["verdict"], "ask", "{told}");
    assert_eq!((house.rows().await, house.shop.sent()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_act_is_not_sent_to_find_out_what_it_costs() {
    let house = House::open(100).await;
    let arguments = json!({ "url": house.url("/report"), "method": "POST", "body": "{}" });
    let told = house.call("ann", "payment_preview", arguments).await;
    assert_eq!((&told["verdict"], &told["status"]), (&json!("unknown"), &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_pays_once_and_what_was_bought_serves_again_for_its_buyer_alone() {
    let house = House::open(100).await;
    let url = json!({ "url": house.url("/report") });
    let first = house.call("ann", "paid_fetch", url.clone()).await;
    assert_eq!((&first["status"], &first["payment"]["state"]), (&json!(200), &json!("settled")));
    assert_eq!(first["body"], r#"{"sold":"report","for_sat":10}"#);
    let second = house.call("ann", "paid_fetch", url.clone()).await;
    assert_eq!((&second["payment"], &second["boughtBefore"]), (&Value::Null, &json!(true)));
    assert_eq!(house.shop.sent(), 10);
    let other = house.call("bob", "paid_fetch", url).await;
    assert_eq!(other["payment"]["state"], "settled", "what ann bought is not bob's");
    assert_eq!(house.shop.sent(), 20);
    let list = house.call("ann", "credentials_list", json!({})).await;
    assert_eq!(
        list["credentials"],
        json!([{ "kind": "credential", "origin": house.at, "path": "/report", "until": null }])
    );
    assert_eq!(house.call("eve", "credentials_list", json!({})).await["credentials"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_of_another_principal_is_as_unknown_as_one_that_never_was() {
    let house = House::open(100).await;
    let paid = house.call("ann", "paid_fetch", json!({ "url": house.url("/report") })).await;
    let id = paid["payment"]["id"].as_str().unwrap().to_owned();
    let own = house.call("ann", "payment_status", json!({ "id": id })).await;
    assert_eq!(own["payments"][0]["state"], "settled");
    assert_eq!(own["payments"][0]["amount"], "10 sat");
    let others = house.no("bob", "payment_status", json!({ "id": id })).await;
    let never = house.no("bob", "payment_status", json!({ "id": "0".repeat(32) })).await;
    assert_eq!(others, never);
    assert!(others.starts_with("unknown_payment: "));
    assert_eq!(house.call("bob", "payment_status", json!({})).await["payments"], json!([]));
    let balance = house.call("bob", "balance", json!({})).await;
    assert_eq!(balance, json!({ "spent": [], "held": [] }));
    assert_eq!(house.call("ann", "balance", json!({})).await["spent"], json!(["10 sat"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn budgets_are_shown_as_far_as_they_concern_the_caller() {
    let house = House::open(100).await;
    house.call("ann", "paid_fetch", json!({ "url": house.url("/report") })).await;
    let own = house.call("ann", "budget_status", json!({})).await;
    assert_eq!(own["budgets"].as_array().unwrap().len(), 1, "none of somebody else: {own}");
    let line = &own["budgets"][0];
    assert_eq!((&line["left"], &line["used"]), (&json!("90 sat"), &json!("10 sat")));
    let other = house.call("bob", "budget_status", json!({})).await;
    assert_eq!(other["budgets"][0]["left"], "100 sat");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_listed_sellers_are_asked_at_all() {
    let house = House::open(100).await;
    for tool in ["paid_fetch", "payment_preview", "buy_credits", "redeem_token"] {
        for (url, code) in [
            // L4C-21: not over TLS, whatever is listed.
            ("http://api.example.com/", "tls"),
            ("https://api.example.com/", "origin"),
            ("http://127.0.0.1:1/", "origin"),
            ("https://169.254.169.254/latest/meta-data/", "origin"),
        ] {
            let mut arguments = json!({ "url": url });
            if tool == "redeem_token" {
                arguments["amountSats"] = json!(10);
            }
            let no = house.no("ann", tool, arguments).await;
            assert!(no.starts_with(&format!("{code}: ")), "{tool} {url}: {no}");
        }
    }
    assert_eq!(house.rows().await, 0);
}

// L4C-22: there is no argument by which a caller could name another credential, nor one that pays.
#[tokio::test(flavor = "multi_thread")]
async fn a_caller_cannot_choose_a_credential_nor_bring_a_payment() {
    let house = House::open(100).await;
    let url = house.url("/report");
    for arguments in [
        json!({ "url": url, "pubkey": "https://bank.example" }),
        json!({ "url": url, "headers": { "authorization": "L402 a:b" } }),
    ] {
        let message = house.message("ann", "paid_fetch", &arguments).await;
        let refused = message["result"]["isError"] == true || message.get("error").is_some();
        assert!(refused, "{message}");
    }
    assert_eq!((house.rows().await, house.shop.sent()), (0, 0));
}

// APR-01: what is asked waits for a person, and no tool answers it.
#[tokio::test(flavor = "multi_thread")]
async fn a_price_that_nobody_agreed_to_waits_for_a_person() {
    let house = House::open(1000).await;
    let message =
        house.message("ann", "paid_fetch", &json!({ "url": house.url("/archive") })).await;
    assert!(message["result"]["structuredContent"].is_null(), "{message}");
    assert_eq!(house.shop.sent(), 0);
    let own = house.call("ann", "payment_status", json!({})).await;
    assert_eq!(own["payments"][0]["state"], "asked", "{own}");
    for tool in ["approve", "set_budget", "pin"] {
        let message = house.message("ann", tool, &json!({})).await;
        assert!(message.get("error").is_some(), "{message}");
    }
}

// BUD-17: the kill switch.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_paused_is_not_paid_and_the_caller_is_told() {
    let house = House::open(100).await;
    house.payer.treasury().pause("all".parse().unwrap()).await.unwrap();
    let no = house.no("ann", "paid_fetch", json!({ "url": house.url("/report") })).await;
    assert!(no.starts_with("paused: "), "{no}");
    assert_eq!(house.call("ann", "budget_status", json!({})).await["paused"], json!(["all"]));
    assert_eq!((house.rows().await, house.shop.sent()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_tool_shows_a_secret() {
    let house = House::open(100).await;
    let mut said = String::new();
    let url = json!({ "url": house.url("/report") });
    for (tool, arguments) in [
        ("paid_fetch", &url),
        ("payment_preview", &url),
        ("payment_status", &json!({})),
        ("credentials_list", &json!({})),
        ("balance", &json!({})),
        ("budget_status", &json!({})),
    ] {
        said += &house.message("ann", tool, arguments).await.to_string();
    }
    let origin = house.payer.treasury().recent(1).await.unwrap();
    let sealed = house.payer.treasury().payload(origin[0].id).await.unwrap().unwrap();
    let payload: Value = serde_json::from_slice(&sealed).unwrap();
    let mut secrets = Vec::new();
    texts(&payload["value"], &mut secrets);
    assert!(
        secrets.iter().any(|text| text.len() > 100),
        "the payload holds a token and an invoice"
    );
    for secret in secrets.iter().filter(|text| text.len() >= 100) {
        assert!(!said.contains(secret.as_str()), "{secret}");
    }
    assert!(!said.contains(demo::WALLET_KEY));
}

/// Every text in a value.
fn texts(value: &Value, all: &mut Vec<String>) {
    match value {
        Value::String(text) => all.push(text.clone()),
        Value::Array(each) => each.iter().for_each(|one| texts(one, all)),
        Value::Object(each) => each.values().for_each(|one| texts(one, all)),
        _ => {}
    }
}
