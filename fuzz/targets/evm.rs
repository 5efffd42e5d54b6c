#![no_main]
//! What sellers and nodes of a chain write: read in one way or not at all, and signed only as it was judged.

use evm::firewall::{Terms, judge_ask, judge_extensions};
use evm::sign_in::{Challenge, Circumstances, SignIn};
use evm::{Address, Bytes32, Signable, Signature, SigningKey, Token, U256, hex, rpc};
use fuzz::parts;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use url::Url;

fuzz_target!(|data: &[u8]| {
    let [text, request] = parts(data).map(std::str::from_utf8);
    let (Ok(text), Ok(request)) = (text, request) else { return };
    words(text);
    let Ok(value) = serde_json::from_str(text) else { return };
    answers(&value);
    asks(&value);
    if let Ok(request) = Url::parse(request) {
        sign_in(&value, &request);
    }
});

/// Whatever is read is written again as it was, or in the one form of its own.
fn words(text: &str) {
    if let Ok(bytes) = hex::decode(text) {
        assert_eq!(hex::encode(&bytes), text.to_lowercase());
    }
    if let Ok(number) = U256::parse(text) {
        assert_eq!(number.to_string(), text);
        assert_eq!(U256::parse_amount(text).is_ok(), number != U256::ZERO);
    }
    if let Ok(address) = Address::parse(text) {
        assert_eq!(address.to_string().to_lowercase(), text.to_lowercase());
    }
    if let Ok(signature) = Signature::parse(text) {
        assert_eq!(signature.to_string(), text.to_lowercase());
        let _ = signature.recover(evm::keccak256(text));
    }
}

fn answers(value: &Value) {
    let result = rpc::result(value, 1).unwrap_or(value);
    let transaction = Bytes32::new([0xab; 32]);
    if let Ok(Some(receipt)) = rpc::read_receipt(result, transaction) {
        assert!(
            receipt
                .logs
                .iter()
                .all(|log| log.transaction == transaction && log.block == receipt.block)
        );
    }
    if let Ok(logs) = rpc::read_logs(result) {
        assert!(logs.iter().all(|log| log.topics.len() <= 4));
    }
    let _ = (
        rpc::read_chain_id(result),
        rpc::read_block(result),
        rpc::read_bool(result),
        rpc::read_decimals(result),
    );
}

/// What may be signed beside a payment is never more than the payment.
fn asks(value: &Value) {
    let token = token();
    let terms =
        Terms { token: &token, amount: U256::from(10_000_u64), wallet: Address::new([1; 20]) };
    let _ = judge_ask(value, &terms);
    if let Some(extensions) = value.as_object()
        && let Ok(Some(extra)) = judge_extensions(extensions, &terms)
    {
        assert_eq!(extra.amount(), terms.amount);
    }
}

/// A text that is signed has only lines of ours, and is for the host that was asked.
fn sign_in(value: &Value, request: &Url) {
    let key = SigningKey::new(&[1; 32]).expect("a key");
    let at = Circumstances {
        request,
        enabled_chains: &[84532],
        now: 1_740_672_100,
        wallet: key.address(),
        unseen: &|_| true,
    };
    let Ok(challenge) = Challenge::read(value) else { return };
    let listed = challenge.resources.len();
    let Ok(sign_in) = SignIn::judge(challenge, &at) else { return };
    let text = sign_in.text();
    assert!(text.starts_with(request.host_str().expect("a host")));
    assert!(text.split(['\n', '\r', '\u{85}', '\u{2028}']).count() <= 14 + listed, "{text}");
    let signature = key.sign(&Signable::SignIn(&sign_in)).expect("ours");
    assert_eq!(signature.recover(sign_in.digest()), Ok(key.address()));
    assert!(sign_in.header(&signature).bytes().all(|byte| byte.is_ascii_graphic()));
}

fn token() -> Token {
    Token {
        chain_id: 84532,
        address: Address::new([2; 20]),
        name: "USDC".into(),
        version: "2".into(),
        decimals: 6,
    }
}
