use serde_json::{from_str, from_value, json};

use super::*;
use crate::{Blinding, Fate, KeysetId, P2pk, Point, Proof, ProofSecret, Token, WellKnown};

fn point() -> Point {
    Point::from_hex("02a9acc1e48c25eeeb9289b5031cc57da9fe72f3fe2861d264bdc074209b107ba2").unwrap()
}

fn output(amount: u64) -> Output {
    Output {
        amount,
        id: KeysetId::from_hex("009a1f293253e41e").unwrap(),
        secret: ProofSecret::new("secret \"quoted\"".to_owned()).ok().unwrap(),
        factor: Blinding::from_bytes([3; 32]).unwrap(),
    }
}

/// What a mint with the private key `key` signs, without a DLEQ.
fn signed(message: &BlindedMessage, amount: u64) -> BlindSignature {
    // The private key is 1: the mint's point is the generator and its signature the message itself.
    BlindSignature { amount, id: message.id.clone(), c: message.b, dleq: None }
}

fn generator() -> Point {
    Point::from_hex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798").unwrap()
}

fn proof() -> Proof {
    let output = output(8);
    let signed = signed(&output.message().unwrap(), 8);
    output.prove(&signed, generator()).ok().unwrap()
}

#[test]
fn a_signed_output_becomes_the_proof_it_was_made_for() {
    let proof = proof();
    assert_eq!((proof.amount, proof.c), (8, proof.y().unwrap()), "with the key 1, C is Y");
}

#[test]
fn another_amount_keyset_or_proof_than_asked_for_is_refused() {
    let code = |amount: u64, change: &dyn Fn(&mut BlindSignature)| {
        let output = output(amount);
        let mut signature = signed(&output.message().unwrap(), 8);
        change(&mut signature);
        output.prove(&signature, generator()).err().map(|f| f.code)
    };
    assert_eq!(code(8, &|_| {}), None);
    assert_eq!(code(4, &|_| {}), Some("bad_response"));
    assert_eq!(code(0, &|_| {}), None, "blank outputs take what they are given");
    assert_eq!(code(0, &|s| s.amount = 0), Some("bad_response"));
    let other = KeysetId::from_hex("00456a94ab4e1c46").unwrap();
    assert_eq!(code(8, &|s| s.id = other.clone()), Some("bad_response"));
    let dleq = BlindSignatureDleq { e: "11".repeat(32), s: "11".repeat(32) };
    assert_eq!(code(8, &|s| s.dleq = Some(dleq.clone())), Some("bad_signature"));
    let short = BlindSignatureDleq { e: "11".into(), s: "11".into() };
    assert_eq!(code(8, &|s| s.dleq = Some(short.clone())), Some("bad_signature"));
}

#[test]
fn a_swap_shows_the_mint_what_it_needs_and_no_dleq() {
    let mut proof = proof();
    proof.dleq = Some(crate::Dleq { e: [1; 32], s: [2; 32], r: None });
    let message = output(8).message().unwrap();
    let text = swap_body(&[proof], std::slice::from_ref(&message)).unwrap();
    let read: serde_json::Value = from_str(&text).unwrap();
    let y = generator();
    assert_ne!(message.b, y);
    assert_eq!(read["inputs"][0]["secret"], "secret \"quoted\"");
    assert_eq!(read["inputs"][0]["id"], "009a1f293253e41e");
    assert_eq!(read["inputs"][0]["amount"].as_u64(), Some(8));
    assert!(read["inputs"][0].get("dleq").is_none());
    assert!(read["inputs"][0].get("witness").is_none());
    assert_eq!(read["outputs"][0]["B_"], message.b.to_hex());
}

#[test]
fn short_ids_are_resolved_before_a_mint_is_asked() {
    let mut proof = proof();
    proof.id = KeysetId::from_hex("015ba18a8adcd02e").unwrap();
    let proofs = [proof];
    assert_eq!(swap_body(&proofs, &[]).err().map(|f| f.code), Some("bad_keyset"));
    assert_eq!(melt_body("q", &proofs, &[]).err().map(|f| f.code), Some("bad_keyset"));
}

