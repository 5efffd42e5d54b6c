use proptest::prelude::*;

use super::*;
use crate::json::canonical;
use crate::mcp::translate::*;
use crate::mcp::{Level, Method, Version};

const META: &str = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"roots":{}},"io.modelcontextprotocol/clientInfo":{"name":"c"},"io.modelcontextprotocol/logLevel":"info""#;

fn to_legacy(params: &str, method: &Method, to: Version, hop: &Hop<'_>) -> String {
    text(params_to_legacy(&object(params), method, to, hop).unwrap())
}

fn modern() -> Modern<'static> {
    Modern {
        version: Version::MODERN,
        capabilities: br#"{"elicitation":{}}"#,
        client_info: Some(br#"{"name":"g"}"#),
        log_level: Some(Level::Warning),
    }
}

#[test]
fn nothing_modern_reaches_a_legacy_server_7_4() {
    let call = |meta: &str| {
        format!(
            r#"{{"name":"x","arguments":{{ "a": 1.0 }},"_meta":{{{meta}}},"inputResponses":{{}},"requestState":"s","task":{{}},"vendor":1}}"#
        )
    };
    let newest = Version::V2025_11_25;
    let plain = Hop::default();
    assert_eq!(
        to_legacy(&call(META), &Method::ToolsCall, newest, &plain),
        r#"{"name":"x","arguments":{ "a": 1.0 },"vendor":1}"#
    );
    let kept = format!(
        r#"{META},"traceparent":"00-1","com.example/k":{{"a":1}},"progressToken":"client""#
    );
    assert_eq!(
        to_legacy(&call(&kept), &Method::ToolsCall, newest, &plain),
        r#"{"name":"x","arguments":{ "a": 1.0 },"_meta":{"traceparent":"00-1","com.example/k":{"a":1}},"vendor":1}"#
    );
    let hop = Hop { target: Some(("name", "up\"stream")), progress_token: Some(b"7") };
    assert_eq!(
        to_legacy(&call(META), &Method::ToolsCall, newest, &hop),
        r#"{"name":"up\"stream","arguments":{ "a": 1.0 },"_meta":{"progressToken":7},"vendor":1}"#
    );
    assert_eq!(to_legacy("{}", &Method::ToolsList, newest, &plain), "{}");
}

#[test]
fn completion_context_is_kept_from_servers_that_do_not_know_it_7_8() {
    let params = r#"{"ref":{},"context":{"arguments":{}}}"#;
    let say = |to| to_legacy(params, &Method::Complete, to, &Hop::default());
    assert_eq!(say(Version::V2025_06_18), params);
    assert_eq!(say(Version::V2025_03_26), r#"{"ref":{}}"#);
}

#[test]
fn a_modern_server_hears_the_three_members_and_no_task_7_4() {
    let say = |params: &str, modern: &Modern<'_>| {
        text(params_to_modern(&object(params), modern, &Hop::default()).unwrap())
    };
    let head = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{}},"io.modelcontextprotocol/clientInfo":{"name":"g"},"io.modelcontextprotocol/logLevel":"warning""#;
    assert_eq!(say("{}", &modern()), format!(r#"{{"_meta":{{{head}}}}}"#));
    assert_eq!(
        say(r#"{"name":"x","task":{"ttl":1},"_meta":{"k":1,"progressToken":3}}"#, &modern()),
        format!(r#"{{"name":"x","_meta":{{"k":1,{head}}}}}"#)
    );
    let forged = format!(r#"{{"_meta":{{{META}}},"requestState":"forged","inputResponses":{{}}}}"#);
    let quiet = Modern { client_info: None, log_level: None, ..modern() };
    assert_eq!(
        say(&forged, &quiet),
        r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}}"#
    );
}

#[test]
fn the_same_era_without_a_change_is_the_same_buffer_7_1() {
    let params = object(&format!(r#"{{ "name" : "x" , "_meta":{{{META}}} }}"#));
    let same = |hop: &Hop<'_>, m: Option<&Modern<'_>>| params_same_era(&params, m, hop).unwrap();
    assert_eq!(same(&Hop::default(), None).as_ptr(), params.text().as_ptr());
    let named = Hop { target: Some(("name", "x")), progress_token: None };
    assert_eq!(same(&named, None).as_ptr(), params.text().as_ptr());
    let renamed =
        text(same(&Hop { target: Some(("name", "y")), progress_token: Some(b"\"t\"") }, None));
    assert_eq!(renamed, format!(r#"{{"name":"y","_meta":{{{META},"progressToken":"t"}}}}"#));
    let told = object(&text(same(&Hop::default(), Some(&modern()))));
    let meta = told.object("_meta").unwrap().unwrap();
    assert_eq!(
        meta.raw(crate::mcp::keys::CLIENT_CAPABILITIES),
        Some(&br#"{"elicitation":{}}"#[..])
    );
}

#[test]
fn an_ambiguous_meta_is_refused_in_every_direction() {
    for bad in [r#"{"_meta":{"a":1,"a":2}}"#, r#"{"_meta":7}"#, r#"{"_meta":null}"#] {
        let (params, hop) = (object(bad), Hop::default());
        assert!(params_to_legacy(&params, &Method::ToolsCall, Version::V2025_11_25, &hop).is_err());
        assert!(params_to_modern(&params, &modern(), &hop).is_err());
        assert!(params_same_era(&params, None, &hop).is_err());
    }
}

proptest! {
    #[test]
    fn legacy_to_modern_and_back_keeps_every_unknown_member_and_its_bytes(
        names in prop::collection::btree_set("[a-e]{1,3}", 0..5),
        meta in prop::option::of(prop::collection::btree_set("[f-k]{1,3}", 1..4)),
        value in prop_oneof![Just("1.0"), Just("1e2"), Just("{ \"z\":1, \"y\":[ ] }"), Just("\"\\u0041\"")],
    ) {
        let fields = |names: &std::collections::BTreeSet<String>| {
            names.iter().map(|n| format!("\"{n}\":{value}")).collect::<Vec<_>>().join(",")
        };
        let mut all = fields(&names);
        if let Some(meta) = &meta {
            all = [all, format!("\"_meta\":{{{}}}", fields(meta))].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(",");
        }
        let params = format!("{{{all}}}");
        let hop = Hop::default();
        let there = params_to_modern(&object(&params), &modern(), &hop).unwrap();
        let back = params_to_legacy(&object(&text(there)), &Method::ToolsCall, Version::V2025_11_25, &hop).unwrap();
        prop_assert_eq!(text(back), params);
    }

    #[test]
    fn re_addressing_changes_the_name_and_nothing_else(name in any::<String>(), other in any::<String>()) {
        let params = serde_json::json!({"name": name, "arguments": {"n": 1.5, "t": other}}).to_string();
        let hop = Hop { target: Some(("name", &other)), progress_token: None };
        let sent = params_same_era(&object(&params), None, &hop).unwrap();
        let expected = serde_json::json!({"name": other, "arguments": {"n": 1.5, "t": other}}).to_string();
        let form = |t: &[u8]| canonical(t, Limits::REQUEST).unwrap();
        prop_assert_eq!(form(&sent), form(expected.as_bytes()));
    }
}
