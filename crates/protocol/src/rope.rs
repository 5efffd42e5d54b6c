use bytes::{Bytes, BytesMut};

/// Text in pieces: an answer is put together from slices of what came in, without copying them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rope {
    parts: Vec<Bytes>,
}

impl Rope {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a piece behind the others; an empty one is left out.
    pub fn push(&mut self, part: impl Into<Bytes>) {
        let part = part.into();
        if !part.is_empty() {
            self.parts.push(part);
        }
    }

    /// Adds all pieces of another.
    pub fn append(&mut self, other: Self) {
        self.parts.extend(other.parts);
    }

    /// Bytes in all.
    pub fn len(&self) -> usize {
        self.parts.iter().map(Bytes::len).sum()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The pieces, in order.
    pub fn into_parts(self) -> Vec<Bytes> {
        self.parts
    }

    /// The pieces, in order, borrowed.
    pub fn parts(&self) -> &[Bytes] {
        &self.parts
    }

    /// The text in one piece: copied only if there are several.
    pub fn into_bytes(mut self) -> Bytes {
        if self.parts.len() == 1 {
            return self.parts.remove(0);
        }
        let mut all = BytesMut::with_capacity(self.len());
        for part in &self.parts {
            all.extend_from_slice(part);
        }
        all.freeze()
    }
}

impl<T: Into<Bytes>> From<T> for Rope {
    fn from(part: T) -> Self {
        let mut rope = Self::new();
        rope.push(part);
        rope
    }
}
