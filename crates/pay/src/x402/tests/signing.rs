//! What is signed, and what is not.

use super::*;

/// The signature of what was sent: it leads back to the wallet, over the agreed payment in its window.
fn signed_by_the_wallet(sent: &Value, payload: &Payload) -> Signature {
    let message = evm::eip712::TransferWithAuthorization {
        from: address(ACCOUNT_0),
        to: address(PAYEE),
        value: U256::from(10_000_u64),
        valid_after: T0 - 600,
        valid_before: T0 + 60,
        nonce: nonce(payload),
    };
    let signature = Signature::parse(sent["payload"]["signature"].as_str().unwrap()).unwrap();
    assert_eq!(signature.recover(message.digest(&usdc())), Ok(address(ACCOUNT_0)));
    signature
}

#[tokio::test]
async fn what_is_signed_is_the_agreed_payment_in_its_window_and_leads_back_to_the_wallet() {
    // CTL-01, TIM-05
    let driver = driver(&[]);
    let job = job(&json!({}));
    let payload = driver.sign(&job).await.unwrap();
    let attachment = carried(&driver, &job, &payload).await;
    assert_eq!(attachment.headers[0].0, "payment-signature");
    let sent = text(&attachment);
    assert_eq!(sent["accepted"], required(&json!({}))["accepts"][0]);
    let authorization = &sent["payload"]["authorization"];
    let of = |name: &str| authorization[name].as_str().unwrap().to_owned();
    assert_eq!(
        (of("from"), of("to"), of("value")),
        (ACCOUNT_0.into(), PAYEE.into(), "10000".into())
    );
    assert_eq!(of("validAfter"), (T0 - 600).to_string());
    assert_eq!(of("validBefore"), (T0 + 60).to_string());
    assert_eq!(Some(of("nonce")), payload.mark);
    let signature = signed_by_the_wallet(&sent, &payload);
    assert!(attachment.secrets.contains(&signature.to_string()));
    assert_eq!(driver.address().await.unwrap(), address(ACCOUNT_0));
}

#[tokio::test]
async fn a_window_is_never_longer_than_five_minutes() {
    // CTL-05
    let driver = driver(&[]);
    for (asked, ends) in [(900, 300), (301, 300), (1, 1)] {
        let payload = driver.sign(&job(&json!({"maxTimeoutSeconds": asked}))).await.unwrap();
        assert_eq!(payload.value["valid_until"], T0 + ends);
    }
    assert_eq!(refusal(&driver, &job(&json!({"maxTimeoutSeconds": 901}))).await, MoneyRule::Window);
}

#[tokio::test]
async fn permits_are_signed_for_their_pinned_proxies() {
    // CTL-05, CTL-08
    let driver = driver(&[]);
    let extra = json!({"name": "USDC", "version": "2", "assetTransferMethod": "permit2"});
    let exact = required(&json!({"extra": extra, "maxTimeoutSeconds": 900}));
    let exact = job_of(&exact, Carrier::Header, Scheme::ExactPermit2, 10_000);
    for (job, spender) in [(exact, known::EXACT_PROXY), (upto(), known::UPTO_PROXY)] {
        let payload = driver.sign(&job).await.unwrap();
        let sent = text(&carried(&driver, &job, &payload).await);
        let permit = &sent["payload"]["permit2Authorization"];
        assert_eq!(permit["spender"], spender.to_string());
        let settles = &permit["witness"]["facilitator"];
        let (seconds, named) = if spender == known::UPTO_PROXY {
            (60, settles.as_str().is_some_and(|text| address(text) == address(STRANGER)))
        } else {
            (300, settles.is_null())
        };
        assert!(named, "who settles is named for `upto` alone: {settles}");
        let (deadline, valid_after) = (T0 + seconds, T0 - 600);
        assert_eq!(permit["deadline"], deadline.to_string());
        let nonce = U256::from_be_bytes(*nonce(&payload).as_bytes());
        assert_eq!(permit["nonce"], nonce.to_string());
        let (token, to) = (usdc().address, address(PAYEE));
        let amount = U256::from(job.terms().amount.minor);
        let digest = if spender == known::UPTO_PROXY {
            let facilitator = address(STRANGER);
            let m = evm::eip712::PermitUpto {
                token,
                amount,
                nonce,
                deadline,
                to,
                facilitator,
                valid_after,
            };
            m.digest(84532)
        } else {
            evm::eip712::PermitExact { token, amount, nonce, deadline, to, valid_after }
                .digest(84532)
        };
        let signature = Signature::parse(sent["payload"]["signature"].as_str().unwrap()).unwrap();
        assert_eq!(signature.recover(digest), Ok(address(ACCOUNT_0)));
    }
}

