use std::borrow::Cow;
use std::fmt;

use model::Template;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// A value that may be a secret: a header, a variable of a program. `vault:name`, as the whole text, and `${vault:name}`
/// stand for a secret of the vault, `${env:NAME}` for a variable of the gate's own environment, so that the secret itself
/// need not be in the file. It is never shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Value(String);

impl Value {
    /// The value with its variables filled in, and its secrets of the vault still to be.
    ///
    /// # Errors
    /// A reference that is neither to a variable nor to a secret, or a variable that is not set. No value is shown.
    pub fn template(&self) -> Result<Template, String> {
        self.read(ambient::env)
    }

    fn read(&self, get: impl Fn(&str) -> Option<String>) -> Result<Template, String> {
        Template::parse_with(&self.0, |inside| variable(inside, &get))
    }

    /// The text as it is written, references and all: it may be a secret.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// Whether all of the text is in the file itself.
    pub fn is_plain(&self) -> bool {
        !self.0.contains("${") && !self.0.starts_with("vault:")
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
        if self.is_plain() {
            "•••".to_owned()
        } else if self.0.starts_with("vault:") {
            self.0.clone()
        } else {
            references(&self.0)
        }
    }
}

/// What stands for `${…}`, given what is between the braces.
fn variable(inside: &str, get: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let name = inside.strip_prefix("env:").ok_or_else(|| {
        format!(
            "`${{{inside}}}` is no reference: only `${{env:NAME}}` and `${{vault:name}}` are known"
        )
    })?;
    get(name).ok_or_else(|| format!("the environment variable `{name}` is not set"))
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
            "description": "Text; `${vault:name}` stands for a secret of the vault, `${env:NAME}` for a variable of the gate's own environment.",
        })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use model::{NoVault, Usage};

    use super::*;

    #[test]
    fn references_are_filled_in_and_a_missing_one_is_an_error() {
        let get = |name: &str| (name == "TOKEN").then(|| "s3cret".to_owned());
        let fill = |text: &str| {
            let template = Value::from(text).read(get)?;
            let filled = template.fill(&NoVault, Usage::Host("a.example", 443)).now_or_never();
            Ok::<_, String>(filled.unwrap().ok().unwrap().reveal().clone())
        };
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
    fn a_secret_of_the_vault_is_a_reference_and_shown_as_one() {
        for text in ["vault:shop", "Bearer ${vault:shop}"] {
            let value = Value::from(text);
            assert!(!value.is_plain() && !value.looks_secret("API_TOKEN"), "{text}");
            assert!(value.shown().contains("vault:shop"), "{text}");
            assert_eq!(value.template().ok().unwrap().names().count(), 1, "{text}");
        }
        assert!(Value::from("${vault:Shop}").template().is_err());
        assert!(Value::from("${env:PORTCULLIS_TEST_NOT_SET}").template().is_err());
    }

    #[test]
    fn a_plain_secret_is_known_by_its_name_or_its_form() {
        assert!(Value::from("hunter2").looks_secret("DB_PASSWORD"));
        assert!(Value::from("ghp_abcdefgh").looks_secret("X"));
        assert!(!Value::from("${env:T}").looks_secret("API_TOKEN"));
        assert!(!Value::from("production").looks_secret("NODE_ENV"));
    }
}
