//! Calls whose end nobody knows: told so, made once, and never taken for done.

use std::io::Read as _;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::support::*;

/// An API that takes every request, and leaves or says nothing; how many it took.
fn silent(leaves: bool) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let acted = Arc::new(AtomicUsize::new(0));
    let count = acted.clone();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            if stream.read(&mut [0; 4096]).is_ok_and(|n| n > 0) {
                count.fetch_add(1, Ordering::SeqCst);
            }
            if !leaves {
                held.push(stream);
            }
        }
    });
    (port, acted)
}

fn place(port: u16) -> Place {
    let place = Place::new(&format!(
        "{ANYWHERE}[limits]\ncall = \"1s\"\n[[source]]\nname = \"shop\"\nprivate = [\"127.0.0.1:{port}\"]\n\
         openapi = {{ spec = \"shop.yaml\" }}\neffects = {{ \"*\" = \"read\" }}\n"
    ));
    place.write(
        "shop.yaml",
        &format!(
            "openapi: 3.0.3\ninfo: {{title: a, version: '1'}}\nservers: [{{url: 'http://127.0.0.1:{port}'}}]\n\
             paths:\n  /pay:\n    post: {{operationId: pay, responses: {{'200': {{description: ok}}}}}}\n  \
             /payments/{{id}}:\n    get:\n      operationId: getPayment\n      parameters:\n        \
             - {{name: id, in: path, required: true, schema: {{type: string, pattern: '^[A-Za-z0-9_-]+$'}}}}\n        \
             - {{name: s, in: query, schema: {{type: string, pattern: '^(a+)+$'}}}}\n      \
             responses: {{'200': {{description: ok}}}}\n"
        ),
    );
    place
}

fn outcome(place: &Place, tool: &str) -> Value {
    let mut calls = records(place).into_iter().filter(|r| r["tool"] == tool || r["name"] == tool);
    let call = calls.next().unwrap_or_else(|| panic!("no record of {tool}: {:?}", records(place)));
    call["outcome"].clone()
}

// v-upstream-02
#[test]
fn an_api_that_is_slower_than_the_deadline_ends_the_call_there() {
    let (port, _) = silent(false);
    let place = place(port);
    let key = key(&place, "alice");
    let gate = place.serve();
    let begun = Instant::now();
    let answer = gate.call(&key, "shop__pay", &json!({}));
    assert!(begun.elapsed() >= Duration::from_secs(1) && begun.elapsed() < Duration::from_secs(15));
    assert_eq!(answer["error"]["data"]["code"], "upstream_timeout", "{answer}");
    assert_eq!(answer["error"]["data"]["outcomeUnknown"], true, "{answer}");
    gate.end();
    assert_eq!(outcome(&place, "shop__pay"), "failed");
}

// v-upstream-06, as far as it is about the call
#[test]
fn a_call_whose_connection_breaks_after_the_effect_is_made_once_and_its_outcome_is_unknown() {
    let (port, acted) = silent(true);
    let place = place(port);
    let key = key(&place, "alice");
    let gate = place.serve();
    let answer = gate.call(&key, "shop__pay", &json!({}));
    assert_eq!(answer["error"]["data"]["outcomeUnknown"], true, "{answer}");
    let said = answer["error"]["message"].as_str().unwrap();
    assert!(said.contains("check the status"), "{said}");
    assert_eq!(acted.load(Ordering::SeqCst), 1);
    gate.end();
    assert_eq!(outcome(&place, "shop__pay"), "failed");
}

// v-id-path-04, v-id-path-05, b-validate-09
#[test]
fn an_id_out_of_its_form_is_refused_before_any_request() {
    let (port, acted) = silent(true);
    let place = place(port);
    let key = key(&place, "alice");
    let gate = place.serve();
    for arguments in [
        json!({"id": "a?b=1"}),
        json!({"id": "a#b"}),
        json!({"id": "a/b"}),
        json!({"id": "a", "s": format!("{}!", "a".repeat(40))}),
    ] {
        let answer = gate.call(&key, "shop__getPayment", &arguments);
        let refused = answer["error"].is_object() || answer["result"]["isError"] == true;
        assert!(refused, "{arguments}: {answer}");
    }
    assert_eq!(acted.load(Ordering::SeqCst), 0);
}