#[tokio::test]
async fn each_carrier_gets_its_payment_in_its_own_form() {
    // CTL-02
    let v1 = json!({"x402Version": 1, "error": "", "accepts": [{"scheme": "exact", "network": "base-sepolia",
        "maxAmountRequired": "10000", "resource": "https://api.example.com/weather", "description": "",
        "mimeType": "application/json", "payTo": PAYEE, "maxTimeoutSeconds": 60,
        "asset": usdc().address.to_string(), "extra": {"name": "USDC", "version": "2"}}]});
    let driver = driver(&[]);
    let job = job_of(&v1, Carrier::Body, Scheme::ExactEip3009, 10_000);
    let payload = driver.sign(&job).await.unwrap();
    let attachment = carried(&driver, &job, &payload).await;
    assert_eq!(attachment.headers[0].0, "x-payment");
    assert_eq!(text(&attachment)["network"], "base-sepolia");

    let job = job_of(&required(&json!({})), Carrier::Mcp, Scheme::ExactEip3009, 10_000);
    let payload = driver.sign(&job).await.unwrap();
    let attachment = carried(&driver, &job, &payload).await;
    assert!(attachment.headers.is_empty());
    let (key, sent) = &attachment.meta[0];
    assert_eq!((key.as_str(), &sent["x402Version"]), ("x402/payment", &json!(2)));
}

#[tokio::test]
async fn what_is_not_what_was_agreed_is_not_signed() {
    // g-money-11, g-money-12
    let driver = driver(&[]);
    for patch in [
        json!({"amount": "10001"}),
        json!({"amount": "9999"}),
        json!({"payTo": STRANGER}),
        json!({"asset": STRANGER}),
        json!({"network": "eip155:8453"}),
        json!({"scheme": "upto"}),
        json!({"extra": {"assetTransferMethod": "permit2"}}),
    ] {
        assert_eq!(refusal(&driver, &job(&patch)).await, MoneyRule::RequestChanged, "{patch}");
    }
    let mut elsewhere = job(&json!({}));
    elsewhere.choice.entry.index = 1;
    assert_eq!(refusal(&driver, &elsewhere).await, MoneyRule::RequestChanged);
    let over_mcp = job_of(&required(&json!({})), Carrier::Mcp, Scheme::ExactEip3009, 10_000);
    let crossed = Job { errand: over_mcp.errand, ..job(&json!({})) };
    assert_eq!(refusal(&driver, &crossed).await, MoneyRule::RequestChanged);
}

#[tokio::test]
async fn only_the_table_says_what_a_token_is() {
    // AST-02, AST-03
    let driver = driver(&[]);
    let unnamed = job(&json!({"extra": {}}));
    let payload = driver.sign(&unnamed).await.unwrap();
    let sent = text(&carried(&driver, &unnamed, &payload).await);
    assert_eq!(sent["accepted"]["extra"], json!({}), "the entry goes back as it came");
    signed_by_the_wallet(&sent, &payload);
    let other = job(&json!({"extra": {"name": "USDC", "version": "1"}}));
    assert_eq!(refusal(&driver, &other).await, MoneyRule::DomainMismatch);
    let other = job(&json!({"extra": {"decimals": 18}}));
    assert_eq!(refusal(&driver, &other).await, MoneyRule::DecimalsMismatch);
    let mut settings = settings(&[], &at_t0());
    settings.tokens.clear();
    assert_eq!(refusal(&X402::new(settings), &job(&json!({}))).await, MoneyRule::UnknownAsset);
}

#[tokio::test]
async fn extensions_that_ask_for_more_are_not_signed_beside() {
    // SIG-01, SIG-10
    let driver = driver(&[]);
    for (name, info) in [
        ("eip2612GasSponsoring", json!({"spender": STRANGER})),
        ("erc20ApprovalGasSponsoring", json!({"spender": STRANGER})),
    ] {
        let mut offer = required(&json!({}));
        offer["extensions"] = json!({name: {"info": info}});
        let job = job_of(&offer, Carrier::Header, Scheme::ExactEip3009, 10_000);
        assert_eq!(refusal(&driver, &job).await, MoneyRule::SigningFirewall);
    }
}

