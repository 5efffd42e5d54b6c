//! JSONPath (RFC 9535) and JSON Pointer, as conditions and as Selector Objects (1.1).

use serde_json::Value;
use serde_json_path::JsonPath;

use crate::embed::{Embedded, Language};
use crate::error::{Errors, LoadCode};
use crate::expression::Expression;
use crate::limits::MAX_TEXT;
use crate::pointer::Pointer;
use crate::scope::{Scope, Unresolved};

/// Deepest nesting of brackets and parentheses in a path.
const MAX_NESTING: usize = 16;
/// About how many visits of a value a query may make.
const MAX_VISITS: usize = 10_000_000;

/// A JSONPath with values in it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Path(Embedded);

impl Path {
    /// Reads a path, with a harmless value in place of each expression.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        if text.len() > MAX_TEXT {
            return Err(format!("a path has {MAX_TEXT} bytes at most"));
        }
        let embedded = Embedded::parse(text).map_err(|e| e.to_string())?;
        // Within such a pattern a value would have to be quoted twice, by rules that two readers may see differently.
        let has_pattern = text.contains("match(") || text.contains("search(");
        if has_pattern && embedded.is_within_quotes(Language::JsonPath) {
            return Err("no expression may stand in the pattern of match() or search()".to_owned());
        }
        compile(&embedded.sample(Language::JsonPath))?;
        Ok(Self(embedded))
    }

    pub(crate) fn expressions(&self, visit: &mut dyn FnMut(&Expression)) {
        self.0.expressions().for_each(visit);
    }

    /// What it selects of a value.
    pub(crate) fn select<'v>(
        &self,
        value: &'v Value,
        scope: &Scope<'_>,
    ) -> Result<Vec<&'v Value>, Unresolved> {
        let text = self.0.fill(scope, Language::JsonPath)?;
        let path = compile(&text)
            .map_err(|_| Unresolved::Kind("the path cannot be read with its values in it"))?;
        if visits(&text, count(value)) > MAX_VISITS {
            return Err(Unresolved::Kind("the path would take too long on a value of this size"));
        }
        Ok(path.query(value).all())
    }
}

fn compile(text: &str) -> Result<JsonPath, String> {
    let mut depth = 0_usize;
    for c in text.chars() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_NESTING {
            return Err(format!("a path nests {MAX_NESTING} brackets at most"));
        }
    }
    JsonPath::parse(text).map_err(|e| e.to_string())
}

/// Each descent and each filter may look at every value again.
fn visits(path: &str, values: usize) -> usize {
    let repeats = path.matches("..").count() + path.matches('?').count();
    let patterns = path.matches("match(").count() + path.matches("search(").count();
    let each = values.saturating_mul(1 + 100 * patterns);
    (1..repeats).fold(each, |all, _| all.saturating_mul(values))
}

fn count(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(count).sum::<usize>(),
        Value::Object(map) => 1 + map.values().map(count).sum::<usize>(),
        _ => 1,
    }
}

/// A Selector Object: a part of a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Selector {
    context: Expression,
    how: How,
}

#[derive(Debug, Clone, PartialEq)]
enum How {
    Path(Path),
    Pointer(Pointer),
}

impl Selector {
    /// Whether an object is meant as one: it has the three members, and no other.
    pub(crate) fn is_meant(value: &Value) -> bool {
        let Value::Object(map) = value else { return false };
        map.len() == 3 && ["context", "selector", "type"].iter().all(|name| map.contains_key(*name))
    }

    pub(crate) fn read(value: &Value, place: &str, errors: &mut Errors) -> Option<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let at = |name: &str| format!("{place}/{name}");
        let context = match Expression::parse(text("context").unwrap_or_default()) {
            Ok(context) => context,
            Err(e) => {
                errors.add(LoadCode::BadExpression, &at("context"), e.to_string());
                return None;
            }
        };
        let selector = text("selector").unwrap_or_default();
        let how = match kind(value.get("type")) {
            Some("jsonpath") => Path::read(selector).map(How::Path),
            Some("jsonpointer") => {
                Pointer::parse(selector).map(How::Pointer).map_err(|e| e.to_string())
            }
            Some("xpath") => {
                errors.add(LoadCode::Unsupported, &at("type"), XPATH);
                return None;
            }
            _ => Err("`type` is jsonpath or jsonpointer".to_owned()),
        };
        match how {
            Ok(how) => Some(Self { context, how }),
            Err(e) => {
                errors.add(LoadCode::BadCondition, &at("selector"), e);
                None
            }
        }
    }

    pub(crate) fn expressions(&self, visit: &mut dyn FnMut(&Expression)) {
        visit(&self.context);
        if let How::Path(path) = &self.how {
            path.expressions(visit);
        }
    }

    /// What it selects: one value as it is, several as a list.
    pub(crate) fn fill(&self, scope: &Scope<'_>) -> Result<Value, Unresolved> {
        let context = scope.get(&self.context)?;
        let nothing = || Unresolved::Nothing(format!("what is selected of {}", self.context));
        match &self.how {
            How::Pointer(pointer) => pointer.get(&context).cloned().ok_or_else(nothing),
            How::Path(path) => match path.select(&context, scope)?.as_slice() {
                [] => Err(nothing()),
                [one] => Ok((*one).clone()),
                many => Ok(Value::Array(many.iter().map(|v| (*v).clone()).collect())),
            },
        }
    }
}

/// Why XPath is not done.
pub(crate) const XPATH: &str =
    "XPath is not done here: answers reach a workflow as JSON; use jsonpath or a JSON Pointer";

/// The kind in a `type`: a word, or an object with a version of it that is read here.
pub(crate) fn kind(value: Option<&Value>) -> Option<&str> {
    match value? {
        Value::String(kind) => Some(kind),
        Value::Object(map) => {
            let kind = map.get("type")?.as_str()?;
            let version = map.get("version")?.as_str()?;
            let known = match kind {
                "jsonpath" => ["rfc9535", "draft-goessner-dispatch-jsonpath-00"].contains(&version),
                "jsonpointer" => version == "rfc6901",
                "xpath" => true,
                _ => false,
            };
            (map.len() == 2 && known).then_some(kind)
        }
        _ => None,
    }
}
