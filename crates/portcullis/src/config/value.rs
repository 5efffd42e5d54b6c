use std::borrow::Cow;
use std::fmt;

use model::Secret;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// A value that may be a secret: a header, a variable of a program. `${env:NAME}` stands for a variable of the gate's
/// own environment, so that the secret itself need not be in the file. It is never shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Value(String);

impl Value {
    /// The value with its references filled in.
    ///
    /// # Errors
    /// A reference that is not `${env:NAME}`, or a variable that is not set. No value is shown.
    pub fn resolve(&self) -> Result<Secret<String>, String> {
        self.fill(ambient::env).map(Secret::new)
    }

    /// Whether all of the text is in the file itself.
    pub fn is_plain(&self) -> bool {
        !self.0.contains("${")
    }

    /// Whether a plain value looks like a secret, going by the name it has and by its own form.
    pub fn looks_secret(&self, name: &str) -> bool {
        let member = serde_json::json!({ name: self.0 }).to_string();
        self.is_plain()
            && !self.0.is_empty()
            && audit::mask_arguments(&member, &audit::MaskRules::default()) != member
    }

    /// What may be shown of it: its references, nothing else.
    pub fn shown(&self) -> String {
        if self.is_plain() { "•••".to_owned() } else { references(&self.0) }
    }

    fn fill(&self, get: impl Fn(&str) -> Option<String>) -> Result<String, String> {
        let mut out = String::with_capacity(self.0.len());
        let mut rest = self.0.as_str();
        while let Some(at) = rest.find("${") {
            out.push_str(&rest[..at]);
            let (inside, after) =
                rest[at + 2..].split_once('}').ok_or("a reference `${…` is not closed with `}`")?;
            let name = inside.strip_prefix("env:").ok_or_else(|| {
                format!("`${{{inside}}}` is no reference: only `${{env:NAME}}` is known")
            })?;
            let value =
                get(name).ok_or_else(|| format!("the environment variable `{name}` is not set"))?;
            out.push_str(&value);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }
}

fn references(text: &str) -> String {
    let mut shown = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if at > 0 {
            shown.push("•••");
        }
        let end = rest[at..].find('}').map_or(rest.len(), |n| at + n + 1);
        shown.push(&rest[at..end]);
        rest = &rest[end..];
    }
    if !rest.is_empty() {
        shown.push("•••");
    }
    shown.concat()
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl JsonSchema for Value {
    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Text; `${env:NAME}` stands for a variable of the gate's own environment.",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_filled_in_and_a_missing_one_is_an_error() {
        let get = |name: &str| (name == "TOKEN").then(|| "s3cret".to_owned());
        let fill = |text: &str| Value::from(text).fill(get);
        assert_eq!(fill("Bearer ${env:TOKEN}!").as_deref(), Ok("Bearer s3cret!"));
        assert_eq!(fill("plain").as_deref(), Ok("plain"));
        assert!(fill("${env:OTHER}").unwrap_err().contains("OTHER"));
        assert!(fill("${input:x}").is_err() && fill("${env:TOKEN").is_err());
    }

    #[test]
    fn a_value_shows_its_references_and_nothing_else() {
        assert_eq!(format!("{:?}", Value::from("hunter2")), "•••");
        assert_eq!(Value::from("Bearer ${env:T} x").shown(), "•••${env:T}•••");
    }

    #[test]
    fn a_plain_secret_is_known_by_its_name_or_its_form() {
        assert!(Value::from("hunter2").looks_secret("DB_PASSWORD"));
        assert!(Value::from("ghp_abcdefgh").looks_secret("X"));
        assert!(!Value::from("${env:T}").looks_secret("API_TOKEN"));
        assert!(!Value::from("production").looks_secret("NODE_ENV"));
    }
}
