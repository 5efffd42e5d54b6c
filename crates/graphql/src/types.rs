use apollo_compiler::Schema;
use apollo_compiler::ast::{InputValueDefinition, Type, Value as Literal};
use apollo_compiler::schema::{EnumType, ExtendedType, InputObjectType};
use serde_json::{Map, Value, json};

use crate::print::summary;

/// Most types under `$defs` of one tool; what is past it is described by its name alone.
const DEFINITIONS: usize = 150;
/// Most values of an enum that are told.
const VALUES: usize = 500;
/// Deepest nesting of a default.
const NESTING: usize = 16;
/// Longest description of a type or field, in characters.
const DESCRIPTION: usize = 400;

/// The JSON Schema of the variables of one operation.
pub(crate) struct Variables<'a> {
    schema: &'a Schema,
    definitions: Map<String, Value>,
    properties: Map<String, Value>,
    required: Vec<Value>,
}

impl<'a> Variables<'a> {
    pub(crate) fn new(schema: &'a Schema) -> Self {
        Self { schema, definitions: Map::new(), properties: Map::new(), required: Vec::new() }
    }

    /// Adds a variable.
    pub(crate) fn add(
        &mut self,
        name: &str,
        kind: &Type,
        default: Option<&Literal>,
        description: Option<&str>,
    ) {
        if kind.is_non_null() && default.is_none() {
            self.required.push(name.into());
        }
        let value = self.member(kind, default, description);
        self.properties.insert(name.to_owned(), value);
    }

    /// The schema of all of them together.
    pub(crate) fn finish(self) -> Value {
        let mut out =
            json!({"type": "object", "properties": self.properties, "additionalProperties": false});
        if !self.required.is_empty() {
            out["required"] = self.required.into();
        }
        if !self.definitions.is_empty() {
            out["$defs"] = self.definitions.into();
        }
        out
    }

    fn member(
        &mut self,
        kind: &Type,
        default: Option<&Literal>,
        description: Option<&str>,
    ) -> Value {
        let mut out = self.of(kind);
        if let Some(text) = description {
            out["description"] = summary(text, DESCRIPTION).into();
        }
        if let Some(default) = default.and_then(|literal| json_of(literal, NESTING)) {
            out["default"] = default;
        }
        out
    }

    fn of(&mut self, kind: &Type) -> Value {
        match kind {
            Type::NonNullNamed(name) => self.named(name),
            Type::Named(name) => or_null(self.named(name)),
            Type::NonNullList(items) => json!({"type": "array", "items": self.of(items)}),
            Type::List(items) => json!({"type": ["array", "null"], "items": self.of(items)}),
        }
    }

    fn named(&mut self, name: &str) -> Value {
        match name {
            "Int" => return json!({"type": "integer", "format": "int32"}),
            "Float" => return json!({"type": "number"}),
            "String" | "ID" => return json!({"type": "string"}),
            "Boolean" => return json!({"type": "boolean"}),
            _ => {}
        }
        match self.schema.types.get(name) {
            Some(ExtendedType::Enum(found)) => self.define(name, |_| choice(found)),
            Some(ExtendedType::InputObject(found)) => self.define(name, |own| own.object(found)),
            Some(ExtendedType::Scalar(found)) => {
                let told = found.description.as_deref().map(|text| summary(text, DESCRIPTION));
                json!({"description": format!("{name}: {}", told.unwrap_or_else(|| "a value of the service's own kind".to_owned()))})
            }
            _ => json!({}),
        }
    }

    /// A reference to a type that stands once, however often and deeply it is used; also inside itself.
    fn define(&mut self, name: &str, make: impl FnOnce(&mut Self) -> Value) -> Value {
        if !self.definitions.contains_key(name) {
            if self.definitions.len() >= DEFINITIONS {
                return json!({"description": format!("{name}: see the documentation of the service")});
            }
            self.definitions.insert(name.to_owned(), Value::Null);
            let made = make(self);
            self.definitions.insert(name.to_owned(), made);
        }
        json!({"$ref": format!("#/$defs/{name}")})
    }

    fn object(&mut self, found: &InputObjectType) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in found.fields.values() {
            if field.is_required() {
                required.push(Value::from(field.name.as_str()));
            } else if is_deprecated(field) {
                continue;
            }
            let description = field.description.as_deref();
            let value = self.member(&field.ty, field.default_value.as_deref(), description);
            properties.insert(field.name.to_string(), value);
        }
        let mut out =
            json!({"type": "object", "properties": properties, "additionalProperties": false});
        if !required.is_empty() {
            out["required"] = required.into();
        }
        if found.directives.has("oneOf") {
            out["minProperties"] = 1.into();
            out["maxProperties"] = 1.into();
        }
        out
    }
}

/// Whether the schema advises against an argument or input field.
pub(crate) fn is_deprecated(field: &InputValueDefinition) -> bool {
    field.directives.has("deprecated")
}

fn choice(found: &EnumType) -> Value {
    if found.values.len() > VALUES {
        return json!({"type": "string", "description": format!("one of the {} values of {}", found.values.len(), found.name)});
    }
    let values: Vec<&str> = found.values.keys().map(apollo_compiler::Name::as_str).collect();
    json!({"type": "string", "enum": values})
}

/// The same, or null: null and left out are not the same to a service.
fn or_null(mut schema: Value) -> Value {
    if let Some(kind) = schema.get("type").and_then(Value::as_str) {
        schema["type"] = json!([kind, "null"]);
        return schema;
    }
    if schema.get("$ref").is_some() {
        return json!({"anyOf": [schema, {"type": "null"}]});
    }
    schema
}

/// A literal as JSON; nothing if it is nested too deep or no constant.
fn json_of(literal: &Literal, left: usize) -> Option<Value> {
    let left = left.checked_sub(1)?;
    match literal {
        Literal::Null => Some(Value::Null),
        Literal::Boolean(value) => Some((*value).into()),
        Literal::String(text) => Some(text.as_str().into()),
        Literal::Enum(name) => Some(name.as_str().into()),
        Literal::Int(number) => serde_json::from_str(number.as_str()).ok(),
        Literal::Float(number) => serde_json::from_str(number.as_str()).ok(),
        Literal::List(items) => items.iter().map(|item| json_of(item, left)).collect(),
        Literal::Object(members) => members
            .iter()
            .map(|(name, value)| Some((name.to_string(), json_of(value, left)?)))
            .collect(),
        Literal::Variable(_) => None,
    }
}
