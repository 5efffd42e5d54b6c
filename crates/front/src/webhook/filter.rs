use bytes::Bytes;
use protocol::json::{JsonError, Limits, canonical};
use serde_json::Value;

use super::BadHook;
use super::document::Pointer;

/// What a body must say so that its event is carried out; an event that does not is taken and ignored.
#[derive(Debug, Clone)]
pub struct Condition {
    at: Pointer,
    any_of: Vec<Vec<u8>>,
}

impl Condition {
    /// The value at this JSON pointer equals one of these.
    ///
    /// # Errors
    /// A text that is no pointer, or a condition that nothing meets.
    pub fn new(pointer: &str, any_of: impl IntoIterator<Item = Value>) -> Result<Self, BadHook> {
        let at = Pointer::new(pointer)?;
        let form = |value: Value| form(value.to_string().as_bytes()).map_err(|_| BadHook::Nothing);
        let any_of = any_of.into_iter().map(form).collect::<Result<Vec<_>, _>>()?;
        if any_of.is_empty() {
            return Err(BadHook::Nothing);
        }
        Ok(Self { at, any_of })
    }

    /// Whether the document meets it. What is not there equals nothing.
    pub(super) fn holds(&self, document: &Bytes) -> Result<bool, JsonError> {
        let Some(found) = self.at.find(document)? else { return Ok(false) };
        let found = form(&found)?;
        Ok(self.any_of.contains(&found))
    }
}

/// One form for all ways to write a value.
fn form(text: &[u8]) -> Result<Vec<u8>, JsonError> {
    canonical(text, Limits::REQUEST).map(|form| form.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_compared_as_a_value_and_never_across_types() {
        let holds = |document: &'static str| {
            let condition = Condition::new("/a", [json!("x"), json!(1), json!({"b": [1, 2]})]);
            condition.unwrap().holds(&Bytes::from(document)).unwrap()
        };
        for yes in [
            r#"{"a":"x"}"#,
            r#"{"a":"\u0078"}"#,
            r#"{"a":1}"#,
            r#"{"a":1.0}"#,
            r#"{"a": {"b" : [ 1,2] } }"#,
        ] {
            assert!(holds(yes), "{yes}");
        }
        for no in
            [r#"{"a":"1"}"#, r#"{"a":"X"}"#, r#"{"a":null}"#, "{}", "[]", r#"{"a":{"b":[2,1]}}"#]
        {
            assert!(!holds(no), "{no}");
        }
        assert!(Condition::new("/a", []).is_err(), "nothing would ever pass");
    }
}
