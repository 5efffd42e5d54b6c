//! Words, found by a few of their letters.
//!
//! A text is looked at two bytes further each time, four at once. Of each word two places are known, one of which such a
//! look meets: the rarest letters that it sees when it begins at an even byte of the word, and at an odd one. Only where
//! a look meets such letters is the word compared.

use std::collections::{BTreeMap, BTreeSet};

/// Looks are told apart by this many bits of their hash.
const BITS: u32 = 16;
/// Bytes of a text that one round looks at, and those that it needs for it.
const ROUND: usize = 24;
const SEEN: usize = ROUND + 2;
/// Looks of a round.
const LOOKS: usize = ROUND / 2;
/// Bytes of a look.
const WIDE: usize = 4;

/// How common each letter is in English, in thousandths, by its five low bits. The space is the first.
const COMMON: [u64; 32] = [
    150, 82, 15, 28, 43, 127, 22, 20, 61, 70, 2, 8, 40, 24, 67, 75, 19, 1, 60, 63, 91, 28, 10, 24,
    2, 20, 1, 5, 5, 5, 5, 5,
];
/// How common any byte is.
const ANY: u64 = 1000;

/// Four bytes that are looked at together: five bits of each, which upper and lower case share; `None` is any byte.
type Look = [Option<u8>; WIDE];

/// The looks that meet some words.
pub(super) struct Looks {
    /// By the hash of a look: one more than the place of what it may meet in `meant`, or zero.
    places: Box<[u16; 1 << BITS]>,
    meant: Vec<Vec<Meant>>,
}

/// A word, and where it stands if a look meets it.
struct Meant {
    word: Vec<u8>,
    /// Whether no letter or digit may follow.
    ends: bool,
    /// How many of its bytes stand before the second byte of the look.
    before: usize,
}

impl Looks {
    /// Those that meet these words; behind one with a space at its end no letter or digit may follow. `None` if one of
    /// them has fewer than three letters, or they are too many.
    pub(super) fn new<'a>(words: impl Iterator<Item = &'a [u8]>) -> Option<Self> {
        let mut all: BTreeMap<usize, Vec<Meant>> = BTreeMap::new();
        for word in words.collect::<BTreeSet<_>>() {
            let (word, ends) = word.strip_suffix(b" ").map_or((word, false), |word| (word, true));
            for shift in [0, 1] {
                let (at, look) = rarest(word, shift)?;
                for hash in hashes(look) {
                    let (word, before) = (word.to_owned(), (at + 1).checked_sub(shift)?);
                    all.entry(hash).or_default().push(Meant { word, ends, before });
                }
            }
        }
        let mut places: Box<[u16; 1 << BITS]> = vec![0; 1 << BITS].try_into().ok()?;
        let mut meant = Vec::new();
        for (hash, words) in all {
            meant.push(words);
            places[hash] = u16::try_from(meant.len()).ok()?;
        }
        Some(Self { places, meant })
    }

    /// Whether any of the words is in `text`.
    pub(super) fn meet(&self, text: &[u8]) -> bool {
        let (mut rest, mut at) = (text, 0);
        while let Some(seen) = rest.first_chunk() {
            if self.round(seen, text, at) {
                return true;
            }
            rest = &rest[ROUND..];
            at += ROUND;
        }
        let mut last = [0; SEEN + ROUND];
        last[..rest.len()].copy_from_slice(rest);
        let mut ends =
            [0, ROUND].into_iter().filter_map(|from| Some((from, last[from..].first_chunk()?)));
        ends.any(|(from, seen)| self.round(seen, text, at + from))
    }

    /// Whether the looks at `seen`, which stands at `at` in `text`, meet a word.
    #[inline]
    fn round(&self, seen: &[u8; SEEN], text: &[u8], at: usize) -> bool {
        let mut met = [0; LOOKS];
        for (three, met) in met.chunks_exact_mut(3).enumerate() {
            let eight = seen.get(6 * three..6 * three + 8).and_then(|eight| eight.first_chunk());
            let bytes = eight.map_or(0, |eight| u64::from_le_bytes(*eight));
            for (n, met) in met.iter_mut().enumerate() {
                *met = self.places[hash((bytes >> (16 * n)) & 0x1F1F_1F1F)];
            }
        }
        met.iter().fold(0, |any, one| any | one) != 0 && self.compare(&met, text, at)
    }

    /// Whether a word stands where one of these was met.
    #[inline(never)]
    fn compare(&self, met: &[u16; LOOKS], text: &[u8], at: usize) -> bool {
        met.iter().enumerate().any(|(n, met)| {
            *met != 0
                && (self.meant.get(usize::from(*met) - 1))
                    .is_some_and(|meant| meant.iter().any(|one| one.is_in(text, at + 2 * n)))
        })
    }
}