#[tokio::test]
async fn an_allowance_is_signed_beside_a_permit_for_the_amount_and_only_where_it_is_needed() {
    // SIG-03
    let node = FakeNode::start(World::new()).await;
    let driver = driver(&[&node]);
    let extra = json!({"name": "USDC", "version": "2", "assetTransferMethod": "permit2"});
    let mut offer = required(&json!({"extra": extra}));
    offer["extensions"] = json!({"eip2612GasSponsoring": {"info": {"version": "1"}}});
    let job = job_of(&offer, Carrier::Header, Scheme::ExactPermit2, 10_000);
    let payload = driver.sign(&job).await.unwrap();
    let sent = text(&carried(&driver, &job, &payload).await);
    assert_eq!(sent["extensions"], offer["extensions"], "Permit2 may take enough already");
    node.world().allowance = 9_999;
    let payload = driver.sign(&job).await.unwrap();
    let attachment = carried(&driver, &job, &payload).await;
    let info = text(&attachment)["extensions"]["eip2612GasSponsoring"]["info"].clone();
    let of = |name: &str| info[name].as_str().unwrap().to_owned();
    assert_eq!((of("amount"), of("spender")), ("10000".into(), known::PERMIT2.to_string()));
    assert_eq!((of("nonce"), of("deadline")), ("3".into(), (T0 + 60).to_string()));
    assert_eq!((of("from"), of("version")), (ACCOUNT_0.into(), "1".into()));
    let all = offer["extensions"].as_object().unwrap();
    let (token, wallet) = (usdc(), address(ACCOUNT_0));
    let terms = evm::firewall::Terms { token: &token, amount: U256::from(10_000_u64), wallet };
    let permit = evm::firewall::judge_extensions(all, &terms).unwrap().unwrap();
    let permit = permit.permit(U256::from(3_u64), T0 + 60);
    let signature = Signature::parse(&of("signature")).unwrap();
    assert_eq!(signature.recover(permit.digest()), Ok(wallet));
    assert!(attachment.secrets.contains(&of("signature")));
}

#[tokio::test]
async fn a_token_that_fails_its_test_is_not_paid_with_until_it_passes() {
    // AST-10, AST-11
    let node = FakeNode::start(World::new()).await;
    let driver = driver(&[&node]);
    assert!(driver.check_chains().await.is_empty());
    node.world().separator = keccak256("other");
    let problems = driver.check_chains().await;
    assert_eq!(problems[0].1.rule, Some(MoneyRule::DomainMismatch));
    assert_eq!(refusal(&driver, &job(&json!({}))).await, MoneyRule::DomainMismatch);
    node.world().chain_id = 0x2105;
    driver.check_chains().await;
    assert_eq!(refusal(&driver, &job(&json!({}))).await, MoneyRule::Network);
    *node.world() = World::new();
    driver.check_chains().await;
    assert!(driver.sign(&job(&json!({}))).await.is_ok());
}

#[tokio::test]
async fn what_the_wallet_has_not_got_is_not_signed_away() {
    let node = FakeNode::start(World::new()).await;
    let driver = driver(&[&node]);
    node.world().balance = 9_999;
    assert_eq!(refusal(&driver, &job(&json!({}))).await, MoneyRule::Insufficient);
    node.world().balance = 5_000_000;
    node.world().allowance = 0;
    assert!(driver.sign(&job(&json!({}))).await.is_ok());
    assert_eq!(refusal(&driver, &upto()).await, MoneyRule::Insufficient);
    node.world().fault = Fault::Garbage;
    assert!(driver.sign(&upto()).await.is_ok());
}

#[tokio::test]
async fn what_could_run_out_on_its_way_is_not_sent_and_never_left() {
    // TIM-06
    let clock = at_t0();
    let driver = X402::new(settings(&[], &clock));
    let job = job(&json!({}));
    let payload = driver.sign(&job).await.unwrap();
    clock.advance(Duration::from_secs(57));
    let first = carried(&driver, &job, &payload).await;
    // FLW-03: the identical payload, inside its window.
    let again = driver.again(&open(&job), &payload).await.unwrap();
    assert_eq!(first.headers, again.headers);
    clock.advance(Duration::from_secs(1));
    let Dispatched::Stop(Standing::Released { reason, rule }) =
        driver.dispatch(&job, &payload).await
    else {
        panic!("sent");
    };
    assert_eq!((reason, rule), (Released::Destroyed, Some(MoneyRule::Expired)));
    assert!(driver.again(&open(&job), &payload).await.is_none());
}

#[tokio::test]
async fn what_was_set_free_is_never_shown_again() {
    let driver = driver(&[]);
    let job = job(&json!({}));
    let payload = driver.sign(&job).await.unwrap();
    let open = Open { state: State::Released(Released::Destroyed), ..open(&job) };
    assert!(driver.again(&open, &payload).await.is_none());
}
