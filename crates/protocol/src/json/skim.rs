//! Walks a text that has been checked before. Only the structure is looked at: nothing is checked twice.

use memchr::memchr2;

use super::words::{EARLY, first_of};

/// A cursor over a checked text. On any other text it finds nonsense, but it ends, within bounds.
pub(super) struct Skim<'a> {
    text: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Skim<'a> {
    pub(super) const fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    pub(super) fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Passes white space, then `byte` if it is there.
    pub(super) fn passes(&mut self, byte: u8) -> bool {
        self.space();
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    /// Passes a string, whose opening quote is next. Whether there is no escape in it.
    pub(super) fn string(&mut self) -> bool {
        self.at += 1;
        let mut plain = true;
        while let Some(found) = quote_or_escape(self.text.get(self.at..).unwrap_or_default()) {
            self.at += found + 1;
            if self.text[self.at - 1] == b'"' {
                return plain;
            }
            plain = false;
            self.at += 1;
        }
        self.at = self.text.len();
        plain
    }

    /// Passes one value.
    pub(super) fn value(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => _ = self.string(),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    self.at += 1;
                }
                _ if depth == 0 => return self.word(),
                _ => {
                    self.at += 1;
                    continue;
                }
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// Passes a number or a literal: up to what cannot be in one.
    fn word(&mut self) {
        while let Some(byte) = self.peek() {
            if matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r') {
                return;
            }
            self.at += 1;
        }
    }
}

/// Where the first `"` or `\` stands. Most strings are short: the first bytes are looked at eight at a time.
#[inline]
fn quote_or_escape(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at < EARLY {
        let Some(word) = bytes[at..].first_chunk::<8>() else { break };
        let found = first_of(u64::from_le_bytes(*word));
        if found < 8 {
            return Some(at + found);
        }
        at += 8;
    }
    memchr2(b'"', b'\\', &bytes[at..]).map(|found| at + found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_ends_a_string_is_found_where_a_look_at_each_byte_would_find_it(
            bytes in prop::collection::vec(prop_oneof![60 => any::<u8>(), 1 => Just(b'"'), 1 => Just(b'\\')], 0..200),
        ) {
            let slow = bytes.iter().position(|b| matches!(b, b'"' | b'\\'));
            prop_assert_eq!(quote_or_escape(&bytes), slow);
        }
    }
}
