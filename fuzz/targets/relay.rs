#![no_main]
//! Messages of relays and events: nothing that was not signed comes through, and what comes through is read back the same.

use libfuzzer_sys::fuzz_target;
use nostr::relay::FromRelay;
use nostr::{Board, Unverified};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(FromRelay::Event(_, event)) = FromRelay::read(text) {
        let mut board = Board::default();
        board.hear(*event, 1_740_672_100);
        assert!(board.announcements().count() <= 1);
    }
    if let Ok(event) = Unverified::read(text).and_then(Unverified::verify) {
        let again = Unverified::read(&event.to_json()).and_then(Unverified::verify);
        assert_eq!(again, Ok(event));
    }
});
