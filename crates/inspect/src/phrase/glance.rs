//! The glance at a whole text: whether any of some words stands in it, so that most texts are seen to be calm without
//! being read.

use memchr::memmem::Finder;

mod looks;

use looks::Looks;

/// Words of letters are sought in any case, also parted by apostrophes (`don't`), and others as they stand.
pub(super) struct Glance {
    looks: Looks,
    /// What is too short for a look.
    short: Vec<Finder<'static>>,
}

impl Glance {
    /// A glance for words of lower case; `None` if they are too many.
    pub(super) fn new(words: impl Iterator<Item = &'static str>) -> Option<Self> {
        let (short, words): (Vec<_>, Vec<_>) = words.partition(|word| word.len() < 3);
        let looks = Looks::new(words.into_iter().map(str::as_bytes))?;
        Some(Self { looks, short: short.into_iter().map(Finder::new).collect() })
    }

    /// Whether there is any of them in `text`.
    pub(super) fn meets_any(&self, text: &[u8]) -> bool {
        if self.short.iter().any(|finder| finder.find(text).is_some()) || self.looks.meet(text) {
            return true;
        }
        let mut apostrophes = memchr::memchr_iter(b'\'', text);
        apostrophes.any(|at| parts_a_word(text, at))
            && self.looks.meet(&text.split(|b| *b == b'\'').collect::<Vec<_>>().concat())
    }
}

/// Whether the apostrophe at `at` stands between letters or digits.
fn parts_a_word(text: &[u8], at: usize) -> bool {
    let before = text[..at].last();
    let after = text[at..].iter().find(|b| **b != b'\'');
    [before, after].iter().all(|b| b.is_some_and(u8::is_ascii_alphanumeric))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WORDS: [&str; 6] = ["from", "llm", "](", "ignor", "instructions", "<system"];

    fn glance() -> Glance {
        Glance::new(WORDS.into_iter()).unwrap()
    }

    #[test]
    fn words_are_met_in_any_case_and_with_apostrophes() {
        for text in ["Ignore", "an LLM", "x](y", "f'rom", "ins'tru'ct''ions", "a <System>"] {
            assert!(glance().meets_any(text.as_bytes()), "{text}");
        }
        for text in ["", "fro m", "lm l", "] (", "<user>", "'fro'", "llama"] {
            assert!(!glance().meets_any(text.as_bytes()), "{text}");
        }
    }

    proptest! {
        /// By a plain search, with apostrophes and without.
        #[test]
        fn a_glance_meets_what_is_there_and_nothing_else(
            pieces in prop::collection::vec("from| |FR|om|IGN'or|ig|nore|[a-z'_-]{0,9}|ins|truc|tions|ll''m|\\]|\\(|<sys|tem| {40}", 0..60),
        ) {
            let lower = pieces.concat().to_ascii_lowercase();
            let joined = lower.replace('\'', "");
            let parted = (0..lower.len()).any(|at| lower.as_bytes()[at] == b'\'' && parts_a_word(lower.as_bytes(), at));
            let there = WORDS.iter().any(|word| {
                lower.contains(word) || word.len() > 2 && parted && joined.contains(word)
            });
            prop_assert_eq!(glance().meets_any(pieces.concat().as_bytes()), there, "{:?}", pieces);
        }
    }
}
