//! Says on a result which source it came from.

use super::keys::SOURCE;
use super::writer::Writer;
use crate::Rope;
use crate::json::{JsonError, Limits, Object};
use crate::splice::{Splice, quoted};

/// Adds `_meta["portcullis/source"]` to a result. Its pieces are put together first if there are several; nothing
/// else is copied.
pub fn label(result: Rope, source: &str) -> Result<Rope, JsonError> {
    label_object(&Object::parse(result.into_bytes(), Limits::REPLY)?, source)
}

/// As [`label`], for a result that has been parsed. A source that wrote the key itself is overruled.
pub fn label_object(result: &Object, source: &str) -> Result<Rope, JsonError> {
    let mut splice = Splice::new();
    splice.set("_meta", with_meta(result, SOURCE, quoted(source))?);
    Ok(splice.apply(result))
}

/// The `_meta` of an object with one member set; a new one if there is none.
pub(super) fn with_meta(of: &Object, key: &str, value: impl Into<Rope>) -> Result<Rope, JsonError> {
    match super::client_capabilities::part(of, "_meta")? {
        Some(meta) => {
            let mut inner = Splice::new();
            inner.set(key, value);
            Ok(inner.apply(&meta))
        }
        None => Ok(Writer::new().raw(key, &value.into().into_bytes()).finish().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labelled(text: &'static str) -> Option<String> {
        let rope = label(Rope::from(text), "no\"tes").ok()?;
        String::from_utf8(rope.into_bytes().to_vec()).ok()
    }

    #[test]
    fn a_result_says_its_source_and_keeps_the_rest() {
        for (text, expected) in [
            ("{}", r#"{"_meta":{"portcullis/source":"no\"tes"}}"#),
            (r#"{"a": 1}"#, r#"{"a": 1,"_meta":{"portcullis/source":"no\"tes"}}"#),
            (r#"{"_meta":{},"a":1}"#, r#"{"_meta":{"portcullis/source":"no\"tes"},"a":1}"#),
            (r#"{"_meta":null}"#, r#"{"_meta":{"portcullis/source":"no\"tes"}}"#),
            (
                r#"{"_meta":{"portcullis/source":"other","k":[1]}}"#,
                r#"{"_meta":{"portcullis/source":"no\"tes","k":[1]}}"#,
            ),
        ] {
            assert_eq!(labelled(text).as_deref(), Some(expected));
        }
        assert_eq!(labelled(r#"{"_meta":7}"#), None);
        assert_eq!(labelled("[]"), None);
    }
}
