#![no_main]
//! A session id opens for whom it was sealed, as it was sealed, and for nobody else.

use std::sync::LazyLock;

use ambient::Clock;
use identity::{Installation, MAX_ID, Purpose, Sealer, SessionFault, SessionToken};
use libfuzzer_sys::fuzz_target;
use model::{Credential, Principal, PrincipalId, Role, Scopes, TenantId, Timestamp};

const NOW: Timestamp = Timestamp(1_000_000);

/// Sealers come from an installation alone, and that is a directory.
static SEALER: LazyLock<Sealer> = LazyLock::new(|| {
    let dir = std::env::temp_dir().join(format!("portcullis-fuzz-{}", std::process::id()));
    let installation = Installation::load_or_create(&dir).expect("a directory of our own");
    std::fs::remove_dir_all(&dir).expect("it was made just now");
    installation.sealer(Clock::manual(NOW.as_millis())).expect("a sealer")
});

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        assert_eq!(fault(text, &caller("ada", "acme"), 7), Some(SessionFault::NotOurs));
        assert!(SEALER.open(Purpose::Session, text, b"").is_none());
    }
    // Sealed by us but never minted: whatever it holds, it opens at most for whom it names.
    let odd = SEALER.seal(Purpose::Session, data, b"").expect("short enough");
    if let Ok(token) = SessionToken::verify(&SEALER, &odd, NOW, &caller("ada", "acme"), 7) {
        assert_eq!((token.principal.as_str(), token.tenant.as_str()), ("ada", "acme"));
        assert!(token.source_set == 7 && token.expires > NOW);
    }
    assert!(SEALER.open(Purpose::Cursor, &odd, b"").is_none(), "another purpose, another key");
    assert_eq!(SEALER.open(Purpose::Session, &odd, b"").as_deref(), Some(data));
    minted(data);
});

fn minted(data: &[u8]) {
    let [at, flip, set, rest @ ..] = data else { return };
    let (id, tenant) = rest.split_at(rest.len() / 2);
    let (id, tenant) = (String::from_utf8_lossy(id), String::from_utf8_lossy(tenant));
    let owner = caller(&id, &tenant);
    let token = SessionToken {
        uid: u128::from(*flip),
        boot: u64::from(*at),
        principal: owner.id.clone(),
        tenant: owner.tenant.clone(),
        source_set: u64::from(*set),
        version: *flip,
        epoch: 3,
        issued: NOW,
        expires: Timestamp(NOW.as_millis() + 1),
    };
    let Ok(text) = token.mint(&SEALER) else {
        assert!(id.len() > MAX_ID || tenant.len() > MAX_ID);
        return;
    };
    assert!(text.len() <= 290 && text.bytes().all(|b| b.is_ascii_graphic()));
    let set = u64::from(*set);
    assert_eq!(SessionToken::verify(&SEALER, &text, NOW, &owner, set), Ok(token));
    assert_eq!(fault(&text, &owner, set + 1), Some(SessionFault::OtherSources));
    let stranger = caller(&format!("{id}x"), &tenant);
    assert_eq!(fault(&text, &stranger, set), Some(SessionFault::OtherPrincipal));
    let late = Timestamp(NOW.as_millis() + 1);
    let expired = SessionToken::verify(&SEALER, &text, late, &owner, set);
    assert_eq!(expired.map_err(|e| e.fault()), Err(SessionFault::Expired));
    let mut bytes = text.into_bytes();
    let at = usize::from(*at) % bytes.len();
    bytes[at] ^= 1 + (flip & 0x3F);
    if let Ok(text) = String::from_utf8(bytes) {
        assert_eq!(fault(&text, &owner, set), Some(SessionFault::NotOurs));
    }
}

fn fault(text: &str, caller: &Principal, sources: u64) -> Option<SessionFault> {
    SessionToken::verify(&SEALER, text, NOW, caller, sources).err().map(|e| e.fault())
}

fn caller(id: &str, tenant: &str) -> Principal {
    Principal {
        id: PrincipalId::new(id),
        tenant: TenantId::new(tenant),
        role: Role::Agent,
        scopes: Scopes::default(),
        credential: Credential::None,
    }
}
