//! Texts with `{$expression}` in them. A value that goes into another language is quoted for that language first.

use serde_json::Value;

use crate::expression::{Expression, ExpressionError};
use crate::scope::{Scope, Unresolved};

/// A text cut at its expressions.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Embedded(Vec<Piece>);

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece {
    Text(String),
    Value(Expression),
}

/// What the text is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// Nothing that could be got out of: values become text.
    Plain,
    /// A regular expression: values stand for themselves.
    Regex,
    /// JSON: within quotes a value is part of the string, outside it is a value.
    Json,
    /// JSONPath: the same, with both kinds of quotes.
    JsonPath,
}

impl Embedded {
    /// Cuts a text. `{` without a `$` behind it, and `{$` with no word of expressions behind it, are text.
    pub(crate) fn parse(text: &str) -> Result<Self, ExpressionError> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("{$") {
            let (before, from) =
                (rest.get(..at).unwrap_or_default(), rest.get(at..).unwrap_or_default());
            plain.push_str(before);
            let inner = from.get(1..).unwrap_or_default();
            let end = inner.find('}');
            let candidate = inner.get(..end.unwrap_or(inner.len())).unwrap_or_default();
            if !Expression::is_meant(candidate) {
                plain.push('{');
                rest = inner;
                continue;
            }
            let end = end.ok_or(ExpressionError::Incomplete("`}` is missing"))?;
            let expression = Expression::parse(candidate)?;
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Value(expression));
            rest = inner.get(end + 1..).unwrap_or_default();
        }
        plain.push_str(rest);
        if !plain.is_empty() || pieces.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self(pieces))
    }

    /// The text, if there is no expression in it.
    pub(crate) fn constant(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    pub(crate) fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Value(expression) => Some(expression),
            Piece::Text(_) => None,
        })
    }

    /// The text with every value in its place.
    pub(crate) fn fill(&self, scope: &Scope<'_>, language: Language) -> Result<String, Unresolved> {
        let mut out = String::new();
        let mut quotes = Quotes::default();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => {
                    quotes.pass(text, language);
                    out.push_str(text);
                }
                Piece::Value(expression) => {
                    let value = scope.get(expression)?;
                    out.push_str(&quoted(&value, language, quotes.open)?);
                }
            }
        }
        scope.take(out.len())?;
        Ok(out)
    }

    /// The same text with a harmless value in every place, to see at load whether it can be read at all.
    pub(crate) fn sample(&self, language: Language) -> String {
        let mut quotes = Quotes::default();
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => {
                    quotes.pass(text, language);
                    out.push_str(text);
                }
                Piece::Value(_) => out.push('0'),
            }
        }
        out
    }

    /// Whether a value stands within quotes.
    pub(crate) fn is_within_quotes(&self, language: Language) -> bool {
        let mut quotes = Quotes::default();
        self.0.iter().any(|piece| match piece {
            Piece::Text(text) => {
                quotes.pass(text, language);
                false
            }
            Piece::Value(_) => quotes.open.is_some(),
        })
    }
}

/// Which quote is open at the end of what has been passed.
#[derive(Default)]
struct Quotes {
    open: Option<char>,
    escaped: bool,
}

impl Quotes {
    fn pass(&mut self, text: &str, language: Language) {
        for c in text.chars() {
            match self.open {
                Some(_) if self.escaped => self.escaped = false,
                Some(_) if c == '\\' => self.escaped = true,
                Some(quote) if c == quote => self.open = None,
                None if is_quote(c, language) => self.open = Some(c),
                Some(_) | None => {}
            }
        }
    }
}

fn is_quote(c: char, language: Language) -> bool {
    match language {
        Language::Plain | Language::Regex => false,
        Language::Json => c == '"',
        Language::JsonPath => matches!(c, '"' | '\''),
    }
}

fn quoted(value: &Value, language: Language, open: Option<char>) -> Result<String, Unresolved> {
    match (language, open) {
        (Language::Plain, _) => Ok(text_of(value)),
        (Language::Regex, _) => Ok(regex::escape(&text_of(value))),
        (Language::Json, None) => Ok(value.to_string()),
        (Language::JsonPath, None) => match value {
            Value::Array(_) | Value::Object(_) => {
                Err(Unresolved::Kind("an object or a list cannot stand in a path"))
            }
            scalar => Ok(scalar.to_string()),
        },
        (_, Some(quote)) => {
            let json = Value::String(text_of(value)).to_string();
            let inner = json.get(1..json.len() - 1).unwrap_or_default();
            if quote == '"' {
                return Ok(inner.to_owned());
            }
            Ok(inner.replace("\\\"", "\"").replace('\'', "\\'"))
        }
    }
}

/// Scalars become text, everything else JSON.
pub(crate) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Document;
    use crate::scope::Kept;

    fn filled(text: &str, value: &Value, language: Language) -> Result<String, Unresolved> {
        let kept = Kept { inputs: json!({"x": value}), ..Kept::default() };
        let document = Document::default();
        let scope = Scope::new(&document, &kept, 10_000);
        Embedded::parse(text).unwrap().fill(&scope, language)
    }

    #[test]
    fn values_become_text_and_structures_become_json() {
        for (value, text) in [
            (json!("a b"), "v=a b;"),
            (json!(1.50), "v=1.5;"),
            (json!(true), "v=true;"),
            (json!(null), "v=null;"),
            (json!({"a": [1]}), "v={\"a\":[1]};"),
        ] {
            assert_eq!(filled("v={$inputs.x};", &value, Language::Plain).as_deref(), Ok(text));
        }
    }

    #[test]
    fn a_value_is_never_read_as_an_expression_itself() {
        let value = json!("{$inputs.x}");
        assert_eq!(filled("{$inputs.x}", &value, Language::Plain).unwrap(), "{$inputs.x}");
    }

    #[test]
    fn a_value_cannot_get_out_of_the_language_it_goes_into() {
        for (template, value, language, text) in [
            ("^{$inputs.x}$", json!(".*|a"), Language::Regex, "^\\.\\*\\|a$"),
            (
                "{\"a\":\"{$inputs.x}\"}",
                json!("\",\"b\":\""),
                Language::Json,
                "{\"a\":\"\\\",\\\"b\\\":\\\"\"}",
            ),
            (
                "{\"a\":{$inputs.x}}",
                json!("1,\"b\":2"),
                Language::Json,
                "{\"a\":\"1,\\\"b\\\":2\"}",
            ),
            (
                "$[?@.a=='{$inputs.x}']",
                json!("' || true || '\\"),
                Language::JsonPath,
                "$[?@.a=='\\' || true || \\'\\\\']",
            ),
            (
                "$[?@.a==\"{$inputs.x}\"]",
                json!("it's \""),
                Language::JsonPath,
                "$[?@.a==\"it's \\\"\"]",
            ),
            (
                "$[?@.a=={$inputs.x}]",
                json!("1 || true"),
                Language::JsonPath,
                "$[?@.a==\"1 || true\"]",
            ),
        ] {
            assert_eq!(filled(template, &value, language).as_deref(), Ok(text), "{template}");
        }
        assert!(filled("$[?@.a=={$inputs.x}]", &json!([1]), Language::JsonPath).is_err());
    }

    #[test]
    fn braces_that_are_not_expressions_stay() {
        for text in ["a{2}", "{ $inputs.x }", "{$5}", "{", "{$", "\u{e9}{$x}"] {
            assert_eq!(Embedded::parse(text).unwrap().constant(), Some(text));
        }
        assert!(Embedded::parse("{$inputs.x").is_err());
        assert!(Embedded::parse("{$response.bdy}").is_err());
    }
}
