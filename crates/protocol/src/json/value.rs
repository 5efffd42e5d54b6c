use serde_json::{Map, Number, Value};

use super::scan::{JsonError, Limits, Scan};
use super::text::unquote;

/// A text as a tree, for those that must walk all of it (schemas, detectors).
///
/// Read by this module's own scanner, never by `serde_json`'s: with exact numbers switched on, that one gives two
/// member names of its own (`$serde_json::private::…`) a meaning, so that what is checked would not be what is sent.
/// Here they are names like any other. Numbers keep every digit; a member that stands twice is refused.
pub fn value(text: &[u8], limits: Limits) -> Result<Value, JsonError> {
    let mut scan = Scan::new(text, limits);
    scan.space();
    let value = read(&mut scan)?;
    scan.end()?;
    Ok(value)
}

fn read(scan: &mut Scan<'_>) -> Result<Value, JsonError> {
    match scan.peek() {
        Some(b'{') => object(scan),
        Some(b'[') => array(scan),
        _ => {
            let start = scan.at;
            scan.value()?;
            leaf(&scan.text[start..scan.at]).ok_or(JsonError::Syntax(start))
        }
    }
}

fn leaf(raw: &[u8]) -> Option<Value> {
    Some(match raw {
        b"null" => Value::Null,
        b"true" => Value::Bool(true),
        b"false" => Value::Bool(false),
        _ => match unquote(raw) {
            Some(text) => Value::String(text.into_owned()),
            None => Value::Number(std::str::from_utf8(raw).ok()?.parse::<Number>().ok()?),
        },
    })
}

fn array(scan: &mut Scan<'_>) -> Result<Value, JsonError> {
    scan.count()?;
    scan.enter()?;
    scan.at += 1;
    scan.space();
    let mut items = Vec::new();
    if scan.peek() == Some(b']') {
        scan.at += 1;
    } else {
        loop {
            items.push(read(scan)?);
            if !scan.more(b']')? {
                break;
            }
        }
    }
    scan.leave();
    Ok(Value::Array(items))
}

fn object(scan: &mut Scan<'_>) -> Result<Value, JsonError> {
    scan.count()?;
    scan.enter()?;
    scan.at += 1;
    scan.space();
    let mut members = Map::new();
    if scan.peek() == Some(b'}') {
        scan.at += 1;
    } else {
        loop {
            let start = scan.at;
            scan.string()?;
            let name =
                unquote(&scan.text[start..scan.at]).ok_or(JsonError::Syntax(start))?.into_owned();
            scan.space();
            scan.eat(b':')?;
            scan.space();
            if members.insert(name, read(scan)?).is_some() {
                return Err(JsonError::Duplicate(start));
            }
            if !scan.more(b'}')? {
                break;
            }
        }
    }
    scan.leave();
    Ok(Value::Object(members))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Value, JsonError> {
        value(text.as_bytes(), Limits::REQUEST)
    }

    #[test]
    fn names_that_a_library_gives_a_meaning_are_names_like_any_other() {
        for name in ["$serde_json::private::Number", "$serde_json::private::RawValue"] {
            let tree = read(&format!(r#"{{"n":{{"{name}":"1"}}}}"#)).unwrap();
            assert_eq!(tree["n"][name], "1", "{tree}");
            assert!(tree["n"].is_object());
        }
    }

    #[test]
    fn numbers_keep_every_digit_and_members_do_not_stand_twice() {
        assert_eq!(
            read("[12345678901234567890123, 1.0]").unwrap().to_string(),
            "[12345678901234567890123,1.0]"
        );
        assert!(matches!(read(r#"{"a":1,"\u0061":2}"#), Err(JsonError::Duplicate(_))));
    }

    #[test]
    fn depth_and_count_are_bounded_here_too() {
        assert!(matches!(read(&"[".repeat(100_000)), Err(JsonError::Limit(_))));
        assert!(matches!(
            read(&format!("[{}[]]", "[],".repeat(200_000))),
            Err(JsonError::Limit(_))
        ));
    }

    proptest! {
        #[test]
        fn what_serde_json_writes_is_read_as_it_was(text in any::<String>(), n in any::<i64>(), f in any::<f64>()) {
            let tree = serde_json::json!({"t": text.clone(), "l": [n, f, null, {text: true}]});
            prop_assert_eq!(read(&tree.to_string()).unwrap(), tree);
        }
    }
}
