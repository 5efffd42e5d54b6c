use ambient::Clock;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use model::{Code, Credential, Principal, PrincipalId, Role, Scopes, TenantId, Timestamp};
use proptest::prelude::*;

use crate::key_file::SealingKey;
use crate::session::decodes;
use crate::{NoSession, Purpose, Sealer, SessionFault, SessionToken};

const NOW: Timestamp = Timestamp(1_000_000);
const FILES: u64 = 0xf11e5;

fn sealer(material: u8) -> Sealer {
    Sealer::new(&SealingKey::new(1, [material; 32]), None, Clock::manual(0)).unwrap()
}

fn principal(id: &str, key: &str) -> Principal {
    Principal {
        id: PrincipalId::new(id),
        tenant: TenantId::new("acme"),
        role: Role::Agent,
        scopes: Scopes::default(),
        credential: Credential::ApiKey(key.into()),
    }
}

fn token_of(principal: &Principal) -> SessionToken {
    SessionToken {
        uid: 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef,
        boot: 7,
        principal: principal.id.clone(),
        tenant: principal.tenant.clone(),
        source_set: FILES,
        version: 3,
        epoch: 42,
        issued: NOW,
        expires: Timestamp(NOW.0 + 1_000),
    }
}

fn fault(token: &str, now: Timestamp, caller: &Principal, set: u64) -> Option<SessionFault> {
    SessionToken::verify(&sealer(1), token, now, caller, set).err().map(NoSession::fault)
}

#[test]
fn a_session_is_found_again_by_its_principal_also_with_a_new_key() {
    let token = token_of(&principal("alice", "old")).mint(&sealer(1)).unwrap();
    let found = SessionToken::verify(&sealer(1), &token, NOW, &principal("alice", "new"), FILES);
    assert_eq!(found, Ok(token_of(&principal("alice", "old"))));
}

#[test]
fn a_session_belongs_to_its_principal_and_tenant() {
    let token = token_of(&principal("alice", "k")).mint(&sealer(1)).unwrap();
    let other_tenant = Principal { tenant: TenantId::new("globex"), ..principal("alice", "k") };
    for stranger in [principal("bob", "k"), other_tenant] {
        assert_eq!(fault(&token, NOW, &stranger, FILES), Some(SessionFault::OtherPrincipal));
    }
    assert_eq!(SessionFault::OtherPrincipal.as_str(), "session_mismatch");
}

#[test]
fn a_session_belongs_to_its_sources() {
    let alice = principal("alice", "k");
    let token = token_of(&alice).mint(&sealer(1)).unwrap();
    assert_eq!(fault(&token, NOW, &alice, FILES + 1), Some(SessionFault::OtherSources));
}

#[test]
fn a_session_ends_when_it_expires() {
    let alice = principal("alice", "k");
    let token = token_of(&alice).mint(&sealer(1)).unwrap();
    assert_eq!(fault(&token, Timestamp(NOW.0 + 999), &alice, FILES), None);
    assert_eq!(fault(&token, Timestamp(NOW.0 + 1_000), &alice, FILES), Some(SessionFault::Expired));
}

#[test]
fn a_session_of_another_installation_and_one_made_up_are_not_ours() {
    let alice = principal("alice", "k");
    let foreign = token_of(&alice).mint(&sealer(2)).unwrap();
    let made_up = r#"{"t":"mcp","s":["shop"]}"#;
    let cursor = sealer(1).seal(Purpose::Cursor, b"whatever", b"").unwrap();
    for token in [
        foreign.as_str(),
        &STANDARD.encode(made_up),
        &URL_SAFE_NO_PAD.encode(made_up),
        "00000000-0000-4000-8000-000000000000",
        &cursor,
        "",
        &"A".repeat(513),
        &"A".repeat(100_000),
    ] {
        assert_eq!(fault(token, NOW, &alice, FILES), Some(SessionFault::NotOurs), "{token:.40}");
    }
}

#[test]
fn foreign_forged_expired_and_ended_sessions_get_one_and_the_same_answer() {
    let alice = principal("alice", "k");
    let token = token_of(&alice).mint(&sealer(1)).unwrap();
    let refused = |token: &str, now, caller: &Principal, set| {
        SessionToken::verify(&sealer(1), token, now, caller, set).unwrap_err()
    };
    let all = [
        refused(&token, NOW, &principal("bob", "k"), FILES),
        refused("forged", NOW, &alice, FILES),
        refused(&token, Timestamp(u64::MAX), &alice, FILES),
        refused(&token, NOW, &alice, 0),
        NoSession::ended(),
    ];
    for no in all {
        let refusal = no.refusal();
        assert_eq!((refusal.code, refusal.code.http()), (Code::SessionNotFound, 404));
        assert_eq!(refusal.message, all[0].refusal().message);
        assert_eq!((refusal.data, refusal.retry_after), (None, None));
    }
}

#[test]
fn the_longest_names_make_a_token_of_290_visible_characters() {
    let longest =
        Principal { tenant: TenantId::new("t".repeat(64)), ..principal(&"p".repeat(64), "k") };
    let token = token_of(&longest).mint(&sealer(1)).unwrap();
    assert_eq!(token.len(), 290);
    assert!(token.bytes().all(|b| b.is_ascii_graphic()));
    assert_eq!(fault(&token, NOW, &longest, FILES), None);
    assert!(token_of(&principal(&"p".repeat(65), "k")).mint(&sealer(1)).is_err());
}

proptest! {
    #[test]
    fn any_flipped_bit_is_no_session(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let alice = principal("alice", "k");
        let token = token_of(&alice).mint(&sealer(1)).unwrap();
        let mut raw = URL_SAFE_NO_PAD.decode(&token).unwrap();
        let i = at.index(raw.len());
        raw[i] ^= 1 << bit;
        let flipped = URL_SAFE_NO_PAD.encode(raw);
        prop_assert_eq!(fault(&flipped, NOW, &alice, FILES), Some(SessionFault::NotOurs));
    }

    #[test]
    fn every_token_comes_back_as_it_was(
        uid: u128, boot: u64, source_set: u64, version: u8, epoch: u64, issued: u64, expires in 1u64..,
        id in "[a-z0-9@.]{1,64}", tenant in "[a-z]{1,64}",
    ) {
        let caller = Principal { tenant: TenantId::new(tenant), ..principal(&id, "k") };
        let token = SessionToken {
            uid, boot, source_set, version, epoch,
            principal: caller.id.clone(), tenant: caller.tenant.clone(),
            issued: Timestamp(issued), expires: Timestamp(expires),
        };
        let id = token.mint(&sealer(1)).unwrap();
        let back = SessionToken::verify(&sealer(1), &id, Timestamp(expires - 1), &caller, source_set);
        prop_assert_eq!(back, Ok(token));
    }

    #[test]
    fn garbage_is_no_session_and_panics_nowhere(
        text in ".{0,600}", plain in prop::collection::vec(any::<u8>(), 0..250),
    ) {
        prop_assert_eq!(fault(&text, NOW, &principal("alice", "k"), FILES), Some(SessionFault::NotOurs));
        let _ = decodes(&plain);
        let mut shaped = vec![1];
        shaped.extend(plain);
        let _ = decodes(&shaped);
    }
}
