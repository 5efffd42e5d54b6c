//! Words, found by a few of their letters.
//!
//! A text is looked at two bytes further each time, four at once. Of each word two places are known, one of which such a
//! look meets: the rarest letters that it sees when it begins at an even byte of the word, and at an odd one. Only where
//! a look meets such letters is the word compared.

use std::collections::{BTreeMap, BTreeSet};

use memchr::memmem;

/// Looks are told apart by this many bits of their hash, and at first by this many only.
const BITS: u32 = 16;
const FEWER: u32 = 15;
/// Bytes of a text that one step looks at, and those that it needs for it.
const STEP: usize = 8;
const SEEN: usize = STEP + 2;
/// Bytes of a look.
const WIDE: usize = 4;
/// What tells upper case from lower, in eight bytes.
const CASE: u64 = 0x2020_2020_2020_2020;

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
    /// By the first bits of the hash of a look: not zero if it may meet anything. Small, so that it stays at hand.
    any: Box<[u8; 1 << FEWER]>,
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
    /// Its first eight bytes, with the bits of [`CASE`] set, and which bits of eight bytes they are.
    begin: u64,
    mask: u64,
}

impl Looks {
    /// Those that meet these words; behind one with a space at its end no letter or digit may follow. `None` if one of
    /// them has fewer than three letters, or they are too many.
    pub(super) fn new<'a>(words: impl Iterator<Item = &'a [u8]>) -> Option<Self> {
        let mut all: BTreeMap<usize, Vec<Meant>> = BTreeMap::new();
        let words: BTreeSet<_> = words.collect();
        // Where a word stands, any that is within it stands, too.
        let is_within = |other: &[u8], word: &[u8]| {
            other != word && !other.ends_with(b" ") && memmem::find(word, other).is_some()
        };
        for word in &words {
            if words.iter().any(|other| is_within(other, word)) {
                continue;
            }
            let (word, ends) = word.strip_suffix(b" ").map_or((*word, false), |word| (word, true));
            for shift in [0, 1] {
                let (at, look) = rarest(word, shift)?;
                for hash in hashes(look) {
                    let meant = Meant::new(word, ends, (at + 1).checked_sub(shift)?);
                    all.entry(hash).or_default().push(meant);
                }
            }
        }
        let mut places: Box<[u16; 1 << BITS]> = vec![0; 1 << BITS].try_into().ok()?;
        let mut any: Box<[u8; 1 << FEWER]> = vec![0; 1 << FEWER].try_into().ok()?;
        let mut meant = Vec::new();
        for (hash, words) in all {
            meant.push(words);
            places[hash] = u16::try_from(meant.len()).ok()?;
            any[hash >> (BITS - FEWER)] = 1;
        }
        Some(Self { any, places, meant })
    }

    /// Whether any of the words is in `text`.
    pub(super) fn meet(&self, text: &[u8]) -> bool {
        self.steps(text, |seen, at| self.compare(seen, text, at))
    }

    /// Calls `met` with a place within each of the words in `text`.
    pub(super) fn each(&self, text: &[u8], mut met: impl FnMut(usize)) {
        self.steps(text, |seen, at| {
            let each = (0..STEP / 2).filter(|n| self.is_met(seen, *n, text, at));
            // The second byte of a look is always one of the word's.
            each.for_each(|n| met(at + 2 * n + 1));
            false
        });
    }

    /// Whether `is_met` says so of any step in which a word may be met, and where that begins.
    #[inline]
    fn steps(&self, text: &[u8], mut is_met: impl FnMut(&[u8; SEEN], usize) -> bool) -> bool {
        let (mut rest, mut at) = (text, 0);
        while let Some(seen) = rest.first_chunk() {
            if self.may_meet(seen) && is_met(seen, at) {
                return true;
            }
            rest = &rest[STEP..];
            at += STEP;
        }
        let mut last = [0; SEEN + STEP];
        last[..rest.len()].copy_from_slice(rest);
        let mut ends =
            [0, STEP].into_iter().filter_map(|from| Some((from, last[from..].first_chunk()?)));
        ends.any(|(from, seen)| is_met(seen, at + from))
    }

    /// Whether any of the looks at `seen` may meet a word.
    #[inline]
    fn may_meet(&self, seen: &[u8; SEEN]) -> bool {
        let mut any = 0;
        for n in 0..STEP / 2 {
            any |= self.any[(spread(look(seen, n)) >> (u32::BITS - FEWER)) as usize];
        }
        any != 0
    }

    /// Whether a word stands where one of the looks at `seen`, which stands at `at` in `text`, meets it.
    #[inline(never)]
    fn compare(&self, seen: &[u8; SEEN], text: &[u8], at: usize) -> bool {
        (0..STEP / 2).any(|n| self.is_met(seen, n, text, at))
    }

    /// The same of one of the looks.
    #[inline]
    fn is_met(&self, seen: &[u8; SEEN], n: usize, text: &[u8], at: usize) -> bool {
        let place = usize::from(self.places[hash(look(seen, n))]).checked_sub(1);
        let meant = place.and_then(|place| self.meant.get(place));
        meant.is_some_and(|meant| meant.iter().any(|one| one.is_in(text, at + 2 * n)))
    }
}

