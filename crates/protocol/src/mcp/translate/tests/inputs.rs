use proptest::prelude::*;

use super::*;
use crate::mcp::translate::*;
use crate::mcp::{Method, Version as V};
use crate::rpc::RpcError;

#[test]
fn what_belongs_to_the_hop_is_taken_out_of_a_servers_request_7_6() {
    let say = |method: &Method, params: &str| {
        text(input_request_from_legacy(method, &object(params)).unwrap())
    };
    assert_eq!(
        say(
            &Method::Elicit,
            r#"{"mode":"url","url":"https://a","message": "m","elicitationId":"e","task":{},"_meta":{"progressToken":1,"io.modelcontextprotocol/related-task":{"taskId":"t"}}}"#
        ),
        r#"{"mode":"url","url":"https://a","message":"m"}"#
    );
    assert_eq!(
        say(&Method::CreateMessage, r#"{"messages":[ ],"_meta":{"k":1,"progressToken":1}}"#),
        r#"{"messages":[ ],"_meta":{"k":1}}"#
    );
    let untouched = r#"{ "message" : "m" }"#;
    assert_eq!(say(&Method::Elicit, untouched), untouched);
    let related = r#"{"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"t"}}}"#;
    assert_eq!(related_task(&object(related)).as_deref(), Some("t"));
    assert_eq!(related_task(&object("{}")), None);
}

#[test]
fn a_legacy_client_is_asked_in_its_own_words_7_7() {
    let say = |method: &Method, params: &str, to, id| {
        ask_from_modern(method, &object(params), to, id).map(text)
    };
    let url = r#"{"mode":"url","url":"https://a"}"#;
    let form = r#"{"mode":"form","message":"m"}"#;
    let with_id = r#"{"mode":"url","url":"https://a","elicitationId":"e"}"#;
    assert_eq!(say(&Method::Elicit, url, V::V2025_11_25, Some("e")).unwrap(), with_id);
    assert_eq!(say(&Method::Elicit, url, V::V2025_11_25, None), Err(Inexpressible::NoId));
    assert!(say(&Method::Elicit, url, V::V2025_06_18, Some("e")).is_err());
    assert_eq!(say(&Method::Elicit, form, V::V2025_11_25, Some("e")).unwrap(), form);
    assert_eq!(say(&Method::Elicit, form, V::V2025_06_18, None).unwrap(), r#"{"message":"m"}"#);
    assert!(say(&Method::Elicit, form, V::V2025_03_26, None).is_err());
    assert!(say(&Method::ToolsCall, "{}", V::V2025_11_25, None).is_err());
    assert_eq!(say(&Method::RootsList, "{}", V::V2024_11_05, None).unwrap(), "{}");
}

#[test]
fn sampling_before_2025_11_25_has_one_block_a_message_and_no_tools_7_7() {
    let say = |params: &str, to| {
        ask_from_modern(&Method::CreateMessage, &object(params), to, None).map(text)
    };
    let several = r#"{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"audio","mimeType":"x"}]},{"role":"assistant","content":{"type":"text","text":"b"}}],"maxTokens":5}"#;
    assert_eq!(say(several, V::V2025_11_25).unwrap(), several);
    assert_eq!(
        say(several, V::V2025_06_18).unwrap(),
        r#"{"messages":[{"role":"user","content":{"type":"text","text":"a"}},{"role":"user","content":{"type":"audio","mimeType":"x"}},{"role":"assistant","content":{"type":"text","text":"b"}}],"maxTokens":5}"#
    );
    assert!(say(several, V::V2024_11_05).unwrap().contains("[audio, x: not shown]"));
    assert!(say(r#"{"messages":[],"tools":[]}"#, V::V2025_06_18).is_err());
    let plain = r#"{ "messages" : [{"role":"user","content":{"type":"text","text":"b"}}] }"#;
    assert_eq!(say(plain, V::V2024_11_05).unwrap(), plain);
}

#[test]
fn an_answer_that_has_no_place_ends_the_chain_7_7() {
    let refused = || RpcError::new(-1, "no");
    let say = |method: &Method, outcome| answer_as_input_response(method, outcome);
    assert_eq!(say(&Method::Elicit, Err(refused())).unwrap(), r#"{"action":"cancel"}"#);
    for method in [Method::CreateMessage, Method::RootsList] {
        assert_eq!(say(&method, Err(refused())), Err(Unanswerable::Refused(refused())));
    }
    let good = |method: &Method, raw: &'static str| say(method, Ok(raw.into())).map(text);
    let accept = r#"{ "action":"accept","content":{ "a":1 } }"#;
    assert_eq!(good(&Method::Elicit, accept).unwrap(), accept);
    assert_eq!(
        good(
            &Method::RootsList,
            r#"{"roots":[],"_meta":{"io.modelcontextprotocol/related-task":{}}}"#
        )
        .unwrap(),
        r#"{"roots":[]}"#
    );
    for (method, bad) in [
        (Method::Elicit, r#"{"action":"perhaps"}"#),
        (Method::Elicit, r#"{"action":"accept","content":[1]}"#),
        (Method::Elicit, r#"{"action":"accept","action":"decline"}"#),
        (Method::Elicit, "[]"),
        (Method::CreateMessage, r#"{"role":"assistant","model":"m"}"#),
        (Method::RootsList, r#"{"roots":{}}"#),
        (Method::ToolsCall, "{}"),
    ] {
        assert!(matches!(good(&method, bad), Err(Unanswerable::Malformed(_))), "{bad}");
    }
}

#[test]
fn a_modern_answer_fits_the_legacy_server_7_6() {
    let say = |method: &Method, raw: &'static str, to| {
        answer_for_legacy(method, raw.into(), to).map(text)
    };
    let several = r#"{"role":"assistant","model":"m","content":[{"type":"text","text":"a"}],"resultType":"complete"}"#;
    assert_eq!(
        say(&Method::CreateMessage, several, V::V2025_06_18).unwrap(),
        r#"{"role":"assistant","model":"m","content":{"type":"text","text":"a"}}"#
    );
    assert!(
        say(&Method::CreateMessage, several, V::V2025_11_25).unwrap().contains("\"content\":[")
    );
    let two = r#"{"role":"assistant","model":"m","content":[{},{}]}"#;
    assert!(say(&Method::CreateMessage, two, V::V2025_06_18).is_err());
    assert!(say(&Method::Elicit, r#"{"action":"?"}"#, V::V2025_11_25).is_err());
}

#[test]
fn what_nobody_can_answer_is_refused_at_once_7_6() {
    let code = |method, why| refuse(&method, why).map(text).map_err(|e| e.code);
    assert_eq!(code(Method::Elicit, Refusal::Unavailable), Ok(r#"{"action":"cancel"}"#.into()));
    assert_eq!(code(Method::Elicit, Refusal::Undeclared), Err(-32602));
    assert_eq!(code(Method::CreateMessage, Refusal::Unavailable), Err(-1));
    assert_eq!(code(Method::RootsList, Refusal::Undeclared), Err(-32601));
    assert_eq!(code(Method::RootsList, Refusal::Unavailable), Err(-32603));
    assert_eq!(code(Method::Ping, Refusal::Unavailable), Ok("{}".into()));
    assert_eq!(code(Method::ToolsCall, Refusal::Undeclared), Err(-32601));
}

#[test]
fn a_required_url_becomes_a_url_elicitation_7_6() {
    let error = |code, data: &'static str| RpcError::new(code, "m").with_data(data);
    let good =
        r#"{"elicitations":[{"mode":"url","elicitationId":"e","url":"https://a","message":"m"}]}"#;
    let asked = url_elicitations(&error(-32042, good)).unwrap();
    assert_eq!(asked[0].id, "e");
    assert_eq!(asked[0].params, r#"{"mode":"url","url":"https://a","message":"m"}"#);
    assert_eq!(url_elicitations(&error(-32041, good)), None);
    for bad in [
        r#"{"elicitations":[]}"#,
        r#"{"elicitations":[{"mode":"form","elicitationId":"e","url":"u"}]}"#,
        r#"{"elicitations":[{"mode":"url","url":"u"}]}"#,
        r#"{"elicitations":[{"mode":"url","elicitationId":"e"}]}"#,
        "{}",
    ] {
        assert_eq!(url_elicitations(&error(-32042, bad)), None, "{bad}");
    }
}

#[test]
fn a_round_trip_is_read_and_written_alike_2_7() {
    let raw = r#"{"resultType":"input_required","inputRequests":{"a":{"method":"elicitation/create","params":{ "m":1 }},"b":{"method":"roots/list"}},"requestState":"s \"x\""}"#;
    let read = parse_input_required(&object(raw)).unwrap();
    assert_eq!(read.inputs[0], ("a".into(), Method::Elicit, "{ \"m\":1 }".into()));
    assert_eq!(read.state.as_deref(), Some("s \"x\""));
    assert_eq!(write_input_required(&read), raw);
    assert!(parse_input_required(&object(r#"{"requestState":""}"#)).is_ok());
    for bad in [
        "{}",
        r#"{"inputRequests":{}}"#,
        r#"{"requestState":7}"#,
        r#"{"inputRequests":{"a":{"method":"tools/call"}}}"#,
        r#"{"inputRequests":{"a":{"params":{}}}}"#,
        r#"{"inputRequests":{"a":{"method":"roots/list","params":[]}}}"#,
        r#"{"inputRequests":{"a":{"method":"roots/list"},"a":{"method":"roots/list"}}}"#,
        r#"{"inputRequests":[]}"#,
    ] {
        assert!(parse_input_required(&object(bad)).is_err(), "{bad}");
    }
    assert!(may_ask(&Method::ToolsCall) && !may_ask(&Method::ToolsList));
}

#[test]
fn answers_that_are_no_results_are_refused_2_7() {
    let read = |text: &str| parse_input_responses(&object(text));
    assert_eq!(read("{}"), Ok(InputResponses::default()));
    for bad in [
        r#"{"inputResponses":[]}"#,
        r#"{"inputResponses":{"a":7}}"#,
        r#"{"inputResponses":{"a":{"x":1,"x":2}}}"#,
        r#"{"requestState":null}"#,
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn state_and_answers_survive_byte_for_byte(
        state in prop::option::of(any::<String>()),
        answers in prop::collection::btree_map(any::<String>(), prop_oneof![Just("{}"), Just("{ \"a\" : 1.0 }")], 0..4),
    ) {
        let answers: Vec<_> = answers.into_iter().map(|(k, v)| (k, Bytes::from_static(v.as_bytes()))).collect();
        let responses = InputResponses { answers, state };
        let params = object(r#"{"name":"x","requestState":"old","inputResponses":{"old":{}}}"#);
        let repeated = with_inputs(&params, &responses);
        prop_assert_eq!(parse_input_responses(&object(&text(repeated))).unwrap(), responses);
    }
}
