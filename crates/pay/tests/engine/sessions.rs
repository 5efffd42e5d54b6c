//! A deposit is paid once, and pays for requests until it is used up; whoever paid it uses it, and nobody else.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use egress::Boxed;
use lightning::{Invoice, InvoiceBuilder, Network, NodeKey, PaymentHash, Preimage};
use model::money::{Flag, MoneyRule};
use pay::{Answer, Broken};
use serde_json::{Value, json};
use wallets::{Outcome, Trouble, Wallet, codes};

use crate::support::*;

const REALM: &str = "api.example.com";

/// A wallet that pays what it is given, if it says what came of it; the secret of an invoice is a byte.
#[derive(Default)]
struct Purse {
    paid: Mutex<Vec<PaymentHash>>,
    silent: Mutex<bool>,
    amounts: bool,
    asked: AtomicUsize,
}

impl Purse {
    fn count(&self) -> usize {
        self.paid.lock().unwrap().len()
    }

    fn shown(&self, hash: PaymentHash) -> Outcome {
        let secret = (0..=255).map(|n| Preimage::from_bytes([n; 32])).find(|p| p.proves(&hash));
        match secret.filter(|_| self.paid.lock().unwrap().contains(&hash)) {
            Some(preimage) => Outcome::Settled { preimage, fee_msat: Some(0) },
            None => Outcome::Absent,
        }
    }
}

impl Wallet for Purse {
    fn pay<'a>(&'a self, invoice: &'a Invoice, _: u64, _: &'a str) -> Boxed<'a, Outcome> {
        Box::pin(async move {
            self.paid.lock().unwrap().push(invoice.payment_hash());
            // As long as it takes, others may come.
            tokio::task::yield_now().await;
            self.lookup(invoice.payment_hash()).await
        })
    }

    fn lookup(&self, hash: PaymentHash) -> Boxed<'_, Outcome> {
        let silent = *self.silent.lock().unwrap();
        let why = "silent".to_owned();
        let outcome = if silent {
            Outcome::Unknown(Trouble { code: codes::SENT_UNKNOWN, why })
        } else {
            self.shown(hash)
        };
        Box::pin(std::future::ready(outcome))
    }

    fn balance(&self) -> Boxed<'_, Result<u64, Trouble>> {
        Box::pin(std::future::ready(Ok(0)))
    }

    fn receive<'a>(&'a self, _: &'a str, seconds: u64) -> Boxed<'a, Result<String, Trouble>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let hash = Preimage::from_bytes([0xee; 32]).hash();
        let mut builder =
            InvoiceBuilder::new(Network::Mainnet, 1000, T0 / 1000, hash, [0x12; 32], "rest");
        builder.expiry = Some(seconds);
        if !self.amounts {
            builder.amount_msat = None;
        }
        let made = builder.sign(&NodeKey::from_bytes([0x22; 32]).unwrap()).unwrap();
        Box::pin(std::future::ready(Ok(made.text().to_owned())))
    }

    fn kind(&self) -> &'static str {
        "purse"
    }
}

fn house_with(purse: &Arc<Purse>) -> House {
    let pins =
        vec![spend::Pin { price: Some(price("200 sat")), payee: None, ..pin("weather", "1") }];
    House::new(Plan { wallet: Some(purse.clone()), pins, ..Plan::default() })
}

fn price(text: &str) -> spend::Price {
    spend::Price::parse(text, "sat").unwrap()
}

fn house() -> (House, Arc<Purse>) {
    let purse = Arc::new(Purse::default());
    (house_with(&purse), purse)
}

fn asks_deposit(secret: u8, id: &str) -> Answer {
    session(secret, id, REALM, |_| ())
}

fn sunny() -> Answer {
    serves("sunny")
}

/// What was done with the session, request by request.
fn acts(shop: &Shop) -> Vec<Value> {
    let came = shop.came("authorization");
    came.iter()
        .map(|one| {
            one.as_ref()
                .map_or(Value::Null, |_| credential(one.as_deref())["payload"]["action"].clone())
        })
        .collect()
}

/// `a1` has opened a session with the secret 1.
async fn opened() -> (House, Arc<Purse>) {
    let (house, purse) = house();
    let shop = Shop::says([asks_deposit(1, "c1"), sunny()]);
    assert_eq!(shop.sells(&house, &errand("a1")).await, (200, true));
    assert_eq!(acts(&shop), [json!(null), json!("open")]);
    (house, purse)
}

