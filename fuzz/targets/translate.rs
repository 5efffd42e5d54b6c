#![no_main]
//! Whatever a peer says is said in the other era as JSON, without the words that era does not have.

use bytes::Bytes;
use fuzz::{kept, written};
use libfuzzer_sys::fuzz_target;
use protocol::json::{Limits, Object, Raw};
use protocol::mcp::translate::*;
use protocol::mcp::{Draft, Era, Method, Version, codes, keys};
use protocol::rpc::RpcError;

const ASKS: [Method; 3] = [Method::Elicit, Method::CreateMessage, Method::RootsList];
const CALLS: [Method; 4] =
    [Method::ToolsCall, Method::PromptsGet, Method::ResourcesRead, Method::ToolsList];

fuzz_target!(|data: &[u8]| {
    let raw = Bytes::copy_from_slice(data);
    errors(&raw);
    let Ok(peek) = Raw::parse(&raw, Limits::REPLY).and_then(peek_result) else { return };
    params(&peek.object);
    results(&peek.object);
    asks(&peek.object, &raw);
    inputs(&peek.object);
    for from in Version::ALL {
        for to in Version::ALL {
            tool(&peek.object, Route { from, to, tasks: false });
            tool(&peek.object, Route { from, to, tasks: true });
        }
    }
});

fn params(of: &Object) {
    let hop = Hop { target: Some(("name", "n\"\u{1}")), progress_token: Some(b"1") };
    let era = ["_meta", "task", "inputResponses", "requestState", "name", "context"];
    for method in [Method::ToolsCall, Method::Complete] {
        let Ok(out) = params_to_legacy(of, &method, Version::V2025_03_26, &hop) else { continue };
        let out = written(out);
        kept(of, &out, &era);
        assert!(["task", "inputResponses", "requestState"].iter().all(|n| out.raw(n).is_none()));
        assert_eq!(out.str("name").as_deref(), Some("n\"\u{1}"));
        let meta = out.object("_meta").unwrap().unwrap();
        let modern = [keys::PROTOCOL_VERSION, keys::CLIENT_CAPABILITIES, keys::CLIENT_INFO];
        assert!(modern.iter().all(|n| meta.raw(n).is_none()));
    }
    if let Ok(out) = params_same_era(of, None, &hop) {
        kept(of, &written(out), &["_meta", "name"]);
    }
}

fn results(of: &Object) {
    let info = Bytes::from_static(br#"{"name":"s"}"#);
    for method in &CALLS {
        if let Ok(out) = result_to_modern(method, of.clone(), Caching::of(of), Some(&info)).write()
        {
            let out = written(out);
            kept(of, &out, &["_meta", "resultType", "ttlMs", "cacheScope"]);
            assert_eq!(out.raw("resultType"), Some(&b"\"complete\""[..]));
        }
        for to in Version::ALL.into_iter().filter(|v| v.era() == Era::Legacy) {
            let legacy =
                |of: &Object| result_to_legacy(method, of.clone(), to).and_then(Draft::write);
            let Ok(out) = legacy(of) else { continue };
            let out = written(out);
            assert!(["resultType", "ttlMs", "cacheScope"].iter().all(|n| out.raw(n).is_none()));
            let again = legacy(&out).expect("what we write can be read");
            assert_eq!(again.into_bytes(), out.text(), "saying it twice changed it");
            let between = result_between_legacy(method, of.clone(), to).and_then(Draft::write);
            written(between.expect("as to legacy"));
        }
    }
    if let Ok(out) = Draft::from(of.clone()).labelled("s\"", None).write() {
        kept(of, &written(out), &["_meta"]);
    }
    if let Ok(page) = parse_page(of, "tools") {
        let items = protocol::json::elements(&page.items, protocol::json::Limits::REPLY);
        let items = items.expect("a checked array").into_iter().map(Into::into);
        let next = page.next_cursor.as_deref();
        let list = write_list("tools", items, next, Version::MODERN, Caching::of(of));
        let again = parse_page(&written(list), "tools").expect("what we write can be read");
        assert_eq!(again.next_cursor, page.next_cursor);
    }
}

fn asks(of: &Object, raw: &Bytes) {
    let _ = related_task(of);
    for method in &ASKS {
        let mut said = Vec::new();
        said.extend(input_request_from_legacy(method, of).ok());
        said.extend(answer_as_input_response(method, Ok(raw.clone())).ok());
        for to in Version::ALL {
            said.extend(ask_from_modern(method, of, to, Some("e\"")).ok());
            said.extend(answer_for_legacy(method, raw.clone(), to).ok());
        }
        for out in said {
            assert_eq!(written(out).raw("task"), None, "a task belongs to its hop");
        }
        for why in [Refusal::Undeclared, Refusal::Unavailable] {
            let _ = refuse(method, why).map(written);
        }
    }
}

fn inputs(of: &Object) {
    if let Ok(required) = parse_input_required(of) {
        let again = parse_input_required(&written(write_input_required(&required)));
        assert_eq!(again.as_ref(), Ok(&required));
    }
    if let Ok(given) = parse_input_responses(of) {
        let out = written(with_inputs(of, &given));
        kept(of, &out, &["inputResponses", "requestState"]);
        assert_eq!(parse_input_responses(&out), Ok(given));
    }
}

fn tool(of: &Object, route: Route) {
    let Ok(Some(out)) = tool_for(of, route) else { return };
    let out = written(out);
    kept(of, &out, &["execution", "outputSchema"]);
    let told = route.to.era() == Era::Legacy && route.from != route.to;
    assert!(!told || route.to >= Version::V2025_06_18 || out.raw("outputSchema").is_none());
    assert!(!told || route.tasks || out.raw("execution").is_none());
}

fn errors(raw: &Bytes) {
    for code in [-32002, -32020, -32021, -32022, -32042, -32602, -32050, 7] {
        let error = RpcError::new(code, "").with_data(raw.clone());
        let _ = (url_elicitations(&error), supported_versions(&error));
        let out = error_to_modern(error.clone(), Some("u"));
        assert!(out.code != codes::RESOURCE_NOT_FOUND && !codes::is_reserved(out.code));
        for method in [Method::ResourcesRead, Method::Initialize, Method::ToolsCall] {
            let out = error_to_legacy(&method, error.clone(), Some("u"));
            assert!(!codes::is_reserved(out.code) && !is_modern_only(out.code));
        }
    }
}
