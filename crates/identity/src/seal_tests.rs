use std::time::Duration;

use ambient::Clock;
use proptest::prelude::*;

use crate::key_file::SealingKey;
use crate::{Purpose, Sealer};

fn sealer(id: u8, material: u8) -> Sealer {
    Sealer::new(&SealingKey::new(id, [material; 32]), None, Clock::manual(0)).unwrap()
}

#[test]
fn what_was_sealed_comes_back_only_for_its_purpose_and_its_surroundings() {
    let sealer = sealer(1, 7);
    let sealed = sealer.seal(Purpose::Cursor, b"page 2", b"alice").unwrap();
    assert_eq!(sealer.open(Purpose::Cursor, &sealed, b"alice").as_deref(), Some(&b"page 2"[..]));
    assert_eq!(sealer.open(Purpose::Cursor, &sealed, b"bob"), None);
    for other in [Purpose::Session, Purpose::RequestState, Purpose::Task] {
        assert_eq!(sealer.open(other, &sealed, b"alice"), None, "{other:?}");
    }
}

#[test]
fn another_installation_opens_nothing_even_under_the_same_key_id() {
    let sealed = sealer(1, 7).seal(Purpose::Session, b"state", b"").unwrap();
    assert_eq!(sealer(1, 8).open(Purpose::Session, &sealed, b""), None);
    assert_eq!(sealer(2, 7).open(Purpose::Session, &sealed, b""), None);
}

#[test]
fn equal_texts_are_sealed_differently_and_hide_what_they_hold() {
    let sealer = sealer(1, 7);
    let (a, b) = (
        sealer.seal(Purpose::Task, b"same", b"").unwrap(),
        sealer.seal(Purpose::Task, b"same", b"").unwrap(),
    );
    assert_ne!(a, b);
    assert!(a.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_'));
}

#[test]
fn the_previous_key_opens_until_the_overlap_ends_and_seals_no_more() {
    let (old, new) = (SealingKey::new(1, [1; 32]), SealingKey::new(2, [2; 32]));
    let before = Sealer::new(&old, None, Clock::manual(0)).unwrap();
    let clock = Clock::manual(0);
    let after = Sealer::new(&new, Some((&old, 5_000)), clock.clone()).unwrap();
    let sealed = before.seal(Purpose::Session, b"state", b"").unwrap();
    assert!(after.open(Purpose::Session, &sealed, b"").is_some());
    let fresh = after.seal(Purpose::Session, b"state", b"").unwrap();
    assert_eq!(before.open(Purpose::Session, &fresh, b""), None);
    clock.advance(Duration::from_millis(4_999));
    assert!(after.open(Purpose::Session, &sealed, b"").is_some());
    clock.advance(Duration::from_millis(1));
    assert_eq!(after.open(Purpose::Session, &sealed, b""), None);
    assert!(after.open(Purpose::Session, &fresh, b"").is_some());
}

proptest! {
    #[test]
    fn any_change_to_a_sealed_text_opens_nothing(
        plain in prop::collection::vec(any::<u8>(), 0..100), at in any::<prop::sample::Index>(), to in "[ -~]",
    ) {
        let sealer = sealer(1, 7);
        let sealed = sealer.seal(Purpose::RequestState, &plain, b"x").unwrap();
        prop_assert_eq!(sealer.open(Purpose::RequestState, &sealed, b"x"), Some(plain));
        let i = at.index(sealed.len());
        let mut changed = sealed.clone();
        changed.replace_range(i..=i, &to);
        prop_assert!(changed == sealed || sealer.open(Purpose::RequestState, &changed, b"x").is_none());
        prop_assert_eq!(sealer.open(Purpose::RequestState, &sealed[..i], b"x"), None);
        prop_assert_eq!(sealer.open(Purpose::RequestState, &format!("{sealed}{to}"), b"x"), None);
    }

    #[test]
    fn garbage_opens_nothing_and_panics_nowhere(text in ".{0,120}", b64 in "[A-Za-z0-9_-]{0,120}") {
        prop_assert_eq!(sealer(1, 7).open(Purpose::Session, &text, b""), None);
        prop_assert_eq!(sealer(1, 7).open(Purpose::Session, &b64, b""), None);
    }
}
