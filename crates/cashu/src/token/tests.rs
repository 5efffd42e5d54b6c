use proptest::prelude::*;

use super::*;

// Token texts of the NUT-00 test vectors and of the project's reference.
const V3: &str = "cashuAeyJ0b2tlbiI6W3sibWludCI6Imh0dHBzOi8vODMzMy5zcGFjZTozMzM4IiwicHJvb2ZzIjpbeyJhbW91bnQiOjIsImlkIjoiMDA5YTFmMjkzMjUzZTQxZSIsInNlY3JldCI6IjQwNzkxNWJjMjEyYmU2MWE3N2UzZTZkMmFlYjRjNzI3OTgwYmRhNTFjZDA2YTZhZmMyOWUyODYxNzY4YTc4MzciLCJDIjoiMDJiYzkwOTc5OTdkODFhZmIyY2M3MzQ2YjVlNDM0NWE5MzQ2YmQyYTUwNmViNzk1ODU5OGE3MmYwY2Y4NTE2M2VhIn0seyJhbW91bnQiOjgsImlkIjoiMDA5YTFmMjkzMjUzZTQxZSIsInNlY3JldCI6ImZlMTUxMDkzMTRlNjFkNzc1NmIwZjhlZTBmMjNhNjI0YWNhYTNmNGUwNDJmNjE0MzNjNzI4YzcwNTdiOTMxYmUiLCJDIjoiMDI5ZThlNTA1MGI4OTBhN2Q2YzA5NjhkYjE2YmMxZDVkNWZhMDQwZWExZGUyODRmNmVjNjlkNjEyOTlmNjcxMDU5In1dfV0sInVuaXQiOiJzYXQiLCJtZW1vIjoiVGhhbmsgeW91LiJ9";
const V3_PADDED: &str = "cashuAeyJ0b2tlbiI6W3sibWludCI6Imh0dHBzOi8vODMzMy5zcGFjZTozMzM4IiwicHJvb2ZzIjpbeyJhbW91bnQiOjIsImlkIjoiMDA5YTFmMjkzMjUzZTQxZSIsInNlY3JldCI6IjQwNzkxNWJjMjEyYmU2MWE3N2UzZTZkMmFlYjRjNzI3OTgwYmRhNTFjZDA2YTZhZmMyOWUyODYxNzY4YTc4MzciLCJDIjoiMDJiYzkwOTc5OTdkODFhZmIyY2M3MzQ2YjVlNDM0NWE5MzQ2YmQyYTUwNmViNzk1ODU5OGE3MmYwY2Y4NTE2M2VhIn0seyJhbW91bnQiOjgsImlkIjoiMDA5YTFmMjkzMjUzZTQxZSIsInNlY3JldCI6ImZlMTUxMDkzMTRlNjFkNzc1NmIwZjhlZTBmMjNhNjI0YWNhYTNmNGUwNDJmNjE0MzNjNzI4YzcwNTdiOTMxYmUiLCJDIjoiMDI5ZThlNTA1MGI4OTBhN2Q2YzA5NjhkYjE2YmMxZDVkNWZhMDQwZWExZGUyODRmNmVjNjlkNjEyOTlmNjcxMDU5In1dfV0sInVuaXQiOiJzYXQiLCJtZW1vIjoiVGhhbmsgeW91IHZlcnkgbXVjaC4ifQ==";
const ONE_KEYSET: &str = "cashuBpGF0gaJhaUgArSaMTR9YJmFwgaNhYQFhc3hAOWE2ZGJiODQ3YmQyMzJiYTc2ZGIwZGYxOTcyMTZiMjlkM2I4Y2MxNDU1M2NkMjc4MjdmYzFjYzk0MmZlZGI0ZWFjWCEDhhhUP_trhpXfStS6vN6So0qWvc2X3O4NfM-Y1HISZ5JhZGlUaGFuayB5b3VhbXVodHRwOi8vbG9jYWxob3N0OjMzMzhhdWNzYXQ=";
const TWO_KEYSETS: &str = "cashuBo2F0gqJhaUgA_9SLj17PgGFwgaNhYQFhc3hAYWNjMTI0MzVlN2I4NDg0YzNjZjE4NTAxNDkyMThhZjkwZjcxNmE1MmJmNGE1ZWQzNDdlNDhlY2MxM2Y3NzM4OGFjWCECRFODGd5IXVW-07KaZCvuWHk3WrnnpiDhHki6SCQh88-iYWlIAK0mjE0fWCZhcIKjYWECYXN4QDEzMjNkM2Q0NzA3YTU4YWQyZTIzYWRhNGU5ZjFmNDlmNWE1YjRhYzdiNzA4ZWIwZDYxZjczOGY0ODMwN2U4ZWVhY1ghAjRWqhENhLSsdHrr2Cw7AFrKUL9Ffr1XN6RBT6w659lNo2FhAWFzeEA1NmJjYmNiYjdjYzY0MDZiM2ZhNWQ1N2QyMTc0ZjRlZmY4YjQ0MDJiMTc2OTI2ZDNhNTdkM2MzZGNiYjU5ZDU3YWNYIQJzEpxXGeWZN5qXSmJjY8MzxWyvwObQGr5G1YCCgHicY2FtdWh0dHA6Ly9sb2NhbGhvc3Q6MzMzOGF1Y3NhdA";
const TEN_SAT: &str = "cashuBo2FteBhodHRwczovL21pbnQuZXhhbXBsZS5jb21hdWNzYXRhdIGiYWlIAK0mjE0fWCZhcIKjYWEIYXN4QGE0YzBiNTRmNzA2OTAxZTEzZjllM2Q2OGYxMTU4YTRmYjg4MTdkNGU0MGE5Zjc4Zjg4YjY5NThjNTA3YTg4MjlhY1ghA6zAIQt8cYjq6LnYEYOtxgHGOSTRar-k8mM7WhL7H01ko2FhAmFzeEAxNmY1NjEyOWQzODhlNTRmYmM0ZTUwYzhkMDMyNDAyNWI4ZjIwY2RhNTNmYTcxMGZiYzMxYTA3MjNlZTM1NTU1YWNYIQKvOMIzUwnfHaD8lQJ9bF-KGAhOOa4Grzh-b1VOaFnHrQ";

