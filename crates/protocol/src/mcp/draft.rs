//! A result on its way to the client: read once, written once.

use super::keys::SOURCE;
use super::writer::Writer;
use crate::Rope;
use crate::json::{JsonError, Object};
use crate::splice::{Splice, quoted};

/// A checked object and the changes to it that are still to be made. They are made all at once, by cutting the text:
/// what is not changed is not copied.
#[derive(Debug, Clone)]
pub struct Draft {
    object: Object,
    splice: Splice<'static>,
    meta: Vec<(&'static str, Rope)>,
}

impl From<Object> for Draft {
    fn from(object: Object) -> Self {
        Self::new(object, Splice::new())
    }
}

impl Draft {
    pub(crate) fn new(object: Object, splice: Splice<'static>) -> Self {
        Self { object, splice, meta: Vec::new() }
    }

    /// The object as it came.
    pub fn original(&self) -> &Object {
        &self.object
    }

    /// The changes to members other than `_meta`.
    pub(crate) fn splice(&mut self) -> &mut Splice<'static> {
        &mut self.splice
    }

    /// Sets a member of `_meta`; one that is there already is overruled.
    pub(crate) fn set_meta(&mut self, key: &'static str, value: impl Into<Rope>) {
        self.meta.push((key, value.into()));
    }

    /// Says in `_meta["portcullis/source"]` which source it came from, whatever that wrote there itself.
    #[must_use]
    pub fn labelled(mut self, source: &str) -> Self {
        self.set_meta(SOURCE, quoted(source));
        self
    }

    /// The text with all changes made. The error is a `_meta` that is no object.
    pub fn write(mut self) -> Result<Rope, JsonError> {
        if !self.meta.is_empty() {
            let meta = with_meta(&self.object, std::mem::take(&mut self.meta))?;
            self.splice.set("_meta", meta);
        }
        Ok(self.splice.apply(&self.object))
    }
}

/// The `_meta` of an object with these members set; a new one if there is none.
fn with_meta(
    of: &Object,
    members: impl IntoIterator<Item = (&'static str, Rope)>,
) -> Result<Rope, JsonError> {
    let Some(meta) = super::client_capabilities::part(of, "_meta")? else {
        let mut new = Writer::new();
        for (key, value) in members {
            new.raw(key, &value.into_bytes());
        }
        return Ok(new.finish().into());
    };
    let mut splice = Splice::new();
    for (key, value) in members {
        splice.set(key, value);
    }
    Ok(splice.apply(&meta))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::json::Limits;

    fn labelled(text: &'static str) -> Option<String> {
        let object = Object::parse(Bytes::from_static(text.as_bytes()), Limits::REPLY).ok()?;
        let rope = Draft::from(object).labelled("no\"tes").write().ok()?;
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
