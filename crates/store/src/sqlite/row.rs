use model::Timestamp;
use rusqlite::types::Value;

use crate::StoreError;

/// The columns of one row, read from the left. A column of another kind than expected is an error: its code fits, so
/// this program wrote it, and yet it makes no sense.
pub(super) struct Columns(std::vec::IntoIter<Value>);

impl Columns {
    pub(super) fn new(values: Vec<Value>) -> Self {
        Self(values.into_iter())
    }

    pub(super) fn text(&mut self) -> Result<String, StoreError> {
        match self.0.next() {
            Some(Value::Text(text)) => Ok(text),
            other => Err(odd(other.as_ref())),
        }
    }

    pub(super) fn maybe_text(&mut self) -> Result<Option<String>, StoreError> {
        match self.0.next() {
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(Value::Null) => Ok(None),
            other => Err(odd(other.as_ref())),
        }
    }

    pub(super) fn blob(&mut self) -> Result<Vec<u8>, StoreError> {
        match self.0.next() {
            Some(Value::Blob(bytes)) => Ok(bytes),
            other => Err(odd(other.as_ref())),
        }
    }

    pub(super) fn time(&mut self) -> Result<Timestamp, StoreError> {
        self.maybe_time()?.ok_or_else(|| odd(None))
    }

    pub(super) fn maybe_time(&mut self) -> Result<Option<Timestamp>, StoreError> {
        match self.0.next() {
            Some(Value::Integer(n)) => {
                u64::try_from(n).map(|n| Some(Timestamp(n))).map_err(|_| odd(None))
            }
            Some(Value::Null) => Ok(None),
            other => Err(odd(other.as_ref())),
        }
    }

    /// A text that stands for one of a few values.
    pub(super) fn word<T>(
        &mut self,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, StoreError> {
        let text = self.text()?;
        parse(&text).ok_or_else(|| odd(Some(&Value::Text(text))))
    }
}

/// A text column.
pub(super) fn text(value: impl Into<String>) -> Value {
    Value::Text(value.into())
}

/// A column of a moment.
pub(super) fn time(value: Timestamp) -> Result<Value, StoreError> {
    millis(value).map(Value::Integer)
}

/// A column of a moment that may be missing.
pub(super) fn maybe_time(value: Option<Timestamp>) -> Result<Value, StoreError> {
    value.map_or(Ok(Value::Null), time)
}

/// A moment as SQLite holds it.
pub(super) fn millis(value: Timestamp) -> Result<i64, StoreError> {
    i64::try_from(value.as_millis())
        .map_err(|_| StoreError::Invalid("a moment lies too far ahead to be kept".to_owned()))
}

fn odd(found: Option<&Value>) -> StoreError {
    let kind = found.map_or_else(|| "nothing".to_owned(), |v| v.data_type().to_string());
    StoreError::Engine(format!("a column holds {kind} that this program cannot read"))
}
