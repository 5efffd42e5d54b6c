//! Transfers that a person reports, against a small chain behind HTTP.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use evm::{Address, Bytes32};
use model::Timestamp;
use model::money::{Amount, Asset, Flag, Rail, Terms};
use rails::x402::Carrier;
use serde_json::json;
use spend::{Choice, Entry, Plan};

use super::transfer::{Sealed, Transfers};
use super::*;
use crate::chain::fake::{ACCOUNT_0, Event, FakeNode, PAYEE, STRANGER, T0, World, address, usdc};
use crate::chain::tests::Taken;
use crate::driver::{Job, Payload, Standing};
use crate::errand::{Asking, Errand, Request};

const ID: &str = "000102030405060708090a0b0c0d0e0f";

fn transfers(node: &FakeNode, taken: &[Bytes32]) -> Transfers {
    let endpoints = vec![node.client.clone()];
    let chain = Chain { id: 84532, endpoints, quorum: 0, confirmations: 1 };
    let taken: BTreeSet<String> = taken.iter().map(ToString::to_string).collect();
    let chains = BTreeMap::from([("eip155:84532".to_owned(), chain)]);
    Transfers { chains, unique: Arc::new(Taken(taken)) }
}

fn job() -> Job {
    let token = usdc();
    let asset = token.address.to_string();
    let offer = json!({"x402Version": 2, "resource": {"url": "https://api.example.com/weather"},
        "accepts": [{"scheme": "exact", "network": "eip155:84532", "amount": "10000", "asset": asset,
            "payTo": PAYEE, "maxTimeoutSeconds": 60, "extra": {"name": "USDC", "version": "2"}}]});
    let offer = rails::x402::Offer::read(Bytes::from(offer.to_string()), Carrier::Header).unwrap();
    let terms = Terms {
        rail: Rail::Human,
        scheme: "transfer".to_owned(),
        network: "eip155:84532".to_owned(),
        amount: Amount::new(Asset::erc20(84532, token.address.as_bytes()), 10_000),
        fee_limit: 0,
        payee: PAYEE.to_owned(),
        origin: "https://api.example.com".to_owned(),
        resource: "GET https://api.example.com/weather".to_owned(),
        expires: None,
    };
    let plan = Plan::Transfer { token, payee: address(PAYEE) };
    let entry = Entry { offer: 0, index: 0 };
    let choice = Choice { terms, entry, plan, approvers: 1, flags: vec![], spare: vec![] };
    let url = "https://api.example.com/weather".parse().unwrap();
    let binding = approvals::Binding {
        tenant: model::TenantId::new("t"),
        principal: model::PrincipalId::new("a1"),
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
    let errand = Errand {
        tenant: "t".to_owned(),
        principal: "a1".to_owned(),
        session: None,
        source: "weather".to_owned(),
        tool: "weather".to_owned(),
        request: Request::Http {
            method: "GET".to_owned(),
            url,
            body: [0; 32],
            bytes: Bytes::new(),
        },
        asking: Asking { binding, credential, arguments: "{}".to_owned(), named: None },
        key: None,
        correlation: None,
    };
    let offer = rails::Offer::X402(Box::new(offer));
    Job { id: ID.to_owned(), errand, choice, offer, now: Timestamp(T0 * 1000) }
}

/// Somebody transfers this much of the token to this payee.
fn moved(node: &FakeNode, name: &str, to: &str, amount: u128) -> Bytes32 {
    let (from, to): (Address, Address) = (address(ACCOUNT_0), address(to));
    let event = Event::transfer(usdc().address, from, to, amount);
    node.world().mine(name, true, vec![event])
}

async fn told(
    transfers: &Transfers,
    hash: impl ToString,
) -> Result<(Payload, Standing), NotProven> {
    let payload = transfers.seal(&job()).unwrap();
    transfers.proven(ID, &payload, &hash.to_string()).await
}

fn code(told: Result<(Payload, Standing), NotProven>) -> &'static str {
    told.err().map_or("proven", |no| no.code)
}

#[tokio::test]
async fn a_transfer_of_the_right_sum_to_the_payee_is_proof_and_its_hash_goes_to_the_seller() {
    let node = FakeNode::start(World::new()).await;
    let hash = moved(&node, "paid", PAYEE, 10_000);
    let transfers = transfers(&node, &[]);
    let payload = transfers.seal(&job()).unwrap();
    assert!(Sealed::read(&payload).unwrap().attachment(None).is_none(), "nothing is shown before");
    let (payload, standing) = told(&transfers, hash).await.ok().unwrap();
    let Standing::Settled { amount: 10_000, fee: 0, receipt, .. } = standing else { panic!() };
    assert_eq!(receipt, hash.to_string());
    let shown = Sealed::read(&payload).unwrap().attachment(None).unwrap();
    let text = rails::decode(shown.headers[0].1.as_bytes()).unwrap();
    let text: serde_json::Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(shown.headers[0].0, "X-PAYMENT");
    assert_eq!(text, json!({"txHash": hash.to_string(), "network": "eip155:84532"}));
}

/// HUM-01
#[tokio::test]
async fn a_transaction_that_pays_somebody_else_or_another_sum_is_marked_and_proves_nothing() {
    let node = FakeNode::start(World::new()).await;
    let transfers = transfers(&node, &[]);
    for (name, to, amount) in [("q", STRANGER, 10_000), ("less", PAYEE, 9_999)] {
        let hash = moved(&node, name, to, amount);
        let no = told(&transfers, hash).await.err().unwrap();
        assert_eq!((no.code, no.flags), ("no_transfer_log", vec![Flag::NoTransferLog]));
    }
}

/// HUM-02
#[tokio::test]
async fn a_transaction_that_proved_another_payment_proves_no_second() {
    let node = FakeNode::start(World::new()).await;
    let hash = moved(&node, "paid", PAYEE, 10_000);
    assert_eq!(code(told(&transfers(&node, &[hash]), hash).await), "already_used");
    assert_eq!(code(told(&transfers(&node, &[]), hash).await), "proven");
}

#[tokio::test]
async fn a_transfer_from_before_the_payment_was_asked_for_is_not_it() {
    let mut world = World::new();
    world.head -= 200;
    let node = FakeNode::start(world).await;
    let hash = moved(&node, "earlier", PAYEE, 10_000);
    node.world().head += 200;
    assert_eq!(code(told(&transfers(&node, &[]), hash).await), "bad_proof");
}

#[tokio::test]
async fn what_is_no_transaction_or_failed_proves_nothing() {
    let node = FakeNode::start(World::new()).await;
    let event = Event::transfer(usdc().address, address(ACCOUNT_0), address(PAYEE), 10_000);
    let failed = node.world().mine("failed", false, vec![event]);
    let transfers = transfers(&node, &[]);
    assert_eq!(code(told(&transfers, failed).await), "receipt_failed");
    assert_eq!(code(told(&transfers, "thanks").await), "bad_proof");
    assert_eq!(code(told(&transfers, format!("0x{}", "11".repeat(32))).await), "no_proof");
}

#[tokio::test]
async fn where_no_node_is_named_nothing_is_shown() {
    let node = FakeNode::start(World::new()).await;
    let mut transfers = transfers(&node, &[]);
    for chain in transfers.chains.values_mut() {
        chain.endpoints.clear();
    }
    assert_eq!(transfers.seal(&job()).err().map(|stop| stop.rule), Some(MoneyRule::Network));
}