#[tokio::test]
async fn a_deposit_is_paid_once_and_pays_for_requests_to_come() {
    let (house, purse) = opened().await;
    for n in 2..5 {
        let id = format!("c{n}");
        let shop = Shop::says([asks_deposit(n, &id), sunny()]);
        assert_eq!(shop.sells(&house, &errand("a1")).await, (200, false));
        let told = credential(shop.came("authorization")[1].as_deref());
        let hash = Preimage::from_bytes([1; 32]).hash().to_string();
        let payload = json!({"action": "bearer", "sessionId": hash, "preimage": "01".repeat(32)});
        assert_eq!(told["payload"], payload);
        assert_eq!(told["challenge"]["id"], id, "in answer to the challenge of this request");
    }
    // Wherever the seller takes it.
    let elsewhere = errand_to("a1", "weather", "https://api.example.com/other");
    let Answer::Http { status, headers, body, .. } = asks_deposit(9, "c9") else { panic!() };
    let url = "https://api.example.com/other".parse().unwrap();
    let shop = Shop::says([Answer::Http { status, headers, body, url }, sunny()]);
    assert_eq!(shop.sells(&house, &elsewhere).await, (200, false));
    assert_eq!((purse.count(), house.used("day sat").await), (1, 200));
    let bought = house.payer.bought("acme", "a1").await.unwrap();
    assert_eq!(bought.len(), 1);
    assert_eq!((bought[0].origin.as_str(), &bought[0].path), ("https://api.example.com", &None));
}

#[tokio::test]
async fn the_deposit_says_where_the_rest_goes_and_what_it_pays_is_on_record() {
    let (house, _) = house();
    let shop = Shop::says([asks_deposit(1, "c1"), sunny()]);
    assert_eq!(shop.sells(&house, &errand("a1")).await, (200, true));
    let told = credential(shop.came("authorization")[1].as_deref());
    let back = Invoice::parse(told["payload"]["returnInvoice"].as_str().unwrap()).unwrap();
    assert_eq!((back.amount_msat(), back.expires_at()), (None, T0 / 1000 + 30 * 24 * 3600));
    let lines = format!("{:?}", house.records());
    assert!(lines.contains("lightning-session") && !lines.contains(&"01".repeat(32)), "{lines}");
}

#[tokio::test]
async fn a_session_serves_no_other_caller_realm_or_place() {
    let (house, purse) = opened().await;
    let mut tenant = errand("a1");
    tenant.tenant = "other".to_owned();
    for (n, errand) in (2..).zip([errand("a2"), tenant]) {
        let shop = Shop::says([asks_deposit(n, "c"), sunny()]);
        assert_eq!(shop.sells(&house, &errand).await, (200, true));
        assert_eq!(acts(&shop), [json!(null), json!("open")], "a session of its own");
    }
    let shop = Shop::says([session(4, "c", "elsewhere", |_| ()), sunny()]);
    assert_eq!(shop.sells(&house, &errand("a1")).await, (200, true));
    assert_eq!(purse.count(), 4);
    // Behind a redirect nothing is shown, and nothing is paid.
    let Answer::Http { status, headers, body, .. } = asks_deposit(5, "c") else { panic!() };
    let url = "https://evil.example/weather".parse().unwrap();
    let shop = Shop::says([Answer::Http { status, headers, body, url }]);
    assert!(matches!(shop.exchanged(&house, &errand("a1")).await, Err(Broken::Refused(_))));
    assert_eq!((acts(&shop), purse.count()), (vec![json!(null)], 4));
}

#[tokio::test]
async fn a_session_that_is_used_up_ends_and_the_next_one_is_paid_by_the_ordinary_rules() {
    let (house, purse) = opened().await;
    let shop = Shop::says([asks_deposit(2, "c2"), asks_deposit(3, "c3"), sunny()]);
    assert_eq!(shop.sells(&house, &errand("a1")).await, (200, true));
    assert_eq!(acts(&shop), [json!(null), json!("bearer"), json!("open")]);
    assert_eq!(purse.count(), 2);
    // The ordinary rules: a pause stops it, and leaves the session that there is alone.
    house.books().pause("rail:mpp".parse().unwrap()).await.unwrap();
    let shop = Shop::says([asks_deposit(4, "c4")]);
    let Err(Broken::Refused(no)) = shop.exchanged(&house, &errand("a1")).await else { panic!() };
    assert_eq!((no.rule, acts(&shop)), (MoneyRule::Paused, vec![json!(null)]));
    house.books().resume("rail:mpp".parse().unwrap()).await.unwrap();
    let shop = Shop::says([asks_deposit(5, "c5"), sunny()]);
    assert_eq!(shop.sells(&house, &errand("a1")).await, (200, false));
}

