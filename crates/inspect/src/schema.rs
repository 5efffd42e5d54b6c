//! JSON Schema: compiled once, never fetching anything, bounded before it is trusted.

use jsonschema::{PatternOptions, ValidationOptions, Validator};
use serde_json::Value;
use thiserror::Error;

use crate::finding::{Finding, Severity};

mod check;
mod keywords;
mod message;
mod refs;

pub(crate) use keywords::each_subschema;

/// The most that a schema may be. What is larger is quarantined, never cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of its compact JSON text.
    pub bytes: usize,
    /// Levels of objects and lists.
    pub depth: usize,
    /// JSON values, all counted.
    pub nodes: usize,
    /// Subschemas that one value is held against, references followed and counted each time.
    pub expansion: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 256 * 1024, depth: 64, nodes: 20_000, expansion: 20_000 }
    }
}

/// Why a schema is not used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message} (at `{path}`)")]
pub struct SchemaProblem {
    /// Stable code, such as `schema-remote-ref`.
    pub rule: &'static str,
    /// JSON pointer into the schema.
    pub path: String,
    /// One sentence; names the limit where one is exceeded.
    pub message: String,
}

impl SchemaProblem {
    fn new(rule: &'static str, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { rule, path: path.into(), message: message.into() }
    }

    /// The finding that quarantines the tool whose schema stands at `root` (such as `/inputSchema`).
    pub fn finding(&self, root: &str) -> Finding {
        Finding::new(Severity::Quarantine, self.rule, &self.message)
            .at(format!("{root}{}", self.path))
    }
}

/// Where arguments do not fit their schema. Names the place and the rule, never a value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{path}` {message}")]
pub struct ArgProblem {
    /// JSON pointer into the arguments; empty for the whole.
    pub path: String,
    /// What the rule asks, such as `must be of type integer`.
    pub message: String,
}

/// A schema, ready to validate with.
#[derive(Debug)]
pub struct Schema {
    validator: Validator,
    /// Subschemas that one value is held against, at most.
    weight: u64,
}

/// Most problems that one validation reports.
const MOST_PROBLEMS: usize = 16;
/// Most subschema visits spent on saying where arguments do not fit.
const MOST_VISITS: u64 = 200_000;
/// Steps back that a pattern with look-around may take on one string before it counts as not matching.
const BACKTRACKS: usize = 20_000;
/// Bytes that one compiled pattern may take.
const PATTERN_SIZE: usize = 1 << 20;

impl Schema {
    /// Compiles `schema`: 2020-12, or the draft its `$schema` names (4 and later).
    ///
    /// References stay inside the document; nothing is ever fetched or read. Formats are asserted. Patterns match in
    /// linear time; those that need look-around or back-references are bounded instead.
    pub fn compile(schema: &Value, limits: Limits) -> Result<Self, SchemaProblem> {
        check::bounds(schema, limits)?;
        let weight = refs::check(schema, limits.expansion)?;
        let linear =
            options().with_pattern_options(PatternOptions::regex().size_limit(PATTERN_SIZE));
        let bounded = || {
            let patterns =
                PatternOptions::fancy_regex().backtrack_limit(BACKTRACKS).size_limit(PATTERN_SIZE);
            options().with_pattern_options(patterns).build(schema)
        };
        let invalid = |e: jsonschema::ValidationError<'_>| {
            let message = format!("the schema is no valid JSON Schema: {}", message::of(&e));
            SchemaProblem::new("schema-invalid", e.instance_path().as_str(), message)
        };
        linear
            .build(schema)
            .or_else(|_| bounded())
            .map(|validator| Self { validator, weight })
            .map_err(invalid)
    }

    /// Holds `arguments` against the schema. Nothing is coerced: `"1"` is no integer, `1.0` is one.
    ///
    /// # Errors
    /// The first problems, at most 16.
    pub fn validate(&self, arguments: &Value) -> Result<(), Vec<ArgProblem>> {
        if self.validator.is_valid(arguments) {
            return Ok(());
        }
        // The verdict remembers what it has seen and is quick; telling why does not, and with alternatives inside
        // alternatives its work multiplies with each level of the arguments.
        if visits(arguments, self.weight) > MOST_VISITS {
            let message = "does not fit the schema (nested too deeply to say where)".to_owned();
            return Err(vec![ArgProblem { path: String::new(), message }]);
        }
        let problems: Vec<ArgProblem> = self
            .validator
            .iter_errors(arguments)
            .take(MOST_PROBLEMS)
            .map(|e| ArgProblem {
                path: e.instance_path().as_str().to_owned(),
                message: message::of(&e),
            })
            .collect();
        Err(if problems.is_empty() {
            vec![ArgProblem { path: String::new(), message: "does not fit the schema".to_owned() }]
        } else {
            problems
        })
    }
}

/// At most how many subschemas are visited for `value` and everything in it.
fn visits(value: &Value, weight: u64) -> u64 {
    let mut level: Vec<&Value> = vec![value];
    let (mut total, mut each) = (0_u64, weight);
    while !level.is_empty() && total <= MOST_VISITS {
        total = total.saturating_add(each.saturating_mul(level.len() as u64));
        each = each.saturating_mul(weight);
        level = level.into_iter().flat_map(check::children).collect();
    }
    total
}

fn options() -> ValidationOptions<'static> {
    jsonschema::options()
        .offline()
        .should_validate_formats(true)
        .should_ignore_unknown_formats(true)
}

#[cfg(test)]
mod tests;
