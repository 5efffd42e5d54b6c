//! A recording as a source, through the whole program.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::support::*;

/// The recording of the documentation, made for a shop on this machine.
fn recording(port: u16) -> String {
    let docs = include_str!("../../../../docs/har.md");
    let example = docs.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    example.replace("https://api.shop.example", &format!("http://127.0.0.1:{port}"))
}

/// The configuration of the documentation.
fn configuration(port: u16) -> String {
    let docs = include_str!("../../../../docs/har.md");
    let example = docs.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let place = format!("name = \"shop\"\nprivate = [\"127.0.0.1:{port}\"]\n");
    let own = example.replace("name = \"shop\"\n", &place);
    format!("{ANYWHERE}{own}[vault]\nkey = {{ key-file = \"vault.key\" }}\n")
}

/// A shop that answers every request with what it was asked; it remembers each.
fn shop() -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let seen = seen.clone();
            std::thread::spawn(move || while answer(stream.as_ref().unwrap(), &seen).is_some() {});
        }
    });
    (port, asked)
}

fn answer(mut stream: &std::net::TcpStream, seen: &Mutex<Vec<String>>) -> Option<()> {
    let mut from = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        (from.read_line(&mut head).unwrap_or(0) > 0).then_some(())?;
    }
    let length = head
        .lines()
        .find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    from.read_exact(&mut body).ok()?;
    let line = head.lines().next()?.to_owned();
    seen.lock().unwrap().push(format!("{head}{}", String::from_utf8_lossy(&body)));
    let body = json!({ "asked": line }).to_string();
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes()).ok()
}

fn place(port: u16) -> Place {
    let place = Place::new(&configuration(port));
    place.write("shop.har", &recording(port));
    assert_eq!(place.run(&["vault", "init"]).code, 0);
    let host = format!("127.0.0.1:{port}");
    let ran = place.run_with(&["vault", "set", "shop", "--host", &host], "t0ken-of-the-shop");
    assert_eq!(ran.code, 0, "{}", ran.err);
    place
}

#[test]
fn the_example_of_the_documentation_is_called_through_the_gate_with_a_credential_of_the_vault() {
    let (port, asked) = shop();
    let place = place(port);
    let args = json!({"item_id": 9}).to_string();
    let ran = place.run(&[
        "explain",
        "request",
        "--source",
        "shop",
        "--tool",
        "get_v1_items_item_id",
        "--args",
        &args,
    ]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains(&format!("GET http://127.0.0.1:{port}/v1/items/9")), "{}", ran.out);
    assert!(ran.out.contains("authorization: •••"), "{}", ran.out);
    assert!(asked.lock().unwrap().is_empty(), "explaining sends nothing");
    let key = key(&place, "alice");
    let gate = place.serve();
    let tools = gate.tools(&key);
    assert!(tools.contains(&"shop__get_v1_items_item_id".to_owned()), "{tools:?}");
    let answer = gate.call(&key, "shop__get_v1_items_item_id", &json!({"item_id": 9}));
    let result: &Value = &answer["result"]["structuredContent"];
    assert_eq!(result["asked"], "GET /v1/items/9 HTTP/1.1", "{answer}");
    let first = asked.lock().unwrap()[0].clone();
    assert!(first.contains("authorization: Bearer t0ken-of-the-shop"), "{first}");
    assert!(!first.contains("recorded-t0ken"), "{first}");
    // A recording proposes effects; none of them holds before an operator says so.
    let refused = gate.call(&key, "shop__post_v1_orders", &json!({"item": 9, "count": 1}));
    assert!(refused["error"].is_object(), "{refused}");
    assert_eq!(asked.lock().unwrap().len(), 1);
    gate.end();
    let ran = place.run(&["tools", "--json"]);
    let listed: Value =
        serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {}", ran.err));
    let order =
        listed.as_array().unwrap().iter().find(|t| t["upstream"] == "post_v1_orders").unwrap();
    assert_eq!(
        (order["accepted"].as_bool(), order["proposed"].as_str()),
        (Some(false), Some("write"))
    );
}

#[test]
fn check_and_explain_show_how_sure_it_is_and_what_was_left_out_and_no_secret() {
    let place = place(8080);
    let ran = place.run(&["check"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("source `shop`: 2 tools from 8 recorded calls"), "{}", ran.out);
    assert!(
        ran.out.contains("(1 of high, 1 of medium, 0 of low confidence); 3 of 11 entries left out"),
        "{}",
        ran.out
    );
    let ran = place.run(&["explain", "recording", "--source", "shop"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for told in [
        "get_v1_items_item_id  read",
        "high",
        "`item_id` is a place by its form: a number, 5 values seen",
        "credential `bearer`: a bearer token",
        "left out: 1 static_asset",
        "left out: 1 failed",
        "[telemetry]",
    ] {
        assert!(ran.out.contains(told), "{told}\n{}", ran.out);
    }
    let json = place.run(&["explain", "recording", "--source", "shop", "--json"]);
    let said: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(said["tools"][1]["confidence"], "medium", "{said}");
    assert_eq!(said["left_out"].as_array().unwrap().len(), 3);
    for out in [&ran.out, &json.out] {
        assert!(!out.contains("recorded-t0ken") && !out.contains("ada@"), "{out}");
    }
}

#[test]
fn a_recording_of_several_origins_needs_to_be_told_which_and_one_of_none_is_refused() {
    let place = Place::new(&format!("{ANYWHERE}[[source]]\nname = \"shop\"\nhar = \"shop.har\"\n"));
    let entry = |url: &str| json!({"request": {"method": "GET", "url": url}, "response": {"status": 200, "content": {"mimeType": "application/json", "text": "{}"}}});
    let file = |entries: &[Value]| json!({"log": {"entries": entries}}).to_string();
    for (text, told) in [
        (file(&[entry("https://a.example/x"), entry("https://b.example/x")]), "har_origin"),
        (file(&[]), "har_no_calls"),
        ("{}".to_owned(), "har_invalid"),
    ] {
        place.write("shop.har", &text);
        let ran = place.run(&["check"]);
        assert!(ran.code == 1 && ran.err.contains(told), "{told}: {}", ran.err);
    }
}

#[test]
fn importing_a_recording_writes_a_source_without_its_secrets() {
    let place = Place::new("");
    place.write("shop.har", &recording(8080));
    let ran = place.run(&["import", "shop.har", "--out", "new.toml", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("http://127.0.0.1:8080, as shop.har shows it"), "{}", ran.out);
    assert!(
        ran.out.contains("had a credential (`bearer`), which is not taken over"),
        "{}",
        ran.out
    );
    let written = place.read("new.toml");
    assert!(
        written.contains("har = { file = \"shop.har\", origin = \"http://127.0.0.1:8080\" }"),
        "{written}"
    );
    assert!(!written.contains("recorded-t0ken") && !ran.out.contains("recorded-t0ken"));
    let ran = place.run(&["check", "--config", "new.toml"]);
    assert!(ran.code == 0 && ran.out.contains("2 tools"), "{}{}", ran.out, ran.err);
}
