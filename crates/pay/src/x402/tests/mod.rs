mod charge;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use bytes::Bytes;
use evm::{Address, Bytes32, Signature, U256, keccak256, known};
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, StatusCode};
use ledger::{Intent, PaymentId, Released, State};
use model::money::{Amount, Asset, Flag, MoneyRule, Rail, Terms};
use model::{Given, NoSecret, NoVault, PrincipalId, Secret, SecretName, Secrets, Template};
use model::{TenantId, Timestamp, Usage};
use proptest::prelude::*;
use rails::x402::Carrier;
use serde_json::{Value, json};
use spend::{Choice, Entry, Plan, Scheme};
use url::Url;

use super::*;
use crate::chain::Chain;
use crate::chain::fake::{
    ACCOUNT_0, B0, Event, FakeNode, Fault, PAYEE, STRANGER, T0, World, address, usdc,
};
use crate::chain::tests::Taken;
use crate::{
    Answer, Asking, Attachment, Boxed, Dispatched, Driver, Errand, Job, Nonces, Open, Payload,
    Request, SigningIn, Standing,
};

const KEY: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const ID: &str = "000102030405060708090a0b0c0d0e0f";

fn settings(nodes: &[&FakeNode], clock: &Clock) -> Settings {
    let endpoints = nodes.iter().map(|node| node.client.clone()).collect();
    let chain = Chain { id: 84532, endpoints, quorum: 0, confirmations: 1 };
    Settings {
        chains: BTreeMap::from([("eip155:84532".to_owned(), chain)]),
        tokens: vec![usdc()],
        key: Template::plain(KEY.to_owned()),
        secrets: Arc::new(NoVault),
        clock: clock.clone(),
        unique: Arc::new(Taken::default()),
        patience: Duration::from_millis(50),
    }
}

fn at_t0() -> Clock {
    Clock::manual(T0 * 1000)
}

fn driver(nodes: &[&FakeNode]) -> X402 {
    X402::new(settings(nodes, &at_t0()))
}

/// The base offer, and what is changed in its entry.
fn required(patch: &Value) -> Value {
    let mut offer = json!({"x402Version": 2, "resource": {"url": "https://api.example.com/weather"},
        "accepts": [{"scheme": "exact", "network": "eip155:84532", "amount": "10000",
            "asset": usdc().address.to_string(), "payTo": PAYEE, "maxTimeoutSeconds": 60,
            "extra": {"name": "USDC", "version": "2"}}]});
    for (name, value) in patch.as_object().unwrap() {
        offer["accepts"][0][name] = value.clone();
    }
    offer
}

fn job_of(offer: &Value, carrier: Carrier, scheme: Scheme, minor: u128) -> Job {
    let read = rails::x402::Offer::read(Bytes::from(offer.to_string()), carrier).unwrap();
    let token = usdc();
    let terms = Terms {
        rail: Rail::X402,
        scheme: scheme.as_str().to_owned(),
        network: "eip155:84532".to_owned(),
        amount: Amount::new(Asset::erc20(84532, token.address.as_bytes()), minor),
        fee_limit: 0,
        payee: PAYEE.to_owned(),
        origin: "https://api.example.com".to_owned(),
        resource: "GET https://api.example.com/weather".to_owned(),
        expires: None,
    };
    let facilitator = (scheme == Scheme::Upto).then(|| address(STRANGER));
    let plan = Plan::Evm {
        scheme,
        token,
        payee: address(PAYEE),
        valid_for: 300,
        facilitator,
        extra: None,
    };
    let choice = Choice {
        terms,
        entry: Entry { offer: 0, index: 0 },
        plan,
        approvers: 1,
        flags: vec![],
        spare: vec![],
    };
    let url = Url::parse("https://api.example.com/weather").unwrap();
    let request = match carrier {
        Carrier::Mcp => Request::Mcp {
            target: "weather".to_owned(),
            method: "tools/call".to_owned(),
            server: Some(url),
            digest: [0; 32],
            modern: true,
            negotiated: false,
        },
        _ => Request::Http { method: "GET".to_owned(), url, body: [0; 32], bytes: Bytes::new() },
    };
    let errand = Errand {
        tenant: "t".to_owned(),
        principal: "a1".to_owned(),
        session: None,
        source: "weather".to_owned(),
        tool: "weather".to_owned(),
        request,
        asking: asking(),
        key: None,
        correlation: None,
    };
    let offer = rails::Offer::X402(Box::new(read));
    Job { id: ID.to_owned(), errand, choice, offer, now: Timestamp(T0 * 1000) }
}

