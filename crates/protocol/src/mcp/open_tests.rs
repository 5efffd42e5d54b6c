use super::*;

fn object(text: &str) -> Object {
    Object::parse(Bytes::copy_from_slice(text.as_bytes()), Limits::REPLY).unwrap()
}

#[test]
fn the_answer_is_the_same_version_or_the_newest_legacy_one_7_2() {
    use Version as V;
    for (asked, expected) in [
        ("2025-11-25", V::V2025_11_25),
        ("2025-06-18", V::V2025_06_18),
        ("2024-11-05", V::V2024_11_05),
        ("2026-07-28", V::V2025_11_25),
        ("2030-01-01", V::V2025_11_25),
        ("2025-05-01", V::V2025_11_25),
        ("2024-10-07", V::V2024_11_05),
        ("latest", V::V2025_11_25),
        ("", V::V2025_11_25),
    ] {
        assert_eq!(negotiate(asked, &V::ALL), Some(expected), "{asked}");
    }
    let some = [V::V2025_06_18, V::V2025_11_25, V::MODERN];
    assert_eq!(negotiate("2025-03-26", &some), Some(V::V2025_06_18));
    assert_eq!(negotiate("2025-11-25", &[V::MODERN]), None);
}

#[test]
fn initialize_is_read_and_written_alike() {
    let params = Initialize::write(Version::V2025_11_25, br#"{"roots":{}}"#, br#"{"name":"c"}"#);
    let read = Initialize::parse(&object(std::str::from_utf8(&params).unwrap())).unwrap();
    assert_eq!(read.requested, "2025-11-25");
    assert!(read.capabilities.roots);
    assert_eq!(read.client_info.as_deref(), Some(&br#"{"name":"c"}"#[..]));
    for bad in ["{}", r#"{"protocolVersion":7}"#, r#"{"protocolVersion":"x","capabilities":[]}"#] {
        assert!(Initialize::parse(&object(bad)).is_err(), "{bad}");
    }
}

#[test]
fn an_initialize_result_is_read_and_written_alike() {
    let text = r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"s"},"instructions":"i \"q\""}"#;
    let read = InitializeResult::parse(&object(text)).unwrap();
    assert!(read.capabilities.tools.is_some());
    assert_eq!(read.write(), text);
    assert!(InitializeResult::parse(&object(r#"{"protocolVersion":"2025-11-25"}"#)).is_err());
}

#[test]
fn a_discover_result_is_read_and_written_alike_2_6() {
    let text = r#"{"resultType":"complete","supportedVersions":["2025-11-25","2026-07-28","2027-01-01"],"capabilities":{},"instructions":"i","ttlMs":500,"cacheScope":"public","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s"}}}"#;
    let read = DiscoverResult::parse(&object(text)).unwrap();
    assert_eq!(read.common(), Some(Version::MODERN));
    assert_eq!(read.write(), text);
    let legacy = r#"{"supportedVersions":["2025-11-25"],"capabilities":{},"ttlMs":-1}"#;
    let read = DiscoverResult::parse(&object(legacy)).unwrap();
    assert_eq!((read.common(), read.caching), (None, Caching::default()));
    for bad in [
        "{}",
        r#"{"supportedVersions":[7],"capabilities":{}}"#,
        r#"{"supportedVersions":"2026-07-28","capabilities":{}}"#,
    ] {
        assert!(DiscoverResult::parse(&object(bad)).is_err(), "{bad}");
    }
}

#[test]
fn an_error_about_versions_names_them() {
    assert_eq!(
        version_data(&[Version::V2025_11_25, Version::MODERN], "1\"2"),
        r#"{"supported":["2025-11-25","2026-07-28"],"requested":"1\"2"}"#
    );
}