#[tokio::test]
async fn a_session_of_which_nobody_knows_any_more_is_forgotten() {
    let (house, _) = opened().await;
    let problem = r#"{"type":"https://paymentauth.org/problems/lightning/session-not-found"}"#;
    let Answer::Http { headers, url, .. } = fails(404) else { panic!() };
    let status = http::StatusCode::NOT_FOUND;
    let gone = Answer::Http { status, headers, body: problem.into(), url };
    let shop = Shop::says([asks_deposit(2, "c2"), gone]);
    assert_eq!(shop.sells(&house, &errand("a1")).await, (404, false));
    let shop = Shop::says([asks_deposit(3, "c3"), sunny()]);
    assert_eq!(shop.sells(&house, &errand("a1")).await, (200, true));
}

#[tokio::test]
async fn a_session_that_its_seller_has_closed_by_now_is_not_shown() {
    let (house, _) = opened().await;
    house.later(299);
    let shop = Shop::says([asks_deposit(2, "c2"), sunny()]);
    assert_eq!(shop.sells(&house, &errand("a1")).await, (200, false));
    house.later(299);
    assert_eq!(house.payer.bought("acme", "a1").await.unwrap().len(), 1, "each use counts anew");
    house.later(1);
    assert!(house.payer.bought("acme", "a1").await.unwrap().is_empty());
    let shop = Shop::says([asks_deposit(3, "c3"), sunny()]);
    assert_eq!(shop.sells(&house, &errand("a1")).await, (200, true));
    assert_eq!(acts(&shop), [json!(null), json!("open")]);
}

#[tokio::test]
async fn a_deposit_whose_answer_was_lost_is_opened_by_the_next_request() {
    let (house, purse) = house();
    let shop = Shop::says([asks_deposit(1, "c1"), Answer::Nothing]);
    assert!(matches!(shop.exchanged(&house, &errand("a1")).await, Err(Broken::Trouble(..))));
    let shop = Shop::says([asks_deposit(2, "c2"), sunny()]);
    assert_eq!(shop.sells(&house, &errand("a1")).await, (200, false));
    let told = credential(shop.came("authorization")[1].as_deref());
    assert_eq!(
        (&told["payload"]["action"], &told["challenge"]["id"]),
        (&json!("open"), &json!("c1"))
    );
    // It had been opened the first time: then it is used.
    let (house, purse_of_two) = self::house();
    let shop = Shop::says([asks_deposit(1, "c1"), Answer::Nothing]);
    let _ = shop.exchanged(&house, &errand("a1")).await;
    let shop = Shop::says([asks_deposit(2, "c2"), asks_deposit(3, "c3"), sunny()]);
    assert_eq!(shop.sells(&house, &errand("a1")).await, (200, false));
    assert_eq!(acts(&shop), [json!(null), json!("open"), json!("bearer")]);
    assert_eq!((purse.count(), purse_of_two.count()), (1, 1));
}

#[tokio::test]
async fn a_deposit_that_opens_nothing_is_given_up_after_every_way_was_tried() {
    let (house, purse) = house();
    let shop = Shop::says([asks_deposit(1, "c1"), asks_deposit(2, "c2")]);
    assert_eq!(shop.sells(&house, &errand("a1")).await, (402, true));
    let shop =
        Shop::says([asks_deposit(3, "c3"), asks_deposit(4, "c4"), asks_deposit(5, "c5"), sunny()]);
    assert_eq!(shop.sells(&house, &errand("a1")).await, (200, true));
    assert_eq!(acts(&shop), [json!(null), json!("open"), json!("bearer"), json!("open")]);
    assert_eq!(purse.count(), 2);
}

#[tokio::test]
async fn a_deposit_that_was_lost_to_its_seller_is_marked() {
    let (house, _) = house();
    let shop = Shop::says([asks_deposit(1, "c1"), Answer::Nothing]);
    let Err(Broken::Trouble(_, Some(told))) = shop.exchanged(&house, &errand("a1")).await else {
        panic!()
    };
    assert!(house.payment(&told.id).await.flags.is_empty());
    let shop =
        Shop::says([asks_deposit(2, "c2"), asks_deposit(3, "c3"), asks_deposit(4, "c4"), sunny()]);
    assert_eq!(shop.sells(&house, &errand("a1")).await, (200, true));
    assert_eq!(house.payment(&told.id).await.flags, [Flag::NoDelivery]);
}

