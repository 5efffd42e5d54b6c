use std::ops::Deref;
use std::sync::Arc;

/// Text of a record: whatever form it already has, so that filling a record in copies nothing.
#[derive(Debug, Clone)]
pub enum Text {
    /// Known when the program was built.
    Static(&'static str),
    /// Shared with others.
    Shared(Arc<str>),
    /// Made for this record.
    Owned(String),
}

impl Text {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Static(text) => text,
            Self::Shared(text) => text,
            Self::Owned(text) => text,
        }
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl From<&'static str> for Text {
    fn from(text: &'static str) -> Self {
        Self::Static(text)
    }
}

impl From<Arc<str>> for Text {
    fn from(text: Arc<str>) -> Self {
        Self::Shared(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::Owned(text)
    }
}
