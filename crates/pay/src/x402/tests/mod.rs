mod charge;
mod proof;
mod signing;

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
