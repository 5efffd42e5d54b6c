use std::collections::HashMap;
use std::collections::VecDeque;

use serde_json::{Map, Value, json};

use super::constants;
use super::document::Version;
use super::keywords::{
    describe_required, enumeration, is_hidden, is_pattern, kind, names, nullable, whole,
};
use super::operation::{Reader, short};
use super::refs::{self, Reason};

/// Most values in the schema of arguments; what is beyond is left open, and says so.
const VALUES: usize = 800;
/// Most bytes of it.
const BYTES: usize = 20 << 10;
/// Results are told in less: a model reads them, and does not write them.
const RECEIVED: usize = 4;
/// Most definitions of one tool.
const DEFINITIONS: usize = 200;
/// Deepest nesting within one definition.
const DEPTH: usize = 24;
/// Most bytes of one description within a schema.
const TEXT: usize = 200;

/// Which way a value goes: what can only be read is not sent, what can only be written does not come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Sent,
    Received,
}

/// The schemas of one tool: JSON Schema 2020-12, its definitions gathered under `$defs`.
pub(super) struct Schemas<'d> {
    reader: &'d Reader<'d>,
    direction: Direction,
    names: HashMap<String, String>,
    waiting: VecDeque<(String, &'d Value)>,
    done: Map<String, Value>,
    values: usize,
    bytes: usize,
    cut: bool,
    broken: Option<Reason>,
}

impl<'d> Schemas<'d> {
    pub(super) fn new(reader: &'d Reader<'d>, direction: Direction) -> Self {
        Self {
            reader,
            direction,
            names: HashMap::new(),
            waiting: VecDeque::new(),
            done: Map::new(),
            values: 0,
            bytes: 0,
            cut: false,
            broken: None,
        }
    }

    /// A schema of the description in the words of 2020-12.
    pub(super) fn convert(&mut self, schema: &Value) -> Value {
        self.within(schema, 0)
    }

    /// The schema that a parameter of 2.0 is itself.
    pub(super) fn inline(&mut self, parameter: &Value) -> Value {
        let mut own = parameter.clone();
        if let Value::Object(members) = &mut own {
            for name in
                ["name", "in", "required", "collectionFormat", "allowEmptyValue", "description"]
            {
                members.shift_remove(name);
            }
        }
        self.within(&own, 0)
    }

    /// Converts what was referred to, and puts it under `$defs`.
    pub(super) fn finish(&mut self, root: &mut Map<String, Value>) {
        while let Some((name, schema)) = self.waiting.pop_front() {
            let converted = self.within(schema, 0);
            self.done.insert(name, converted);
        }
        if !self.done.is_empty() {
            root.insert("$defs".into(), Value::Object(std::mem::take(&mut self.done)));
        }
        if self.cut {
            root.insert(
                "$comment".into(),
                json!("Parts of this schema are left open: it was too large."),
            );
        }
    }

    fn within(&mut self, schema: &Value, depth: usize) -> Value {
        self.values += 1;
        let Value::Object(members) = schema else {
            return if schema.is_boolean() { schema.clone() } else { json!({}) };
        };
        if let Some(Value::String(reference)) = members.get("$ref") {
            return self.referred(reference, members, depth);
        }
        if depth >= DEPTH || self.is_full() {
            return self.open();
        }
        let mut out = Map::new();
        for (name, value) in members {
            self.values += 1;
            if let Some(value) = self.keyword(name, value, members, depth) {
                self.bytes += name.len()
                    + 4
                    + if value.is_string() { value.as_str().map_or(0, str::len) } else { 4 };
                out.insert(name.clone(), value);
            }
        }
        self.mend(members, &mut out);
        Value::Object(out)
    }

    /// Why part of it cannot be known, if so: what stands there must not count as anything goes.
    pub(super) fn broken(&self) -> Option<Reason> {
        self.broken.clone()
    }