#[test]
fn states_are_read_in_the_order_asked_for_and_otherwise_not_at_all() {
    let (a, b) = (point(), generator());
    let asked = CheckStateRequest { ys: vec![a, b] };
    assert_eq!(serde_json::to_value(&asked).unwrap(), json!({"Ys": [a.to_hex(), b.to_hex()]}));
    let answer = |ys: [Point; 2], state: &str| json!({"states": [{"Y": ys[0], "state": state, "witness": null}, {"Y": ys[1], "state": "SPENT"}]});
    let good: CheckStateResponse = from_value(answer([a, b], "UNSPENT")).unwrap();
    assert_eq!(good.states_of(&asked), Ok(vec![ProofState::Unspent, ProofState::Spent]));
    let turned: CheckStateResponse = from_value(answer([b, a], "UNSPENT")).unwrap();
    assert_eq!(turned.states_of(&asked).map_err(|f| f.code), Err("bad_response"));
    assert!(good.states_of(&CheckStateRequest { ys: vec![a] }).is_err());
    for unknown in ["GONE", "unspent", ""] {
        assert!(from_value::<CheckStateResponse>(answer([a, b], unknown)).is_err());
    }
}

#[test]
fn csh_18_a_pending_melt_is_held_and_only_two_answers_together_give_the_money_back() {
    use MeltState::{Paid, Pending, Unpaid};
    let unspent = [Some(ProofState::Unspent); 2];
    for (id, quote, proofs, expected) in [
        ("CSH-18", Some(Pending), &unspent[..], Fate::Hold),
        ("paid", Some(Paid), &[], Fate::Settled),
        ("unpaid, unspent", Some(Unpaid), &unspent, Fate::Reclaim),
        ("unpaid, pending", Some(Unpaid), &[Some(ProofState::Pending)], Fate::Hold),
        ("unpaid, spent", Some(Unpaid), &[Some(ProofState::Spent)], Fate::Hold),
        ("no answer", None, &unspent, Fate::Hold),
    ] {
        assert_eq!(melt_fate(quote, proofs), expected, "{id}");
    }
}

#[test]
fn quotes_read_as_mints_write_them() {
    let quote: MeltQuote = from_value(json!({
        "quote": "019e6d5a-2347-7000-8449-370fefb42fed", "request": "lnbc", "amount": 10, "unit": "sat",
        "fee_reserve": 2, "state": "PAID", "expiry": 1_701_704_757, "payment_preimage": "c5a1",
        "change": [{"id": "009a1f293253e41e", "amount": 2, "C_": point()}],
    }))
    .unwrap();
    assert_eq!((quote.state, quote.needed(1)), (MeltState::Paid, Ok(13)));
    assert_eq!(quote.needed(u64::MAX).map_err(|f| f.code), Err("overflow"));
    assert!(is_quote_id(&quote.quote));
    for bad in ["", "../swap", "a/b", "a?b", "a%2fb", "ä", &"a".repeat(129)] {
        assert!(!is_quote_id(bad), "{bad}");
    }
    let old: MeltQuote = from_value(
        json!({"quote": "q", "amount": 1, "fee_reserve": 0, "state": "UNPAID", "expiry": null}),
    )
    .unwrap();
    assert_eq!(old.expiry, None);
    assert!(
        from_value::<MeltQuote>(
            json!({"quote": "q", "amount": -1, "fee_reserve": 0, "state": "UNPAID"})
        )
        .is_err()
    );
    let bought: MintQuote =
        from_value(json!({"quote": "q", "request": "lnbc", "state": "ISSUED", "expiry": 1}))
            .unwrap();
    assert_eq!(bought.state, MintQuoteState::Issued);
}

#[test]
fn what_a_quotes_key_signs_is_the_text_of_the_specification() {
    let outputs = [
        "0342e5bcc77f5b2a3c2afb40bb591a1e27da83cddc968abdc0ec4904201a201834",
        "032fd3c4dc49a2844a89998d5e9d5b0f0b00dde9310063acb8a92e2fdafa4126d4",
        "033b6fde50b6a0dfe61ad148fff167ad9cf8308ded5f6f6b2fe000a036c464c311",
        "02be5a55f03e5c0aaea77595d574bce92c6d57a2a0fb2b5955c0b87e4520e06b53",
        "02209fc2873f28521cbdde7f7b3bb1521002463f5979686fd156f23fe6a8aa2b79",
    ]
    .map(|b| BlindedMessage {
        amount: 1,
        id: KeysetId::from_hex("00456a94ab4e1c46").unwrap(),
        b: Point::from_hex(b).unwrap(),
    });
    let text = signing_text_of_mint("9d745270-1405-46de-b5c5-e2762b4f5e00", &outputs);
    let key = "03d56ce4e446a85bbdaa547b4ec2b073d40ff802831352b8272b7dd7a4de5a7cac";
    let lock = P2pk::read(&WellKnown::new("P2PK", key, Vec::new(), &[0; 32])).unwrap();
    let opens = |signature: &str| {
        lock.verify(&text, Some(&json!({ "signatures": [signature] }).to_string()), 0).is_ok()
    };
    assert!(opens(
        "d4b386f21f7aa7172f0994ee6e4dd966539484247ea71c99b81b8e09b1bb2acbc0026a43c221fd773471dc30d6a32b04692e6837ddaccf0830a63128308e4ee0"
    ));
    assert!(!opens(
        "cb2b8e7ea69362dfe2a07093f2bbc319226db33db2ef686c940b5ec976bcbfc78df0cd35b3e998adf437b09ee2c950bd66dfe9eb64abd706e43ebc7c669c36c3"
    ));
}

