use serde_json::json;

use super::*;

fn compile(schema: &Value) -> Result<Schema, SchemaProblem> {
    Schema::compile(schema, Limits::default())
}

fn rule(schema: &Value) -> &'static str {
    compile(schema).unwrap_err().rule
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn fits(schema: &Value, arguments: &str) -> bool {
    compile(schema).unwrap().validate(&parse(arguments)).is_ok()
}

#[test]
fn a_schema_is_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Schema>();
}

#[test]
fn references_that_leave_the_document_are_never_followed() {
    for schema in [
        json!({"$ref": "https://evil.example/schema.json"}),
        json!({"$ref": "file:///etc/passwd"}),
        json!({"$id": "https://evil.example/", "$ref": "x.json"}),
        json!({"type": "object", "$defs": {"unused": {"$ref": "//evil.example/x"}}}),
        json!({"items": {"$dynamicRef": "other.json#x"}}),
        json!({"properties": {"a": {"$id": "https://evil.example/a/", "items": {"$ref": "b.json"}}}}),
        json!({"$id": "urn:x:y", "$ref": "urn:x:z"}),
    ] {
        assert_eq!(rule(&schema), "schema-remote-ref", "{schema}");
    }
    assert_eq!(rule(&json!({"$ref": "#/$defs/missing"})), "schema-unresolved-ref");
    assert_eq!(rule(&json!({"$ref": "#nowhere"})), "schema-unresolved-ref");
    assert_eq!(rule(&json!({"$schema": "https://evil.example/dialect"})), "schema-dialect");
}

