#![expect(
    clippy::needless_pass_by_value,
    reason = "what `json!` makes reads best where it is passed"
)]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{BodyKind, Location, SchemeKind, Style, request};

fn converted(document: &Value) -> Converted {
    openapi_value(document, &Options::default()).unwrap()
}

pub(super) fn v3(paths: Value, components: Value) -> Value {
    json!({
        "openapi": "3.0.3",
        "info": {"title": "Shop", "version": "1"},
        "servers": [{"url": "https://api.example.com/v1"}],
        "paths": paths,
        "components": components,
    })
}

pub(super) fn only(document: &Value) -> Tool {
    let mut converted = converted(document);
    assert_eq!((converted.tools.len(), &converted.skipped), (1, &Vec::new()));
    converted.tools.remove(0)
}

fn url(tool: &Tool, arguments: Value) -> String {
    request(&tool.recipe, arguments.as_object().unwrap()).unwrap().url.into()
}

#[test]
fn parameters_of_the_path_are_merged_and_the_operation_wins() {
    let tool = only(&v3(
        json!({"/items/{itemId}": {
            "parameters": [
                {"name": "itemId", "in": "path", "required": true, "schema": {"type": "integer"}},
                {"name": "limit", "in": "query", "schema": {"type": "integer"}}],
            "get": {"operationId": "getItem", "parameters": [
                {"name": "limit", "in": "query", "required": true, "schema": {"type": "string"}}]}}}),
        json!({}),
    ));
    assert_eq!(tool.name, "getItem");
    assert_eq!(tool.input_schema["properties"]["limit"], json!({"type": "string"}));
    assert_eq!(tool.input_schema["required"], json!(["itemId", "limit"]));
    assert_eq!(
        url(&tool, json!({"itemId": 7, "limit": "x"})),
        "https://api.example.com/v1/items/7?limit=x"
    );
}

#[test]
fn arguments_that_clash_get_their_place_behind_them_and_wire_names_stay() {
    let tool = only(&v3(
        json!({"/items/{id}": {"put": {"operationId": "put", "parameters": [
            {"name": "id", "in": "path", "required": true, "schema": {"type": "string"}},
            {"name": "page size", "in": "query", "schema": {"type": "integer"}}],
            "requestBody": {"required": true, "content": {"application/json; charset=utf-8": {"schema":
                {"type": "object", "properties": {"id": {"type": "string"}, "name": {"type": "string"}}}}}}}}}),
        json!({}),
    ));
    let names: Vec<_> = tool.input_schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["id_path", "page_size", "id_body", "name"]);
    let arguments = json!({"id_path": "a", "page_size": 2, "id_body": "b", "name": "n"});
    let made = request(&tool.recipe, arguments.as_object().unwrap()).unwrap();
    assert_eq!(made.url.as_str(), "https://api.example.com/v1/items/a?page%20size=2");
    assert_eq!(&made.body.unwrap().bytes[..], br#"{"id":"b","name":"n"}"#);
}

#[test]
fn styles_have_the_defaults_of_their_version() {
    let v2 = json!({"swagger": "2.0", "host": "a.example", "basePath": "/v2", "schemes": ["http", "https"],
        "paths": {"/x": {"get": {"parameters": [
            {"name": "ids", "in": "query", "type": "array", "items": {"type": "integer"}},
            {"name": "tabs", "in": "query", "type": "array", "items": {"type": "integer"}, "collectionFormat": "tsv"}]}}}});
    let tool = only(&v2);
    // b-request-18, b-request-22
    let sent = url(&tool, json!({"ids": [1, 2], "tabs": [3, 4]}));
    assert_eq!(sent, "https://a.example/v2/x?ids=1,2&tabs=3%094");
    let tool = only(&v3(
        json!({"/x": {"get": {"parameters": [
            {"name": "ids", "in": "query", "schema": {"type": "array", "items": {"type": "integer"}}},
            {"name": "f", "in": "query", "style": "deepObject", "schema": {"type": "object"}}]}}}),
        json!({}),
    ));
    // b-request-19, b-request-23
    let sent = url(&tool, json!({"ids": [1, 2], "f": {"a": 1}}));
    assert_eq!(sent, "https://api.example.com/v1/x?ids=1&ids=2&f%5Ba%5D=1");
}

#[test]
fn circular_schemas_keep_their_recursion() {
    let tool = only(&v3(
        json!({"/tree": {"post": {"requestBody": {"content": {"application/json": {"schema":
            {"$ref": "#/components/schemas/Node"}}}}}}}),
        json!({"schemas": {"Node": {"type": "object", "properties": {
            "name": {"type": "string", "nullable": true},
            "children": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}}}}}}),
    ));
    let schema = &tool.input_schema;
    assert_eq!(schema["properties"]["children"]["items"]["$ref"], "#/$defs/Node");
    assert_eq!(schema["$defs"]["Node"]["properties"]["name"]["type"], json!(["string", "null"]));
    inspect::Schema::compile(schema, inspect::Limits::default()).unwrap();
}

