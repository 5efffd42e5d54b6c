use model::money::MoneyRule;
use serde_json::{Map, Value};

/// Why a tool has no result: a stable code, and one sentence.
#[derive(Debug)]
pub(crate) struct No {
    pub(crate) code: &'static str,
    pub(crate) why: String,
}

impl No {
    pub(crate) fn new(code: &'static str, why: impl Into<String>) -> Self {
        Self { code, why: why.into() }
    }

    /// An argument that cannot be used.
    pub(crate) fn argument(why: impl Into<String>) -> Self {
        Self::new("invalid_arguments", why)
    }

    /// A rule about money.
    pub(crate) fn rule(rule: MoneyRule, why: impl Into<String>) -> Self {
        Self::new(rule.as_str(), why)
    }
}

/// The arguments of a call, numbers digit for digit.
pub(crate) struct Arguments(pub(crate) Map<String, Value>);

impl Arguments {
    /// A text of at most `most` bytes, if it is given.
    pub(crate) fn text(&self, name: &str, most: usize) -> Result<Option<&str>, No> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.len() <= most => Ok(Some(text)),
            Some(Value::String(_)) => {
                Err(No::argument(format!("`{name}` has more than {most} bytes")))
            }
            Some(_) => Err(No::argument(format!("`{name}` is no text"))),
        }
    }

    /// A whole number from 1, if it is given.
    pub(crate) fn count(&self, name: &str) -> Result<Option<u64>, No> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_u64() {
                Some(number) if number > 0 => Ok(Some(number)),
                _ => Err(No::argument(format!("`{name}` is no whole number above 0"))),
            },
        }
    }

    /// An object, if it is given.
    pub(crate) fn object(&self, name: &str) -> Result<Option<&Map<String, Value>>, No> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(members)) => Ok(Some(members)),
            Some(_) => Err(No::argument(format!("`{name}` is no object"))),
        }
    }
}
