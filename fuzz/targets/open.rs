#![no_main]
//! What opens a connection: read, written and read again it says the same.

use fuzz::{object, written};
use libfuzzer_sys::fuzz_target;
use protocol::mcp::open::{DiscoverResult, Initialize, InitializeResult, negotiate, version_data};
use protocol::mcp::{Era, Version};

fuzz_target!(|data: &[u8]| {
    let Some(object) = object(data) else { return };
    if let Ok(asked) = Initialize::parse(&object) {
        for offered in [&Version::ALL[..], &Version::ALL[1..3], &Version::ALL[4..]] {
            let agreed = negotiate(&asked.requested, offered);
            assert_eq!(agreed.is_some(), offered.iter().any(|v| v.era() == Era::Legacy));
            assert!(agreed.is_none_or(|v| v.era() == Era::Legacy && offered.contains(&v)));
            if let Some(same) = Version::parse(&asked.requested)
                && same.era() == Era::Legacy
                && offered.contains(&same)
            {
                assert_eq!(agreed, Some(same));
            }
        }
        let data = written(version_data(&Version::ALL, &asked.requested));
        assert_eq!(data.str("requested").as_deref(), Some(asked.requested.as_str()));
        let info = asked.client_info.as_deref().unwrap_or(b"{}");
        let text = Initialize::write(Version::NEWEST_LEGACY, asked.capabilities.raw(), info);
        let again = Initialize::parse(&written(text)).expect("what we write can be read");
        assert_eq!(again.requested, Version::NEWEST_LEGACY.as_str());
        assert_eq!(again.capabilities, asked.capabilities);
        assert_eq!(again.client_info.as_deref(), Some(info));
    }
    if let Ok(result) = InitializeResult::parse(&object) {
        let again = InitializeResult::parse(&written(result.write())).expect("ours");
        assert_eq!((&again.version, &again.capabilities), (&result.version, &result.capabilities));
        assert_eq!(again.instructions, result.instructions);
        assert!(result.server_info.is_none() || again.server_info == result.server_info);
    }
    if let Ok(result) = DiscoverResult::parse(&object) {
        let again = DiscoverResult::parse(&written(result.write())).expect("ours");
        assert_eq!((&again.versions, again.caching), (&result.versions, result.caching));
        assert_eq!(
            (&again.capabilities, &again.server_info),
            (&result.capabilities, &result.server_info)
        );
        assert_eq!(again.instructions, result.instructions);
        assert!(result.common().is_none_or(|v| v.era() == Era::Modern));
    }
});
