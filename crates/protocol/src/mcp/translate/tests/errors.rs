use super::*;
use crate::mcp::Method;
use crate::mcp::translate::*;
use crate::rpc::RpcError;

fn error(code: i32, data: Option<&str>) -> RpcError {
    RpcError { code, message: "m".into(), data: data.map(|d| Bytes::copy_from_slice(d.as_bytes())) }
}

#[test]
fn errors_towards_a_modern_client_7_14() {
    let uri = Some("file:///a");
    for (code, data, uri, expected, expected_data) in [
        (-32002, None, uri, -32602, Some(r#"{"uri":"file:///a"}"#)),
        (-32002, Some(r#"{"uri":"x","y":1}"#), uri, -32602, Some(r#"{"uri":"x","y":1}"#)),
        (-32002, Some(r#"{"y":1}"#), uri, -32602, Some(r#"{"y":1,"uri":"file:///a"}"#)),
        (-32002, Some("\"text\""), None, -32602, Some("\"text\"")),
        (-32602, None, uri, -32602, None),
        (-32601, Some("1"), None, -32601, Some("1")),
        (-32020, Some("1"), None, -32603, Some(r#"{"upstreamCode":-32020}"#)),
        (-32042, Some("1"), None, -32603, Some(r#"{"upstreamCode":-32042}"#)),
        (-32099, None, None, -32603, Some(r#"{"upstreamCode":-32099}"#)),
        (-32000, Some("1"), None, -32000, Some("1")),
        (-32019, None, None, -32019, None),
        (-32100, None, None, -32100, None),
        (42, None, None, 42, None),
    ] {
        assert_eq!(
            error_to_modern(error(code, data), uri),
            error(expected, expected_data),
            "{code} {data:?}"
        );
    }
}

#[test]
fn errors_towards_a_legacy_client_7_14() {
    let (read, call, init) = (Method::ResourcesRead, Method::ToolsCall, Method::Initialize);
    let data = Some(r#"{"uri":"file:///a"}"#);
    let uri = Some("file:///a");
    for (method, code, data, uri, expected, expected_data) in [
        (&read, -32602, data, uri, -32002, data),
        (&read, -32602, data, Some("file:///b"), -32602, data),
        (&read, -32602, data, None, -32602, data),
        (&read, -32602, None, uri, -32602, None),
        (&call, -32602, data, uri, -32602, data),
        (&call, -32601, None, None, -32601, None),
        (&call, -32020, None, None, -32603, Some(r#"{"upstreamCode":-32020}"#)),
        (
            &call,
            -32021,
            Some(r#"{"requiredCapabilities":{}}"#),
            None,
            -32600,
            Some(r#"{"requiredCapabilities":{}}"#),
        ),
        (&call, -32022, Some("1"), None, -32603, Some(r#"{"upstreamCode":-32022}"#)),
        (&init, -32022, Some("1"), None, -32602, Some("1")),
        (&call, -32077, None, None, -32603, Some(r#"{"upstreamCode":-32077}"#)),
        (&call, -32001, Some("1"), None, -32001, Some("1")),
    ] {
        let got = error_to_legacy(method, error(code, data), uri);
        assert_eq!(got, error(expected, expected_data), "{method:?} {code} {uri:?}");
    }
}

#[test]
fn no_error_leaves_in_a_range_that_is_not_for_its_era_2_5() {
    for code in -32120..-31990 {
        assert!(!crate::mcp::codes::is_reserved(error_to_modern(error(code, None), None).code));
        let legacy = error_to_legacy(&Method::ToolsCall, error(code, None), None).code;
        assert!(!crate::mcp::codes::is_reserved(legacy));
    }
}

#[test]
fn a_modern_server_is_told_by_its_errors_2_6() {
    assert!(is_modern_only(-32020) && is_modern_only(-32021) && is_modern_only(-32022));
    assert!(!is_modern_only(-32602) && !is_modern_only(-32000));
    let supported = error(-32022, Some(r#"{"supported":["2026-07-28"],"requested":"x"}"#));
    assert_eq!(supported_versions(&supported), Some(vec!["2026-07-28".to_owned()]));
    assert_eq!(supported_versions(&error(-32022, Some(r#"{"supported":[1]}"#))), None);
    assert_eq!(supported_versions(&error(-32022, None)), None);
}
