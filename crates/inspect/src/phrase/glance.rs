//! The glance at a whole text: whether any of some words stands in it, so that most texts are seen to be calm without
//! being read.

use crate::marks::Marks;

mod looks;

use looks::Looks;

/// Words of letters are sought in any case, also parted by apostrophes (`don't`), and others as they stand.
pub(super) struct Glance {
    looks: Looks,
    /// What is too short for a look, and other marks.
    marks: Marks,
    /// Longest word, in bytes.
    longest: usize,
}

impl Glance {
    /// A glance for words of lower case, and for `marks` that are sought only as they stand; `None` if the words are
    /// too many, or one has [`CUT`] in it.
    pub(super) fn new(
        words: impl Iterator<Item = &'static str>,
        marks: impl Iterator<Item = &'static str>,
    ) -> Option<Self> {
        let (short, words): (Vec<_>, Vec<_>) = words.partition(|word| word.len() < 3);
        if words.iter().any(|word| word.as_bytes().contains(&CUT)) {
            return None;
        }
        let longest = words.iter().map(|word| word.len()).max()?;
        let looks = Looks::new(words.into_iter().map(str::as_bytes))?;
        let short: std::collections::BTreeSet<_> = short.into_iter().chain(marks).collect();
        Some(Self { looks, marks: Marks::new(short.into_iter()), longest })
    }

    /// Whether there is any of them in `text`.
    pub(super) fn meets_any(&self, text: &[u8]) -> bool {
        if self.marks.stand_in(text) || self.looks.meet(text) {
            return true;
        }
        let mut apostrophes = memchr::memchr_iter(b'\'', text);
        apostrophes.any(|at| parts_a_word(text, at))
            && self.looks.meet(&joined(text, self.longest + 1))
    }

    /// Calls `met` with a place within each of them in `text`, and with that of each apostrophe that may part one.
    pub(super) fn each(&self, text: &[u8], mut met: impl FnMut(usize)) {
        self.marks.each(text, &mut met);
        self.looks.each(text, &mut met);
        memchr::memchr_iter(b'\'', text).filter(|at| parts_a_word(text, *at)).for_each(met);
    }
}

/// What stands for what is left out between two apostrophes: in no word, and none ends before it.
const CUT: u8 = b'0';

/// `text` without its apostrophes. Of what stands between two of them only the first and the last bytes are kept, so
/// many as `near`: farther off nothing is joined.
fn joined(text: &[u8], near: usize) -> Vec<u8> {
    let mut joined = Vec::new();
    let mut from = 0;
    for at in memchr::memchr_iter(b'\'', text).chain([text.len()]) {
        let piece = &text[from..at];
        match piece.len().checked_sub(near) {
            Some(last) if last > near => {
                joined.extend_from_slice(&piece[..near]);
                joined.push(CUT);
                joined.extend_from_slice(&piece[last..]);
            }
            _ => joined.extend_from_slice(piece),
        }
        from = at + 1;
    }
    joined
}

/// Whether the apostrophe at `at` stands between letters or digits. Of many in a row only the first may.
fn parts_a_word(text: &[u8], at: usize) -> bool {
    text[..at].last().is_some_and(u8::is_ascii_alphanumeric) && {
        let after = text[at..].iter().find(|b| **b != b'\'');
        after.is_some_and(u8::is_ascii_alphanumeric)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WORDS: [&str; 7] =
        ["from", "llm", "](", "ignor", "instructions", "<system", "instructionset"];

    fn glance() -> Glance {
        Glance::new(WORDS.into_iter(), ["/*"].into_iter()).unwrap()
    }

    #[test]
    fn marks_are_met_as_they_stand() {
        assert!(glance().meets_any(b"a /* b") && !glance().meets_any(b"a /'* b, don't"));
    }

    #[test]
    fn behind_an_apostrophe_a_word_still_ends_only_where_it_ends() {
        let glance = Glance::new(["context "].into_iter(), [].into_iter()).unwrap();
        let far = "far from it, farther off, ";
        assert!(glance.meets_any(format!("{far}con'text {far}").as_bytes()));
        assert!(!glance.meets_any(format!("{far}con'textual {far}").as_bytes()));
        assert!(!glance.meets_any(format!("it's {far}modelcontextprotocol {far}don't").as_bytes()));
    }

    #[test]
    fn many_apostrophes_cost_no_more_than_their_length() {
        assert!(!glance().meets_any(format!("a{}", "'".repeat(1_000_000)).as_bytes()));
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
            pieces in prop::collection::vec("from| |  a plain one, and so on, and on  |FR|om|IGN'or|ig|nore|[a-z'_-]{0,9}|ins|truc|tions|ll''m|\\]|\\(|<sys|tem| {40}", 0..60),
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