#[test]
fn references_inside_the_document_are_resolved() {
    let tree = json!({"type": "object", "properties": {"name": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#"}}}});
    assert!(fits(&tree, r#"{"children":[{"name":"a","children":[]}]}"#));
    assert!(!fits(&tree, r#"{"children":[{"name":1}]}"#));
    let pet = json!({"properties": {"pet": {"$ref": "#/$defs/a~1b%20c"}}, "$defs": {"a/b c": {"type": "object", "properties": {"name": {"type": "string"}}}}});
    assert!(fits(&pet, r#"{"pet":{"name":"Rex"}}"#) && !fits(&pet, r#"{"pet":"Rex"}"#));
    let bundled = json!({"$id": "https://shop.example/root", "$ref": "item", "$defs": {"i": {"$id": "item", "type": "integer"}}});
    assert!(fits(&bundled, "1") && !fits(&bundled, "\"1\""));
    let anchored =
        json!({"items": {"$ref": "#n"}, "$defs": {"x": {"$anchor": "n", "type": "null"}}});
    assert!(fits(&anchored, "[null]") && !fits(&anchored, "[1]"));
    let data = json!({"properties": {"$ref": {"type": "string"}, "d": {"default": {"$ref": "https://x.example/"}}}});
    assert!(fits(&data, r##"{"$ref":"#"}"##));
}

#[test]
fn circles_without_structure_are_found_before_they_run() {
    for schema in [
        json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}),
        json!({"$ref": "#"}),
        json!({"$defs": {"a": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/a"}]}}}),
        json!({"not": {"$ref": "#"}}),
        json!({"dependentSchemas": {"a": {"$ref": "#"}}}),
    ] {
        assert_eq!(rule(&schema), "schema-ref-cycle", "{schema}");
    }
}

#[test]
fn each_limit_is_named() {
    let limited = |schema: &Value| compile(schema).unwrap_err().message;
    let long = json!({"description": "x".repeat(300 * 1024)});
    assert!(limited(&long).contains("262144 bytes"));
    let mut deep = json!(true);
    for _ in 0..40 {
        deep = json!({"items": deep});
    }
    assert!(compile(&deep).is_ok());
    for _ in 0..30 {
        deep = json!({"items": deep});
    }
    assert!(limited(&deep).contains("64 levels"));
    assert!(limited(&json!({"enum": (0..25_000).collect::<Vec<_>>()})).contains("20000 values"));
    let mut defs = serde_json::Map::new();
    for i in 0..30 {
        let next = format!("#/$defs/d{}", i + 1);
        defs.insert(format!("d{i}"), json!({"anyOf": [{"$ref": next}, {"$ref": next}]}));
    }
    defs.insert("d30".into(), json!({"type": "null"}));
    assert!(limited(&json!({"$ref": "#/$defs/d0", "$defs": defs})).contains("20000 subschemas"));
}

#[test]
fn nothing_is_coerced_and_numbers_are_exact() {
    let integer = json!({"properties": {"count": {"type": "integer"}}});
    for good in
        ["1", "1.0", "-3", "1e2", "100000000000000000000000000", "1.50e1", "12345678901234567890.0"]
    {
        assert!(fits(&integer, &format!("{{\"count\":{good}}}")), "{good}");
    }
    for bad in ["\"1\"", "3.14", "null", "true", "1e-1", "[1]", "0.1e0", "9007199254740993.5"] {
        assert!(!fits(&integer, &format!("{{\"count\":{bad}}}")), "{bad}");
    }
    let exact = parse(r#"{"maximum": 9007199254740992}"#);
    assert!(fits(&exact, "9007199254740992") && !fits(&exact, "9007199254740993"));
    let cents = json!({"type": "integer", "minimum": 1, "maximum": 2_147_483_647});
    assert!(fits(&cents, "2147483647") && fits(&cents, "1e3"));
    for bad in ["2147483648", "1e15", "0", "-1", "10.5", "1e400", "2147483647.5"] {
        assert!(!fits(&cents, bad), "{bad}");
    }
    let big = parse(r#"{"const": 123456789012345678901234567890}"#);
    assert!(
        fits(&big, "123456789012345678901234567890")
            && !fits(&big, "123456789012345678901234567891")
    );
    let tenth = parse(r#"{"multipleOf": 0.01}"#);
    assert!(fits(&tenth, "19.99") && !fits(&tenth, "19.999"));
    assert!(fits(&parse(r#"{"enum": [1]}"#), "1.0"));
    assert!(fits(&parse(r#"{"type": "number"}"#), "1e400"));
}

#[test]
fn lengths_count_code_points_and_inherited_names_count_for_nothing() {
    let short = json!({"type": "string", "maxLength": 2});
    assert!(
        fits(&short, "\"\u{1F44D}\u{1F44D}\"") && !fits(&short, "\"\u{1F44D}\u{1F44D}\u{1F44D}\"")
    );
    let required = json!({"type": "object", "required": ["toString"]});
    let problems = compile(&required).unwrap().validate(&json!({})).unwrap_err();
    assert_eq!(problems[0].to_string(), "`` lacks toString");
}

#[test]
fn patterns_are_linear_or_bounded() {
    let evil = json!({"pattern": "^(a+)+$"});
    assert!(!fits(&evil, &format!("\"{}!\"", "a".repeat(4000))));
    assert!(fits(&evil, "\"aaa\""));
    let around = json!({"pattern": "^(?!x)[a-z]+$"});
    assert!(fits(&around, "\"abc\"") && !fits(&around, "\"xbc\""));
    let evil_around = json!({"pattern": "^(?=a)(a+)+\\1$"});
    assert!(!fits(&evil_around, &format!("\"{}!\"", "a".repeat(60))));
    assert_eq!(rule(&json!({"pattern": "("})), "schema-invalid");
    assert_eq!(rule(&json!({"type": "strin"})), "schema-invalid");
}

#[test]
fn the_draft_that_a_schema_names_is_honoured() {
    let draft7 = json!({"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "string"}], "definitions": {"a": {"type": "null"}}});
    assert!(!fits(&draft7, "[1]") && fits(&draft7, "[\"a\"]"));
    let beside = |schema: &str| json!({"$schema": schema, "properties": {"a": {"$ref": "#/definitions/s", "maxLength": 1}}, "definitions": {"s": {"type": "string"}}});
    assert!(fits(&beside("http://json-schema.org/draft-07/schema#"), r#"{"a":"long"}"#));
    assert!(!fits(&beside("https://json-schema.org/draft/2020-12/schema"), r#"{"a":"long"}"#));
}

#[test]
fn formats_are_asserted_and_unknown_ones_are_not() {
    let date = json!({"format": "date"});
    assert!(fits(&date, "\"2026-12-31\"") && !fits(&date, "\"2026-13-45\""));
    assert!(!fits(&json!({"format": "email"}), "\"not-an-email\""));
    assert!(fits(&json!({"format": "int32"}), "5"));
}

#[test]
fn problems_name_the_place_and_the_rule_and_no_value() {
    let schema = compile(&json!({
        "type": "object", "additionalProperties": false,
        "properties": {"key": {"type": "integer"}, "mode": {"enum": ["a"]}, "n": {"maximum": 3}, "p": {"pattern": "^x$"}, "o": {"oneOf": [{"type": "null"}]}}
    }))
    .unwrap();
    let problems = schema
        .validate(&json!({"key": "hunter2", "mode": "hunter2", "n": 7, "p": "hunter2", "o": "hunter2", "extra": "hunter2"}))
        .unwrap_err();
    let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(text.contains(&"`/key` must be of type integer".to_owned()), "{text:?}");
    assert!(text.iter().all(|t| !t.contains("hunter2")), "{text:?}");
    assert_eq!(text.len(), 6, "{text:?}");
    let many = compile(&json!({"items": {"type": "null"}}))
        .unwrap()
        .validate(&Value::from(vec![0; 100]))
        .unwrap_err();
    assert_eq!(many.len(), 16);
}

#[test]
fn a_hostile_recursion_does_not_multiply_with_depth() {
    let schema =
        json!({"properties": {"a": {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}}, "required": ["z"]});
    let mut value = json!({});
    for _ in 0..60 {
        value = json!({"a": value});
    }
    let problems = compile(&schema).unwrap().validate(&value).unwrap_err();
    assert!(problems[0].message.contains("nested too deeply"), "{problems:?}");
}
