//! What is no call, and why.

use crate::{Options, har, is_har, origins};

use super::*;

fn good() -> Call {
    get("/good").answers(&json!({"a": 1}))
}

/// The code of one entry beside a good one.
fn code(call: Call) -> String {
    let converted = converted(&[good(), call]);
    assert_eq!(names(&converted), ["get_good"], "{:?}", converted.skipped);
    assert_eq!(converted.skipped.len(), 1);
    converted.skipped[0].code.to_owned()
}

#[test]
fn every_entry_that_is_no_call_has_a_code() {
    let with = |path: &str, member: &str, value: Value| {
        let mut call = get(path).answers(&json!({"a": 1}));
        call.0[member] = value;
        call
    };
    let post = |kind: &str, text: &str| call("POST", "https://api.example.com/x").posts(kind, text);
    let mut unsent = call("POST", "https://api.example.com/x");
    unsent.0["request"]["bodySize"] = json!(10);
    for (call, wanted) in [
        (get("/a.css").media("text/css"), "static_asset"),
        (get("/logo.png").media("image/png"), "static_asset"),
        (get("/app.js"), "static_asset"),
        (with("/font", "_resourceType", json!("font")), "static_asset"),
        (get("/").media("text/html; charset=utf-8"), "page"),
        (get("/old").status(302), "redirect"),
        (get("/same").status(304), "not_modified"),
        (get("/gone").status(404), "failed"),
        (get("/broken").status(503), "failed"),
        (get("/blocked").status(0), "no_answer"),
        (call("OPTIONS", "https://api.example.com/x"), "preflight"),
        (call("TRACE", "https://api.example.com/x"), "unsupported_method"),
        (call("GET", "wss://api.example.com/live").status(101), "websocket"),
        (with("/live", "_webSocketMessages", json!([])), "websocket"),
        (get("/live").header("Upgrade", "WebSocket"), "websocket"),
        (get("/events").media("text/event-stream"), "stream"),
        (call("GET", "chrome-extension://abcdef/x.json"), "extension"),
        (call("GET", "data:application/json,{}"), "not_http"),
        (call("POST", "https://o1.ingest.sentry.io/api/1/envelope/"), "telemetry"),
        (call("POST", "https://www.google-analytics.com/g/collect"), "telemetry"),
        (call("POST", "https://api.example.com/v1/beacon").status(204), "telemetry"),
        (with("/p", "_resourceType", json!("ping")), "telemetry"),
        (post("application/json", "{"), "unreadable_body"),
        (post("multipart/form-data; boundary=q", "--q\r\nx"), "unreadable_body"),
        (post("nonsense", "x"), "unsupported_media_type"),
        (unsent, "body_not_recorded"),
        (get("/x").posts("application/json", "{}"), "body_on_get"),
        (get("/reset/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"), "secret_in_path"),
        (get(&format!("/{}", "x".repeat(300))), "bad_path"),
        (get(&format!("/{}", "a/".repeat(60))), "bad_path"),
        (
            get(&format!(
                "/x?{}",
                (0..300).map(|n| format!("p{n}x=1")).collect::<Vec<_>>().join("&")
            )),
            "too_many_parameters",
        ),
        (call("GET", "http://"), "unreadable_entry"),
        (Call(json!({"request": 7})), "unreadable_entry"),
        (Call(json!(null)), "unreadable_entry"),
    ] {
        let shown = call.0.to_string();
        assert_eq!(code(call), wanted, "{shown}");
    }
}

#[test]
fn what_looks_like_a_report_but_answers_with_data_is_a_call() {
    let track = call("POST", "https://api.example.com/orders/track")
        .sends(&json!({"id": 1}))
        .answers(&json!({"at": "x"}));
    assert_eq!(names(&converted(&[track])), ["post_orders_track"]);
}

#[test]
fn one_source_is_one_origin_and_the_others_are_listed_with_their_calls() {
    let other = call("GET", "https://other.example.com/x").answers(&json!({}));
    let calls = [
        good(),
        good(),
        other.clone(),
        call("GET", "http://api.example.com/x").answers(&json!({})),
    ];
    let error = har(&text(&calls), &Options::default()).unwrap_err();
    assert_eq!(error.code, "har_origin");
    assert!(error.message.contains("https://api.example.com (2 calls)"), "{error}");
    let origin = Some("https://API.example.com:443".to_owned());
    let chosen = har(&text(&calls), &Options { origin, ..Options::default() }).unwrap();
    assert_eq!(names(&chosen), ["get_good"]);
    let others =
        [("http://api.example.com".to_owned(), 1), ("https://other.example.com".to_owned(), 1)];
    assert_eq!(chosen.others, others);
    assert_eq!(codes(&chosen), ["other_origin", "other_origin"]);
    assert_eq!(origins(&text(&calls), 100).unwrap()[0], ("https://api.example.com".to_owned(), 2));
    let wrong =
        Options { origin: Some("https://else.example.com".to_owned()), ..Options::default() };
    assert_eq!(har(&text(&calls), &wrong).unwrap_err().code, "har_origin");
}

#[test]
fn another_server_can_be_called_in_place_of_the_recorded_one() {
    let with = |server: &str| {
        har(&text(&[good()]), &Options { server: Some(server.to_owned()), ..Options::default() })
    };
    let converted = with("http://127.0.0.1:8080/base/").unwrap();
    assert_eq!(converted.base, "http://127.0.0.1:8080/base");
    assert_eq!(
        request(only(&converted), &json!({})).url.as_str(),
        "http://127.0.0.1:8080/base/good"
    );
    for bad in ["nonsense", "ftp://x/", "https://u:p@x/", "https://x/?a=1"] {
        assert_eq!(with(bad).unwrap_err().code, "har_server", "{bad}");
    }
}

#[test]
fn what_is_no_recording_is_refused_and_bounds_hold() {
    for bad in [
        &b""[..],
        b"{}",
        b"[]",
        b"{\"log\":{}}",
        b"{\"log\":{\"entries\":7}}",
        b"\xff",
        b"{\"log\":{\"entries\":[",
    ] {
        assert_eq!(har(bad, &Options::default()).unwrap_err().code, "har_invalid");
        assert!(!is_har(bad));
    }
    assert_eq!(
        har(b"{\"log\":{\"entries\":[]}}", &Options::default()).unwrap_err().code,
        "har_no_calls"
    );
    assert_eq!(
        har(&vec![b' '; (50 << 20) + 1], &Options::default()).unwrap_err().code,
        "har_too_large"
    );
    let calls = vec![good(); 3];
    let few = har(&text(&calls), &Options { entries: 2, ..Options::default() }).unwrap();
    assert_eq!((few.entries, few.calls, codes(&few)), (3, 2, vec!["too_many_entries"]));
    assert!(is_har(&text(&calls)));
}

#[test]
fn deep_nesting_neither_overflows_nor_stops_the_rest() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let bodies =
        [call("POST", "https://api.example.com/x").posts("application/json", &deep), good()];
    assert_eq!(codes(&converted(&bodies)), ["unreadable_body"]);
    let text = format!("{{\"log\":{{\"entries\":[{deep}, {}]}}}}", good().0);
    let converted = har(text.as_bytes(), &Options::default()).unwrap();
    assert_eq!(
        (names(&converted), codes(&converted)),
        (vec!["get_good"], vec!["unreadable_entry"])
    );
}
