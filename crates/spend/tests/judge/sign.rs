//! What is signed is what was judged.

use evm::eip712::{PermitExact, PermitUpto, TransferWithAuthorization};
use evm::{Address, Bytes32, Signature, SigningKey, Token, U256};
use rails::{Demand, Place};
use serde_json::{Value, json};
use spend::{Choice, Plan, Signed, Verdict, sign};

use super::{base, entries, judged, situation};

fn key() -> SigningKey {
    let secret = evm::hex::decode_array(
        "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    )
    .unwrap();
    SigningKey::new(&secret).unwrap()
}

fn chosen(demand: &Demand) -> Choice {
    match judged(demand, &situation()) {
        Verdict::Allow(choice) => *choice,
        other => panic!("{other:?}"),
    }
}

fn signed(demand: &Demand) -> (Signed, Value, Token) {
    let choice = chosen(demand);
    let Plan::Evm { token, .. } = choice.plan.clone() else { panic!() };
    let now = model::Timestamp(base::NOW * 1000);
    let signed = sign((demand, &choice), &key(), Bytes32::new([7; 32]), now, None)
        .map_err(|reason| reason.rule)
        .unwrap();
    assert_eq!(signed.credential.place(), Place::Header("PAYMENT-SIGNATURE"));
    let sent = rails::decode(signed.credential.reveal().as_bytes()).unwrap();
    (signed, serde_json::from_slice(&sent).unwrap(), token)
}

fn signature(sent: &Value) -> Signature {
    Signature::parse(sent["payload"]["signature"].as_str().unwrap()).unwrap()
}

fn address(value: &Value) -> Address {
    Address::parse(value.as_str().unwrap()).unwrap()
}

#[test]
fn a_transfer_is_signed_for_the_judged_terms_and_window() {
    // CTL-01, TIM-05, AST-03
    let demand = entries(&[&[("extra", json!({}))]]);
    let (signed, sent, token) = signed(&demand);
    let said = &sent["payload"]["authorization"];
    assert!(signed.valid_after >= base::NOW - 600 && signed.valid_after <= base::NOW);
    assert!(signed.valid_before <= base::NOW + 60);
    let message = TransferWithAuthorization {
        from: key().address(),
        to: address(&json!(base::PAYEE)),
        value: U256::from(10_000_u64),
        valid_after: signed.valid_after,
        valid_before: signed.valid_before,
        nonce: Bytes32::new([7; 32]),
    };
    assert_eq!(signature(&sent).recover(message.digest(&token)), Ok(key().address()));
    assert_eq!((said["value"].as_str(), address(&said["to"])), (Some("10000"), message.to));
    assert_eq!(
        sent["accepted"],
        json!({"scheme": "exact", "network": "eip155:84532", "amount": "10000", "asset": "0x036CbD53842c5426634e7929541eC2318f3dCF7e", "payTo": base::PAYEE, "maxTimeoutSeconds": 60, "extra": {}})
    );
}

#[test]
fn a_permit_is_signed_for_the_pinned_proxy() {
    // CTL-08, CTL-05
    let demand = entries(&[&[
        ("extra", json!({"assetTransferMethod": "permit2"})),
        ("maxTimeoutSeconds", json!(900)),
    ]]);
    let (signed, sent, token) = signed(&demand);
    let said = &sent["payload"]["permit2Authorization"];
    assert_eq!(said["spender"], "0x402085c248EeA27D92E8b30b2C58ed07f9E20001");
    assert_eq!(signed.valid_before, base::NOW + 300);
    let message = PermitExact {
        token: token.address,
        amount: U256::from(10_000_u64),
        nonce: U256::from_be_bytes([7; 32]),
        deadline: signed.valid_before,
        to: address(&said["witness"]["to"]),
        valid_after: signed.valid_after,
    };
    assert_eq!(signature(&sent).recover(message.digest(84532)), Ok(key().address()));
    assert_eq!(said["witness"].get("facilitator"), None);
}

#[test]
fn an_upto_permit_names_who_settles() {
    let extra = json!({"name": "USDC", "version": "2", "facilitatorAddress": base::STRANGER});
    let (signed, sent, token) = signed(&entries(&[&[("scheme", json!("upto")), ("extra", extra)]]));
    let said = &sent["payload"]["permit2Authorization"];
    assert_eq!(said["spender"], "0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002");
    let message = PermitUpto {
        token: token.address,
        amount: U256::from(10_000_u64),
        nonce: U256::from_be_bytes([7; 32]),
        deadline: signed.valid_before,
        to: address(&said["witness"]["to"]),
        facilitator: address(&json!(base::STRANGER)),
        valid_after: signed.valid_after,
    };
    assert_eq!(signature(&sent).recover(message.digest(84532)), Ok(key().address()));
}

#[test]
fn another_demand_than_the_judged_one_is_not_signed() {
    // g-money-11, g-money-12
    let choice = chosen(&entries(&[&[]]));
    let now = model::Timestamp(base::NOW * 1000);
    for other in [
        entries(&[&[("amount", json!("10001"))]]),
        entries(&[&[("network", json!("eip155:1"))]]),
        entries(&[&[("payTo", json!(base::STRANGER))]]),
        Demand::None,
    ] {
        let signed = sign((&other, &choice), &key(), Bytes32::new([7; 32]), now, None);
        assert_eq!(signed.err().map(|reason| reason.rule.as_str()), Some("self_check"));
    }
}
