//! What must hold for a step to have succeeded, or for an action to be taken.

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use crate::condition::Condition;
use crate::embed::{Embedded, Language, text_of};
use crate::expression::Expression;
use crate::limits::MAX_TEXT;
use crate::scope::{Scope, Unresolved};
use crate::selector::Path;

/// Memory that one compiled pattern may take.
const PATTERN_SIZE: usize = 1024 * 1024;

/// One criterion.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Criterion {
    Simple(Condition),
    Regex(Expression, Embedded),
    JsonPath(Expression, Path),
}

impl Criterion {
    /// A pattern to be found in the text of a value.
    pub(crate) fn regex(context: Expression, text: &str) -> Result<Self, String> {
        if text.len() > MAX_TEXT {
            return Err(format!("a pattern has {MAX_TEXT} bytes at most"));
        }
        let embedded = Embedded::parse(text).map_err(|e| e.to_string())?;
        compile(&embedded.sample(Language::Regex)).map_err(|e| {
            format!(
                "the pattern cannot be read (there is no look-around and no back-reference): {e}"
            )
        })?;
        Ok(Self::Regex(context, embedded))
    }

    /// Whether it is met. What cannot be evaluated is not.
    pub(crate) fn is_met(&self, scope: &Scope<'_>) -> bool {
        self.check(scope).unwrap_or(false)
    }

    fn check(&self, scope: &Scope<'_>) -> Result<bool, Unresolved> {
        match self {
            Self::Simple(condition) => condition.holds(scope),
            Self::Regex(context, pattern) => {
                let value = scope.get(context)?;
                if matches!(&*value, Value::Null | Value::Array(_) | Value::Object(_)) {
                    return Err(Unresolved::Kind("a pattern needs a text"));
                }
                let pattern = compile(&pattern.fill(scope, Language::Regex)?)
                    .map_err(|_| Unresolved::Kind("the pattern is too large"))?;
                Ok(pattern.is_match(&text_of(&value)))
            }
            Self::JsonPath(context, path) => {
                let value = scope.get(context)?;
                Ok(!path.select(&value, scope)?.is_empty())
            }
        }
    }

    /// Every expression in it.
    pub(crate) fn expressions(&self, visit: &mut dyn FnMut(&Expression)) {
        match self {
            Self::Simple(condition) => condition.expressions(visit),
            Self::Regex(context, pattern) => {
                visit(context);
                pattern.expressions().for_each(visit);
            }
            Self::JsonPath(context, path) => {
                visit(context);
                path.expressions(visit);
            }
        }
    }
}

fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).size_limit(PATTERN_SIZE).nest_limit(50).build()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Document;
    use crate::scope::Kept;

    fn met(criterion: &Criterion, inputs: Value) -> bool {
        let kept = Kept { inputs, ..Kept::default() };
        criterion.is_met(&Scope::new(&Document::default(), &kept, 100_000))
    }

    fn of(name: &str) -> Expression {
        Expression::parse(&format!("$inputs.{name}")).unwrap()
    }

    #[test]
    fn a_pattern_is_found_in_a_text_or_number_and_in_nothing_else() {
        let criterion = Criterion::regex(of("v"), "^2\\d\\d$").unwrap();
        assert!(met(&criterion, json!({"v": 204})));
        assert!(met(&criterion, json!({"v": "200"})));
        for not in [json!({"v": 404}), json!({"v": null}), json!({"v": ["200"]}), json!({})] {
            assert!(!met(&criterion, not.clone()), "{not}");
        }
    }

    #[test]
    fn a_value_in_a_pattern_stands_for_itself() {
        let criterion = Criterion::regex(of("v"), "^{$inputs.p}$").unwrap();
        assert!(met(&criterion, json!({"v": "a.c", "p": "a.c"})));
        assert!(!met(&criterion, json!({"v": "abc", "p": "a.c"})));
        assert!(!met(&criterion, json!({"v": "anything", "p": ".*"})));
    }

    #[test]
    fn a_pattern_that_could_take_for_ever_does_not_load() {
        for bad in ["(?=a)", "(a)\\1", "((a{1000}){1000}){1000}", "("] {
            assert!(Criterion::regex(of("v"), bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_path_is_met_by_what_it_selects() {
        let path = |text| Criterion::JsonPath(of("v"), Path::read(text).unwrap());
        let value = json!({"v": {"pets": [{"name": "Rex"}]}, "n": "Rex", "m": "' || true || '"});
        assert!(met(&path("$[?count(@.*) > 0]"), value.clone()));
        assert!(met(&path("$.pets[?@.name == {$inputs.n}]"), value.clone()));
        assert!(met(&path("$.pets[?@.name == '{$inputs.n}']"), value.clone()));
        assert!(!met(&path("$.pets[?@.name == '{$inputs.m}']"), value.clone()));
        assert!(!met(&path("$.cats[*]"), value.clone()));
        assert!(!met(&path("$.pets[?@.name == {$inputs.missing}]"), value));
    }

    #[test]
    fn a_path_that_cannot_be_bounded_is_refused_or_fails() {
        assert!(Path::read("$[").is_err());
        assert!(Path::read(&format!("${}", "[0]".repeat(10))).is_ok());
        assert!(Path::read(&format!("$[?{}@.a{}]", "(".repeat(40), ")".repeat(40))).is_err());
        assert!(Path::read("$[?match(@.a, '{$inputs.n}')]").is_err());
        let slow = Criterion::JsonPath(of("v"), Path::read("$..[?@..a]..b").unwrap());
        let many: Vec<Value> = (0..1000).map(|n| json!({"a": n})).collect();
        assert!(!met(&slow, json!({"v": many})));
    }
}
