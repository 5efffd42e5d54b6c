use std::sync::Arc;

use model::{Code, Credential, PrincipalId, Role, TenantId, Timestamp};
use proptest::prelude::*;

use crate::{ApiKey, AuthFault, Grant, KeyRing, KeyRingError, NewKey, new_key};

const NOW: Timestamp = Timestamp(1_000_000);

fn key(principal: &str) -> NewKey {
    let grant = Grant {
        principal: PrincipalId::new(principal),
        tenant: TenantId::new("acme"),
        role: Role::Agent,
        scopes: vec!["tool:files__*".to_owned()],
        expires: None,
    };
    new_key(grant, NOW).unwrap()
}

fn fault(ring: &KeyRing, presented: &str) -> Option<AuthFault> {
    ring.authenticate(presented, NOW).err().map(crate::AuthError::fault)
}

fn ring(rows: &[&ApiKey]) -> KeyRing {
    KeyRing::new(rows.iter().map(|row| (*row).clone())).unwrap()
}

#[test]
fn a_key_proves_its_principal_with_role_tenant_and_scopes() {
    let (alice, bob) = (key("alice"), key("bob"));
    let ring = ring(&[&alice.row, &bob.row]);
    let principal = ring.authenticate(alice.secret.reveal(), NOW).unwrap();
    assert_eq!((principal.id.as_str(), principal.tenant.as_str()), ("alice", "acme"));
    assert!(principal.scopes.cover("files__read") && !principal.scopes.cover("shop__pay"));
    assert_eq!(principal.credential, Credential::ApiKey(Arc::from(alice.row.id.as_str())));
    assert_eq!(ring.authenticate(bob.secret.reveal(), NOW).unwrap().id.as_str(), "bob");
}

#[test]
fn the_principal_is_shared_and_not_built_anew_for_each_call() {
    let alice = key("alice");
    let ring = ring(&[&alice.row]);
    let of = || ring.authenticate(alice.secret.reveal(), NOW).unwrap();
    assert!(Arc::ptr_eq(&of(), &of()));
}

#[test]
fn a_key_has_the_documented_form_and_its_row_does_not_hold_it() {
    let made = key("alice");
    let text = made.secret.reveal();
    assert_eq!(text.len(), 59);
    assert!(text.starts_with(&format!("pc_{}_", made.row.id)));
    assert!(!format!("{:?}", made.row).contains(&text[16..]));
    assert_ne!(key("alice").secret.reveal(), text);
}

#[test]
fn a_key_wrong_in_any_one_character_proves_nobody() {
    let alice = key("alice");
    let ring = ring(&[&alice.row]);
    let text = alice.secret.reveal();
    for i in 0..text.len() {
        for other in ["A", "z", "0", "_", "-", " ", "="] {
            let mut wrong = text.clone();
            wrong.replace_range(i..=i, other);
            assert!(wrong == *text || ring.authenticate(&wrong, NOW).is_err(), "{i}");
        }
    }
    let last = if text.ends_with('A') { "E" } else { "A" };
    let almost = format!("{}{last}", &text[..58]);
    assert_eq!(fault(&ring, &almost), Some(AuthFault::WrongSecret));
}

#[test]
fn what_has_not_the_form_of_a_key_is_not_even_looked_up() {
    let alice = key("alice");
    let ring = ring(&[&alice.row]);
    let text = alice.secret.reveal();
    let longer = format!("{text}A");
    let odd = format!("{}=", &text[..58]);
    for malformed in [&text[..58], &longer, &odd, &text[3..], &text.replacen('_', "-", 1)] {
        assert_eq!(fault(&ring, malformed), Some(AuthFault::Malformed), "{malformed}");
    }
}

#[test]
fn the_secret_of_one_key_is_no_use_with_the_id_of_another() {
    let (alice, bob) = (key("alice"), key("bob"));
    let ring = ring(&[&alice.row, &bob.row]);
    let mixed = format!("pc_{}{}", bob.row.id, &alice.secret.reveal()[15..]);
    assert_eq!(fault(&ring, &mixed), Some(AuthFault::WrongSecret));
}

