//! What a caller may use, as an OpenAPI 3.1 document.

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Map, Value, json};

use super::RestBase;
use super::refs::moved;
use crate::percent;

/// A document of these tools, each a raw definition as lists have it.
pub(super) fn document(base: &RestBase, tools: &[Value], keys: bool) -> Value {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    for tool in tools {
        let Some(name) = tool["name"].as_str() else { continue };
        let path = format!("/tools/{}", percent::encode(name));
        paths.insert(path, json!({ "post": operation(name, tool, &mut schemas) }));
    }
    schemas.insert("problem.".to_owned(), problem());
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Portcullis",
            "description": "The tools that the holder of this key may use.",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "servers": [{ "url": base.as_str() }],
        "paths": paths,
        "components": { "schemas": schemas },
    });
    if keys {
        document["security"] = json!([{ "key": [] }]);
        document["components"]["securitySchemes"] =
            json!({ "key": { "type": "http", "scheme": "bearer" } });
    }
    document
}

fn operation(name: &str, tool: &Value, schemas: &mut Map<String, Value>) -> Value {
    let mut keep = |kind: &str, schema: &Value| {
        // A dot ends every key, and no name of ours has this end: the two kinds cannot meet.
        let key = format!("{}.{kind}", component(name));
        let place = format!("/components/schemas/{key}");
        let id = format!("urn:portcullis:tool:{}:{kind}", percent::encode(name));
        schemas.insert(key, moved(schema.clone(), &place, &id));
        json!({ "$ref": format!("#{place}") })
    };
    let input = keep("input", &tool["inputSchema"]);
    let result = match &tool["outputSchema"] {
        output @ Value::Object(_) => keep("output", output),
        _ => json!({ "description": "Content blocks of MCP, or structured content." }),
    };
    let mut operation = json!({
        "operationId": name,
        "requestBody": {
            "required": true,
            "content": { "application/json": { "schema": {
                "type": "object",
                "properties": { "args": input },
                "required": ["args"],
                "additionalProperties": false,
            }}},
        },
        "responses": {
            "200": {
                "description": "What the tool answered. It is untrusted text of its source.",
                "content": { "application/json": { "schema": {
                    "type": "object",
                    "properties": {
                        "result": result,
                        "content": { "type": "array" },
                        "_meta": { "type": "object" },
                    },
                    "required": ["result"],
                }}},
            },
            "default": {
                "description": "A refusal, or a tool that failed.",
                "content": { "application/problem+json": { "schema": {
                    "$ref": "#/components/schemas/problem.",
                }}},
            },
        },
    });
    for (from, to) in [("title", "summary"), ("description", "description")] {
        if tool[from].is_string() {
            operation[to] = tool[from].clone();
        }
    }
    operation
}

fn problem() -> Value {
    json!({
        "description": "Problem details (RFC 9457).",
        "type": "object",
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "code": { "type": "string", "description": "Stable." },
        },
        "required": ["type", "title", "status", "detail", "code"],
    })
}

/// A name as keys of components may be (OpenAPI 3.1 section 4.8.7): one that is not is named by its digest.
fn component(name: &str) -> String {
    if !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) {
        return name.to_owned();
    }
    let hash = digest(&SHA256, name.as_bytes());
    hash.as_ref()[..16].iter().fold("name-".to_owned(), |key, byte| format!("{key}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_has_its_own_schemas_whatever_the_names() {
        let tools: Vec<_> = ["a", "a.input", "ä/{b}", "problem"]
            .map(|name| json!({"name": name, "inputSchema": {"type": "object", "title": name}}))
            .into();
        let document = document(&RestBase::new("/api").unwrap(), &tools, true);
        for tool in &tools {
            let name = tool["name"].as_str().unwrap();
            let post = &document["paths"][format!("/tools/{}", percent::encode(name))]["post"];
            assert_eq!(post["operationId"], name);
            let body = &post["requestBody"]["content"]["application/json"]["schema"];
            let target = body["properties"]["args"]["$ref"].as_str().unwrap();
            let schema = document.pointer(target.strip_prefix('#').unwrap()).unwrap();
            assert_eq!(schema["title"], name);
        }
        let keys = document["components"]["schemas"].as_object().unwrap().keys();
        assert!(
            keys.flat_map(|k| k.bytes()).all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        );
    }

    #[test]
    fn where_nobody_proves_anything_no_key_is_asked_for() {
        let document = document(&RestBase::new("/api").unwrap(), &[], false);
        assert!(document.get("security").is_none());
        assert!(document["components"].get("securitySchemes").is_none());
    }
}
