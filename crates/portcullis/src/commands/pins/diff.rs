use std::collections::BTreeSet;

use serde_json::Value;

use super::items::Item;
use crate::say;

/// Shows what waits beside what was accepted, member by member, and what was found in it.
pub fn show(item: &Item) {
    let Some(pending) = &item.pending else {
        say::line(format_args!("{}: nothing waits", item.shown));
        return;
    };
    say::line(format_args!(
        "{} ({} of {}): {}",
        item.shown, item.key.kind, item.source, pending.reason
    ));
    let old = item.pin.as_ref().map_or(Value::Null, |pin| read(&pin.definition));
    let new = read(&pending.definition);
    for line in changes(&old, &new) {
        say::line(format_args!("  {}", audit::terminal_safe(&line)));
    }
    let findings: Vec<Value> = serde_json::from_str(&pending.findings).unwrap_or_default();
    for finding in findings {
        let part = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
        let text = format!("found {} at {}: {}", part("rule"), part("path"), part("excerpt"));
        say::line(format_args!("  ! {}", audit::terminal_safe(&text)));
    }
}

fn read(definition: &[u8]) -> Value {
    serde_json::from_slice(definition).unwrap_or(Value::Null)
}

/// Every leaf that differs: `- pointer: old`, `+ pointer: new`.
pub fn changes(old: &Value, new: &Value) -> Vec<String> {
    let mut out = Vec::new();
    walk("", Some(old).filter(|v| !v.is_null()), Some(new).filter(|v| !v.is_null()), &mut out);
    out
}

fn walk(path: &str, old: Option<&Value>, new: Option<&Value>, out: &mut Vec<String>) {
    match (old, new) {
        (old, new) if old == new => {}
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for name in names {
                let step = name.replace('~', "~0").replace('/', "~1");
                walk(&format!("{path}/{step}"), a.get(name), b.get(name), out);
            }
        }
        (old, new) => {
            let at = if path.is_empty() { "/" } else { path };
            out.extend(old.map(|v| format!("- {at}: {v}")));
            out.extend(new.map(|v| format!("+ {at}: {v}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_shown_and_each_at_its_place() {
        let old = json!({"name": "a", "description": "Adds.", "inputSchema": {"type": "object"}});
        let new = json!({"name": "a", "description": "Sends.", "inputSchema": {"type": "object", "x/y": 1}});
        assert_eq!(
            changes(&old, &new),
            ["- /description: \"Adds.\"", "+ /description: \"Sends.\"", "+ /inputSchema/x~1y: 1"]
        );
        assert!(changes(&new, &new).is_empty());
        assert_eq!(changes(&Value::Null, &json!("x")), ["+ /: \"x\""]);
    }
}