impl Meant {
    fn new(word: &[u8], ends: bool, before: usize) -> Self {
        let eight = |byte: fn(u8) -> u8| {
            let mut eight = [0; 8];
            eight.iter_mut().zip(word).for_each(|(to, from)| *to = byte(*from));
            u64::from_le_bytes(eight)
        };
        let mask = eight(|_| u8::MAX);
        Self { word: word.to_owned(), ends, before, begin: (eight(|b| b) | CASE) & mask, mask }
    }

    /// Whether the word stands around the look at `at`.
    #[inline]
    fn is_in(&self, text: &[u8], at: usize) -> bool {
        let begin = (at + 1).checked_sub(self.before);
        let Some(there) = begin.and_then(|begin| text.get(begin..)) else { return false };
        // Eight bytes at once tell most of what only comes near.
        let eight = there.first_chunk().map(|eight| u64::from_le_bytes(*eight));
        eight.is_none_or(|eight| (eight | CASE) & self.mask == self.begin) && self.begins(there)
    }

    /// Whether it is the beginning of `text`.
    fn begins(&self, text: &[u8]) -> bool {
        text.split_at_checked(self.word.len()).is_some_and(|(there, after)| {
            let same = |(byte, letter): (&u8, &u8)| byte.to_ascii_lowercase() == *letter;
            there.iter().zip(&self.word).all(same)
                && !(self.ends && after.first().is_some_and(u8::is_ascii_alphanumeric))
        })
    }
}

/// One of the looks at `seen`, as a number.
#[inline]
fn look(seen: &[u8; SEEN], n: usize) -> u32 {
    let at = 2 * n;
    u32::from_le_bytes([seen[at], seen[at + 1], seen[at + 2], seen[at + 3]]) & 0x1F1F_1F1F
}

/// A number for a look whose first bits are its hash.
#[inline]
fn spread(look: u32) -> u32 {
    look.wrapping_mul(0x9E37_79B9)
}

/// A number below 2^[`BITS`] for a look.
#[inline]
fn hash(look: u32) -> usize {
    (spread(look) >> (u32::BITS - BITS)) as usize
}

/// Those of every look that is meant.
fn hashes(look: Look) -> impl Iterator<Item = usize> {
    let wild = look.iter().filter(|byte| byte.is_none()).count();
    (0..1_u32 << (5 * wild)).map(move |mut choice| {
        let letters = look.iter().map(|byte| {
            byte.map_or_else(
                || {
                    let any = choice & 31;
                    choice >>= 5;
                    any
                },
                u32::from,
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
