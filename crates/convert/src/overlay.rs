//! OpenAPI Overlays 1.0 and 1.1: changes that an operator makes to a description before it becomes tools.

use serde_json::{Map, Value};
use serde_json_path::{JsonPath, NormalizedPath};
use thiserror::Error;

use crate::openapi::read;

/// Most actions of one overlay.
const ACTIONS: usize = 1000;
/// Most places that one action changes.
const PLACES: usize = 100_000;
/// Most values that all actions together put into a description.
const ADDED: usize = 1_000_000;

/// An overlay that cannot be read or applied.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct BadOverlay {
    /// A stable code: `not_an_overlay`, `unknown_version`, `bad_target`, `bad_action`, `does_not_fit`, `too_large`.
    pub code: &'static str,
    /// A sentence, with the action by its number.
    pub message: String,
}

fn bad<T>(code: &'static str, message: impl Into<String>) -> Result<T, BadOverlay> {
    Err(BadOverlay { code, message: message.into() })
}

/// An overlay, read.
#[derive(Debug)]
pub struct Overlay {
    actions: Vec<Action>,
}

#[derive(Debug)]
struct Action {
    written: String,
    target: JsonPath,
    change: Change,
}

#[derive(Debug)]
enum Change {
    Remove,
    Update(Value),
    Copy(JsonPath),
    Nothing,
}

impl Overlay {
    /// Reads an overlay in JSON or YAML. `extends` is not followed: an operator says what it is applied to.
    ///
    /// # Errors
    /// It is no overlay of a version that is known, or a path of it cannot be read.
    pub fn read(text: &[u8]) -> Result<Self, BadOverlay> {
        let value = read(text).or_else(|e| bad("not_an_overlay", e.to_string()))?;
        let version = match value.get("overlay") {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => return bad("not_an_overlay", "it has no `overlay`, so it is no overlay"),
        };
        if !["1.0", "1.1"].iter().any(|v| version.strip_prefix(v).is_some_and(is_patch)) {
            let message = format!("Overlay `{version}` is not known: 1.0 and 1.1 are");
            return bad("unknown_version", message);
        }
        let Some(actions) = value.get("actions").and_then(Value::as_array) else {
            return bad("not_an_overlay", "it has no list of `actions`");
        };
        if actions.len() > ACTIONS {
            return bad("too_large", format!("it has more than {ACTIONS} actions"));
        }
        let actions = actions.iter().enumerate().map(|(n, action)| Action::read(n + 1, action));
        Ok(Self { actions: actions.collect::<Result<_, _>>()? })
    }

    /// Changes a description, action after action. What comes back are the targets that selected nothing.
    ///
    /// # Errors
    /// What is to be put in is of another kind than what is there; the description is then half changed.
    pub fn apply(&self, document: &mut Value) -> Result<Vec<String>, BadOverlay> {
        let (mut nothing, mut added) = (Vec::new(), 0);
        for (n, action) in self.actions.iter().enumerate() {
            let places = places(&action.target, document);
            if places.is_empty() {
                nothing.push(action.written.clone());
            }
            if places.len() > PLACES {
                return bad("too_large", format!("action {} selects too much", n + 1));
            }
            action.apply(n + 1, &places, document, &mut added)?;
        }
        Ok(nothing)
    }
}

fn is_patch(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('.')
}

/// JSON pointers to what a path selects, each once.
fn places(path: &JsonPath, document: &Value) -> Vec<String> {
    let found = path.query_located(document).dedup();
    found.locations().map(NormalizedPath::to_json_pointer).collect()
}