fn asking() -> Asking {
    let binding = approvals::Binding {
        tenant: TenantId::new("t"),
        principal: PrincipalId::new("a1"),
        session: String::new(),
        method: "tools/call".to_owned(),
        source: model::SourceName::new("weather").unwrap(),
        tool: "weather".to_owned(),
        definition: String::new(),
        arguments: [0; 32],
        terms: None,
        policy: [0; 32],
    };
    let credential = model::Credential::None;
    Asking { binding, credential, arguments: "{}".to_owned(), named: None }
}

fn job(patch: &Value) -> Job {
    job_of(&required(patch), Carrier::Header, Scheme::ExactEip3009, 10_000)
}

fn upto() -> Job {
    let extra = json!({"name": "USDC", "version": "2", "facilitatorAddress": STRANGER});
    let patch = json!({"scheme": "upto", "amount": "5000000", "extra": extra});
    job_of(&required(&patch), Carrier::Header, Scheme::Upto, 5_000_000)
}

fn open(job: &Job) -> Open {
    let intent = Intent {
        tenant: TenantId::new("t"),
        agent: PrincipalId::new("a1"),
        session: String::new(),
        source: "weather".to_owned(),
        tool: "weather".to_owned(),
        terms: job.terms().clone(),
        request: [0; 32],
        key: None,
        concerns: vec![],
    };
    Open {
        id: ID.parse::<PaymentId>().unwrap(),
        owner: "process".to_owned(),
        intent,
        holds: job.terms().amount.minor,
        since: Timestamp(T0 * 1000),
        changed: Timestamp(T0 * 1000),
        state: State::Sent,
        signed: true,
        sent: true,
        mark: None,
        paid: 0,
        fee: 0,
        proof: None,
        flags: vec![],
        soft: vec![],
    }
}

fn answer(status: u16, receipt: Option<&Value>) -> Answer {
    let mut headers = HeaderMap::new();
    if let Some(receipt) = receipt {
        let value = rails::encode_standard(receipt.to_string().as_bytes());
        headers.insert("payment-response", HeaderValue::try_from(value).unwrap());
    }
    Answer::Http {
        status: StatusCode::from_u16(status).unwrap(),
        headers,
        body: Bytes::from_static(b"sunny"),
        url: Url::parse("https://api.example.com/weather").unwrap(),
    }
}

fn success(transaction: &str) -> Value {
    json!({"success": true, "transaction": transaction, "network": "eip155:84532", "payer": ACCOUNT_0})
}

fn nonce(payload: &Payload) -> Bytes32 {
    Bytes32::parse(payload.mark.as_deref().unwrap()).unwrap()
}

/// The seller carries a payment to the chain.
fn carry_out(world: &mut World, payload: &Payload) -> Bytes32 {
    let (from, token) = (address(ACCOUNT_0), usdc().address);
    let logs = vec![
        Event::transfer(token, from, address(PAYEE), 10_000),
        Event::used(token, from, nonce(payload)),
    ];
    let hash = world.mine("carried", true, logs);
    world.spend(nonce(payload));
    hash
}

fn text(attachment: &Attachment) -> Value {
    let (_, value) = &attachment.headers[0];
    serde_json::from_slice(&rails::decode(value.as_bytes()).unwrap()).unwrap()
}

async fn carried(driver: &X402, job: &Job, payload: &Payload) -> Attachment {
    match driver.dispatch(job, payload).await {
        Dispatched::Carry(attachment) => attachment,
        _ => panic!("not carried"),
    }
}

fn held(standing: &Standing) -> (MoneyRule, &[Flag]) {
    match standing {
        Standing::Held { rule, flags } => (*rule, flags),
        other => panic!("{other:?}"),
    }
}

fn settled(standing: &Standing) -> (u128, &str, &[Flag]) {
    match standing {
        Standing::Settled { amount, fee: 0, receipt, flags } => (*amount, receipt, flags),
        other => panic!("{other:?}"),
    }
}

