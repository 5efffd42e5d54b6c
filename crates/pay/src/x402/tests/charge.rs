//! Charges of the Payment scheme on a chain.

use super::*;

/// What `mppx` 0.11.0 asks with: 0.01 of USDC until five minutes after T0.
const ID_OF_CHALLENGE: &str = "P4-A700J5iSzi9McDNVSUwuu2ciixlxCiJbiB4OjbxU";
const NONCE: &str = "0x4715a4a58a09a6901343079005eb764a9044ced78050273edbcaeac551e84f58";
/// Made with viem 2.54.0: account 0, valid from ten minutes before T0 until five after it.
const SIGNATURE: &str = "0x8781c61f2157838a5b5851b69a7bd8f0f8b4dbfea3dde31c3275d75bf6c5fb8a3b9fdd00ab3402f8a131d37734f3b82784e83f504959c6e019721f6a64da42231b";

fn request(patch: &Value) -> Value {
    let mut request = json!({"amount": "10000", "currency": usdc().address.to_string(), "recipient": PAYEE,
        "methodDetails": {"chainId": 84532, "credentialTypes": ["authorization"], "decimals": 6}});
    for (pointer, value) in patch.as_object().unwrap() {
        *request.pointer_mut(pointer).unwrap() = value.clone();
    }
    request
}