    const fn is_full(&self) -> bool {
        let share = match self.direction {
            Direction::Sent => 1,
            Direction::Received => RECEIVED,
        };
        self.values > VALUES / share || self.bytes > BYTES / share
    }

    /// Anything goes here, because there was no room to say what does.
    fn open(&mut self) -> Value {
        self.cut = true;
        json!({})
    }

    /// A reference, with what stands beside it: from 3.1 on everything, before that only that null is allowed.
    fn referred(&mut self, reference: &str, members: &Map<String, Value>, depth: usize) -> Value {
        let target = self.reference(reference);
        let mut out = Map::new();
        if self.reader.version >= Version::V31 && members.len() > 1 && depth < DEPTH {
            let mut beside = members.clone();
            beside.shift_remove("$ref");
            if let Value::Object(own) = self.within(&Value::Object(beside), depth + 1) {
                out = own;
            }
        }
        if let Value::Object(target) = target {
            out.extend(target);
        }
        if members.get("nullable") == Some(&Value::Bool(true)) {
            nullable(&mut out);
        }
        Value::Object(out)
    }

    fn reference(&mut self, reference: &str) -> Value {
        if let Some(name) = self.names.get(reference) {
            return json!({ "$ref": format!("#/$defs/{name}") });
        }
        if self.is_full() || self.names.len() >= DEFINITIONS {
            return self.open();
        }
        let target = match refs::target(self.reader.document, reference) {
            Ok(target) => target,
            Err(reason) => {
                self.broken.get_or_insert(reason);
                return json!({});
            }
        };
        let last = reference.rsplit('/').next().unwrap_or_default();
        let plain: String = last
            .chars()
            .map(
                |c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-') { c } else { '_' },
            )
            .take(80)
            .collect();
        let mut name = if plain.is_empty() { "schema".to_owned() } else { plain.clone() };
        let mut tried = 2;
        while self.names.values().any(|n| *n == name) {
            name = format!("{plain}_{tried}");
            tried += 1;
        }
        self.names.insert(reference.to_owned(), name.clone());
        self.waiting.push_back((name.clone(), target));
        json!({ "$ref": format!("#/$defs/{name}") })
    }

    /// A keyword's value, or nothing if it says nothing in 2020-12 or is not lawful there.
    fn keyword(
        &mut self,
        name: &str,
        value: &Value,
        all: &Map<String, Value>,
        depth: usize,
    ) -> Option<Value> {
        match name {
            "properties" | "patternProperties" | "dependentSchemas" => {
                self.named(name, value, depth)
            }
            "items" if value.is_array() => None,
            "items"
            | "contains"
            | "propertyNames"
            | "not"
            | "if"
            | "then"
            | "else"
            | "unevaluatedItems"
            | "unevaluatedProperties" => Some(self.within(value, depth + 1)),
            "additionalProperties" if value.is_object() || value.is_boolean() => {
                Some(self.within(value, depth + 1))
            }
            "allOf" | "anyOf" | "oneOf" | "prefixItems" => {
                let parts = value.as_array().filter(|parts| !parts.is_empty())?;
                let tag = all.get("discriminator").filter(|_| matches!(name, "oneOf" | "anyOf"));
                let convert = |part| self.alternative(part, tag, depth + 1);
                Some(parts.iter().map(convert).collect())
            }
            "type" => kind(value),
            "enum" => enumeration(value, all),
            "required" => names(value, all, self.direction, self.reader),
            "description" | "title" => Some(json!(short(value.as_str()?.trim(), TEXT))),
            "default" | "const" => Some(value.clone()),
            "format" => {
                value.as_str().filter(|f| !matches!(*f, "binary" | "byte")).map(|f| json!(f))
            }
            "pattern" => value.as_str().filter(|p| is_pattern(p)).map(|p| json!(p)),
            "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties"
            | "maxProperties" | "minContains" | "maxContains" => whole(value),
            "minimum" | "maximum" => value.is_number().then(|| value.clone()),
            "multipleOf" => value.as_f64().filter(|n| *n > 0.0).map(|_| value.clone()),
            "exclusiveMinimum" | "exclusiveMaximum" => value.is_number().then(|| value.clone()),
            "uniqueItems" | "deprecated" => value.is_boolean().then(|| value.clone()),
            _ => None,
        }
    }

