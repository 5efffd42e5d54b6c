use bytes::Bytes;

use crate::json::quote_into;

/// Writes a small object of our own, member by member.
#[derive(Debug)]
pub(crate) struct Writer {
    out: Vec<u8>,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self { out: b"{".to_vec() }
    }

    /// Adds a raw JSON value.
    pub(crate) fn raw(&mut self, name: &str, value: &[u8]) -> &mut Self {
        if self.out.len() > 1 {
            self.out.push(b',');
        }
        quote_into(&mut self.out, name);
        self.out.push(b':');
        self.out.extend_from_slice(value);
        self
    }

    /// Adds a text.
    pub(crate) fn str(&mut self, name: &str, text: &str) -> &mut Self {
        self.raw(name, crate::json::quote(text).as_bytes())
    }

    /// Adds a raw JSON value if there is one.
    pub(crate) fn maybe(&mut self, name: &str, value: Option<&[u8]>) -> &mut Self {
        match value {
            Some(value) => self.raw(name, value),
            None => self,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.out.len() == 1
    }

    pub(crate) fn finish(&mut self) -> Bytes {
        self.out.push(b'}');
        Bytes::from(std::mem::take(&mut self.out))
    }
}

/// An array of texts.
pub(crate) fn texts<'a>(items: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    let mut out = b"[".to_vec();
    for item in items {
        if out.len() > 1 {
            out.push(b',');
        }
        quote_into(&mut out, item);
    }
    out.push(b']');
    out
}