#[test]
fn what_cannot_be_converted_is_refused_with_a_reason_and_stops_nothing_else() {
    let body =
        |kind: &str| json!({"requestBody": {"content": {kind: {"schema": {"type": "object"}}}}});
    let document = v3(
        json!({
            "/a": {"post": body("applicationjson")},
            "/b": {"get": {"parameters": [{"$ref": "https://evil.example/x.json#/p"}]}},
            "/c": {"get": {"parameters": [{"$ref": "#/constructor/prototype/x"}]}},
            "/d": {"get": {"operationId": "__proto__"}},
            "/off": {"get": {"operationId": "off", "x-mcp": {"enabled": false}}},
            "/s": {"get": {"parameters": [{"name": "q", "in": "query", "schema": {"$ref": "#/constructor/prototype/x"}}]}},
            "/e": {"get": {"parameters": [{"name": "X Key:", "in": "header"}]}},
            "no-slash": {"get": {}},
            "/good": {"get": {"operationId": "good"}},
        }),
        json!({}),
    );
    let converted = converted(&document);
    assert_eq!(converted.tools.len(), 1);
    let codes: Vec<_> = converted.skipped.iter().map(|s| (s.place.as_str(), s.code)).collect();
    assert_eq!(
        codes,
        [
            ("POST /a", "unsupported_media_type"),
            ("GET /b", "external_ref"),
            ("GET /c", "unresolved_ref"), // b-reserved-06
            ("GET /d", "reserved_name"),  // b-reserved-07
            ("GET /s", "unresolved_ref"),
            ("GET /e", "bad_header"),     // b-request-14
            ("GET no-slash", "bad_path"), // b-request-01, b-request-02
        ]
    );
}

#[test]
fn servers_are_found_from_the_document_and_a_missing_value_is_asked_for() {
    let with = |servers: Value| json!({"openapi": "3.1.0", "servers": servers, "paths": {"/x": {"get": {}}}});
    let from = Options {
        document_url: Some("https://api.example.com/spec/openapi.json".to_owned()),
        ..Options::default()
    };
    // b-spec-load-03
    let relative = openapi_value(&with(json!([{"url": "/v2"}])), &from).unwrap();
    assert_eq!(relative.server.as_deref(), Some("https://api.example.com/v2"));
    let templated =
        with(json!([{"url": "https://{region}.example.com", "variables": {"region": {}}}]));
    assert_eq!(converted(&templated).skipped[0].code, "no_server");
    let chosen = Options {
        server_variables: vec![("region".to_owned(), "eu".to_owned())],
        ..Options::default()
    };
    assert_eq!(
        openapi_value(&templated, &chosen).unwrap().server.as_deref(),
        Some("https://eu.example.com")
    );
    assert_eq!(converted(&with(json!([{"url": "/v2"}]))).skipped[0].code, "no_server");
}

#[test]
fn names_are_lawful_unique_and_the_same_in_any_order() {
    let long = "a_very_long_operation_identifier_that_goes_on_and_on_beyond_what_any_client_takes";
    let paths = [
        ("/a", json!({"get": {"operationId": "list things!"}})),
        ("/b", json!({"get": {"operationId": "list/things"}})),
        ("/c", json!({"get": {"operationId": long}, "post": {"operationId": format!("{long}_2")}})),
        ("/d/{x}", json!({"get": {}, "delete": {}})),
    ];
    let there: serde_json::Map<String, Value> =
        paths.iter().map(|(p, i)| ((*p).to_owned(), i.clone())).collect();
    let back: serde_json::Map<String, Value> =
        paths.iter().rev().map(|(p, i)| ((*p).to_owned(), i.clone())).collect();
    let names = |paths| -> Vec<(String, String)> {
        let tools = converted(&v3(Value::Object(paths), json!({}))).tools;
        tools.into_iter().map(|t| (t.name, t.recipe.path)).collect()
    };
    let found = names(there);
    assert_eq!(found, names(back));
    assert_eq!(found.len(), 6);
    let mut plain: Vec<_> = found.iter().map(|(n, _)| n.clone()).collect();
    assert!(plain.iter().all(|n| n.len() <= 64), "{plain:?}");
    plain.dedup();
    assert_eq!(plain.len(), 6);
    assert!(plain.contains(&"delete_d_x".to_owned()), "{plain:?}");
}