#[tokio::test]
async fn a_deposit_that_is_proven_later_is_not_lost() {
    let (house, purse) = house();
    *purse.silent.lock().unwrap() = true;
    let shop = Shop::says([asks_deposit(1, "c1")]);
    assert!(matches!(shop.exchanged(&house, &errand("a1")).await, Err(Broken::Refused(_))));
    *purse.silent.lock().unwrap() = false;
    let found = house.payer.reconcile().await.unwrap();
    assert_eq!(found.iter().map(|one| one.state).collect::<Vec<_>>(), ["settled"]);
    let shop = Shop::says([asks_deposit(2, "c2"), sunny()]);
    assert_eq!(shop.sells(&house, &errand("a1")).await, (200, false));
    assert_eq!((acts(&shop), purse.count()), (vec![json!(null), json!("open")], 1));
}

#[tokio::test]
async fn two_first_requests_at_once_pay_one_deposit() {
    let (house, purse) = house();
    let (one, two) = (errand("a1"), errand_to("a1", "weather", URL));
    let first = Shop::says([asks_deposit(1, "c1"), sunny()]);
    let second = Shop::says([asks_deposit(2, "c2"), sunny()]);
    let (a, b) = tokio::join!(first.sells(&house, &one), second.sells(&house, &two));
    assert_eq!((a.0, b.0, purse.count()), (200, 200, 1), "{a:?} {b:?}");
    assert_eq!(usize::from(a.1) + usize::from(b.1), 1);
}

#[tokio::test]
async fn nothing_is_paid_where_the_rest_could_not_come_back() {
    let purse = Arc::new(Purse { amounts: true, ..Purse::default() });
    let house = house_with(&purse);
    let shop = Shop::says([asks_deposit(1, "c1")]);
    let Err(Broken::Refused(no)) = shop.exchanged(&house, &errand("a1")).await else { panic!() };
    assert_eq!((no.rule, purse.count()), (MoneyRule::WalletUnavailable, 0));
    assert_eq!((purse.asked.load(Ordering::Relaxed), house.used("day sat").await), (1, 0));
}

#[tokio::test]
async fn a_deposit_is_what_the_invoice_says_and_worth_a_unit_or_nothing_is_paid() {
    type Change = fn(&mut Value);
    let changes: [(MoneyRule, Change); 7] = [
        (MoneyRule::AmountMismatch, |r| r["depositAmount"] = "20".into()),
        (MoneyRule::BadAmount, |r| r["amount"] = "201".into()),
        (MoneyRule::BadType, |r| r["amount"] = 10.into()),
        (MoneyRule::Currency, |r| r["currency"] = "btc".into()),
        (MoneyRule::HashMismatch, |r| r["paymentHash"] = "ab".repeat(32).into()),
        (MoneyRule::BadInvoice, |r| r["depositInvoice"] = "lnbc1".into()),
        (MoneyRule::BadChallenge, |r| {
            r.as_object_mut().unwrap().remove("depositInvoice");
        }),
    ];
    let (house, purse) = house();
    for (rule, change) in changes {
        let shop = Shop::says([session(1, "c1", REALM, change)]);
        let refused = shop.exchanged(&house, &errand("a1")).await;
        let Err(Broken::Refused(no)) = refused else { panic!("{rule}") };
        assert_eq!(no.rule, rule);
    }
    assert_eq!(purse.count(), 0);
}

#[tokio::test]
async fn where_sessions_are_off_no_deposit_is_paid() {
    let purse = Arc::new(Purse::default());
    let free = (spend::SignIn::default(), false);
    let house = House::new(Plan { wallet: Some(purse.clone()), free, ..Plan::default() });
    let shop = Shop::says([asks_deposit(1, "c1")]);
    let Err(Broken::Refused(no)) = shop.exchanged(&house, &errand("a1")).await else { panic!() };
    assert_eq!((no.rule, purse.count()), (MoneyRule::Scheme, 0));
}

/// Ends the session of `a1`, with these answers of the seller.
async fn closed(house: &House, answers: Vec<Answer>) -> (Option<pay::Closed>, Shop) {
    let shop = Shop::says(answers);
    let request = egress::Outgoing {
        method: http::Method::GET,
        url: URL.parse().unwrap(),
        headers: http::HeaderMap::new(),
        body: bytes::Bytes::new(),
    };
    (house.payer.close(&errand("a1"), request, &shop).await.unwrap(), shop)
}