#[test]
fn the_old_key_is_good_within_the_overlap_and_no_longer() {
    let (old, new) = (key("alice"), key("alice"));
    let end = Timestamp(NOW.0 + 1_000);
    let rotated = ApiKey { overlap_until: Some(end), ..old.row };
    let ring = ring(&[&rotated, &new.row]);
    let old_at = |at| ring.authenticate(old.secret.reveal(), Timestamp(at)).map(|p| p.id.clone());
    assert_eq!(old_at(NOW.0).unwrap().as_str(), "alice");
    assert!(old_at(end.0 - 1).is_ok());
    assert_eq!(old_at(end.0).unwrap_err().fault(), AuthFault::Rotated);
    assert!(ring.authenticate(new.secret.reveal(), end).is_ok());
}

#[test]
fn an_expired_and_a_revoked_key_prove_nobody() {
    let made = key("alice");
    let expired = ApiKey { expires: Some(NOW), ..made.row.clone() };
    assert_eq!(fault(&ring(&[&expired]), made.secret.reveal()), Some(AuthFault::Expired));
    for when in [0, NOW.0, u64::MAX] {
        let revoked = ApiKey { revoked: Some(Timestamp(when)), ..made.row.clone() };
        assert_eq!(fault(&ring(&[&revoked]), made.secret.reveal()), Some(AuthFault::Revoked));
    }
}

#[test]
fn every_key_that_proves_nobody_gets_the_same_answer() {
    let made = key("alice");
    let revoked = ApiKey { revoked: Some(NOW), ..made.row.clone() };
    let outside = |ring: &KeyRing, key: &str| {
        let refusal = ring.authenticate(key, NOW).unwrap_err().refusal();
        (refusal.code, refusal.message, refusal.data, refusal.retry_after)
    };
    let unknown = outside(&ring(&[]), made.secret.reveal());
    assert_eq!(unknown.0, Code::Unauthenticated);
    assert_eq!(outside(&ring(&[&revoked]), made.secret.reveal()), unknown);
    assert_eq!(outside(&ring(&[&revoked]), "nonsense"), unknown);
}

#[test]
fn the_record_says_by_name_why_a_key_proves_nobody() {
    let made = key("alice");
    let row = || made.row.clone();
    let text = made.secret.reveal();
    let other = format!("{}{}", &text[..16], &key("alice").secret.reveal()[16..]);
    let now = Some(NOW);
    for (ring, presented, name) in [
        (ring(&[&row()]), "nonsense", "malformed_key"),
        (ring(&[]), text, "unknown_key"),
        (ring(&[&row()]), &other, "wrong_secret"),
        (ring(&[&ApiKey { revoked: now, ..row() }]), text, "revoked_key"),
        (ring(&[&ApiKey { expires: now, ..row() }]), text, "expired_key"),
        (ring(&[&ApiKey { overlap_until: now, ..row() }]), text, "rotated_key"),
        (KeyRing::unavailable(), text, "keys_unavailable"),
    ] {
        let error = ring.authenticate(presented, NOW).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.fault().as_str()), (name, name));
        assert_eq!(error.refusal().detail.as_deref(), Some(name));
    }
}

#[test]
fn a_key_store_that_cannot_be_read_lets_nobody_in_and_says_come_back() {
    let refused = KeyRing::unavailable().authenticate(key("alice").secret.reveal(), NOW);
    let refusal = refused.unwrap_err().refusal();
    assert_eq!((refusal.code, refusal.code.http()), (Code::StoreUnavailable, 503));
    assert_eq!(fault(&KeyRing::unavailable(), "nonsense"), Some(AuthFault::Unavailable));
}

#[test]
fn a_row_that_is_no_key_stops_the_whole_ring() {
    let row = key("alice").row;
    let bad_id = ApiKey { id: "short".to_owned(), ..row.clone() };
    assert!(matches!(KeyRing::new([row.clone(), bad_id]), Err(KeyRingError::Id(_))));
    assert!(matches!(KeyRing::new([row.clone(), row.clone()]), Err(KeyRingError::Twice(_))));
    let bad_owner = ApiKey { principal: PrincipalId::new("al ice"), ..row };
    assert!(matches!(KeyRing::new([bad_owner]), Err(KeyRingError::Owner { .. })));
}

proptest! {
    #[test]
    fn whatever_is_presented_nothing_panics_and_nobody_gets_in(text in ".{0,80}", tail in "[a-zA-Z0-9_-]{43}") {
        let alice = key("alice");
        let ring = ring(&[&alice.row]);
        prop_assert!(ring.authenticate(&text, NOW).is_err());
        let guess = format!("pc_{}_{tail}", alice.row.id);
        prop_assert_eq!(fault(&ring, &guess), Some(AuthFault::WrongSecret));
    }
}
