use std::fmt;

use serde_json::{Map, Value};
use thiserror::Error;

/// A JSON Pointer (RFC 6901).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Pointer(Vec<String>);

/// A text that is no JSON Pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadPointer {
    /// It is not empty and does not begin with `/`.
    #[error("a JSON Pointer is empty or begins with `/`")]
    Start,
    /// A `~` with neither `0` nor `1` behind it.
    #[error("in a JSON Pointer `~` is written `~0` and `/` is written `~1`")]
    Escape,
    /// It goes through a name that means something to programs.
    #[error("a JSON Pointer must not go through `__proto__`")]
    Reserved,
}

impl Pointer {
    /// Reads a pointer; the empty text is the whole value.
    pub fn parse(text: &str) -> Result<Self, BadPointer> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let rest = text.strip_prefix('/').ok_or(BadPointer::Start)?;
        rest.split('/').map(token).collect::<Result<_, _>>().map(Self)
    }

    /// The value it points to.
    pub fn get<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(value, |at, token| step(at, token))
    }

    /// Puts a value where it points: over the one that is there, as a new member of an object that is there, or
    /// behind the last element (`-`). False if there is no such place.
    pub fn set(&self, within: &mut Value, new: Value) -> bool {
        let Some((last, parents)) = self.0.split_last() else {
            *within = new;
            return true;
        };
        let parent = parents.iter().try_fold(within, |at, token| match at {
            Value::Object(map) => map.get_mut(token),
            Value::Array(list) => index(token).and_then(|i| list.get_mut(i)),
            _ => None,
        });
        match parent {
            Some(Value::Object(map)) => put(map, last, new),
            Some(Value::Array(list)) if last == "-" => {
                list.push(new);
                true
            }
            Some(Value::Array(list)) => match index(last).and_then(|i| list.get_mut(i)) {
                Some(slot) => {
                    *slot = new;
                    true
                }
                None => false,
            },
            _ => false,
        }
    }
}

fn put(map: &mut Map<String, Value>, name: &str, new: Value) -> bool {
    map.insert(name.to_owned(), new);
    true
}

/// One step down: a member, or an element by its index.
pub(crate) fn step<'v>(at: &'v Value, token: &str) -> Option<&'v Value> {
    match at {
        Value::Object(map) => map.get(token),
        Value::Array(list) => list.get(index(token)?),
        _ => None,
    }
}

fn index(token: &str) -> Option<usize> {
    let plain = token == "0" || !token.starts_with('0');
    (plain && token.bytes().all(|b| b.is_ascii_digit())).then(|| token.parse().ok()).flatten()
}

fn token(text: &str) -> Result<String, BadPointer> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '~' => match chars.next() {
                Some('0') => '~',
                Some('1') => '/',
                _ => return Err(BadPointer::Escape),
            },
            c => c,
        });
    }
    if crate::names::is_poison(&out) {
        return Err(BadPointer::Reserved);
    }
    Ok(out)
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for token in &self.0 {
            write!(f, "/{}", token.replace('~', "~0").replace('/', "~1"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pointer_finds_members_elements_and_escaped_names() {
        let value = json!({"a/b": [{"c~d": 1}], "": 2, "01": 3});
        for (text, found) in [
            ("", Some(&value)),
            ("/a~1b/0/c~0d", Some(&json!(1))),
            ("/", Some(&json!(2))),
            ("/01", Some(&json!(3))),
            ("/a~1b/00", None),
            ("/a~1b/-", None),
            ("/none", None),
        ] {
            assert_eq!(Pointer::parse(text).unwrap().get(&value), found, "{text}");
        }
    }

    #[test]
    fn only_members_that_a_value_has_itself_are_there() {
        let empty = json!({});
        for text in ["/constructor", "/constructor/name", "/toString", "/length"] {
            assert_eq!(Pointer::parse(text).unwrap().get(&empty), None, "{text}");
        }
        assert_eq!(Pointer::parse("/__proto__"), Err(BadPointer::Reserved));
    }

    #[test]
    fn what_is_no_pointer_is_refused() {
        for (text, error) in [
            ("a", BadPointer::Start),
            ("/~", BadPointer::Escape),
            ("/~2", BadPointer::Escape),
            ("/a/__proto__/b", BadPointer::Reserved),
        ] {
            assert_eq!(Pointer::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn setting_needs_a_place_that_is_there() {
        let mut value = json!({"a": {"b": 1}, "l": [1]});
        assert!(Pointer::parse("/a/new").unwrap().set(&mut value, json!(2)));
        assert!(Pointer::parse("/l/0").unwrap().set(&mut value, json!(3)));
        assert!(Pointer::parse("/l/-").unwrap().set(&mut value, json!(4)));
        assert_eq!(value, json!({"a": {"b": 1, "new": 2}, "l": [3, 4]}));
        for none in ["/x/y", "/l/7", "/a/b/c"] {
            assert!(!Pointer::parse(none).unwrap().set(&mut value, json!(0)), "{none}");
        }
    }
}
