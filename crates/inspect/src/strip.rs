use serde_json::Value;

use crate::finding::{Finding, Severity};

/// A copy of `value` without the parts that [`Severity::Strip`] findings point at.
///
/// For exposing only: what is pinned is what the source sent.
pub fn without_stripped(value: &Value, findings: &[Finding]) -> Value {
    let mut paths: Vec<&str> = findings
        .iter()
        .filter(|f| f.severity == Severity::Strip)
        .map(|f| f.path.as_str())
        .collect();
    // Later items of a list go first, so that the places of earlier ones still hold.
    paths.sort_by_key(|p| (std::cmp::Reverse(last_index(p)), *p));
    paths.dedup();
    let mut out = value.clone();
    for path in paths {
        remove(&mut out, path);
    }
    out
}

fn last_index(path: &str) -> usize {
    path.rsplit('/').next().and_then(|step| step.parse().ok()).unwrap_or(0)
}

fn remove(value: &mut Value, path: &str) {
    let Some((parent, step)) = path.rsplit_once('/') else { return };
    match value.pointer_mut(parent) {
        Some(Value::Object(members)) => {
            members.shift_remove(&step.replace("~1", "/").replace("~0", "~"));
        }
        Some(Value::Array(items)) => {
            if let Some(index) = step.parse().ok().filter(|i| *i < items.len()) {
                items.remove(index);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_parts_pointed_at_are_left_out() {
        let value = json!({"icons": [1, 2, 3, 4], "p": {"__proto__": 1, "a/b": 2, "c": 3}});
        let strip = |path: &str| Finding::new(Severity::Strip, "x", "").at(path);
        let findings = [
            strip("/icons/0"),
            strip("/icons/2"),
            strip("/p/__proto__"),
            strip("/p/a~1b"),
            strip("/no/3"),
        ];
        assert_eq!(without_stripped(&value, &findings), json!({"icons": [2, 4], "p": {"c": 3}}));
    }
}
