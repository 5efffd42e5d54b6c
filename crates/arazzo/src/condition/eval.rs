use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::{Condition, Node, Operator};
use crate::decimal;
use crate::expression::{Expression, Part};
use crate::pointer::step;
use crate::scope::{Scope, Unresolved};

const NO_TRUTH: Unresolved = Unresolved::Kind("only true and false can stand as a condition");
const NO_ORDER: Unresolved = Unresolved::Kind("only two numbers or two strings have an order");

impl Condition {
    /// Whether it holds. What cannot be evaluated is an error, not false: its opposite must not hold either.
    pub(crate) fn holds(&self, scope: &Scope<'_>) -> Result<bool, Unresolved> {
        self.0.holds(scope)
    }
}

impl Node {
    fn holds(&self, scope: &Scope<'_>) -> Result<bool, Unresolved> {
        match self {
            Self::Not(node) => node.holds(scope).map(|holds| !holds),
            Self::And(a, b) => Ok(a.holds(scope)? && b.holds(scope)?),
            Self::Or(a, b) => Ok(a.holds(scope)? || b.holds(scope)?),
            Self::Compare(a, operator, b) => compare(a, *operator, b, scope),
            Self::Literal(_) | Self::Value(_) | Self::Within(..) => {
                self.value(scope)?.as_bool().ok_or(NO_TRUTH)
            }
        }
    }

    fn value<'v>(&'v self, scope: &Scope<'v>) -> Result<Cow<'v, Value>, Unresolved> {
        match self {
            Self::Literal(value) => Ok(Cow::Borrowed(value)),
            Self::Value(expression) => scope.get(expression),
            Self::Within(of, name) => within(of.value(scope)?, name),
            truth => truth.holds(scope).map(|holds| Cow::Owned(Value::Bool(holds))),
        }
    }

    /// Whether its value comes from the wire as a text, without a type of its own.
    fn is_untyped(&self) -> bool {
        let Self::Value(Expression::Request(part) | Expression::Response(part)) = self else {
            return false;
        };
        !matches!(part, Part::Body(_))
    }
}

fn within<'v>(of: Cow<'v, Value>, name: &str) -> Result<Cow<'v, Value>, Unresolved> {
    let nothing = || Unresolved::Nothing(format!("`{name}`"));
    match of {
        Cow::Borrowed(value) => step(value, name).map(Cow::Borrowed).ok_or_else(nothing),
        Cow::Owned(value) => step(&value, name).cloned().map(Cow::Owned).ok_or_else(nothing),
    }
}

fn compare(a: &Node, operator: Operator, b: &Node, scope: &Scope<'_>) -> Result<bool, Unresolved> {
    let (left, right) = (a.value(scope)?, b.value(scope)?);
    let left = typed(left, a, &right);
    let right = typed(right, b, &left);
    match operator {
        Operator::Equal => Ok(equal(&left, &right)),
        Operator::NotEqual => Ok(!equal(&left, &right)),
        Operator::Less => Ok(order(&left, &right)?.is_lt()),
        Operator::LessOrEqual => Ok(order(&left, &right)?.is_le()),
        Operator::Greater => Ok(order(&left, &right)?.is_gt()),
        Operator::GreaterOrEqual => Ok(order(&left, &right)?.is_ge()),
    }
}

/// A header field beside a number is read as one, if it is one.
fn typed<'v>(value: Cow<'v, Value>, node: &Node, beside: &Value) -> Cow<'v, Value> {
    let number = match &*value {
        Value::String(text) if beside.is_number() && node.is_untyped() => {
            text.trim().parse::<Number>().ok()
        }
        _ => None,
    };
    number.map_or(value, |n| Cow::Owned(Value::Number(n)))
}

/// Strings ignore case, numbers are exact, null equals itself, different kinds are different.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => fold(a) == fold(b),
        (Value::Number(a), Value::Number(b)) => decimal::compare(a, b) == Some(Ordering::Equal),
        (a, b) => a == b,
    }
}