async fn refusal(driver: &X402, job: &Job) -> MoneyRule {
    driver.sign(job).await.err().unwrap().rule
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
    let message = evm::eip712::TransferWithAuthorization {
        from: address(ACCOUNT_0),
        to: address(PAYEE),
        value: U256::from(10_000_u64),
        valid_after: T0 - 600,
        valid_before: T0 + 60,
        nonce: nonce(&payload),
    };
    let signature = Signature::parse(sent["payload"]["signature"].as_str().unwrap()).unwrap();
    assert_eq!(signature.recover(message.digest(&usdc())), Ok(address(ACCOUNT_0)));
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
    let message = evm::eip712::TransferWithAuthorization {
        from: address(ACCOUNT_0),
        to: address(PAYEE),
        value: U256::from(10_000_u64),
        valid_after: T0 - 600,
        valid_before: T0 + 60,
        nonce: nonce(&payload),
    };
    let signature = Signature::parse(sent["payload"]["signature"].as_str().unwrap()).unwrap();
    assert_eq!(signature.recover(message.digest(&usdc())), Ok(address(ACCOUNT_0)));
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

/// A vault that gives its secret for the wallet alone, as it is bound.
struct Bound;

impl Secrets for Bound {
    fn secret<'a>(&'a self, name: &'a SecretName, usage: Usage<'a>) -> Given<'a> {
        let given = match (name.as_str(), usage) {
            ("wallet", Usage::Wallet) => Ok(Secret::new(KEY[2..].to_owned())),
            _ => Err(NoSecret::NotFor(name.clone(), "the wallet".to_owned())),
        };
        Box::pin(std::future::ready(given))
    }
}

#[tokio::test]
async fn the_key_comes_from_the_vault_and_no_error_shows_it() {
    let with = |key: &str| {
        X402::new(Settings {
            key: Template::parse(key).ok().unwrap(),
            secrets: Arc::new(Bound),
            ..settings(&[], &at_t0())
        })
    };
    assert_eq!(with("vault:wallet").address().await.unwrap(), address(ACCOUNT_0));
    let stop = with("vault:api").sign(&job(&json!({}))).await.err().unwrap();
    assert_eq!(stop.rule, MoneyRule::WalletAuth);
    let stop = with("0xhunter2").sign(&job(&json!({}))).await.err().unwrap();
    assert_eq!(stop.rule, MoneyRule::WalletAuth);
    assert!(!stop.why.contains("hunter2"));
}

#[tokio::test]
async fn a_nonce_that_is_bound_to_a_challenge_is_the_one_that_is_signed() {
    let wallet = driver(&[]).wallet();
    let nonce = Bytes32::new(rails::payment::bound_nonce("id", "realm"));
    let (window, amount) = (Window::of(T0, 60), U256::from(1_u64));
    let signed =
        wallet.authorize(&usdc(), address(PAYEE), amount, window, Nonce::Bound(nonce)).await;
    let signed = signed.ok().unwrap();
    assert_eq!(signed.message.nonce, nonce);
    let digest = signed.message.digest(&usdc());
    assert_eq!(signed.signature.recover(digest), Ok(address(ACCOUNT_0)));
    let nobody = wallet.authorize(&usdc(), Address::ZERO, amount, window, Nonce::Random).await;
    assert_eq!(nobody.err().unwrap().rule, MoneyRule::BadPayee);
}

fn is_send<T: Send>(one: T) -> T {
    one
}

/// Notes nonces down in memory.
#[derive(Default)]
struct Notes(std::sync::Mutex<std::collections::HashSet<String>>);

impl Nonces for Notes {
    fn take<'a>(&'a self, nonce: &'a str) -> Boxed<'a, bool> {
        let new = self.0.lock().unwrap().insert(nonce.to_owned());
        Box::pin(std::future::ready(new))
    }
}

