use proptest::prelude::*;

use super::*;
use crate::json::{JsonError, Raw};
use crate::mcp::translate::*;
use crate::mcp::{Method, Version};

fn peek_text(text: &'static [u8]) -> Result<Peek, JsonError> {
    Raw::parse(&Bytes::from_static(text), Limits::REPLY).and_then(peek_result)
}

fn to_legacy(method: &Method, result: &str, to: Version) -> String {
    text(result_to_legacy(method, object(result), to).unwrap().write().unwrap())
}

#[test]
fn a_result_says_what_it_is_2_2() {
    for (raw, expected) in [
        ("{}", ResultType::Complete),
        (r#"{"resultType":"complete"}"#, ResultType::Complete),
        (r#"{"resultType":"input_required"}"#, ResultType::InputRequired),
        (r#"{"resultType":"task"}"#, ResultType::Task),
        (r#"{"resultType":"com.example/later"}"#, ResultType::Unknown),
        (r#"{"resultType":null}"#, ResultType::Unknown),
        (r#"{"resultType":7}"#, ResultType::Unknown),
    ] {
        assert_eq!(peek_text(raw.as_bytes()).unwrap().result_type, expected, "{raw}");
    }
    let raw = Bytes::from_static(br#"{"isError":true,"_meta":{},"content":[]}"#);
    let peek = peek_result(Raw::parse(&raw, Limits::REPLY).unwrap()).unwrap();
    assert!(peek.is_error && peek.has_meta);
    assert_eq!(peek.object.text().as_ptr(), raw.as_ptr());
    assert!(peek_text(br#"{"isError":false,"isError":true}"#).is_err());
}

#[test]
fn a_modern_client_gets_what_the_schema_requires_7_4() {
    let say = |method: &Method, result: &str, info: Option<&Bytes>| {
        text(result_to_modern(method, object(result), Caching::default(), info).write().unwrap())
    };
    assert_eq!(
        say(&Method::ToolsCall, r#"{"content":[ ],"x":1}"#, None),
        r#"{"content":[ ],"x":1,"resultType":"complete"}"#
    );
    assert_eq!(
        say(&Method::ToolsCall, r#"{"resultType":"task"}"#, None),
        r#"{"resultType":"complete"}"#
    );
    let info = Bytes::from_static(br#"{"name":"g"}"#);
    assert_eq!(
        say(&Method::PromptsGet, r#"{"_meta":{"a":1}}"#, Some(&info)),
        r#"{"_meta":{"a":1,"io.modelcontextprotocol/serverInfo":{"name":"g"}},"resultType":"complete"}"#
    );
    for method in [
        Method::Discover,
        Method::ToolsList,
        Method::ResourcesList,
        Method::ResourceTemplatesList,
        Method::ResourcesRead,
        Method::PromptsList,
    ] {
        assert_eq!(
            say(&method, r#"{"ttlMs":9}"#, None),
            r#"{"ttlMs":0,"resultType":"complete","cacheScope":"private"}"#
        );
    }
}

#[test]
fn a_legacy_client_gets_no_modern_members_7_4() {
    let modern =
        r#"{"content":[],"resultType":"complete","ttlMs":1,"cacheScope":"public","vendor":{ }}"#;
    let plain = r#"{"content":[],"vendor":{ }}"#;
    assert_eq!(to_legacy(&Method::ToolsCall, modern, Version::V2025_11_25), plain);
    let same = object(plain);
    let out = result_to_legacy(&Method::ToolsCall, same.clone(), Version::V2025_11_25);
    let out = out.unwrap().write().unwrap();
    assert!(out.is_whole());
    assert_eq!(out.into_bytes().as_ptr(), same.text().as_ptr());
}

#[test]
fn structured_content_is_never_lost_only_said_as_text_7_17() {
    let newer = Version::V2025_11_25;
    let older = Version::V2025_03_26;
    let object_kept = r#"{"content":[],"structuredContent":{"a":1}}"#;
    let text_there =
        r#"{"content":[{"type":"text","text":"{ \"a\": 1.0 }"}],"structuredContent":{"a":1}}"#;
    for (result, to, expected) in [
        (object_kept, newer, object_kept),
        (object_kept, older, r#"{"content":[{"type":"text","text":"{\"a\":1}"}]}"#),
        (text_there, older, r#"{"content":[{"type":"text","text":"{ \"a\": 1.0 }"}]}"#),
        (
            r#"{"content":[{"type":"image","data":"","mimeType":"m"}],"structuredContent":[1, 2]}"#,
            newer,
            r#"{"content":[{"type":"image","data":"","mimeType":"m"},{"type":"text","text":"[1, 2]"}]}"#,
        ),
        (r#"{"structuredContent":"t"}"#, newer, r#"{"content":[{"type":"text","text":"\"t\""}]}"#),
        (r#"{"content":[],"structuredContent":null}"#, newer, r#"{"content":[]}"#),
    ] {
        assert_eq!(to_legacy(&Method::ToolsCall, result, to), expected, "{result} {to}");
        let same_era = result_between_legacy(&Method::ToolsCall, object(result), to).unwrap();
        assert_eq!(text(same_era.write().unwrap()), expected);
    }
}

#[test]
fn links_and_audio_become_text_for_those_who_have_no_word_for_them_7_17() {
    let link = r#"{"type":"resource_link","name":"n","uri":"file:///a"}"#;
    let audio = r#"{"type":"audio","data":"AA==","mimeType":"audio/wav"}"#;
    let odd = r#"{"type":"hologram","data":1}"#;
    let link_text = r#"{"type":"text","text":"n: file:///a"}"#;
    let audio_text = r#"{"type":"text","text":"[audio, audio/wav: not shown]"}"#;
    let odd_text = r#"{"type":"text","text":"[content of type hologram: not shown]"}"#;
    for (to, expected) in [
        (Version::V2025_06_18, [link, audio, odd]),
        (Version::V2025_03_26, [link_text, audio, odd_text]),
        (Version::V2024_11_05, [link_text, audio_text, odd_text]),
    ] {
        let tool = |blocks: [&str; 3]| format!(r#"{{"content":[{}]}}"#, blocks.join(","));
        assert_eq!(to_legacy(&Method::ToolsCall, &tool([link, audio, odd]), to), tool(expected));
        let prompt = |blocks: [&str; 3]| {
            let message = |b: &str| format!(r#"{{"role":"user","content":{b}}}"#);
            format!(r#"{{"messages":[{}]}}"#, blocks.map(message).join(","))
        };
        assert_eq!(
            to_legacy(&Method::PromptsGet, &prompt([link, audio, odd]), to),
            prompt(expected)
        );
    }
}

#[test]
fn an_empty_cursor_is_a_cursor_7_5() {
    let page = |text: &str| parse_page(&object(text), "tools").map(|p| (p.items, p.next_cursor));
    assert_eq!(page(r#"{"tools":[ 1 ]}"#), Ok(("[ 1 ]".into(), None)));
    assert_eq!(page(r#"{"tools":[],"nextCursor":""}"#), Ok(("[]".into(), Some(String::new()))));
    assert_eq!(page(r#"{"tools":[],"nextCursor":null}"#), Ok(("[]".into(), None)));
    assert!(page(r#"{"tools":[],"nextCursor":7}"#).is_err());
    assert!(page(r#"{"tools":{}}"#).is_err());
    assert!(page("{}").is_err());
}

#[test]
fn a_list_is_written_in_the_words_of_the_clients_era_7_5() {
    let items = || [Rope::from("{\"a\":1}"), Rope::from("2")];
    let caching = Caching { ttl_ms: 5, public: true };
    let say = |to, cursor| text(write_list("tools", items(), cursor, to, caching));
    assert_eq!(
        say(Version::V2025_11_25, Some("c\"")),
        r#"{"tools":[{"a":1},2],"nextCursor":"c\""}"#
    );
    assert_eq!(
        say(Version::MODERN, None),
        r#"{"tools":[{"a":1},2],"resultType":"complete","ttlMs":5,"cacheScope":"public"}"#
    );
}

proptest! {
    #[test]
    fn a_result_that_crosses_twice_is_what_it_was(
        members in prop::collection::btree_map("[a-d]{1,3}", prop_oneof![Just("1.0"), Just("[ 1 ]"), Just("{ }")], 0..5),
        method in prop_oneof![Just(Method::ToolsCall), Just(Method::ResourcesRead), Just(Method::PromptsGet)],
    ) {
        let fields: Vec<_> = members.iter().map(|(n, v)| format!("\"{n}\": {v}")).collect();
        let legacy = format!("{{{}}}", fields.join(" ,"));
        let modern = result_to_modern(&method, object(&legacy), Caching::default(), None).write().unwrap();
        let back = result_to_legacy(&method, object(&text(modern)), Version::V2025_11_25).unwrap();
        let back = back.write().unwrap();
        prop_assert_eq!(text(back), legacy);
    }
}