#[tokio::test]
async fn a_session_is_ended_by_its_owner_and_what_the_seller_says_of_the_rest_is_told() {
    let (house, _) = opened().await;
    let receipt = rails::encode_url(br#"{"refundSats":190,"refundStatus":"succeeded"}"#);
    let ended = demand(200, &[("payment-receipt", receipt)], URL);
    let (told, shop) = closed(&house, vec![asks_deposit(2, "c2"), ended]).await;
    let (sat, status) = (Some(190), Some("succeeded"));
    assert_eq!(told, Some(pay::Closed { sat, status }));
    assert_eq!(acts(&shop), [json!(null), json!("close")]);
    assert_eq!(house.used("day sat").await, 200, "no budget grows by a seller's word");
    let shop = Shop::says([asks_deposit(3, "c3"), sunny()]);
    assert_eq!(shop.sells(&house, &errand("a1")).await, (200, true));
}

#[tokio::test]
async fn where_there_is_no_session_nothing_is_ended_and_an_error_of_the_seller_ends_none() {
    let (house, _) = house();
    let (told, shop) = closed(&house, vec![asks_deposit(2, "c2")]).await;
    assert_eq!((told, acts(&shop)), (None, vec![json!(null)]));
    let (house, _) = opened().await;
    let (told, _) = closed(&house, vec![serves("sunny")]).await;
    assert_eq!(told, None);
    let (told, _) = closed(&house, vec![asks_deposit(2, "c2"), fails(500)]).await;
    assert_eq!(told, None);
    assert_eq!(house.payer.bought("acme", "a1").await.unwrap().len(), 1);
    let (told, _) = closed(&house, vec![asks_deposit(3, "c3"), asks_deposit(4, "c4")]).await;
    assert_eq!(told, None, "it had ended before");
    assert!(house.payer.bought("acme", "a1").await.unwrap().is_empty());
}

#[tokio::test]
async fn no_deposit_is_paid_by_hand_or_over_mcp() {
    let purse = Arc::new(Purse::default());
    let plan = Plan { by_hand: true, wallet: Some(purse.clone()), ..Plan::default() };
    let house = House::new(plan);
    let shop = Shop::says([asks_deposit(1, "c1")]);
    let Err(Broken::Refused(no)) = shop.exchanged(&house, &errand("a1")).await else { panic!() };
    assert_eq!(no.rule, MoneyRule::Rail, "the rest could not come back");

    let house = house_with(&purse);
    let Answer::Http { headers, .. } = asks_deposit(1, "c1") else { panic!() };
    let line = headers["www-authenticate"].to_str().unwrap();
    let request = line.split("request=\"").nth(1).unwrap().trim_end_matches('"');
    let request: Value =
        serde_json::from_slice(&rails::decode(request.as_bytes()).unwrap()).unwrap();
    let challenge = json!({
        "id": "c1", "realm": REALM, "method": "lightning", "intent": "session", "request": request,
    });
    let asked = Answer::McpError(-32042, json!({ "challenges": [challenge] }));
    let request = pay::Request::Mcp {
        target: "weather".to_owned(),
        method: "tools/call".to_owned(),
        server: Some(URL.parse().unwrap()),
        digest: [0; 32],
        modern: false,
        negotiated: false,
    };
    let errand = pay::Errand { request, ..errand("a1") };
    assert_eq!(house.rule(&errand, &asked).await, MoneyRule::Scheme);
    assert_eq!(purse.count(), 0);
}

#[tokio::test]
async fn whoever_is_refused_late_uses_what_another_has_opened_meanwhile() {
    let (house, purse) = opened().await;
    // Both use the session before either hears that it is used up; one of them opens the next.
    let both = Arc::new(tokio::sync::Barrier::new(2));
    let first = Shop::says([asks_deposit(2, "c2"), asks_deposit(3, "c3"), sunny()]);
    let second = Shop::says([asks_deposit(4, "c4"), asks_deposit(5, "c5"), sunny()]);
    let (first, second) = (first.meeting(2, &both), second.meeting(2, &both));
    let (one, two) = (errand("a1"), errand_to("a1", "weather", URL));
    let (a, b) = tokio::join!(first.sells(&house, &one), second.sells(&house, &two));
    assert_eq!((a.0, b.0, purse.count()), (200, 200, 2), "{a:?} {b:?}");
    let mut last = [acts(&first), acts(&second)].map(|acts| acts[2].clone());
    last.sort_by_key(Value::to_string);
    assert_eq!(last, [json!("bearer"), json!("open")]);
    assert_eq!(house.payer.bought("acme", "a1").await.unwrap().len(), 1, "and it is still there");
}

#[tokio::test]
async fn a_seller_that_fails_has_said_nothing_of_a_session() {
    let (house, purse) = house();
    let shop = Shop::says([asks_deposit(1, "c1"), fails(500)]);
    assert_eq!(shop.sells(&house, &errand("a1")).await, (500, true));
    let shop = Shop::says([asks_deposit(2, "c2"), sunny()]);
    assert_eq!(shop.sells(&house, &errand("a1")).await, (200, false));
    assert_eq!((acts(&shop), purse.count()), (vec![json!(null), json!("open")], 1));
}