#[test]
fn a_body_that_says_which_of_several_it_is_becomes_several_tools() {
    let document = v3(
        json!({"/pay": {"post": {"operationId": "pay", "requestBody": {"required": true, "content": {"application/json":
            {"schema": {"oneOf": [{"$ref": "#/components/schemas/Charge"}, {"$ref": "#/components/schemas/Refund"}],
             "discriminator": {"propertyName": "kind", "mapping": {"refund": "#/components/schemas/Refund"}}}}}}}}}),
        json!({"schemas": {
            "Charge": {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}, "amount": {"type": "integer"}}},
            "Refund": {"type": "object", "properties": {"kind": {"type": "string"}, "charge": {"type": "string"}}}}}),
    );
    let tools = converted(&document).tools;
    let names: Vec<_> = tools.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names, ["pay_Charge", "pay_refund"]);
    let made =
        request(&tools[1].recipe, json!({"charge": "c1", "kind": "Charge"}).as_object().unwrap())
            .unwrap();
    assert_eq!(&made.body.unwrap().bytes[..], br#"{"charge":"c1","kind":"refund"}"#);
}

#[test]
fn schemes_are_told_and_never_become_arguments() {
    let tool = only(&v3(
        json!({"/x": {"get": {"security": [{"key": []}, {"oauth": ["read"]}], "parameters": [
            {"name": "Authorization", "in": "header", "schema": {"type": "string"}},
            {"name": "Host", "in": "header", "schema": {"type": "string"}}]}}}),
        json!({"securitySchemes": {
            "key": {"type": "apiKey", "in": "query", "name": "api_key"},
            "oauth": {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://a.example/t", "scopes": {}}}}}}),
    ));
    assert_eq!(tool.input_schema["properties"], json!({}));
    assert_eq!(
        tool.recipe.security[0].0[0].kind,
        SchemeKind::ApiKey(Location::Query, "api_key".into())
    );
    let SchemeKind::OAuth2 { client_credentials, scopes } = &tool.recipe.security[1].0[0].kind
    else {
        panic!("no oauth")
    };
    assert_eq!(
        (client_credentials.as_deref(), &scopes[..]),
        (Some("https://a.example/t"), &["read".to_owned()][..])
    );
}

#[test]
fn path_keys_keep_their_query_their_verbs_and_their_glued_places() {
    let tool = only(&v3(json!({"/v1/{name}:run?Action=Go&id={id}#frag": {"post": {}}}), json!({})));
    assert_eq!(url(&tool, json!({"name": "x"})), "https://api.example.com/v1/v1/x:run?Action=Go");
    let several = only(&v3(
        json!({"/f/{key+}": {"get": {"parameters": [
        {"name": "key", "in": "path", "required": true, "schema": {"type": "string"}}]}}}),
        json!({}),
    ));
    assert_eq!(url(&several, json!({"key": "a/b"})), "https://api.example.com/v1/f/a/b");
}

#[test]
fn forms_files_and_yaml_are_read() {
    let yaml = b"
openapi: 3.1.0
servers: [{url: 'https://a.example'}]
paths:
  /upload:
    post:
      requestBody:
        content:
          multipart/form-data:
            schema:
              type: object
              properties:
                file: {type: string, format: binary}
                mode: {type: string, enum: [on, off]}
";
    let tools = openapi(yaml, &Options::default()).unwrap().tools;
    let BodyKind::Multipart(styles) = &tools[0].recipe.body.as_ref().unwrap().kind else {
        panic!("no parts")
    };
    assert!(styles[0].1.binary && styles[1].1.style == Style::Form);
    assert_eq!(tools[0].input_schema["properties"]["file"]["contentEncoding"], "base64");
}

#[test]
fn a_text_that_is_no_description_says_what_it_is_not() {
    for (text, code) in [
        ("{}", "not_openapi"),
        ("openapi: 4.0.0", "unknown_version"),
        ("{\"swagger\": \"1.2\"}", "unknown_version"),
        ("{", "not_json_or_yaml"),
    ] {
        assert_eq!(openapi(text.as_bytes(), &Options::default()).unwrap_err().code, code, "{text}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just("$ref"),
        Just("type"),
        Just("properties"),
        Just("schema"),
        Just("in"),
        Just("name"),
        Just("content"),
        Just("application/json"),
        Just("allOf"),
        Just("items"),
        Just("parameters"),
        Just("required"),
        Just("enum"),
        Just("requestBody"),
        Just("get"),
        Just("post"),
        Just("/x/{a}"),
        Just("#/paths"),
        Just("object"),
        Just("path"),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..6).prop_map(|m| Value::Object(
                m.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
            )),
        ]
    })
}

proptest! {
    #[test]
    fn no_document_makes_it_panic_and_every_schema_compiles(item in any_json(), shared in any_json()) {
        let document = v3(json!({"/x/{a}": item}), shared);
        let converted = converted(&document);
        for tool in &converted.tools {
            let compiled = inspect::Schema::compile(&tool.input_schema, inspect::Limits::default());
            prop_assert!(compiled.is_ok(), "{:?} {}", compiled, tool.input_schema);
        }
    }
}
