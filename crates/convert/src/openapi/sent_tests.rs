//! What agents are asked for is what the description wants to be sent.

use serde_json::{Value, json};

use super::tests::{only, v3};
use super::*;
use crate::request;

#[test]
fn what_must_be_sent_is_asked_for_even_where_it_is_not_described() {
    let tool = only(&v3(
        json!({"/sections": {"post": {"operationId": "add", "requestBody": {"required": true, "content": {
            "application/json": {"schema": {
                "type": "object",
                "required": ["data", "kind"],
                "properties": {"data": {"$ref": "#/components/schemas/Section"}}}}}}}}}),
        json!({"schemas": {
            "Section": {"type": "object", "required": ["name", "project"],
                "properties": {"name": {"type": "string"}, "shut": {"$ref": "#/components/schemas/Shut"}}},
            "Shut": {"type": "object", "additionalProperties": false, "required": ["a", "b"],
                "properties": {"a": {"type": "string"}}}}}),
    ));
    let schema = &tool.input_schema;
    assert_eq!(schema["required"], json!(["data", "kind"]));
    assert_eq!(schema["properties"]["kind"], json!({}));
    assert_eq!(schema["$defs"]["Section"]["required"], json!(["name", "project"]));
    assert_eq!(schema["$defs"]["Section"]["properties"]["project"], json!({}));
    // Asked for and forbidden at once: nobody can send it.
    assert_eq!(schema["$defs"]["Shut"]["required"], json!(["a"]));
}

#[test]
fn what_is_only_read_is_never_sent_wherever_the_description_says_so() {
    let tool = only(&v3(
        json!({"/items": {"post": {"operationId": "add", "requestBody": {"content": {
            "application/json": {"schema": {"type": "object", "properties": {
                "beside": {"$ref": "#/components/schemas/Any", "readOnly": true},
                "behind": {"$ref": "#/components/schemas/Id"},
                "of": {"allOf": [{"$ref": "#/components/schemas/Any"}, {"readOnly": true}]},
                "in": {"type": "object", "required": ["id", "x"], "properties": {
                    "id": {"$ref": "#/components/schemas/Id"}, "x": {"type": "string"}}}}}}}}}}}),
        json!({"schemas": {"Any": {"type": "string"}, "Id": {"type": "string", "readOnly": true}}}),
    ));
    let properties = tool.input_schema["properties"].as_object().unwrap();
    assert_eq!(properties.keys().collect::<Vec<_>>(), ["in"]);
    assert_eq!(properties["in"]["required"], json!(["x"]));
    assert_eq!(properties["in"]["properties"], json!({"x": {"type": "string"}}));
}

#[test]
fn null_is_kept_beside_a_reference_and_a_composition() {
    let schemas = json!({"schemas": {"Color": {"type": "string", "enum": ["red"]}}});
    let body = |properties: Value| {
        json!({"/items": {"post": {"operationId": "add", "requestBody": {"content": {
            "application/json": {"schema": {"type": "object", "properties": properties}}}}}}})
    };
    let color = json!({"$ref": "#/components/schemas/Color"});
    let reference = json!({"$ref": "#/$defs/Color"});
    let tool = only(&v3(
        body(json!({
            "beside": {"$ref": "#/components/schemas/Color", "nullable": true},
            "composed": {"allOf": [color], "nullable": true, "description": "Any."},
            "listed": {"enum": ["a"], "nullable": true},
            "typed": {"type": "string", "nullable": true}})),
        schemas.clone(),
    ));
    let nothing = json!({"type": "null"});
    let own = &tool.input_schema["properties"];
    assert_eq!(own["beside"], json!({"anyOf": [reference, nothing]}));
    assert_eq!(
        own["composed"],
        json!({"description": "Any.", "anyOf": [{"allOf": [reference]}, nothing]})
    );
    assert_eq!(own["listed"], json!({"enum": ["a", null]}));
    assert_eq!(own["typed"], json!({"type": ["string", "null"]}));
    let schema = inspect::Schema::compile(&tool.input_schema, inspect::Limits::default()).unwrap();
    assert!(schema.validate(&json!({"beside": null, "composed": null})).is_ok());
    assert!(schema.validate(&json!({"beside": "blue"})).is_err());

    // From 3.1 on, what stands beside a reference counts.
    let mut new = v3(
        body(json!({"beside": {"$ref": "#/components/schemas/Color", "maxLength": 2}})),
        schemas,
    );
    new["openapi"] = json!("3.1.0");
    let own = &only(&new).input_schema["properties"]["beside"];
    assert_eq!(*own, json!({"maxLength": 2, "$ref": "#/$defs/Color"}));
}