fn order(a: &Value, b: &Value) -> Result<Ordering, Unresolved> {
    match (a, b) {
        (Value::String(a), Value::String(b)) => Ok(fold(a).cmp(&fold(b))),
        (Value::Number(a), Value::Number(b)) => decimal::compare(a, b).ok_or(NO_ORDER),
        _ => Err(NO_ORDER),
    }
}

fn fold(text: &str) -> String {
    text.to_lowercase()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::engine::StepReply;
    use crate::model::{Document, Target};
    use crate::scope::{Exchange, Kept};

    /// Some(holds), or none where it cannot be evaluated.
    fn holds(condition: &str) -> Option<bool> {
        let condition = Condition::parse(condition).unwrap_or_else(|e| panic!("{condition}: {e}"));
        let kept = Kept {
            inputs: json!({"name": "Ann", "n": 3, "none": null, "yes": true, "list": [{"id": 7}], "a": {"b": 1}}),
            ..Kept::default()
        };
        let reply = StepReply {
            status: Some(201),
            headers: vec![("X-Left".to_owned(), "5".to_owned())],
            body: json!({"items": [], "total": 10, "big": "x", "a)b": 1}),
            ..StepReply::default()
        };
        let document = Document::default();
        let target = Target::Tool("x".to_owned());
        let exchange = Exchange { target: &target, arguments: &[], body: None, reply: &reply };
        condition.holds(&Scope::new(&document, &kept, 10_000).with(exchange)).ok()
    }

    #[test]
    fn conditions_hold_as_the_specification_says() {
        for condition in [
            "$statusCode == 201",
            "$statusCode >= 200 && $statusCode < 300",
            "$inputs.name == 'ANN'",
            "$inputs.none == null",
            "$inputs.yes",
            "!($statusCode == 200)",
            "!!true",
            "'it''s' == 'IT''S'",
            "1 < 2 || $inputs.missing == 1",
            "$response.header.x-left < 6",
            "$response.body#/total == 10.0",
            "$inputs.list[0].id == 7",
            "$inputs.a.b == 1",
            "( $statusCode == 500 || $statusCode == 201 ) && true",
            "$inputs.n != '3'",
            "'' != null",
            "false != null",
            "0 != null",
            "-1.5e0 < 0",
            "'a' < 'B'",
            "true == ($statusCode == 201)",
        ] {
            assert_eq!(holds(condition), Some(true), "{condition}");
        }
        for condition in ["$statusCode == 200", "null == ''", "$inputs.name == 'Anne'", "!true"] {
            assert_eq!(holds(condition), Some(false), "{condition}");
        }
    }

    #[test]
    fn what_cannot_be_evaluated_holds_neither_way() {
        for condition in [
            "$inputs.missing == 1",
            "$inputs.missing != 1",
            "!$inputs.missing",
            "$inputs.name",
            "!$inputs.name",
            "$inputs.name < 3",
            "$inputs.none < 1",
            "$inputs.list[3].id == 7",
            "$response.header.x-none == ''",
            "$url == 'x'",
            "$inputs.missing || true",
        ] {
            assert_eq!(holds(condition), None, "{condition}");
        }
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for condition in [
            "",
            "==",
            "$statusCode ==",
            "$statusCode == \"200\"",
            "$statusCode = 200",
            "$statusCode 200",
            "($statusCode == 200",
            "$statusCode == 200)",
            "'open",
            "a == b",
            "$response.bdy == 1",
            "$statusCode === 200",
            "1 == 2 == 3",
            "$inputs.a[x] == 1",
            "$inputs.a[0].__proto__ == 1",
            "01 == 1",
        ] {
            assert!(Condition::parse(condition).is_err(), "{condition}");
        }
        assert!(Condition::parse(&format!("{}true", "!".repeat(100))).is_err());
        assert!(Condition::parse(&format!("{}true{}", "(".repeat(50), ")".repeat(50))).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_conditions_panic(text in "[$a-z0-9'\"()!=<>&|.\\[\\]# /é-]{0,60}") {
            if let Ok(condition) = Condition::parse(&text) {
                let (document, kept) = (Document::default(), Kept::default());
                let _ = condition.holds(&Scope::new(&document, &kept, 10));
            }
        }
    }
}
