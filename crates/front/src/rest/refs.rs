//! Schemas of tools at another place of a larger document: their references into themselves have to follow.

use serde_json::{Map, Value};

/// Members whose values are schemas.
const SCHEMAS: [&str; 14] = [
    "additionalItems",
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "prefixItems",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
    "dependencies",
];
/// Members whose values are schemas by name.
const NAMED: [&str; 6] =
    ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"];
/// Members whose values are lists of schemas.
const LISTED: [&str; 5] = ["allOf", "anyOf", "oneOf", "items", "prefixItems"];
/// What is found by name in a whole document, where another schema may use the same one.
const ANCHORS: [&str; 5] =
    ["$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveAnchor", "$recursiveRef"];

/// Makes a schema that was a document of its own fit for the place `at` of another one (a JSON pointer). Most need
/// their pointers moved; one with anchors stays a document of its own, under the identifier `id`.
pub(super) fn moved(mut schema: Value, at: &str, id: &str) -> Value {
    if schema.get("$id").is_some() {
        return schema;
    }
    if any(&schema, &|map| ANCHORS.iter().any(|anchor| map.contains_key(*anchor)))
        && let Some(map) = schema.as_object_mut()
    {
        map.insert("$id".to_owned(), Value::from(id));
        return schema;
    }
    move_pointers(&mut schema, at);
    schema
}

fn move_pointers(schema: &mut Value, at: &str) {
    let Some(map) = schema.as_object_mut() else { return };
    // From here on references are into something else.
    if map.contains_key("$id") {
        return;
    }
    if let Some(Value::String(target)) = map.get_mut("$ref")
        && let Some(pointer) = target.strip_prefix('#')
        && (pointer.is_empty() || pointer.starts_with('/'))
    {
        *target = format!("#{at}{pointer}");
    }
    inner(map, &mut |schema| move_pointers(schema, at));
}

fn any(schema: &Value, is: &dyn Fn(&Map<String, Value>) -> bool) -> bool {
    let Some(map) = schema.as_object() else { return false };
    let mut found = is(map);
    if !found {
        // A copy, so that one walk serves both who look and who change.
        inner(&mut map.clone(), &mut |schema| found = found || any(schema, is));
    }
    found
}

/// Every schema directly within this one. Data (`const`, `enum`, `default`, `examples`) is none.
fn inner(map: &mut Map<String, Value>, each: &mut dyn FnMut(&mut Value)) {
    for (name, value) in map.iter_mut() {
        let name = name.as_str();
        match value {
            Value::Array(list) if LISTED.contains(&name) => list.iter_mut().for_each(&mut *each),
            Value::Object(named) if NAMED.contains(&name) => {
                named.values_mut().for_each(&mut *each);
            }
            value if SCHEMAS.contains(&name) => each(value),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_move_with_their_schema_and_data_stays() {
        let schema = json!({
            "properties": {
                "a": {"$ref": "#/$defs/a"},
                "$ref": {"$ref": "#"},
                "const": {"items": {"$ref": "#/$defs/a"}},
                "d": {"default": {"$ref": "#/$defs/a"}, "enum": [{"$ref": "#"}]},
            },
            "allOf": [{"not": {"$ref": "#/$defs/a"}}, {"$ref": "https://x.example/s"}],
            "$defs": {"a": {"type": "string"}, "own": {"$id": "x", "$ref": "#/y"}},
        });
        let moved = moved(schema, "/components/schemas/t", "urn:t");
        assert_eq!(
            moved,
            json!({
                "properties": {
                    "a": {"$ref": "#/components/schemas/t/$defs/a"},
                    "$ref": {"$ref": "#/components/schemas/t"},
                    "const": {"items": {"$ref": "#/components/schemas/t/$defs/a"}},
                    "d": {"default": {"$ref": "#/$defs/a"}, "enum": [{"$ref": "#"}]},
                },
                "allOf": [
                    {"not": {"$ref": "#/components/schemas/t/$defs/a"}},
                    {"$ref": "https://x.example/s"},
                ],
                "$defs": {"a": {"type": "string"}, "own": {"$id": "x", "$ref": "#/y"}},
            })
        );
    }

    #[test]
    fn a_schema_with_names_of_its_own_stays_a_document_of_its_own() {
        let anchored = json!({"$defs": {"a": {"$anchor": "a"}}, "items": {"$ref": "#a"}});
        let moved_to = moved(anchored, "/x", "urn:t");
        assert_eq!((&moved_to["$id"], &moved_to["items"]["$ref"]), (&json!("urn:t"), &json!("#a")));
        let named = json!({"$id": "urn:own", "$ref": "#/$defs/a"});
        assert_eq!(moved(named.clone(), "/x", "urn:t"), named);
        let property = json!({"properties": {"$anchor": {"$ref": "#/a"}}});
        assert_eq!(moved(property, "/x", "urn:t")["properties"]["$anchor"]["$ref"], "#/x/a");
    }
}
