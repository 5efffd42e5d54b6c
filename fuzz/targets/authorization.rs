#![no_main]
//! `Authorization`: one lawful header holds one key, in visible ASCII; everything else proves nothing.

use identity::{Presented, presented, principal_id, tenant_id};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let values: Vec<&[u8]> =
        if data.is_empty() { Vec::new() } else { data.split(|b| *b == 0xFF).collect() };
    let read = presented(values.iter().copied());
    match read {
        Presented::None => assert!(values.is_empty()),
        Presented::Ambiguous => assert!(values.len() > 1),
        Presented::Malformed => assert_eq!(values.len(), 1),
        Presented::Key(key) => {
            assert_eq!(values.len(), 1);
            assert!(!key.is_empty() && key.bytes().all(|b| b.is_ascii_graphic() && b != b','));
            let header = std::str::from_utf8(values[0]).expect("a key is text").trim();
            let scheme = header.strip_suffix(key).expect("the key comes last").trim_end();
            assert!(["bearer", "apikey"].contains(&scheme.to_ascii_lowercase().as_str()));
            for same in [format!("BEARER {key}"), format!(" apikey   {key}\t")] {
                assert_eq!(presented([same.as_bytes()]), Presented::Key(key));
            }
            assert_eq!(presented([values[0], values[0]]), Presented::Ambiguous);
            let two = format!("Bearer {key},Bearer {key}");
            assert_eq!(presented([two.as_bytes()]), Presented::Malformed);
        }
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let lawful = |id: &str| id == text && !id.is_empty() && id.len() <= identity::MAX_ID;
        assert!(
            principal_id(text).is_ok_and(|id| lawful(id.as_str())) || principal_id(text).is_err()
        );
        assert!(tenant_id(text).is_ok_and(|id| lawful(id.as_str())) || tenant_id(text).is_err());
    }
});
