//! Shapes as JSON Schema 2020-12.

use serde_json::{Map, Value, json};

use crate::secret::Vault;
use crate::shape::{Object, Shape};
use crate::text::Text;

/// Most values in the schema of arguments.
const VALUES: usize = 800;
/// Results are told in less: a model reads them, and does not write them.
const RECEIVED: usize = 4;
/// From how many samples on a result is believed to be always so.
const ENOUGH: usize = 5;

/// Writes the schemas of one tool.
pub(crate) struct Writer<'v> {
    vault: &'v Vault,
    left: usize,
    /// Whether what was never missing and never null may still be: few samples of results prove little.
    loose: bool,
    cut: bool,
}

impl<'v> Writer<'v> {
    /// For what is sent.
    pub(crate) const fn sent(vault: &'v Vault) -> Self {
        Self { vault, left: VALUES, loose: false, cut: false }
    }

    /// For what comes back, as so many samples showed it.
    pub(crate) const fn received(vault: &'v Vault, samples: usize) -> Self {
        Self { vault, left: VALUES / RECEIVED, loose: samples < ENOUGH, cut: false }
    }

    /// Whether something was left open for want of room.
    pub(crate) const fn was_cut(&self) -> bool {
        self.cut
    }

    /// The schema of a shape.
    pub(crate) fn write(&mut self, shape: &Shape) -> Value {
        if self.left == 0 {
            self.cut = true;
        }
        self.left = self.left.saturating_sub(1);
        if self.left == 0 || shape.open || shape.is_nothing() {
            return json!({});
        }
        let mut out = Map::new();
        let kinds = self.kinds(shape);
        let only = if kinds.len() == 1 { json!(kinds[0]) } else { json!(kinds) };
        // Seen as null and nothing else: whatever it may be besides is not known.
        if kinds == ["null"] {
            return json!({});
        }
        out.insert("type".into(), only);
        if let Some(format) = shape.text.as_ref().and_then(Text::format).filter(|_| !self.loose) {
            out.insert("format".into(), json!(format));
        }
        if let Some(list) = &shape.list {
            out.insert("items".into(), self.write(list));
        }
        if let Some(object) = &shape.object {
            self.object(object, &mut out);
        }
        Value::Object(out)
    }

    fn kinds(&self, shape: &Shape) -> Vec<&'static str> {
        let mut kinds = Vec::new();
        let mut add = |is: bool, kind| {
            if is {
                kinds.push(kind);
            }
        };
        let number = shape.number || (shape.integer && self.loose);
        add(shape.object.is_some(), "object");
        add(shape.list.is_some(), "array");
        add(shape.text.is_some(), "string");
        add(number, "number");
        add(shape.integer && !number, "integer");
        add(shape.boolean, "boolean");
        add(shape.null || self.loose, "null");
        kinds
    }

    fn object(&mut self, object: &Object, out: &mut Map<String, Value>) {
        if object.is_table() {
            out.insert("additionalProperties".into(), self.write(&object.table()));
            return;
        }
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for (name, member, always) in object.shown() {
            if self.left == 0 {
                self.cut = true;
                break;
            }
            if self.vault.knows(name) {
                continue;
            }
            properties.insert(name.clone(), self.write(&member.shape));
            if always && !self.loose {
                required.push(name.clone());
            }
        }
        if !properties.is_empty() {
            out.insert("properties".into(), Value::Object(properties));
        }
        if !required.is_empty() {
            out.insert("required".into(), json!(required));
        }
        if let Some(others) = &object.others {
            out.insert("additionalProperties".into(), self.write(others));
        }
    }

    /// The schema of a structured result: an object, or whatever it is under `body`.
    pub(crate) fn result(&mut self, shape: &Shape) -> Option<Value> {
        let mut out = Map::new();
        out.insert("type".into(), json!("object"));
        match (&shape.object, &shape.list) {
            (Some(object), _) if shape.only_object().is_some() => self.object(object, &mut out),
            // What may or may not be an object has no one form.
            (Some(_), _) => return None,
            (None, None) if !shape.is_scalar() => return None,
            (None, _) => {
                out.insert("properties".into(), json!({ "body": self.write(shape) }));
                out.insert("required".into(), json!(["body"]));
            }
        }
        if self.cut {
            let comment = "Parts of this schema are left open: it was too large.";
            out.insert("$comment".into(), json!(comment));
        }
        Some(Value::Object(out))
    }
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