#[test]
fn a_chosen_header_or_cookie_is_sent_and_no_argument() {
    let document = v3(
        json!({"/items": {"get": {"operationId": "list", "parameters": [
            {"name": "X-Version", "in": "header", "required": true, "schema": {"type": "string"}},
            {"name": "shop", "in": "cookie", "schema": {"type": "string"}},
            {"name": "x-version", "in": "query", "schema": {"type": "string"}},
            {"name": "Host", "in": "header", "schema": {"type": "string"}}]}}}),
        json!({}),
    );
    let fixed = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let options = Options {
        fixed: vec![fixed("x-version", "2"), fixed("shop", "a b"), fixed("host", "evil.example")],
        ..Options::default()
    };
    let tool = openapi_value(&document, &options).unwrap().tools.remove(0);
    let properties = tool.input_schema["properties"].as_object().unwrap();
    assert_eq!(properties.keys().collect::<Vec<_>>(), ["x-version"]);
    assert_eq!(tool.input_schema.get("required"), None);
    // What an agent says under the name of a fixed one goes where that argument goes, and nowhere else.
    let arguments = json!({"x-version": "9", "shop": "x"});
    let made = request(&tool.recipe, arguments.as_object().unwrap()).unwrap();
    assert_eq!(made.url.as_str(), "https://api.example.com/v1/items?x-version=9");
    let sent = |name: &'static str, value: &'static str| (name, value.into());
    assert_eq!(made.headers, [sent("X-Version", "2"), sent("Cookie", "shop=a%20b")]);
}

#[test]
fn the_discriminator_of_a_nested_choice_is_asked_for_and_says_which_it_is() {
    let pet = |more: Value| {
        let mut properties = more;
        properties["kind"] = json!({"type": "string"});
        json!({"type": "object", "properties": properties})
    };
    let refs = json!([{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}]);
    let tool = only(&v3(
        json!({"/pets": {"post": {"operationId": "add", "requestBody": {"content": {"application/json": {
            "schema": {"type": "object", "properties": {"pet": {"oneOf": refs, "discriminator": {
                "propertyName": "kind", "mapping": {"meow": "#/components/schemas/Cat", "woof": "Dog"}}}}}}}}}}}),
        json!({"schemas": {"Cat": pet(json!({"lives": {"type": "integer"}})), "Dog": pet(json!({"legs": {"type": "integer"}}))}}),
    ));
    let schema = inspect::Schema::compile(&tool.input_schema, inspect::Limits::default()).unwrap();
    let fits = |pet: Value| schema.validate(&json!({ "pet": pet })).is_ok();
    assert!(fits(json!({"kind": "meow", "lives": 9})) && fits(json!({"kind": "woof"})));
    assert!(!fits(json!({"lives": 9})) && !fits(json!({"kind": "Cat"})));
}

#[test]
fn what_is_asked_of_a_body_as_a_whole_stays_with_it() {
    let tool = only(&v3(
        json!({"/items": {"patch": {"operationId": "change", "requestBody": {"required": true, "content": {
            "application/json": {"schema": {"type": "object", "minProperties": 1,
                "properties": {"a": {"type": "string"}}}}}}}}}),
        json!({}),
    ));
    assert_eq!(tool.input_schema["properties"]["body"]["minProperties"], 1);
    assert_eq!(tool.input_schema["required"], json!(["body"]));
}

#[test]
fn a_parameter_of_the_path_that_stands_in_its_query_is_sent_there() {
    let tool = only(&v3(
        json!({"/history?from={start}": {"get": {"operationId": "history", "parameters": [
            {"name": "start", "in": "path", "required": true, "schema": {"type": "string"}},
            {"name": "nowhere", "in": "path", "required": true, "schema": {"type": "string"}}]}}}),
        json!({}),
    ));
    assert_eq!(tool.input_schema["required"], json!(["from"]));
    let made = request(&tool.recipe, json!({"from": "a b"}).as_object().unwrap()).unwrap();
    assert_eq!(made.url.as_str(), "https://api.example.com/v1/history?from=a%20b");
}

#[test]
fn a_text_is_sent_as_the_media_type_that_is_told_with_its_parameters() {
    let tool = only(&v3(
        json!({"/x": {"post": {"operationId": "add", "requestBody": {"content": {
            "application/xml; charset=utf-8": {"schema": {"type": "object"}}}}}}}),
        json!({}),
    ));
    let made = request(&tool.recipe, json!({"body": "<a/>"}).as_object().unwrap()).unwrap();
    assert_eq!(made.body.unwrap().content_type, "application/xml; charset=utf-8");
}

#[test]
fn a_form_is_an_object_even_where_the_description_leaves_it_open() {
    let tool = only(&v3(
        json!({"/files": {"post": {"operationId": "add", "requestBody": {"content": {
            "multipart/form-data": {"schema": {}}}}}}}),
        json!({}),
    ));
    assert_eq!(tool.input_schema["properties"]["body"], json!({"type": "object"}));
}
