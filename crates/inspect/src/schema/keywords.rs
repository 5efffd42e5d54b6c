use serde_json::{Map, Value};

/// Keywords whose value is a schema applied to the same value.
const IN_PLACE: [&str; 4] = ["not", "if", "then", "else"];
/// Keywords whose value is a list of schemas applied to the same value.
const IN_PLACE_LISTS: [&str; 3] = ["allOf", "anyOf", "oneOf"];
/// Keywords whose members are schemas applied to the same value.
const IN_PLACE_MAPS: [&str; 2] = ["dependentSchemas", "dependencies"];
/// Keywords whose value is a schema for parts of the value (`items` may also be a list).
const PARTS: [&str; 8] = [
    "items",
    "additionalItems",
    "additionalProperties",
    "contains",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentSchema",
];
const PART_LISTS: [&str; 1] = ["prefixItems"];
const PART_MAPS: [&str; 4] = ["properties", "patternProperties", "$defs", "definitions"];

/// Shows `visit` every direct subschema, with the steps to it. What is data (`const`, `enum`, `default`, `examples`,
/// unknown keywords) is not looked into.
pub(crate) fn each_subschema<'v>(
    members: &'v Map<String, Value>,
    mut visit: impl FnMut(&[&str], &'v Value),
) {
    each_in_place(members, &mut visit);
    for key in PARTS {
        match members.get(key) {
            Some(Value::Array(items)) => list(key, items, &mut visit),
            Some(sub) => visit(&[key], sub),
            None => {}
        }
    }
    for key in PART_LISTS {
        if let Some(Value::Array(items)) = members.get(key) {
            list(key, items, &mut visit);
        }
    }
    for key in PART_MAPS {
        map(key, members.get(key), &mut visit);
    }
}

/// The same for the subschemas that are applied to the same value as the schema itself.
pub(super) fn each_in_place<'v>(
    members: &'v Map<String, Value>,
    visit: &mut impl FnMut(&[&str], &'v Value),
) {
    for key in IN_PLACE {
        if let Some(sub) = members.get(key) {
            visit(&[key], sub);
        }
    }
    for key in IN_PLACE_LISTS {
        if let Some(Value::Array(items)) = members.get(key) {
            list(key, items, visit);
        }
    }
    for key in IN_PLACE_MAPS {
        map(key, members.get(key), visit);
    }
}

fn list<'v>(key: &str, items: &'v [Value], visit: &mut impl FnMut(&[&str], &'v Value)) {
    for (index, item) in items.iter().enumerate() {
        visit(&[key, &index.to_string()], item);
    }
}

fn map<'v>(key: &str, value: Option<&'v Value>, visit: &mut impl FnMut(&[&str], &'v Value)) {
    for (name, sub) in value.and_then(Value::as_object).into_iter().flatten() {
        visit(&[key, name], sub);
    }
}
