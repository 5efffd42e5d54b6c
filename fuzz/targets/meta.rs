#![no_main]
//! What a request says of itself: read as it was written, and overruled where a hop sets its own.

use fuzz::{Json, kept, object, written};
use libfuzzer_sys::fuzz_target;
use protocol::mcp::meta::RequestMeta;
use protocol::mcp::translate::{Hop, Modern, params_same_era, params_to_modern};
use protocol::mcp::{Level, Version, keys};

fuzz_target!(|data: &[u8]| {
    let Some(params) = object(data) else { return };
    let opinion = Json::parse(data).expect("what was read is JSON");
    let meta = opinion.get("_meta");
    let Ok(read) = RequestMeta::read(&params) else {
        assert!(meta.is_some(), "no metadata is no mistake");
        return;
    };
    let said = |name| meta.and_then(|m| m.get(name)).and_then(Json::text);
    assert_eq!(read.version.as_deref(), said(keys::PROTOCOL_VERSION));
    assert_eq!(read.traceparent.as_deref(), said(keys::TRACEPARENT));
    assert_eq!(read.baggage.as_deref(), said(keys::BAGGAGE));
    assert_eq!(read.required().is_ok(), read.version.is_some() && read.capabilities.is_some());
    assert_eq!(read.log_level().ok().flatten(), said(keys::LOG_LEVEL).and_then(Level::parse));
    if let Some(raw) = &read.capabilities {
        assert!(matches!(Json::parse(raw), Some(Json::Object(_) | Json::Number(_))));
    }
    hop(&params, &read);
});

fn hop(params: &protocol::json::Object, read: &RequestMeta) {
    let same = Hop { target: None, progress_token: read.progress_token.as_deref() };
    let untouched = params_same_era(params, None, &same).expect("it was read before");
    assert_eq!(untouched.as_ptr(), params.text().as_ptr(), "no change is the same buffer");
    let modern = Modern {
        version: Version::MODERN,
        capabilities: br#"{"roots":{}}"#,
        client_info: None,
        log_level: Some(Level::Error),
    };
    let hop = Hop { target: None, progress_token: Some(b"7") };
    let after = written(params_to_modern(params, &modern, &hop).expect("it was read before"));
    kept(params, &after, &["_meta", "task", "inputResponses", "requestState"]);
    let again = RequestMeta::read(&after).expect("what we write is lawful");
    assert_eq!(again.version.as_deref(), Some(Version::MODERN.as_str()));
    assert_eq!(again.capabilities.as_deref(), Some(&br#"{"roots":{}}"#[..]));
    assert_eq!((&again.client_info, again.progress_token.as_deref()), (&None, Some(&b"7"[..])));
    assert_eq!(again.log_level(), Ok(Some(Level::Error)));
    assert_eq!(
        (again.traceparent, again.baggage),
        (read.traceparent.clone(), read.baggage.clone())
    );
}
