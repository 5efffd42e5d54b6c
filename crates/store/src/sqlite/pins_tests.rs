use std::time::Duration;

use super::store_tests::{home, pin, suspect, tool};
use crate::{PinState, Pins as _, Store as _, StoreError};

#[test]
fn only_a_source_never_met_is_a_first_contact() {
    let home = home();
    let store = home.open();
    assert_eq!(store.pins("s").unwrap(), None);
    store.first_contact("s", &[]).unwrap();
    let set = home.open().pins("s").unwrap().unwrap();
    assert!(set.pins.is_empty() && set.pending.is_empty());
    let again = store.first_contact("s", &[pin("s", "t", "d1")]);
    assert!(matches!(again, Err(StoreError::Exists(_))));
}

#[test]
fn a_first_contact_pins_what_is_clean_and_holds_the_rest_back() {
    let home = home();
    let store = home.open();
    store
        .first_contact("s", &[pin("s", "b", "d2"), suspect("s", "c", "d3"), pin("s", "a", "d1")])
        .unwrap();
    let set = store.pins("s").unwrap().unwrap();
    let names: Vec<_> = set.pins.iter().map(|p| (p.key.name.as_str(), p.state)).collect();
    assert_eq!(names, [("a", PinState::Accepted), ("b", PinState::Accepted)]);
    assert_eq!(set.pins[0].decided_by, "first contact");
    assert_eq!(set.pending[0].key, tool("s", "c"));
    assert_eq!(store.pinned_sources().unwrap(), ["s"]);
}

#[test]
fn a_first_contact_that_fails_leaves_no_trace() {
    let home = home();
    let store = home.open();
    assert!(store.first_contact("s", &[pin("s", "t", "d1"), pin("s", "t", "d2")]).is_err());
    assert!(store.first_contact("s", &[pin("other", "t", "d1")]).is_err());
    assert_eq!(store.pins("s").unwrap(), None);
}

#[test]
fn a_changed_definition_waits_and_the_old_pin_stays() {
    let home = home();
    let store = home.open();
    store.first_contact("s", &[pin("s", "t", "d1")]).unwrap();
    store.quarantine("s", &[suspect("s", "t", "d2")]).unwrap();
    assert_eq!(store.pin(&tool("s", "t")).unwrap().unwrap().digest, "d1");
    assert_eq!(store.pending(&tool("s", "t")).unwrap().unwrap().digest, "d2");
    assert!(store.clear_pending(&tool("s", "t")).unwrap(), "the source went back");
    assert!(!store.clear_pending(&tool("s", "t")).unwrap());
    assert_eq!(store.pin(&tool("s", "t")).unwrap().unwrap().state, PinState::Accepted);
}

#[test]
fn an_operator_accepts_and_the_new_digest_is_the_pin() {
    let home = home();
    let store = home.open();
    store.first_contact("s", &[pin("s", "t", "d1")]).unwrap();
    home.clock.advance(Duration::from_secs(9));
    store.quarantine("s", &[suspect("s", "t", "d2")]).unwrap();
    let pin = store.accept(&tool("s", "t"), "d2", "ada").unwrap();
    assert_eq!((pin.digest.as_str(), pin.decided_by.as_str()), ("d2", "ada"));
    assert_eq!((pin.first_seen.0, pin.decided_at.0), (1_000, 10_000));
    let set = home.open().pins("s").unwrap().unwrap();
    assert_eq!((set.pins, set.pending), (vec![pin], vec![]));
}

#[test]
fn a_yes_is_to_a_content_and_not_to_a_name() {
    let home = home();
    let store = home.open();
    store.first_contact("s", &[suspect("s", "t", "d1")]).unwrap();
    store.quarantine("s", &[suspect("s", "t", "d2")]).unwrap();
    let stale = store.accept(&tool("s", "t"), "d1", "ada").unwrap_err();
    assert!(matches!(stale, StoreError::Stale { ref found, .. } if found == "d2"), "{stale}");
    assert!(matches!(store.reject(&tool("s", "t"), "d1", "ada"), Err(StoreError::Stale { .. })));
    let nothing = store.accept(&tool("s", "other"), "d1", "ada");
    assert!(matches!(nothing, Err(StoreError::NotFound(_))));
    assert_eq!(store.pin(&tool("s", "t")).unwrap(), None);
}

#[test]
fn a_refused_change_leaves_the_old_pin_and_stays_refused_when_seen_again() {
    let home = home();
    let store = home.open();
    store.first_contact("s", &[pin("s", "t", "d1")]).unwrap();
    store.quarantine("s", &[suspect("s", "t", "d2")]).unwrap();
    store.reject(&tool("s", "t"), "d2", "ada").unwrap();
    store.quarantine("s", &[suspect("s", "t", "d2")]).unwrap();
    let rejected = store.pending(&tool("s", "t")).unwrap().unwrap().rejected.unwrap();
    assert_eq!(rejected.by, "ada");
    assert_eq!(store.pin(&tool("s", "t")).unwrap().unwrap().digest, "d1");
    store.quarantine("s", &[suspect("s", "t", "d3")]).unwrap();
    assert_eq!(store.pending(&tool("s", "t")).unwrap().unwrap().rejected, None);
}

#[test]
fn a_refused_newcomer_is_a_rejected_pin_and_can_be_accepted_later() {
    let home = home();
    let store = home.open();
    store.first_contact("s", &[suspect("s", "t", "d1")]).unwrap();
    store.reject(&tool("s", "t"), "d1", "ada").unwrap();
    let rejected = store.pin(&tool("s", "t")).unwrap().unwrap();
    assert_eq!((rejected.state, rejected.digest.as_str()), (PinState::Rejected, "d1"));
    assert_eq!(store.pending(&tool("s", "t")).unwrap(), None);
    assert_eq!(store.accept(&tool("s", "t"), "d1", "bob").unwrap().state, PinState::Accepted);
}

#[test]
fn an_operator_can_withdraw_an_accepted_pin() {
    let home = home();
    let store = home.open();
    store.first_contact("s", &[pin("s", "t", "d1")]).unwrap();
    store.reject(&tool("s", "t"), "d1", "ada").unwrap();
    assert_eq!(store.pin(&tool("s", "t")).unwrap().unwrap().state, PinState::Rejected);
}

#[test]
fn the_same_quarantine_twice_writes_once() {
    let home = home();
    let store = home.open();
    store.first_contact("s", &[]).unwrap();
    store.quarantine("s", &[suspect("s", "t", "d1")]).unwrap();
    let seen = store.version().unwrap();
    home.clock.advance(Duration::from_secs(1));
    store.quarantine("s", &[suspect("s", "t", "d1")]).unwrap();
    assert!(!store.changed(seen).unwrap());
    let never_met = store.quarantine("new", &[suspect("new", "t", "d1")]);
    assert!(matches!(never_met, Err(StoreError::NotFound(_))));
}
