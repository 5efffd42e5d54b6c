use std::str::FromStr;

use serde_json::Value;

use super::Path;

/// A text with places for values: `{/total} found, first {/items/0/name}`; `{{` and `}}` are braces. A value is
/// written as it is and never looked at again, whatever it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Place(Path),
}

impl FromStr for Template {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (mut parts, mut plain) = (Vec::new(), String::new());
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                plain.push_str(brace);
                rest = after;
            } else if brace == "{" {
                let (inside, after) =
                    rest.split_once('}').ok_or("a `{` of the template is not closed")?;
                parts.push(Part::Text(std::mem::take(&mut plain)));
                parts.push(Part::Place(inside.parse()?));
                rest = after;
            } else {
                return Err("a `}` of the template closes nothing: write `}}` for a brace".into());
            }
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain));
        Ok(Self(parts))
    }
}

impl Template {
    pub(super) fn render(&self, value: &Value) -> String {
        let mut out = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Place(path) => {
                    let all: Vec<String> = path.all(value).into_iter().map(written).collect();
                    out.push_str(&all.join(", "));
                }
            }
        }
        out
    }
}

fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_written_and_never_read_again() {
        let template: Template = "{/n} of {{{/m}}}: {/items/*/name}".parse().unwrap();
        let value =
            json!({"n": 2, "m": "{/secret}", "items": [{"name":"a"},{"name":"b"}], "secret": 1});
        assert_eq!(template.render(&value), "2 of {{/secret}}: a, b");
    }

    #[test]
    fn a_template_with_loose_braces_does_not_load() {
        for bad in ["{", "}", "{/a", "{a}", "{/__proto__}"] {
            assert!(bad.parse::<Template>().is_err(), "{bad}");
        }
    }
}