impl Meant {
    /// Whether the word stands around the look at `at`.
    fn is_in(&self, text: &[u8], at: usize) -> bool {
        let begin = (at + 1).checked_sub(self.before);
        let there = begin.and_then(|begin| text.get(begin..)?.split_at_checked(self.word.len()));
        there.is_some_and(|(there, after)| {
            let same = |(byte, letter): (&u8, &u8)| byte.to_ascii_lowercase() == *letter;
            there.iter().zip(&self.word).all(same)
                && !(self.ends && after.first().is_some_and(u8::is_ascii_alphanumeric))
        })
    }
}

/// A number below 2^[`BITS`] for a look.
#[inline]
fn hash(look: u64) -> usize {
    let mixed = look.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - BITS);
    usize::try_from(mixed).unwrap_or(0)
}

/// Those of every look that is meant.
fn hashes(look: Look) -> impl Iterator<Item = usize> {
    let wild = look.iter().filter(|byte| byte.is_none()).count();
    (0..1_u64 << (5 * wild)).map(move |mut choice| {
        let letters = look.iter().map(|byte| {
            byte.map_or_else(
                || {
                    let any = choice & 31;
                    choice >>= 5;
                    any
                },
                u64::from,
            )
        });
        hash(letters.enumerate().fold(0, |look, (n, letter)| look | letter << (8 * n)))
    })
}

/// The rarest look at a word that begins `shift` bytes behind a place where looks begin: how far behind that place the
/// look begins, and what it sees.
fn rarest(word: &[u8], shift: usize) -> Option<(usize, Look)> {
    let letter = |at: usize| at.checked_sub(shift).and_then(|at| word.get(at)).map(|b| b & 31);
    let all = (0..word.len() + shift).step_by(2);
    let all = all.map(|at| (at, std::array::from_fn(|n| letter(at + n))));
    let told = |look: &Look| look.iter().flatten().count() >= 3;
    all.filter(|(_, look)| told(look)).min_by_key(|(_, look)| {
        let common = |byte: Option<u8>| byte.map_or(ANY, |byte| COMMON[usize::from(byte)]);
        look.iter().copied().map(common).product::<u64>()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WORDS: [&str; 5] = ["from", "llm", "](http", "ignor", "instructions"];

    fn meet(text: &str) -> bool {
        Looks::new(WORDS.iter().map(|l| l.as_bytes())).unwrap().meet(text.as_bytes())
    }

    #[test]
    fn behind_a_word_that_ends_nothing_may_follow() {
        let meets =
            |text: &str| Looks::new([&b"context "[..]].into_iter()).unwrap().meet(text.as_bytes());
        for text in ["context", "fullContext.", "a context_b"] {
            assert!(meets(text), "{text}");
        }
        for text in ["io.modelcontextprotocol/serverInfo", "contexts", "contex t"] {
            assert!(!meets(text), "{text}");
        }
    }

    #[test]
    fn words_of_two_letters_are_too_short() {
        assert!(Looks::new([&b"ab"[..]].into_iter()).is_none());
    }

    proptest! {
        #[test]
        fn a_word_is_met_wherever_it_stands_and_nothing_else(
            before in "[ -~]{0,70}", which in 0..WORDS.len(), cut in 0_usize..4, upper: bool, after in "[ -~]{0,70}",
        ) {
            let word = &WORDS[which][..WORDS[which].len().saturating_sub(cut)];
            let word = if upper { word.to_ascii_uppercase() } else { word.to_owned() };
            let text = format!("{before}{word}{after}");
            let lower = text.to_ascii_lowercase();
            prop_assert_eq!(meet(&text), WORDS.iter().any(|word| lower.contains(word)), "{:?}", text);
        }
    }
}
