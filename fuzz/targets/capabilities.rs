#![no_main]
//! Nobody is promised more than was declared, whichever two versions meet.

use bytes::Bytes;
use fuzz::written;
use libfuzzer_sys::fuzz_target;
use protocol::json::Object;
use protocol::mcp::{
    ClientCapabilities, ClientFlags, Method, ServerCapabilities, ServerFlags, Version,
};

fuzz_target!(|data: &[u8]| {
    let raw = Bytes::copy_from_slice(data);
    if let Ok(client) = ClientCapabilities::parse(raw.clone()) {
        for (from, to) in pairs() {
            let told = client.project(from, to);
            written(told.clone());
            let told = ClientCapabilities::parse(told).expect("what we declare can be read");
            assert!(asked(&told).zip(asked(&client)).all(|(told, had)| !told || had));
            assert!(!told.legacy_tasks);
        }
        for method in [Method::RootsList, Method::CreateMessage, Method::Elicit, Method::ToolsCall]
        {
            let allowed = client.allows(&method, &Object::empty());
            assert!(allowed.is_err() || client.can_be_asked());
            assert!(allowed.is_err() || method != Method::ToolsCall);
            let _ = allowed.map_err(written);
        }
        let spaced = [b" ", data, b"\n"].concat();
        let spaced =
            ClientCapabilities::parse(Bytes::from(spaced)).expect("white space is nothing");
        assert_eq!(spaced.fingerprint(), client.fingerprint());
    }
    if let Ok(server) = ServerCapabilities::parse(raw) {
        let merged = ServerCapabilities::merge([&server, &server, &ServerCapabilities::default()]);
        reads_as_it_is(&merged);
        assert!(offered(&merged).eq(offered(&server)));
        for (from, to) in pairs() {
            let told = server.project(from, to);
            reads_as_it_is(&told);
            assert!(offered(&told).zip(offered(&server)).all(|(told, had)| !told || had));
        }
    }
});

fn pairs() -> impl Iterator<Item = (Version, Version)> {
    Version::ALL.into_iter().flat_map(|from| Version::ALL.into_iter().map(move |to| (from, to)))
}

fn reads_as_it_is(server: &ServerCapabilities) {
    written(server.raw().clone());
    let again = ServerCapabilities::parse(server.raw().clone()).expect("ours");
    let flags: &ServerFlags = server;
    assert_eq!(&*again, flags);
}

fn asked(of: &ClientFlags) -> impl Iterator<Item = bool> {
    let elicitation = [of.elicitation_form, of.elicitation_url];
    let sampling = [of.sampling, of.sampling_tools, of.sampling_context];
    let rest = [of.roots, of.roots_list_changed, of.tasks, of.legacy_tasks];
    elicitation.into_iter().chain(sampling).chain(rest)
}

fn offered(of: &ServerFlags) -> impl Iterator<Item = bool> {
    let all = [of.tools, of.resources, of.prompts].into_iter();
    let one = |o: Option<protocol::mcp::Offer>| {
        [o.is_some(), o.is_some_and(|o| o.list_changed), o.is_some_and(|o| o.subscribe)]
    };
    all.flat_map(one).chain([of.logging, of.completions, of.tasks])
}
