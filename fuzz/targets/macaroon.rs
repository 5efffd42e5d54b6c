#![no_main]
//! Macaroons: what is read is written again byte for byte, verifies for nobody by chance, and a token echoes its text.

use libfuzzer_sys::fuzz_target;
use lightning::{Derivation, Macaroon, RootKey, Token, Use};

fuzz_target!(|data: &[u8]| {
    if let Ok((macaroon, format)) = Macaroon::from_bytes(data) {
        assert_eq!(&macaroon.to_bytes(format).expect("it was read from this form")[..], data);
        let root = RootKey::from_bytes([7; 32]);
        let _ = macaroon.verify(&root, Derivation::Plain);
        let weather = Use { service: "weather", capability: None, now: 1_740_672_100 };
        let allowed = macaroon.permits(&weather, &|_| false).is_ok();
        let mut read = macaroon.caveats();
        assert!(!allowed || read.all(|caveat| caveat.is_some()));
        if let Some(end) = macaroon.expires_at() {
            assert!(macaroon.expired_by_caveat(end));
            assert!(end == 0 || !macaroon.expired_by_caveat(end - 1));
        }
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(token) = Token::parse(text) {
        assert_eq!(token.text(), text);
        assert!(!text.chars().any(|c| c.is_control() || c.is_whitespace()));
        assert!(token.bound_to(&token.id().payment_hash).is_ok());
    }
});