impl Action {
    fn read(n: usize, action: &Value) -> Result<Self, BadOverlay> {
        let path = |name: &str| match action.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => match JsonPath::parse(text) {
                Ok(path) => Ok(Some((text.clone(), path))),
                Err(e) => bad("bad_target", format!("action {n}: `{name}` is no JSONPath: {e}")),
            },
            Some(_) => bad("bad_target", format!("action {n}: `{name}` is no text")),
        };
        let Some((written, target)) = path("target")? else {
            return bad("bad_target", format!("action {n} has no `target`"));
        };
        let change = match (action.get("remove"), action.get("update"), path("copy")?) {
            (Some(Value::Bool(true)), ..) => Change::Remove,
            (None | Some(Value::Bool(false)), Some(_), Some(_)) => {
                return bad("bad_action", format!("action {n} has both `update` and `copy`"));
            }
            (None | Some(Value::Bool(false)), Some(update), None) => Change::Update(update.clone()),
            (None | Some(Value::Bool(false)), None, Some((_, from))) => Change::Copy(from),
            (None | Some(Value::Bool(false)), None, None) => Change::Nothing,
            (Some(_), ..) => {
                return bad("bad_action", format!("action {n}: `remove` is no boolean"));
            }
        };
        Ok(Self { written, target, change })
    }

    fn apply(
        &self,
        n: usize,
        places: &[String],
        document: &mut Value,
        added: &mut usize,
    ) -> Result<(), BadOverlay> {
        let update = match &self.change {
            Change::Nothing => return Ok(()),
            Change::Remove => return remove(n, places, document),
            Change::Update(update) => update.clone(),
            Change::Copy(_) if places.is_empty() => return Ok(()),
            Change::Copy(from) => {
                let Ok(found) = from.query(document).exactly_one() else {
                    let message = format!("action {n}: `copy` does not select exactly one value");
                    return bad("bad_action", message);
                };
                found.clone()
            }
        };
        *added = added.saturating_add(count(&update).saturating_mul(places.len()));
        if *added > ADDED {
            return bad("too_large", format!("action {n}: more than {ADDED} values are put in"));
        }
        for place in places {
            if let Some(target) = document.pointer_mut(place) {
                put(target, &update).or_else(|inside| {
                    let message =
                        format!("action {n}: what it puts at `{place}{inside}` does not fit there");
                    bad("does_not_fit", message)
                })?;
            }
        }
        Ok(())
    }
}

/// How many values there are in one.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(elements) => elements.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        _ => 0,
    }
}

/// Takes values out of what holds them: the last of a list first, so that the others keep their places.
fn remove(n: usize, places: &[String], document: &mut Value) -> Result<(), BadOverlay> {
    let mut split: Vec<(&str, String)> = Vec::new();
    for place in places {
        let Some((holder, name)) = place.rsplit_once('/') else {
            return bad("bad_action", format!("action {n} would remove the whole description"));
        };
        split.push((holder, name.replace("~1", "/").replace("~0", "~")));
    }
    split.sort_by_key(|(holder, name)| {
        let at = name.parse::<usize>().unwrap_or_default();
        (std::cmp::Reverse(holder.len()), std::cmp::Reverse(at))
    });
    for (holder, name) in split {
        match document.pointer_mut(holder) {
            Some(Value::Object(members)) => {
                members.shift_remove(&name);
            }
            Some(Value::Array(elements)) => {
                if let Some(at) = name.parse().ok().filter(|at| *at < elements.len()) {
                    elements.remove(at);
                }
            }
            // Removed already, with what it was in.
            _ => {}
        }
    }
    Ok(())
}

/// Puts a value into what was selected: members are merged, elements added, plain values replaced.
fn put(target: &mut Value, update: &Value) -> Result<(), String> {
    match (target, update) {
        (Value::Object(own), Value::Object(new)) => merge(own, new),
        (Value::Array(own), Value::Array(new)) => {
            own.extend(new.iter().cloned());
            Ok(())
        }
        (Value::Array(own), new) => {
            own.push(new.clone());
            Ok(())
        }
        (target, new) if is_plain(target) && is_plain(new) => {
            *target = new.clone();
            Ok(())
        }
        _ => Err(String::new()),
    }
}

fn merge(own: &mut Map<String, Value>, new: &Map<String, Value>) -> Result<(), String> {
    for (name, value) in new {
        let inside = |rest: String| format!("/{name}{rest}");
        match own.get_mut(name) {
            None => {
                own.insert(name.clone(), value.clone());
            }
            Some(Value::Array(_)) if !value.is_array() => return Err(inside(String::new())),
            Some(held) => put(held, value).map_err(inside)?,
        }
    }
    Ok(())
}

const fn is_plain(value: &Value) -> bool {
    !matches!(value, Value::Object(_) | Value::Array(_))
}

#[cfg(test)]
mod tests;
