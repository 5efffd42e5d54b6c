//! What sellers answer and claim, and what the chain proves.

use super::*;

#[tokio::test]
async fn a_receipt_is_a_claim_and_the_chain_is_proof() {
    // g-money-33, g-money-38
    let node = FakeNode::start(World::new()).await;
    let driver = driver(&[&node]);
    let job = job(&json!({}));
    let payload = driver.sign(&job).await.unwrap();
    let lie = success(&keccak256("lie").to_string());
    let standing = driver.answered(&open(&job), &payload, &answer(200, Some(&lie))).await;
    assert_eq!(held(&standing), (MoneyRule::SentUnknown, &[Flag::ReceiptUnverified][..]));
    let hash = carry_out(&mut node.world(), &payload).to_string();
    let standing =
        driver.answered(&open(&job), &payload, &answer(200, Some(&success(&hash)))).await;
    assert_eq!(settled(&standing), (10_000, hash.as_str(), &[][..]));
}

#[tokio::test]
async fn without_nodes_nothing_is_ever_proven() {
    let driver = driver(&[]);
    let job = job(&json!({}));
    let payload = driver.sign(&job).await.unwrap();
    let said = success(&keccak256("x").to_string());
    let standing = driver.answered(&open(&job), &payload, &answer(200, Some(&said))).await;
    assert_eq!(held(&standing), (MoneyRule::SentUnknown, &[Flag::ReceiptUnverified][..]));
    let standing = driver.look(&open(&job), &payload).await;
    assert_eq!(held(&standing), (MoneyRule::SentUnknown, &[Flag::ReceiptUnverified][..]));
}

#[tokio::test]
async fn a_second_demand_after_paying_is_held_whatever_it_asks() {
    // FLW-01, FLW-02
    let driver = driver(&[]);
    let job = job(&json!({}));
    let payload = driver.sign(&job).await.unwrap();
    let standing = driver.answered(&open(&job), &payload, &answer(402, None)).await;
    assert_eq!(held(&standing), (MoneyRule::Second402, &[][..]));
    let failed = json!({"success": false, "transaction": "", "network": "eip155:84532"});
    let standing = driver.answered(&open(&job), &payload, &answer(402, Some(&failed))).await;
    assert_eq!(held(&standing), (MoneyRule::Second402, &[Flag::ReceiptFailed][..]));
    for again in [
        Answer::Mcp(json!({"isError": true, "structuredContent": required(&json!({}))})),
        Answer::Mcp(
            json!({"resultType": "payment_required", "paymentRequired": required(&json!({}))}),
        ),
        Answer::McpError(-32042, json!({"challenges": []})),
    ] {
        let standing = driver.answered(&open(&job), &payload, &again).await;
        assert_eq!(held(&standing).0, MoneyRule::Second402);
    }
}

#[tokio::test]
async fn a_failure_that_is_only_said_releases_nothing() {
    // FLW-09, g-money-37
    let node = FakeNode::start(World::new()).await;
    let driver = driver(&[&node]);
    let job = job(&json!({}));
    let payload = driver.sign(&job).await.unwrap();
    let failed =
        json!({"success": false, "transaction": "", "network": "eip155:84532", "errorReason": "x"});
    let standing = driver.answered(&open(&job), &payload, &answer(200, Some(&failed))).await;
    assert_eq!(held(&standing), (MoneyRule::SentUnknown, &[Flag::ReceiptFailed][..]));
    // The nonce stays unspent until a final block past the end: then it is free.
    assert!(matches!(driver.look(&open(&job), &payload).await, Standing::Held { .. }));
    node.world().pass(200);
    let Standing::Released { reason: Released::Unused { proof }, .. } =
        driver.look(&open(&job), &payload).await
    else {
        panic!("held");
    };
    assert_eq!(proof, format!("eip155:84532 unused at final block {}", B0 + 80));
}

#[tokio::test]
async fn without_an_answer_the_chain_is_looked_at() {
    // FLW-05, FLW-10, g-money-35
    let node = FakeNode::start(World::new()).await;
    let driver = driver(&[&node]);
    let job = job(&json!({}));
    let payload = driver.sign(&job).await.unwrap();
    for said in [answer(502, None), answer(200, None), Answer::Nothing] {
        let standing = driver.answered(&open(&job), &payload, &said).await;
        assert_eq!(held(&standing), (MoneyRule::SentUnknown, &[][..]));
    }
    let hash = carry_out(&mut node.world(), &payload).to_string();
    node.world().pass(10_000);
    let standing = driver.look(&open(&job), &payload).await;
    assert_eq!(settled(&standing), (10_000, hash.as_str(), &[][..]));
    // g-money-40: looked at twice, it is the same one.
    assert_eq!(settled(&driver.look(&open(&job), &payload).await).1, hash);
}

#[tokio::test]
async fn a_receipt_that_names_another_transaction_or_network_is_marked() {
    // g-money-34, g-money-39
    let node = FakeNode::start(World::new()).await;
    let driver = driver(&[&node]);
    let job = job(&json!({}));
    let payload = driver.sign(&job).await.unwrap();
    let (from, token) = (address(ACCOUNT_0), usdc().address);
    let earlier = vec![
        Event::transfer(token, from, address(PAYEE), 10_000),
        Event::used(token, from, keccak256("earlier")),
    ];
    let earlier = node.world().mine("earlier", true, earlier).to_string();
    let standing =
        driver.answered(&open(&job), &payload, &answer(200, Some(&success(&earlier)))).await;
    let (rule, flags) = held(&standing);
    assert_eq!(rule, MoneyRule::SentUnknown);
    assert!(flags.contains(&Flag::ReceiptMismatch));
    let mut elsewhere = success("");
    elsewhere["network"] = json!("eip155:8453");
    let standing = driver.answered(&open(&job), &payload, &answer(200, Some(&elsewhere))).await;
    assert!(held(&standing).1.contains(&Flag::ReceiptMismatch));
    let mut odd = success("");
    odd["transaction"] = json!(7);
    let standing = driver.answered(&open(&job), &payload, &answer(200, Some(&odd))).await;
    assert_eq!(held(&standing).1, [Flag::BadType]);
}

#[tokio::test]
async fn of_upto_the_chain_is_booked_whatever_the_receipt_says() {
    // SIG-06, SIG-07
    let node = FakeNode::start(World::new()).await;
    let driver = driver(&[&node]);
    let job = upto();
    let payload = driver.sign(&job).await.unwrap();
    let mut zero = success("");
    zero["amount"] = json!("0");
    let standing = driver.answered(&open(&job), &payload, &answer(200, Some(&zero))).await;
    assert_eq!(held(&standing), (MoneyRule::SentUnknown, &[Flag::ReceiptUnverified][..]));
    let transfer = Event::transfer(usdc().address, address(ACCOUNT_0), address(PAYEE), 2_350_000);
    let logs = vec![transfer, Event::settled(known::UPTO_PROXY)];
    let hash = node.world().mine("upto", true, logs).to_string();
    node.world().spend(nonce(&payload));
    let mut little = success(&hash);
    little["amount"] = json!("10000");
    let standing = driver.answered(&open(&job), &payload, &answer(200, Some(&little))).await;
    assert_eq!(settled(&standing), (2_350_000, hash.as_str(), &[Flag::ReceiptMismatch][..]));
}
