use apollo_compiler::ExecutableDocument;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::INTROSPECTION;

fn answer(types: &Value) -> Vec<u8> {
    json!({ "data": { "__schema": { "queryType": { "name": "Query" }, "types": types } } })
        .to_string()
        .into_bytes()
}

fn query_with(field: &Value) -> Vec<u8> {
    answer(&json!([{ "kind": "OBJECT", "name": "Query", "fields": [field] }]))
}

fn code(source: Source<'_>) -> &'static str {
    read(source).unwrap_err().code
}

#[test]
fn an_answer_to_introspection_becomes_the_schema_it_describes() {
    let text = json!({ "kind": "SCALAR", "name": "String" });
    let list = json!({ "kind": "NON_NULL", "ofType": { "kind": "LIST", "ofType":
        { "kind": "NON_NULL", "ofType": { "kind": "OBJECT", "name": "Pet" } } } });
    let bytes = answer(&json!([
        { "kind": "OBJECT", "name": "Query", "fields": [{
            "name": "pets", "description": "All \"pets\"\n\"\"\" } type Evil { a: Int }", "type": list,
            "args": [
                { "name": "kind", "type": { "kind": "ENUM", "name": "Kind" }, "defaultValue": "CAT" },
                { "name": "filter", "type": { "kind": "INPUT_OBJECT", "name": "Filter" } },
            ],
        }]},
        { "kind": "INTERFACE", "name": "Named", "fields": [{ "name": "name", "type": text }] },
        { "kind": "OBJECT", "name": "Pet", "interfaces": [{ "name": "Named" }], "fields": [
            { "name": "name", "type": text },
            { "name": "old", "type": text, "isDeprecated": true, "deprecationReason": "gone" },
        ]},
        { "kind": "UNION", "name": "Any", "possibleTypes": [{ "name": "Pet" }] },
        { "kind": "ENUM", "name": "Kind", "enumValues": [{ "name": "CAT" }, { "name": "DOG" }] },
        { "kind": "INPUT_OBJECT", "name": "Filter", "inputFields": [
            { "name": "and", "type": { "kind": "INPUT_OBJECT", "name": "Filter" } }] },
        { "kind": "SCALAR", "name": "Date", "specifiedByURL": "https://example.com/date" },
        { "kind": "OBJECT", "name": "__Schema", "fields": [] },
        { "kind": "SCALAR", "name": "String" },
    ]));
    let schema = read(Source::Introspection(&bytes)).unwrap();
    let pets = schema.type_field("Query", "pets").unwrap();
    assert_eq!(pets.ty.to_string(), "[Pet!]!");
    assert_eq!(pets.description.as_deref(), Some("All \"pets\"\n\"\"\" } type Evil { a: Int }"));
    assert_eq!(
        pets.argument_by_name("kind").unwrap().default_value.as_ref().unwrap().to_string(),
        "CAT"
    );
    assert!(schema.is_subtype("Named", "Pet") && schema.is_subtype("Any", "Pet"));
    assert!(schema.get_object("Evil").is_none());
    assert!(schema.type_field("Pet", "old").unwrap().directives.has("deprecated"));
    assert!(schema.get_input_object("Filter").is_some() && schema.get_enum("Kind").is_some());
    assert!(schema.get_scalar("Date").is_some());
}

#[test]
fn a_name_that_is_none_is_refused() {
    for name in ["", "1a", "a: Int } type Evil { b", "naïve", "a b", "a\u{0}"] {
        let field = json!({ "name": name, "type": { "kind": "SCALAR", "name": "Int" } });
        assert_eq!(
            code(Source::Introspection(&query_with(&field))),
            "graphql_introspection",
            "{name}"
        );
    }
}

#[test]
fn a_type_that_is_nested_too_deep_is_refused() {
    let mut ty = json!({ "kind": "SCALAR", "name": "Int" });
    for _ in 0..20 {
        ty = json!({ "kind": "LIST", "ofType": ty });
    }
    let bytes = query_with(&json!({ "name": "a", "type": ty }));
    assert_eq!(code(Source::Introspection(&bytes)), "graphql_introspection");
}

#[test]
fn an_answer_without_a_schema_says_what_to_do() {
    for body in ["{}", r#"{"data":null}"#, r#"{"data":{"__schema":null},"errors":[]}"#] {
        let error = read(Source::Introspection(body.as_bytes())).unwrap_err();
        assert_eq!(error.code, "graphql_introspection");
        assert!(error.message.contains("give it as a file"), "{body}: {error}");
    }
    assert_eq!(code(Source::Introspection(b"<html>")), "graphql_introspection");
}

#[test]
fn a_schema_is_validated_and_not_only_parsed() {
    for text in
        ["type Query { a: Missing }", "type Query {", "query { a }", "", "type A { b: Int }"]
    {
        assert_eq!(code(Source::Sdl(text)), "graphql_schema_invalid", "{text}");
    }
    assert!(read(Source::Sdl("type Query { a: Int }")).is_ok());
}

#[test]
fn size_and_nesting_are_bounded() {
    let large = "#".repeat(BYTES + 1);
    assert_eq!(code(Source::Sdl(&large)), "graphql_schema_too_large");
    let deep = format!("type Query {{ a: {}Int{} }}", "[".repeat(50_000), "]".repeat(50_000));
    assert_eq!(code(Source::Sdl(&deep)), "graphql_schema_invalid");
}

#[test]
fn the_question_is_a_valid_operation() {
    let schema = read(Source::Sdl("type Query { a: Int }")).unwrap();
    ExecutableDocument::parse_and_validate(&schema, INTROSPECTION, "introspection").unwrap();
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(Source::Introspection(&bytes));
        let _ = read(Source::Sdl(&String::from_utf8_lossy(&bytes)));
    }
}
