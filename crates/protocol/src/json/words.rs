//! Eight bytes of a string at once, in the order they stand (little endian).
//!
//! A byte below `n` borrows in `byte - n` and has no high bit itself; false hits of this arithmetic stand only behind a
//! true one, so that the first hit is always right.

/// How many bytes of a string are looked at eight at a time. What is longer is searched in vectors, which cost more to
/// begin with.
pub(super) const EARLY: usize = 64;

pub(super) const HIGH: u64 = 0x8080_8080_8080_8080;
const ONES: u64 = 0x0101_0101_0101_0101;

/// Where the first byte stands that is `"`, `\` or a control character, or 8.
#[inline]
pub(super) const fn first_special(word: u64) -> usize {
    // With its second bit turned, `"` comes right above the control characters, and nothing else does.
    let quote_or_control = (word ^ (ONES * 2)).wrapping_sub(ONES * 0x21);
    first(quote_or_control | less_escape(word), word)
}

/// Where the first byte stands that is `"` or `\`, or 8.
#[inline]
pub(super) const fn first_of(word: u64) -> usize {
    let quote = (word ^ (ONES * b'"' as u64)).wrapping_sub(ONES);
    first(quote | less_escape(word), word)
}

/// Whether there is a `\` among these bytes.
#[inline]
pub(super) fn has_escape(bytes: &[u8]) -> bool {
    if bytes.len() > EARLY {
        return memchr::memchr(b'\\', bytes).is_some();
    }
    let Some(last) = bytes.last_chunk::<8>() else {
        return bytes.contains(&b'\\');
    };
    let words = bytes.chunks_exact(8).filter_map(|word| word.first_chunk::<8>());
    let found = |word: &[u8; 8]| {
        let word = u64::from_le_bytes(*word);
        less_escape(word) & !word & HIGH
    };
    words.map(found).fold(found(last), |all, one| all | one) != 0
}

const fn less_escape(word: u64) -> u64 {
    (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES)
}

const fn first(borrowed: u64, word: u64) -> usize {
    ((borrowed & !word & HIGH).trailing_zeros() / 8) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(word: [u8; 8], wanted: impl Fn(&u8) -> bool) -> usize {
        word.iter().position(wanted).unwrap_or(8)
    }

    #[test]
    fn every_byte_is_told_in_every_place_whatever_stands_before_it() {
        for byte in 0..=u8::MAX {
            for at in 0..8 {
                for filler in [b'!', b'#', b' ', b'[', b']', 0x7F, 0x80, 0xFF] {
                    let mut word = [filler; 8];
                    word[at] = byte;
                    let special = |b: &u8| matches!(b, b'"' | b'\\' | 0..0x20);
                    let ends = |b: &u8| matches!(b, b'"' | b'\\');
                    let number = u64::from_le_bytes(word);
                    assert_eq!(first_special(number), place(word, special), "{word:?}");
                    assert_eq!(first_of(number), place(word, ends), "{word:?}");
                    assert_eq!(has_escape(&word), word.contains(&b'\\'), "{word:?}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn words_are_read_as_their_bytes_are(word in any::<[u8; 8]>()) {
            let number = u64::from_le_bytes(word);
            let special = |b: &u8| matches!(b, b'"' | b'\\' | 0..0x20);
            prop_assert_eq!(first_special(number), place(word, special));
            prop_assert_eq!(first_of(number), place(word, |b| matches!(b, b'"' | b'\\')));
        }

        #[test]
        fn an_escape_is_found_wherever_it_stands(
            bytes in prop::collection::vec(prop_oneof![40 => any::<u8>(), 1 => Just(b'\\')], 0..100),
        ) {
            prop_assert_eq!(has_escape(&bytes), bytes.contains(&b'\\'));
        }
    }
}
