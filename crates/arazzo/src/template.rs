//! Values of a document with expressions in them.

use serde_json::{Map, Value};

use crate::embed::{Embedded, Language};
use crate::error::{Errors, LoadCode};
use crate::expression::Expression;
use crate::scope::{Scope, Unresolved, size};
use crate::selector::Selector;

/// A value that is put together when it is needed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Template {
    /// As it stands.
    Literal(Value),
    /// The value of an expression, with its type.
    Whole(Expression),
    /// A text with values in it.
    Text(Embedded),
    /// A JSON text with values in it, read when they are in their places.
    Json(Embedded),
    /// Elements.
    List(Vec<Template>),
    /// Members.
    Map(Vec<(String, Template)>),
    /// A part of a value, chosen by a Selector Object (1.1).
    Select(Box<Selector>),
}

impl Template {
    /// Reads a value. An expression that is meant as one and is none is an error.
    pub(crate) fn read(value: &Value, place: &str, errors: &mut Errors) -> Self {
        match value {
            Value::String(text) => Self::read_text(text, place, errors),
            Value::Array(list) => Self::List(
                list.iter()
                    .enumerate()
                    .map(|(n, item)| Self::read(item, &format!("{place}/{n}"), errors))
                    .collect(),
            ),
            Value::Object(map) => Self::Map(
                map.iter()
                    .map(|(name, item)| {
                        (name.clone(), Self::read(item, &format!("{place}/{name}"), errors))
                    })
                    .collect(),
            ),
            other => Self::Literal(other.clone()),
        }
    }

    /// The same, where a Selector Object may stand as well.
    pub(crate) fn read_or_select(
        value: &Value,
        place: &str,
        may_select: bool,
        errors: &mut Errors,
    ) -> Self {
        if may_select && Selector::is_meant(value) {
            return match Selector::read(value, place, errors) {
                Some(selector) => Self::Select(Box::new(selector)),
                None => Self::Literal(Value::Null),
            };
        }
        Self::read(value, place, errors)
    }

    fn read_text(text: &str, place: &str, errors: &mut Errors) -> Self {
        if Expression::is_meant(text) {
            return match Expression::parse(text) {
                Ok(expression) => Self::Whole(expression),
                Err(e) => {
                    errors.add(LoadCode::BadExpression, place, format!("`{text}`: {e}"));
                    Self::Literal(Value::Null)
                }
            };
        }
        match Embedded::parse(text) {
            Ok(embedded) if embedded.constant().is_some() => Self::Literal(text.into()),
            Ok(embedded) => Self::Text(embedded),
            Err(e) => {
                errors.add(LoadCode::BadExpression, place, format!("`{text}`: {e}"));
                Self::Literal(Value::Null)
            }
        }
    }

    /// Every expression in it.
    pub(crate) fn expressions(&self, visit: &mut dyn FnMut(&Expression)) {
        match self {
            Self::Literal(_) => {}
            Self::Whole(expression) => visit(expression),
            Self::Text(text) | Self::Json(text) => text.expressions().for_each(visit),
            Self::List(list) => list.iter().for_each(|item| item.expressions(visit)),
            Self::Map(map) => map.iter().for_each(|(_, item)| item.expressions(visit)),
            Self::Select(selector) => selector.expressions(visit),
        }
    }

    /// The value, with everything in its place.
    pub(crate) fn fill(&self, scope: &Scope<'_>) -> Result<Value, Unresolved> {
        match self {
            Self::Literal(value) => {
                scope.take(size(value))?;
                Ok(value.clone())
            }
            Self::Whole(expression) => scope.get(expression).map(std::borrow::Cow::into_owned),
            Self::Text(text) => text.fill(scope, Language::Plain).map(Value::String),
            Self::Json(text) => {
                let text = text.fill(scope, Language::Json)?;
                protocol::json::value(text.as_bytes(), protocol::json::Limits::REQUEST)
                    .map_err(|_| Unresolved::Kind("the payload is no JSON with its values in it"))
            }
            Self::List(list) => {
                list.iter().map(|item| item.fill(scope)).collect::<Result<_, _>>().map(Value::Array)
            }
            Self::Map(map) => {
                let members = map.iter().map(|(name, item)| Ok((name.clone(), item.fill(scope)?)));
                members.collect::<Result<Map<_, _>, _>>().map(Value::Object)
            }
            Self::Select(selector) => selector.fill(scope),
        }
    }
}
