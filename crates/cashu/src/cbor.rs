//! CBOR (RFC 8949) as requests and tokens use it: maps with text keys, read strictly.

use ciborium::Value;
use ciborium::de::from_reader_with_recursion_limit;

/// How deep values may lie in each other.
const DEPTH: usize = 16;
/// How long one text or byte string may be, in bytes.
const MAX_STRING: usize = 8 * 1024;

/// One value and nothing behind it.
pub(crate) fn read(bytes: &[u8]) -> Option<Value> {
    let mut rest = bytes;
    let value = from_reader_with_recursion_limit(&mut rest, DEPTH).ok()?;
    rest.is_empty().then_some(value)
}

/// The bytes of a value.
pub(crate) fn write(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory has nothing to fail on.
    let _ = ciborium::into_writer(value, &mut bytes);
    bytes
}

/// A value that is there and is no text, or too long a one.
pub(crate) struct NoText;

/// The members of a map. `null` and `undefined` are the same as absent.
pub(crate) struct Fields(Vec<(String, Value)>);

impl Fields {
    /// A map whose keys are texts, none of them twice.
    pub(crate) fn new(value: Value) -> Option<Self> {
        let mut fields: Vec<(String, Value)> = Vec::new();
        for (key, value) in value.into_map().ok()? {
            let key = key.into_text().ok()?;
            if fields.iter().any(|(other, _)| *other == key) {
                return None;
            }
            fields.push((key, value));
        }
        Some(Self(fields))
    }

    /// Takes a member out.
    pub(crate) fn take(&mut self, key: &str) -> Option<Value> {
        let at = self.0.iter().position(|(name, _)| name == key)?;
        let (_, value) = self.0.swap_remove(at);
        (!value.is_null()).then_some(value)
    }

    /// A text that must be there.
    pub(crate) fn text(&mut self, key: &str) -> Option<String> {
        text(self.take(key)?)
    }

    /// A text that may be absent.
    pub(crate) fn optional_text(&mut self, key: &str) -> Result<Option<String>, NoText> {
        self.take(key).map(|value| text(value).ok_or(NoText)).transpose()
    }

    /// A list that may be absent, each element read by `of`.
    pub(crate) fn list<T>(
        &mut self,
        key: &str,
        of: impl FnMut(Value) -> Option<T>,
    ) -> Option<Vec<T>> {
        match self.take(key) {
            None => Some(Vec::new()),
            Some(value) => list(value, of),
        }
    }
}

/// A text of a lawful length.
pub(crate) fn text(value: Value) -> Option<String> {
    value.into_text().ok().filter(|text| text.len() <= MAX_STRING)
}

/// A byte string of a lawful length.
pub(crate) fn bytes(value: Value) -> Option<Vec<u8>> {
    value.into_bytes().ok().filter(|bytes| bytes.len() <= MAX_STRING)
}

/// A list, each element read by `of`.
pub(crate) fn list<T>(value: Value, of: impl FnMut(Value) -> Option<T>) -> Option<Vec<T>> {
    value.into_array().ok()?.into_iter().map(of).collect()
}

/// A list of lists of texts.
pub(crate) fn tags(value: Value) -> Option<Vec<Vec<String>>> {
    list(value, |tag| list(tag, text))
}

/// A map under construction.
pub(crate) fn map(fields: Vec<(&str, Value)>) -> Value {
    Value::Map(fields.into_iter().map(|(key, value)| (Value::from(key), value)).collect())
}

/// A list of texts.
pub(crate) fn texts(texts: &[String]) -> Value {
    Value::Array(texts.iter().map(|text| Value::from(text.as_str())).collect())
}