#[test]
fn keys_are_used_only_under_the_id_that_is_derived_from_them() {
    let keys: std::collections::BTreeMap<u64, Point> =
        from_str(include_str!("../../tests/keys-64.json")).unwrap();
    let id = "01ab6aa4ff30390da34986d84be5274b48ad7a74265d791095bfc39f4098d9764f";
    let response: KeysResponse =
        from_value(json!({"keysets": [{"id": id, "unit": "sat", "keys": keys}]})).unwrap();
    let listed = |fee: u64, expiry: u64| {
        let list = json!({"keysets": [{
            "id": id, "unit": "sat", "active": true, "input_fee_ppk": fee, "final_expiry": expiry
        }]});
        from_value::<KeysetsResponse>(list).unwrap().keysets.remove(0)
    };
    assert!(response.keysets[0].fit(&listed(0, 2_059_210_353)));
    assert!(!response.keysets[0].fit(&listed(100, 2_059_210_353)));
    assert!(!response.keysets[0].fit(&listed(0, 1)));
}

#[test]
fn what_is_restored_is_found_by_the_message() {
    let (a, b) = (
        output(8).message().unwrap(),
        BlindedMessage { b: point(), ..output(4).message().unwrap() },
    );
    let (of_a, of_b) = (signed(&a, 8), signed(&b, 4));
    let answer = RestoreResponse {
        outputs: vec![b.clone(), a.clone()],
        signatures: vec![of_b, of_a.clone()],
    };
    assert_eq!(answer.signature(&a), Ok(Some(&of_a)));
    let short = RestoreResponse { outputs: vec![b.clone(), a.clone()], signatures: vec![of_a] };
    assert!(short.signature(&a).is_err());
    let none = RestoreResponse { outputs: vec![b], signatures: short.signatures };
    assert_eq!(none.signature(&a), Ok(None));
}

#[test]
fn the_reference_token_can_be_swapped() {
    let token = Token::decode(concat!(
        "cashuBo2FteBhodHRwczovL21pbnQuZXhhbXBsZS5jb21hdWNzYXRhdIGiYWlIAK0mjE0fWCZhcIKjYWEIYXN4QGE0YzBiNTRmNzA2OTAxZTEzZj",
        "llM2Q2OGYxMTU4YTRmYjg4MTdkNGU0MGE5Zjc4Zjg4YjY5NThjNTA3YTg4MjlhY1ghA6zAIQt8cYjq6LnYEYOtxgHGOSTRar-k8mM7WhL7H01k",
        "o2FhAmFzeEAxNmY1NjEyOWQzODhlNTRmYmM0ZTUwYzhkMDMyNDAyNWI4ZjIwY2RhNTNmYTcxMGZiYzMxYTA3MjNlZTM1NTU1YWNYIQKvOMIzUw",
        "nfHaD8lQJ9bF-KGAhOOa4Grzh-b1VOaFnHrQ",
    ));
    let token = token.ok().unwrap();
    let text = swap_body(&token.proofs, &[]).unwrap();
    assert!(text.contains("a4c0b54f706901e13f9e3d68f1158a4fb8817d4e40a9f78f88b6958c507a8829"));
}

#[test]
fn a_quote_that_nutshell_shows_again_has_an_empty_key() {
    let shown = |pubkey: &str| {
        let text = format!(
            r#"{{"quote":"q1","request":"lnbc1","amount":10,"unit":"sat","amount_paid":10,"state":"PAID","expiry":null,"pubkey":{pubkey}}}"#
        );
        from_str::<MintQuote>(&text).map(|quote| (quote.state, quote.pubkey.is_some()))
    };
    let paid = MintQuoteState::Paid;
    let key = "\"0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798\"";
    assert_eq!(shown("\"\"").unwrap(), (paid, false));
    assert_eq!(shown("null").unwrap(), (paid, false));
    assert_eq!(shown(key).unwrap(), (paid, true));
    assert!(shown("\"02\"").is_err());
}
