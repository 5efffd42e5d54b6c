#![no_main]
//! Connections to wallets: each relay has TLS, and the secret is in nothing that is shown.

use libfuzzer_sys::fuzz_target;
use nostr::nwc::Connection;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(connection) = Connection::read(text, false) else { return };
    assert!(!connection.relays().is_empty());
    assert!(connection.relays().iter().all(|relay| relay.scheme() == "wss"));
    assert!(!connection.scrub(text).contains("walletconnect"));
});