#[tokio::test]
async fn a_sign_in_is_for_the_origin_that_was_asked_and_its_nonce_counts_once() {
    // V7, SIG-11
    let driver = driver(&[]);
    let paid = driver.sign(&job(&json!({}))).await.unwrap();
    let ask = |domain: &str| {
        json!({"info": {"domain": domain, "uri": "https://api.example.com/weather", "version": "1",
        "nonce": "a1b2c3d4e5f67890a1b2c3d4e5f67890", "issuedAt": "2025-02-27T16:01:30.000Z", "statement": "Sign in"},
        "supportedChains": [{"chainId": "eip155:84532", "type": "eip191"}]})
    };
    let url = Url::parse("https://api.example.com/weather").unwrap();
    let (right, evil) = (ask("api.example.com"), ask("evil.com"));
    let notes = Notes::default();
    let asked = |extension, paid| SigningIn { extension, request: &url, paid, nonces: &notes };
    let of_another = Payload { value: json!({"form": 1}), ..paid.clone() };
    let no = driver.sign_in(&asked(&right, Some(&of_another))).await.err().unwrap();
    assert_eq!(no.rule, MoneyRule::Siwx, "another wallet has paid");
    assert!(notes.0.lock().unwrap().is_empty());

    let asking = asked(&right, Some(&paid));
    let signed = is_send(driver.sign_in(&asking)).await.ok().unwrap();
    let [(name, value)] = &signed.headers[..] else { panic!("one field") };
    let text: Value = serde_json::from_slice(&rails::decode(value.as_bytes()).unwrap()).unwrap();
    let signature = "0xb01d0df1775aae8f77630b966b94ed41551d2828bf01182f7ec322185bfa156648ded218ccf6ca160a7c8429ba685e4c97f72262b9d856e9f876b5b3cef630511b";
    assert_eq!((name.as_str(), text["signature"].as_str()), ("SIGN-IN-WITH-X", Some(signature)));
    assert!(signed.secrets.iter().any(|secret| secret == value));
    assert!(signed.secrets.iter().any(|secret| secret == signature));
    assert!(signed.reuse.is_none());

    let seen = driver.sign_in(&asked(&right, Some(&paid))).await;
    assert_eq!(seen.err().unwrap().rule, MoneyRule::Siwx);
    notes.0.lock().unwrap().clear();
    let evil = driver.sign_in(&asked(&evil, None)).await;
    assert_eq!(evil.err().unwrap().rule, MoneyRule::Siwx);
    let after_evil = driver.sign_in(&asked(&right, None)).await;
    assert_eq!(after_evil.err().unwrap().rule, MoneyRule::Siwx, "what was refused is not signed");
}

#[tokio::test]
async fn a_payload_of_another_form_proves_nothing_and_is_not_sent() {
    let driver = driver(&[]);
    let job = job(&json!({}));
    for value in [json!({}), json!(null), json!({"form": 2})] {
        let payload = Payload { mark: None, value };
        assert!(matches!(driver.dispatch(&job, &payload).await, Dispatched::Stop(_)));
        let standing = driver.look(&open(&job), &payload).await;
        assert_eq!(held(&standing).0, MoneyRule::SentUnknown);
        assert!(driver.again(&open(&job), &payload).await.is_none());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_a_seller_answers_nothing_is_settled_without_a_chain(
        status in 200_u16..600,
        header in proptest::collection::vec(any::<u8>(), 0..200),
        transaction in "(0x)?[0-9a-f]{0,70}",
        network in "(eip155:[0-9]{0,22}|base|solana:[a-z]{0,5}|)",
        amount in "[0-9]{0,45}",
        plain: bool,
    ) {
        let receipt = json!({"success": true, "transaction": transaction, "network": network,
            "payer": transaction, "amount": amount});
        let value = if plain { HeaderValue::from_bytes(&header) } else {
            HeaderValue::try_from(rails::encode_standard(receipt.to_string().as_bytes()))
        };
        let Ok(value) = value else { return Ok(()) };
        let Answer::Http { mut headers, body, url, .. } = answer(200, None) else { return Ok(()) };
        headers.insert("payment-response", value);
        let status = StatusCode::from_u16(status).unwrap();
        let http = Answer::Http { status, headers, body, url };
        let mcp = Answer::Mcp(json!({"_meta": {"x402/payment-response": receipt}}));
        let (driver, job) = (driver(&[]), job(&json!({})));
        let payload = driver.sign(&job).now_or_never().unwrap().unwrap();
        for said in [http, mcp] {
            let standing = driver.answered(&open(&job), &payload, &said).now_or_never().unwrap();
            let unproven = matches!(standing, Standing::Held { .. });
            prop_assert!(unproven);
        }
    }

    #[test]
    fn what_is_sealed_reads_back_as_the_same_payment(amount in 1_u128..u128::MAX, seconds in 1_u64..900) {
        let patch = json!({"amount": amount.to_string(), "maxTimeoutSeconds": seconds});
        let job = job_of(&required(&patch), Carrier::Header, Scheme::ExactEip3009, amount);
        let payload = driver(&[]).sign(&job).now_or_never().unwrap().unwrap();
        let text = payload.value.to_string();
        let again = Payload { mark: None, value: serde_json::from_str(&text).unwrap() };
        let payment = sealed::Sealed::read(&again).unwrap().payment().unwrap();
        prop_assert_eq!(payment.amount, U256::from(amount));
        prop_assert_eq!(payment.valid_until, T0 + seconds.min(300));
        prop_assert_eq!(payment.to, address(PAYEE));
        prop_assert_eq!(payment.proof, evm::evidence::Proof::Authorization(nonce(&payload)));
    }
}
