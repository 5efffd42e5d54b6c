//! From the text of a document to a tree: JSON or YAML, bounded, no member twice, numbers with every digit.

use std::fmt;

use protocol::json;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::error::{LoadCode, LoadError};
use crate::limits::{MAX_DEPTH, MAX_DOCUMENT, MAX_VALUES};

/// Reads a document. What begins with `{` is JSON; everything else is YAML.
pub(crate) fn read(text: &[u8]) -> Result<Value, LoadError> {
    let error = |code, message: String| LoadError { code, place: String::new(), message };
    if text.len() > MAX_DOCUMENT {
        let message = format!("a document has {MAX_DOCUMENT} bytes at most; split it");
        return Err(error(LoadCode::TooLarge, message));
    }
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    if text.trim_ascii_start().starts_with(b"{") {
        let limits = json::Limits { depth: MAX_DEPTH, values: MAX_VALUES };
        return json::value(text, limits).map_err(|e| {
            let code = match e {
                json::JsonError::Limit(_) => LoadCode::TooLarge,
                _ => LoadCode::Unreadable,
            };
            error(code, e.to_string())
        });
    }
    let text = std::str::from_utf8(text)
        .map_err(|e| error(LoadCode::Unreadable, format!("the document is not UTF-8: {e}")))?;
    let tree: Tree = serde_saphyr::from_str_with_options(text, options())
        .map_err(|e| error(LoadCode::Unreadable, format!("not YAML that is read here: {e}")))?;
    Ok(tree.0)
}

fn options() -> serde_saphyr::Options {
    let values = MAX_VALUES as usize;
    let depth = MAX_DEPTH as usize;
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_nodes: values,
            max_events: values * 2,
            max_depth: depth,
            flow_nesting_limit: depth,
            max_aliases: 1000,
            max_anchors: 1000,
            max_documents: 1,
            max_total_scalar_bytes: MAX_DOCUMENT,
            max_merge_keys: 0,
        },
    }
}

/// A value of YAML as one of JSON. A member that stands twice is an error, whatever the parser thinks of it.
struct Tree(Value);

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Grow).map(Tree)
    }
}

struct Grow;

impl<'de> Visitor<'de> for Grow {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that JSON has, too")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i128<E: serde::de::Error>(self, value: i128) -> Result<Value, E> {
        let number = value.to_string().parse::<Number>();
        number.map(Value::Number).map_err(|_| E::custom("a number that JSON does not have"))
    }

    fn visit_u128<E: serde::de::Error>(self, value: u128) -> Result<Value, E> {
        let number = value.to_string().parse::<Number>();
        number.map(Value::Number).map_err(|_| E::custom("a number that JSON does not have"))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        // From there on the reader of YAML rounds whole numbers.
        if value.abs() >= 9_007_199_254_740_992.0 {
            return Err(E::custom("a number too large for YAML; write the document as JSON"));
        }
        let number = Number::from_f64(value);
        number.map(Value::Number).ok_or_else(|| E::custom("a number that JSON does not have"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Tree(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let Tree(value) = map.next_value()?;
            if members.contains_key(&name) {
                return Err(A::Error::custom(format!("the member `{name}` stands twice")));
            }
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_yaml_give_the_same_tree() {
        let json = read(br#"{"a": [1, null, "x"], "b": {"c": true}}"#).unwrap();
        assert_eq!(read(b"a: [1, null, x]\nb:\n  c: true\n").unwrap(), json);
    }

    #[test]
    fn big_integers_keep_their_digits_or_are_refused() {
        let n = |text: &str| read(text.as_bytes()).map(|tree| tree["n"].to_string());
        let big = "12345678901234567890123";
        assert_eq!(n(&format!("{{\"n\": {big}}}")).unwrap(), big);
        assert_eq!(n("n: 18446744073709551615\n").unwrap(), "18446744073709551615");
        // YAML would round it.
        assert_eq!(n(&format!("n: {big}\n")).unwrap_err().code, LoadCode::Unreadable);
    }

    #[test]
    fn the_same_member_twice_is_refused_in_both() {
        for text in ["{\"a\": 1, \"\\u0061\": 2}", "a: 1\na: 2\n"] {
            assert_eq!(read(text.as_bytes()).unwrap_err().code, LoadCode::Unreadable, "{text}");
        }
    }

    #[test]
    fn bombs_and_depths_are_refused() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for n in 1..9 {
            let before = format!("*a{}", n - 1);
            bomb.extend([format!("a{n}: &a{n} ["), vec![before; 10].join(", "), "]\n".to_owned()]);
        }
        assert!(read(bomb.as_bytes()).is_err());
        for deep in ["[".repeat(5000), format!("{{\"a\":{}", "[".repeat(5000))] {
            assert!(read(deep.as_bytes()).is_err());
        }
        assert_eq!(read(&vec![b' '; MAX_DOCUMENT + 1]).unwrap_err().code, LoadCode::TooLarge);
    }
}
