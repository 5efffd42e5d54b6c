#![no_main]
//! Tokens of ecash: what is read holds something, and is written and read back the same.

use cashu::{MintUrl, Token};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(token) = Token::decode(text) else { return };
    assert!(!token.proofs.is_empty() && token.proofs.iter().all(|proof| proof.amount > 0));
    assert_eq!(MintUrl::parse(token.mint.as_str()).as_ref(), Ok(&token.mint));
    if token.unit.is_none() {
        return;
    }
    let written = token.encode();
    if let Ok(again) = Token::decode(&written) {
        assert_eq!(again.encode(), written);
        assert_eq!(again.amount(), token.amount());
    }
});
