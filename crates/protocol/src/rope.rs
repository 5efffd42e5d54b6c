use bytes::Bytes;

/// Text in pieces: an answer is put together from slices of what came in, without copying them.
///
/// The first piece stands by itself: most ropes have no other, and need no list for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rope {
    /// Empty only where there is nothing at all.
    first: Bytes,
    rest: Vec<Bytes>,
}

impl Rope {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Nothing yet, with room for this many pieces.
    pub(crate) fn with_capacity(parts: usize) -> Self {
        Self { first: Bytes::new(), rest: Vec::with_capacity(parts.saturating_sub(1)) }
    }

    /// Adds a piece behind the others; an empty one is left out.
    pub fn push(&mut self, part: impl Into<Bytes>) {
        let part = part.into();
        if part.is_empty() {
        } else if self.first.is_empty() {
            self.first = part;
        } else {
            self.rest.push(part);
        }
    }

    /// Adds all pieces of another.
    pub fn append(&mut self, other: Self) {
        let Self { first, mut rest } = other;
        self.push(first);
        if self.rest.is_empty() && rest.capacity() > self.rest.capacity() {
            self.rest = rest;
        } else {
            self.rest.append(&mut rest);
        }
    }

    /// Bytes in all.
    pub fn len(&self) -> usize {
        self.parts().map(Bytes::len).sum()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// Whether there is no more than one piece.
    pub fn is_whole(&self) -> bool {
        self.rest.is_empty()
    }

    /// The pieces, in order.
    pub fn into_parts(self) -> Vec<Bytes> {
        let mut all = Vec::with_capacity(1 + self.rest.len());
        all.extend(Some(self.first).filter(|first| !first.is_empty()));
        all.extend(self.rest);
        all
    }

    /// The pieces, in order, borrowed.
    pub fn parts(&self) -> impl Iterator<Item = &Bytes> {
        Some(&self.first).filter(|first| !first.is_empty()).into_iter().chain(&self.rest)
    }

    /// The text in one piece: copied only if there are several.
    pub fn into_bytes(self) -> Bytes {
        if self.rest.is_empty() {
            return self.first;
        }
        let mut all = Vec::with_capacity(self.len());
        for part in self.parts() {
            all.extend_from_slice(part);
        }
        Bytes::from(all)
    }
}

impl<T: Into<Bytes>> From<T> for Rope {
    fn from(part: T) -> Self {
        Self { first: part.into(), rest: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Each word is a rope of its letters, a dot being an empty piece.
    fn rope(word: &str) -> Rope {
        let mut rope = Rope::with_capacity(word.len() % 3);
        for letter in word.chars() {
            rope.push(letter.to_string().replace('.', ""));
        }
        rope
    }

    proptest! {
        #[test]
        fn ropes_are_their_pieces_in_order(words in prop::collection::vec("[abc.]{0,5}", 0..6)) {
            let mut all = Rope::new();
            for word in &words {
                all.append(rope(word));
            }
            let text = words.concat().replace('.', "");
            let letters: Vec<_> = text.chars().map(|letter| letter.to_string()).collect();
            prop_assert_eq!(all.len(), text.len());
            prop_assert_eq!(all.is_empty(), text.is_empty());
            prop_assert_eq!(all.is_whole(), text.len() < 2);
            prop_assert_eq!(all.parts().count(), letters.len());
            prop_assert_eq!(&all, &rope(&text));
            prop_assert_eq!(all.clone().into_parts(), letters);
            prop_assert_eq!(all.into_bytes(), text);
        }
    }
}
