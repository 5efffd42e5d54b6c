use serde_json::Value;

use crate::finding::join;
use crate::schema::ArgProblem;

/// Longest chain of local references followed to find out whether a name is declared.
const MOST_REFERENCES: usize = 8;

/// Refuses member names that JavaScript upstreams trip over: `__proto__` anywhere; `constructor` and `prototype` with
/// an object inside, unless the schema declares that member at that place.
///
/// Compares names as parsed, at every depth, without recursion. Names that begin with `_` mean nothing to the gate.
///
/// # Errors
/// The first such member.
pub fn check_argument_names(arguments: &Value, schema: &Value) -> Result<(), ArgProblem> {
    let mut stack = vec![(arguments, vec![schema], String::new())];
    while let Some((value, schemas, path)) = stack.pop() {
        match value {
            Value::Object(members) => {
                for (name, inner) in members {
                    let declared = property(&schemas, name, schema);
                    let prototype = matches!(name.as_str(), "constructor" | "prototype");
                    if name == "__proto__"
                        || (prototype && inner.is_object() && declared.is_empty())
                    {
                        let message = "is a reserved name".to_owned();
                        return Err(ArgProblem { path: join(&path, name), message });
                    }
                    if inner.is_object() || inner.is_array() {
                        stack.push((inner, declared, join(&path, name)));
                    }
                }
            }
            Value::Array(items) => {
                let inner = applied(&schemas, schema)
                    .into_iter()
                    .filter_map(|s| s.get("items"))
                    .collect::<Vec<_>>();
                for (index, item) in
                    items.iter().enumerate().filter(|(_, i)| i.is_object() || i.is_array())
                {
                    stack.push((item, inner.clone(), join(&path, &index.to_string())));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The schemas that declare the member `name`.
fn property<'v>(schemas: &[&'v Value], name: &str, root: &'v Value) -> Vec<&'v Value> {
    applied(schemas, root)
        .into_iter()
        .filter_map(|s| s.get("properties").and_then(Value::as_object).and_then(|p| p.get(name)))
        .collect()
}

/// `schemas` with the alternatives and local references that apply beside them, a bounded number.
fn applied<'v>(schemas: &[&'v Value], root: &'v Value) -> Vec<&'v Value> {
    const MOST: usize = 64;
    let mut out: Vec<(&Value, usize)> = schemas.iter().map(|s| (*s, 0)).collect();
    let mut next = 0;
    while next < out.len() && out.len() < MOST {
        let (schema, references) = out[next];
        next += 1;
        for key in ["allOf", "anyOf", "oneOf"] {
            let parts = schema.get(key).and_then(Value::as_array).into_iter().flatten();
            out.extend(parts.take(MOST).map(|s| (s, references)));
        }
        let target = schema.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#'));
        if let Some(schema) = target.and_then(|pointer| root.pointer(pointer))
            && references < MOST_REFERENCES
        {
            out.push((schema, references + 1));
        }
    }
    out.into_iter().map(|(s, _)| s).collect()
}
