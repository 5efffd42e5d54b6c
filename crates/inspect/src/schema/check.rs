use std::io;

use serde_json::Value;

use super::{Limits, SchemaProblem};

/// Size, depth, count of values, dialect: what can be told without understanding the schema.
pub(super) fn bounds(schema: &Value, limits: Limits) -> Result<(), SchemaProblem> {
    shape(schema, limits)?;
    if serialized_len(schema) > limits.bytes {
        return Err(over("bytes", limits.bytes));
    }
    match schema.get("$schema") {
        Some(Value::String(dialect)) if is_known(dialect) => Ok(()),
        Some(_) => Err(SchemaProblem::new(
            "schema-dialect",
            "/$schema",
            "the dialect is none of JSON Schema 4, 6, 7, 2019-09, 2020-12",
        )),
        None => Ok(()),
    }
}

fn over(what: &str, limit: usize) -> SchemaProblem {
    SchemaProblem::new(
        "schema-limit",
        "",
        format!("the schema is over the limit of {limit} {what}"),
    )
}

/// Depth and count, level by level, without recursion.
fn shape(schema: &Value, limits: Limits) -> Result<(), SchemaProblem> {
    let mut level: Vec<&Value> = vec![schema];
    let (mut depth, mut nodes) = (0_usize, 0_usize);
    while !level.is_empty() {
        depth += 1;
        nodes = nodes.saturating_add(level.len());
        if nodes > limits.nodes {
            return Err(over("values", limits.nodes));
        }
        if depth > limits.depth {
            return Err(over("levels", limits.depth));
        }
        level = level.into_iter().flat_map(children).collect();
    }
    Ok(())
}

/// What is directly inside `value`.
pub(super) fn children(value: &Value) -> impl Iterator<Item = &Value> {
    let (members, items) = match value {
        Value::Object(members) => (Some(members.values()), None),
        Value::Array(items) => (None, Some(items.iter())),
        _ => (None, None),
    };
    members.into_iter().flatten().chain(items.into_iter().flatten())
}

fn serialized_len(value: &Value) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.saturating_add(bytes.len());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    serde_json::to_writer(&mut count, value).map_or(usize::MAX, |()| count.0)
}

fn is_known(dialect: &str) -> bool {
    let rest = dialect.strip_prefix("https://").or_else(|| dialect.strip_prefix("http://"));
    let name = rest.map_or("", |r| r.trim_end_matches('#'));
    matches!(
        name,
        "json-schema.org/draft/2020-12/schema"
            | "json-schema.org/draft/2019-09/schema"
            | "json-schema.org/draft-07/schema"
            | "json-schema.org/draft-06/schema"
            | "json-schema.org/draft-04/schema"
    )
}
