//! What a caller may use, told as a list and as an OpenAPI document.

use serde_json::Value;

use crate::rest::{api, start};
use crate::support::{House, Server};

async fn document(server: &Server) -> Value {
    let reply = server.send("GET", "/api/openapi.json", &[], "").await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    reply.json()
}

async fn listed(server: &Server) -> Vec<Value> {
    let mut all = Vec::new();
    let mut path = "/api/tools".to_owned();
    loop {
        let page = server.send("GET", &path, &[], "").await;
        assert_eq!(page.status, 200, "{}", page.body);
        let page = page.json();
        all.extend(page["tools"].as_array().unwrap().iter().cloned());
        let Some(cursor) = page["nextCursor"].as_str() else { return all };
        path = format!("/api/tools?cursor={}", cursor.replace('+', "%2B").replace('=', "%3D"));
    }
}

/// What OpenAPI 3.1 asks of a document, as far as ours uses it: the members it requires and their kinds, the form of
/// paths, keys and statuses, unique operations, and references that lead somewhere.
fn validate(document: &Value) {
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    assert!(document["info"]["title"].is_string() && document["info"]["version"].is_string());
    let known = ["openapi", "info", "servers", "paths", "components", "security"];
    assert!(document.as_object().unwrap().keys().all(|k| known.contains(&k.as_str())));
    assert!(document["servers"].as_array().unwrap().iter().all(|s| s["url"].is_string()));
    let mut operations = std::collections::HashSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        assert!(path.starts_with('/') && !path.contains(['{', '?', '#']), "{path}");
        for (method, operation) in item.as_object().unwrap() {
            assert_eq!(method, "post");
            assert!(operations.insert(operation["operationId"].as_str().unwrap()));
            let content = operation["requestBody"]["content"].as_object().unwrap();
            assert!(content.values().all(|media| media["schema"].is_object()));
            for (status, response) in operation["responses"].as_object().unwrap() {
                assert!(status == "default" || status.parse::<u16>().is_ok());
                assert!(response["description"].is_string());
            }
        }
    }
    for (kind, all) in document["components"].as_object().unwrap() {
        assert!(["schemas", "securitySchemes"].contains(&kind.as_str()));
        for key in all.as_object().unwrap().keys() {
            assert!(key.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)), "{key}");
        }
    }
    for required in document["security"].as_array().into_iter().flatten() {
        for name in required.as_object().unwrap().keys() {
            assert!(document["components"]["securitySchemes"][name]["type"].is_string());
        }
    }
    references(document, document);
}

fn references(document: &Value, at: &Value) {
    match at {
        Value::Object(members) => {
            if let Some(Value::String(target)) = members.get("$ref") {
                let pointer = target.strip_prefix('#').unwrap();
                assert!(document.pointer(pointer).is_some(), "{target} leads nowhere");
            }
            members.values().for_each(|value| references(document, value));
        }
        Value::Array(all) => all.iter().for_each(|value| references(document, value)),
        _ => {}
    }
}

#[tokio::test]
async fn the_document_is_openapi_and_each_listed_tool_is_called_where_it_says() {
    let server = start().await;
    let document = document(&server).await;
    validate(&document);
    let tools = listed(&server).await;
    let paths = document["paths"].as_object().unwrap();
    assert_eq!((tools.len(), paths.len()), (4, 4));
    let base = document["servers"][0]["url"].as_str().unwrap();
    for tool in &tools {
        let of = |(_, item): &(&String, &Value)| item["post"]["operationId"] == tool["name"];
        let (path, item) = paths.iter().find(of).unwrap();
        assert_eq!(item["post"]["description"], tool["description"]);
        let body = &item["post"]["requestBody"]["content"]["application/json"]["schema"];
        let args = body["properties"]["args"]["$ref"].as_str().unwrap();
        assert_eq!(document.pointer(&args[1..]).unwrap(), &tool["inputSchema"]);
        let reply = server.send("POST", &format!("{base}{path}"), &[], r#"{"args":{}}"#).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
    }
}

#[tokio::test]
async fn a_list_has_pages_and_the_document_has_all_of_them() {
    let server = House::with(false, |s| s.page_size = 1).serve(api).await;
    let page = server.send("GET", "/api/tools", &[], "").await.json();
    assert_eq!(page["tools"].as_array().unwrap().len(), 1);
    assert_eq!(listed(&server).await.len(), 4);
    assert_eq!(document(&server).await["paths"].as_object().unwrap().len(), 4);
    let bad = server.send("GET", "/api/tools?cursor=x", &[], "").await;
    assert_eq!(crate::rest::problem(&bad), (400, "invalid_params".to_owned()));
}

#[tokio::test]
async fn where_nobody_proves_anything_the_document_asks_for_no_key() {
    let server = House::with(true, |_| {}).serve(api).await;
    let reply = crate::rest::bare(&server, "GET", "/api/openapi.json", &[], "").await;
    let document = reply.json();
    validate(&document);
    assert!(document.get("security").is_none());
}