fn code(text: &str) -> Option<&'static str> {
    Token::decode(text).err().map(|fault| fault.code)
}

#[test]
fn tokens_of_version_4_are_read_as_the_specification_writes_them() {
    let token = Token::decode(ONE_KEYSET).ok().unwrap();
    assert_eq!(token.mint.as_str(), "http://localhost:3338");
    assert_eq!(token.unit.as_deref(), Some("sat"));
    assert_eq!(token.memo.as_deref(), Some("Thank you"));
    let [proof] = &token.proofs[..] else { panic!("one proof") };
    assert_eq!((proof.amount, proof.id.to_hex()), (1, "00ad268c4d1f5826".to_owned()));
    assert_eq!(
        proof.secret.reveal(),
        "9a6dbb847bd232ba76db0df197216b29d3b8cc14553cd27827fc1cc942fedb4e"
    );
    assert_eq!(
        proof.c.to_hex(),
        "038618543ffb6b8695df4ad4babcde92a34a96bdcd97dcee0d7ccf98d472126792"
    );

    let token = Token::decode(TWO_KEYSETS).ok().unwrap();
    let parts: Vec<_> = token.proofs.iter().map(|p| (p.id.to_hex(), p.amount)).collect();
    let (a, b) = ("00ffd48b8f5ecf80".to_owned(), "00ad268c4d1f5826".to_owned());
    assert_eq!(parts, [(a, 1), (b.clone(), 2), (b, 1)]);
}

#[test]
fn a_token_is_written_as_the_reference_has_it() {
    let token = Token::decode(TEN_SAT).ok().unwrap();
    assert_eq!(token.amount(), Ok(10));
    assert_eq!(token.mint.as_str(), "https://mint.example.com");
    assert_eq!(*token.encode(), TEN_SAT);
    let again = Token::decode(&Token::decode(TWO_KEYSETS).ok().unwrap().encode()).ok().unwrap();
    assert_eq!(again.amount(), Ok(4));
    assert_eq!(again.proofs.len(), 3);
}

#[test]
fn tokens_of_version_3_are_read_with_and_without_padding() {
    for text in [V3, V3_PADDED, V3_PADDED.trim_end_matches('='), &format!("cashu:{V3}")] {
        let token = Token::decode(text).ok().unwrap();
        assert_eq!(token.mint.as_str(), "https://8333.space:3338");
        assert_eq!(token.amount(), Ok(10));
    }
}

#[test]
fn what_is_no_token_is_refused() {
    let json = |text: &str| format!("cashuA{}", base64url::encode(text.as_bytes()));
    let two_mints = json(
        r#"{"token":[{"mint":"https://a.example","proofs":[]},{"mint":"https://b.example","proofs":[]}]}"#,
    );
    for bad in [
        "",
        "cashuB",
        "cashuC",
        &V3.replacen("cashuA", "casshuA", 1),
        &V3[6..],
        &TEN_SAT[..TEN_SAT.len() - 4],
        &format!("{TEN_SAT}AAAA"),
        &two_mints,
        &json(r#"{"token":[]}"#),
        &json(r#"{"token":[{"mint":"https://a.example","proofs":[]}]}"#),
    ] {
        assert_eq!(code(bad), Some("bad_token"), "{bad}");
    }
    let userinfo = json(r#"{"token":[{"mint":"https://u:p@a.example","proofs":[]}]}"#);
    assert_eq!(code(&userinfo), Some("bad_mint_url"));
    assert_eq!(code(&"c".repeat(MAX_TOKEN + 1)), Some("too_large"));
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        amounts in prop::collection::vec((1u64.., any::<bool>(), any::<bool>()), 1..6),
        memo: Option<String>, unit in "[a-z]{1,5}",
    ) {
        let point = Token::decode(ONE_KEYSET).ok().unwrap().proofs[0].c;
        let ids = ["00ffd48b8f5ecf80", "015ba18a8adcd02e"].map(|id| KeysetId::from_hex(id).unwrap());
        let proofs = amounts.iter().map(|(amount, which, dleq)| Proof {
            amount: *amount,
            id: ids[usize::from(*which)].clone(),
            secret: ProofSecret::fresh(&[7; 32]),
            c: point,
            dleq: dleq.then(|| Dleq { e: [1; 32], s: [2; 32], r: Some(Zeroizing::new([3; 32])) }),
            witness: dleq.then(|| "{}".to_owned()),
        });
        let mint = MintUrl::parse("https://mint.example.com/a").unwrap();
        let token = Token { mint, unit: Some(unit), memo, proofs: proofs.collect() };
        let text = token.encode();
        let read = Token::decode(&text).ok().unwrap();
        prop_assert_eq!(&read.encode(), &text);
        prop_assert_eq!(read.memo, token.memo);
        prop_assert_eq!(read.unit, token.unit);
        prop_assert_eq!(read.proofs.len(), amounts.len());
    }

    #[test]
    fn no_text_makes_it_panic(bytes: Vec<u8>) {
        let _ = Token::decode(&format!("cashuB{}", base64url::encode(&bytes)));
        let _ = Token::decode(&format!("cashuA{}", base64url::encode(&bytes)));
    }
}
