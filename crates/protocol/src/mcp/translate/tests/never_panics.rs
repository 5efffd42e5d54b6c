use proptest::prelude::*;

use super::*;
use crate::json::Raw;
use crate::mcp::meta::RequestMeta;
use crate::mcp::open::{DiscoverResult, Initialize, InitializeResult};
use crate::mcp::translate::*;
use crate::mcp::{ClientCapabilities, Draft, Method, ServerCapabilities, Version as V};
use crate::rpc::{Message, RpcError};

const NAMES: &[&str] = &[
    "_meta",
    "content",
    "structuredContent",
    "messages",
    "type",
    "text",
    "name",
    "task",
    "inputRequests",
    "mode",
    "inputResponses",
    "requestState",
    "params",
    "method",
    "elicitations",
    "outputSchema",
    "execution",
    "roots",
    "io.modelcontextprotocol/protocolVersion",
    "progressToken",
    "extensions",
    "elicitation",
    "capabilities",
    "data",
];

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::json!(null)),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "[a-z/\\\\\"\u{E9}]{0,6}".prop_map(Into::into),
        Just("text".into()),
        Just("url".into()),
        Just("elicitation/create".into()),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let members = prop::collection::btree_map(prop::sample::select(NAMES), inner.clone(), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Into::into),
            members.prop_map(|m| m
                .into_iter()
                .map(|(k, v)| (k.to_owned(), v))
                .collect::<serde_json::Map<_, _>>()
                .into()),
        ]
    })
}

fn everything(raw: &Bytes) {
    let _ = Message::parse(raw.clone(), Limits::REQUEST);
    let _ = ClientCapabilities::parse(raw.clone()).map(|c| c.project(V::MODERN, V::V2025_06_18));
    let _ = ServerCapabilities::parse(raw.clone()).map(|c| ServerCapabilities::merge([&c, &c]));
    let error = RpcError::new(-32042, "").with_data(raw.clone());
    let _ = (
        url_elicitations(&error),
        supported_versions(&error),
        error_to_modern(error.clone(), Some("u")),
    );
    let Ok(peek) = Raw::parse(raw, Limits::REPLY).and_then(peek_result) else { return };
    let o = peek.object;
    let _ = Draft::from(o.clone()).labelled("s", None).write();
    let _ = (
        RequestMeta::read(&o),
        Initialize::parse(&o),
        InitializeResult::parse(&o).map(|r| r.write()),
    );
    let _ =
        (DiscoverResult::parse(&o).map(|r| r.write()), parse_page(&o, "content"), related_task(&o));
    let _ = (parse_input_required(&o), parse_input_responses(&o).map(|r| with_inputs(&o, &r)));
    let hop = Hop { target: Some(("name", "n")), progress_token: Some(b"1") };
    let modern =
        Modern { version: V::MODERN, capabilities: b"{}", client_info: None, log_level: None };
    let _ = (params_to_modern(&o, &modern, &hop), params_same_era(&o, None, &hop));
    for method in [
        Method::ToolsCall,
        Method::PromptsGet,
        Method::Elicit,
        Method::CreateMessage,
        Method::RootsList,
    ] {
        let _ = input_request_from_legacy(&method, &o);
        let _ = answer_as_input_response(&method, Ok(raw.clone()));
        let _ = error_to_legacy(&method, error.clone(), Some("u"));
        let _ = result_to_modern(&method, o.clone(), Caching::of(&o), Some(raw)).write();
        for to in V::ALL {
            let _ = ask_from_modern(&method, &o, to, Some("e"));
            let _ = answer_for_legacy(&method, raw.clone(), to);
            let _ = params_to_legacy(&o, &method, to, &hop);
            let _ = tool_for(&o, Route { from: V::MODERN, to, tasks: false });
            if let Ok(out) = result_to_legacy(&method, o.clone(), to).and_then(Draft::write) {
                assert!(Object::parse(out.into_bytes(), Limits::REPLY).is_ok());
            }
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in any::<Vec<u8>>()) {
        everything(&Bytes::from(bytes));
    }

    #[test]
    fn arbitrary_values_under_telling_names_never_panic_and_stay_json(value in value()) {
        everything(&Bytes::from(value.to_string()));
    }
}
