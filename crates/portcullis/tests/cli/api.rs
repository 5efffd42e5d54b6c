//! An HTTP API as a source, through the whole program.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::support::*;

const SPEC: &str = r#"
openapi: 3.0.3
info: {title: Shop, version: "1"}
servers: [{url: "http://127.0.0.1:PORT/v1"}]
security: [{token: []}]
components:
  securitySchemes:
    token: {type: http, scheme: bearer}
paths:
  /items/{itemId}:
    get:
      operationId: getItem
      summary: Gets one item.
      parameters:
        - {name: itemId, in: path, required: true, schema: {type: integer}}
        - {name: fields, in: query, schema: {type: array, items: {type: string}}}
      responses:
        "200": {description: ok, content: {application/json: {schema: {type: object}}}}
    delete:
      operationId: deleteItem
      responses: {"204": {description: gone}}
"#;

/// An API that answers every request with its own request line and whether it had a token; it remembers each.
fn upstream() -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let seen = seen.clone();
            std::thread::spawn(move || {
                let mut stream = stream.unwrap();
                let mut from = BufReader::new(stream.try_clone().unwrap());
                loop {
                    let mut head = String::new();
                    while !head.ends_with("\r\n\r\n") {
                        if from.read_line(&mut head).unwrap_or(0) == 0 {
                            return;
                        }
                    }
                    let line = head.lines().next().unwrap().to_owned();
                    seen.lock().unwrap().push(head);
                    let body = json!({ "asked": line }).to_string();
                    let answer = format!(
                        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                        body.len()
                    );
                    stream.write_all(answer.as_bytes()).unwrap();
                }
            });
        }
    });
    (port, asked)
}

fn place(port: u16) -> Place {
    let place = Place::new(&format!(
        "{ANYWHERE}[[source]]\nname = \"shop\"\nprivate = [\"127.0.0.1:{port}\"]\n\
         openapi = {{ spec = \"shop.yaml\" }}\nauth = {{ bearer = \"vault:shop\" }}\n\
         effects = {{ getItem = \"read\" }}\n[vault]\nkey = {{ key-file = \"vault.key\" }}\n"
    ));
    place.write("shop.yaml", &SPEC.replace("PORT", &port.to_string()));
    assert_eq!(place.run(&["vault", "init"]).code, 0);
    let host = format!("127.0.0.1:{port}");
    let ran = place.run_with(&["vault", "set", "shop", "--host", &host], "t0ken-of-the-shop");
    assert_eq!(ran.code, 0, "{}", ran.err);
    place
}

#[test]
fn a_call_becomes_the_request_that_explain_shows_with_the_secret_put_in_at_the_last_moment() {
    let (port, asked) = upstream();
    let place = place(port);
    let args = json!({"itemId": 7, "fields": ["a b", "c"]}).to_string();
    let ran = place
        .run(&["explain", "request", "--source", "shop", "--tool", "getItem", "--args", &args]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let line = format!("GET http://127.0.0.1:{port}/v1/items/7?fields=a%20b&fields=c");
    assert!(ran.out.contains(&line) && ran.out.contains("authorization: •••"), "{}", ran.out);
    assert!(asked.lock().unwrap().is_empty(), "explaining sends nothing");
    let key = key(&place, "alice");
    let gate = place.serve();
    let answer = gate.call(&key, "shop__getItem", &json!({"itemId": 7, "fields": ["a b", "c"]}));
    let result: &Value = &answer["result"]["structuredContent"];
    assert_eq!(result["asked"], "GET /v1/items/7?fields=a%20b&fields=c HTTP/1.1", "{answer}");
    let first = asked.lock().unwrap()[0].clone();
    assert!(first.contains("authorization: Bearer t0ken-of-the-shop"), "{first}");
    // What has no accepted effect counts as destructive, and the policy that ships permits reading only.
    let refused = gate.call(&key, "shop__deleteItem", &json!({"itemId": 7}));
    assert!(refused["error"].is_object(), "{refused}");
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[test]
fn an_argument_that_would_lead_elsewhere_is_refused_before_anything_is_sent() {
    let (port, asked) = upstream();
    let place = place(port);
    place.write("shop.yaml", &SPEC.replace("PORT", &port.to_string()).replace("integer", "string"));
    for bad in ["..", "a/b", "", "..;x"] {
        let args = json!({ "itemId": bad }).to_string();
        let ran = place
            .run(&["explain", "request", "--source", "shop", "--tool", "getItem", "--args", &args]);
        assert_eq!(ran.code, 1, "{bad}: {}", ran.out);
    }
    assert!(asked.lock().unwrap().is_empty());
}