fn challenge(request: &Value, expires: Option<&str>) -> rails::payment::Challenge {
    let ends = expires.map(|text| format!(r#", expires="{text}""#)).unwrap_or_default();
    let line = format!(
        r#"Payment id="{ID_OF_CHALLENGE}", realm="api.example.com", method="evm", intent="charge", request="{}"{ends}"#,
        rails::encode_url(rails::jcs::write(request).unwrap().as_bytes()),
    );
    let fields = [("WWW-Authenticate", line.as_bytes())];
    match rails::answer(402, &fields, b"") {
        rails::Demand::Offers(mut all) => match all.remove(0) {
            rails::Offer::Payment(challenge) => *challenge,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn over_http(challenge: rails::payment::Challenge) -> Job {
    let mut job = job(&json!({}));
    job.choice.terms.rail = Rail::Mpp;
    job.offer = rails::Offer::Payment(Box::new(challenge));
    job
}

fn charge() -> Job {
    over_http(challenge(&request(&json!({})), Some("2025-02-27T16:06:40Z")))
}

fn over_mcp() -> Job {
    let mut native = challenge(&request(&json!({})), Some("2025-02-27T16:06:40Z"));
    native.request = rails::payment::Request::Native(native.request.members().clone());
    let over = job_of(&required(&json!({})), Carrier::Mcp, Scheme::ExactEip3009, 10_000);
    Job { errand: over.errand, ..over_http(native) }
}

fn shown(attachment: &Attachment) -> Value {
    let (name, value) = &attachment.headers[0];
    assert_eq!(name, "authorization");
    let encoded = value.strip_prefix("Payment ").unwrap();
    serde_json::from_slice(&rails::decode(encoded.as_bytes()).unwrap()).unwrap()
}

fn receipt(transaction: &str) -> Value {
    json!({"status": "success", "method": "evm", "timestamp": "2025-02-27T16:01:45Z",
        "reference": transaction, "challengeId": ID_OF_CHALLENGE})
}

fn with_receipts(all: &[Value]) -> Answer {
    let Answer::Http { status, mut headers, body, url } = answer(200, None) else { panic!() };
    for one in all {
        let value = rails::encode_url(one.to_string().as_bytes());
        headers.append("payment-receipt", HeaderValue::try_from(value).unwrap());
    }
    Answer::Http { status, headers, body, url }
}

#[tokio::test]
async fn a_charge_is_signed_with_the_nonce_of_its_challenge_as_an_independent_library_signs_it() {
    let driver = driver(&[]);
    let job = charge();
    let payload = driver.sign(&job).await.unwrap();
    assert_eq!(payload.mark.as_deref(), Some(NONCE));
    let attachment = carried(&driver, &job, &payload).await;
    let sent = shown(&attachment);
    assert_eq!(
        sent["payload"],
        json!({"type": "authorization", "from": ACCOUNT_0, "to": PAYEE, "value": "10000",
            "validAfter": (T0 - 600).to_string(), "validBefore": (T0 + 300).to_string(),
            "nonce": NONCE, "signature": SIGNATURE})
    );
    assert_eq!(sent["challenge"]["id"], ID_OF_CHALLENGE);
    assert_eq!(sent["source"], format!("did:pkh:eip155:84532:{ACCOUNT_0}"));
    for secret in [SIGNATURE, attachment.headers[0].1.strip_prefix("Payment ").unwrap()] {
        assert!(attachment.secrets.iter().any(|known| known == secret), "{secret}");
    }
}

#[tokio::test]
async fn over_mcp_the_credential_is_json_and_holds_the_same_signature() {
    let driver = driver(&[]);
    let job = over_mcp();
    let payload = driver.sign(&job).await.unwrap();
    let attachment = carried(&driver, &job, &payload).await;
    assert!(attachment.headers.is_empty());
    let (key, sent) = &attachment.meta[0];
    assert_eq!(key, "org.paymentauth/credential");
    assert_eq!(sent["challenge"]["request"], request(&json!({})));
    assert_eq!(sent["payload"]["signature"], SIGNATURE);
}

#[tokio::test]
async fn a_signature_ends_with_its_challenge_and_never_later_than_five_minutes() {
    let driver = driver(&[]);
    for (expires, ends) in [
        (None, 300),
        (Some("2025-02-27T17:06:40Z"), 300),
        (Some("2025-02-27T16:02:40.9Z"), 60),
        (Some("2025-02-27T16:01:41Z"), 1),
    ] {
        let job = over_http(challenge(&request(&json!({})), expires));
        assert_eq!(driver.sign(&job).await.unwrap().value["valid_until"], T0 + ends, "{expires:?}");
    }
    for over in ["2025-02-27T16:01:40Z", "2025-02-27T16:01:40.9Z", "2025-02-27T15:00:00Z"] {
        let job = over_http(challenge(&request(&json!({})), Some(over)));
        assert_eq!(refusal(&driver, &job).await, MoneyRule::ChallengeExpired);
    }
}

#[tokio::test]
async fn a_charge_that_is_not_what_was_agreed_is_not_signed() {
    let driver = driver(&[]);
    let split = json!({"chainId": 84532, "credentialTypes": ["authorization"],
        "splits": [{"recipient": STRANGER, "amount": "1"}]});
    for patch in [
        json!({"/amount": "10001"}),
        json!({"/recipient": STRANGER}),
        json!({"/currency": STRANGER}),
        json!({"/methodDetails/chainId": 8453}),
        json!({"/methodDetails/credentialTypes": ["permit2", "transaction", "hash"]}),
        json!({"/methodDetails": split}),
    ] {
        let job = over_http(challenge(&request(&patch), None));
        assert_eq!(refusal(&driver, &job).await, MoneyRule::RequestChanged, "{patch}");
    }
    let other = over_http(challenge(&request(&json!({"/methodDetails/decimals": 18})), None));
    assert_eq!(refusal(&driver, &other).await, MoneyRule::DecimalsMismatch);
    // What was agreed for one rail is not signed for another, and goes back by the way it came.
    let mut as_x402 = charge();
    as_x402.choice.terms.rail = Rail::X402;
    assert_eq!(refusal(&driver, &as_x402).await, MoneyRule::RequestChanged);
    let mut as_charge = job(&json!({}));
    as_charge.choice.terms.rail = Rail::Mpp;
    assert_eq!(refusal(&driver, &as_charge).await, MoneyRule::RequestChanged);
    let crossed = Job { errand: charge().errand, ..over_mcp() };
    assert_eq!(refusal(&driver, &crossed).await, MoneyRule::RequestChanged);
    let crossed = Job { errand: over_mcp().errand, ..charge() };
    assert_eq!(refusal(&driver, &crossed).await, MoneyRule::RequestChanged);
}

#[tokio::test]
async fn a_challenge_whose_nonce_is_spent_is_not_signed_for() {
    let node = FakeNode::start(World::new()).await;
    let driver = driver(&[&node]);
    assert!(driver.sign(&charge()).await.is_ok());
    node.world().spend(Bytes32::parse(NONCE).unwrap());
    assert_eq!(refusal(&driver, &charge()).await, MoneyRule::NonceReuse);
    // One with a nonce of its own is.
    assert!(driver.sign(&job(&json!({}))).await.is_ok());
}

#[tokio::test]
async fn a_charge_is_settled_by_the_chain_and_by_no_receipt() {
    let node = FakeNode::start(World::new()).await;
    let driver = driver(&[&node]);
    let job = charge();
    let payload = driver.sign(&job).await.unwrap();
    let said = with_receipts(&[receipt(&keccak256("lie").to_string())]);
    let standing = driver.answered(&open(&job), &payload, &said).await;
    assert_eq!(held(&standing), (MoneyRule::SentUnknown, &[Flag::ReceiptUnverified][..]));
    let hash = carry_out(&mut node.world(), &payload).to_string();
    for said in [
        with_receipts(&[receipt(&hash)]),
        with_receipts(&[receipt(&hash), receipt(&hash)]),
        with_receipts(&[]),
        Answer::Mcp(json!({"_meta": {"org.paymentauth/receipt": receipt(&hash)}})),
    ] {
        let standing = driver.answered(&open(&job), &payload, &said).await;
        assert_eq!(settled(&standing), (10_000, hash.as_str(), &[][..]));
    }
}

#[tokio::test]
async fn a_receipt_about_something_else_is_marked_and_changes_nothing() {
    // MPC-15
    let node = FakeNode::start(World::new()).await;
    let driver = driver(&[&node]);
    let job = charge();
    let payload = driver.sign(&job).await.unwrap();
    let hash = carry_out(&mut node.world(), &payload).to_string();
    let with = |name: &str, value: Value| {
        let mut said = receipt(&hash);
        said[name] = value;
        said
    };
    for (said, flag) in [
        (vec![with("method", json!("lightning"))], Flag::ReceiptMismatch),
        (vec![with("challengeId", json!("other"))], Flag::ReceiptMismatch),
        (vec![with("chainId", json!(8453))], Flag::ReceiptMismatch),
        (vec![receipt(&hash), receipt(&keccak256("x").to_string())], Flag::ReceiptMismatch),
        (vec![with("reference", json!("ch_1"))], Flag::BadResponse),
        (vec![with("status", json!("failed"))], Flag::BadResponse),
    ] {
        let standing = driver.answered(&open(&job), &payload, &with_receipts(&said)).await;
        assert_eq!(settled(&standing), (10_000, hash.as_str(), &[flag][..]), "{said:?}");
    }
}

#[tokio::test]
async fn a_charge_without_an_answer_is_held_until_the_chain_says_what_became_of_it() {
    // MPC-14
    let node = FakeNode::start(World::new()).await;
    let driver = driver(&[&node]);
    let job = charge();
    let payload = driver.sign(&job).await.unwrap();
    // As it rests in the books, and comes back after a crash.
    let payload: Payload = serde_json::from_str(&serde_json::to_string(&payload).unwrap()).unwrap();
    let standing = driver.answered(&open(&job), &payload, &Answer::Nothing).await;
    assert_eq!(held(&standing).0, MoneyRule::SentUnknown);
    let first = carried(&driver, &job, &payload).await;
    assert_eq!(driver.again(&open(&job), &payload).await.unwrap().headers, first.headers);
    let again = Answer::McpError(-32043, json!({"challenges": []}));
    assert!(matches!(driver.answered(&open(&job), &payload, &again).await, Standing::Held { .. }));
    let hash = carry_out(&mut node.world(), &payload).to_string();
    assert_eq!(settled(&driver.look(&open(&job), &payload).await).1, hash);

    let other = FakeNode::start(World::new()).await;
    let driver = super::driver(&[&other]);
    assert!(matches!(driver.look(&open(&job), &payload).await, Standing::Held { .. }));
    other.world().pass(10_000);
    let standing = driver.look(&open(&job), &payload).await;
    assert!(matches!(standing, Standing::Released { reason: Released::Unused { .. }, .. }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn whatever_a_seller_names_its_challenge_the_nonce_is_a_hash_of_it(
        id in "[a-zA-Z0-9_-]{1,60}|0x[0-9a-f]{64}",
        realm in "[a-z.]{1,40}|0x[0-9a-f]{64}",
    ) {
        let mut asked = challenge(&request(&json!({})), None);
        (asked.id, asked.realm) = (id.clone(), realm.clone());
        let payload = driver(&[]).sign(&over_http(asked)).now_or_never().unwrap().unwrap();
        prop_assert_eq!(nonce(&payload), keccak256(format!("{id}{realm}")));
        prop_assert!(payload.mark.as_deref() != Some(&*id) && payload.mark.as_deref() != Some(&*realm));
    }
}