    /// One of several, with the value of the discriminator that says which it is.
    fn alternative(&mut self, part: &Value, tag: Option<&Value>, depth: usize) -> Value {
        let mut out = self.within(part, depth);
        let (Some(tag), Direction::Sent, Value::Object(members)) = (tag, self.direction, &mut out)
        else {
            return out;
        };
        let reference = part.get("$ref").and_then(Value::as_str);
        let member = tag.get("propertyName").and_then(Value::as_str);
        let (Some(reference), Some(member)) = (reference, member) else { return out };
        if members.contains_key("required") || members.contains_key("properties") {
            return out;
        }
        let target = self.reader.resolved(part).ok();
        let own = target.and_then(|t| t.get("properties")?.get(member));
        let own = own.and_then(|o| self.reader.resolved(o).ok());
        let mut values = constants::mapped(tag, reference);
        if own.is_some_and(|o| o.get("enum").is_some() || o.get("const").is_some()) {
            // Its own list says more surely what goes there.
            values.clear();
        } else if values.is_empty() && tag.get("mapping").is_none() {
            values.extend(reference.rsplit('/').next().map(str::to_owned));
        }
        members.insert("required".into(), json!([member]));
        if !values.is_empty() {
            members.insert("properties".into(), json!({ member: { "enum": values } }));
        }
        self.bytes += member.len() * 2 + 40;
        out
    }

    fn named(&mut self, keyword: &str, value: &Value, depth: usize) -> Option<Value> {
        let members = value.as_object()?;
        let mut out = Map::new();
        for (name, schema) in members {
            let lawful =
                name != "__proto__" && (keyword != "patternProperties" || is_pattern(name));
            if is_hidden(schema, self.direction, self.reader) || !lawful {
                continue;
            }
            self.bytes += name.len() + 4;
            out.insert(name.clone(), self.within(schema, depth + 1));
        }
        Some(Value::Object(out))
    }

    /// What older versions say in another way.
    fn mend(&mut self, from: &Map<String, Value>, out: &mut Map<String, Value>) {
        if let Some(parts) = from.get("items").and_then(Value::as_array) {
            let parts: Vec<Value> = parts.iter().map(|part| self.within(part, DEPTH / 2)).collect();
            if !parts.is_empty() {
                out.insert("prefixItems".into(), parts.into());
            }
        }
        for (flag, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
            if from.get(flag) == Some(&Value::Bool(true))
                && let Some(value) = out.shift_remove(bound)
            {
                out.insert(flag.into(), value);
            }
        }
        let format = from.get("format").and_then(Value::as_str);
        let is_file = from.get("type").and_then(Value::as_str) == Some("file");
        if is_file || matches!(format, Some("binary" | "byte")) {
            out.insert("type".into(), json!("string"));
            out.insert("contentEncoding".into(), json!("base64"));
        }
        if let Some(pattern) =
            from.get("pattern").and_then(Value::as_str).filter(|p| !is_pattern(p))
        {
            out.insert("$comment".into(), json!(format!("pattern: {}", short(pattern, 200))));
        }
        if self.direction == Direction::Sent
            && out.get("additionalProperties") != Some(&json!(false))
        {
            describe_required(out);
        }
        if from.get("nullable") == Some(&Value::Bool(true)) {
            nullable(out);
        }
        if self.direction == Direction::Received
            && let Some(parts) = out.shift_remove("oneOf")
        {
            // Branches that overlap would refuse what fits several of them.
            out.insert("anyOf".into(), parts);
        }
    }
}
