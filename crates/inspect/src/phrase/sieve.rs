//! The first look at a text: which phrases can stand in it at all.
//!
//! Patterns allow any number of spaces, also none, and read words. So the text is read without whatever only separates
//! or decorates words, and what a phrase needs is sought in that: `from now on` is `fromnowon` here, however it was
//! written. One automaton reads the text once and knows all of it.

use std::collections::{HashMap, HashSet};

use aho_corasick::Anchored;
use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::dfa::DFA;

/// How many stretches of a long text are read side by side: each step of an automaton waits for the one before, so the
/// processor has time for others.
const LANES: usize = 4;
/// Shorter texts are read in one go.
const LONG: usize = 512;

pub(super) struct Sieve {
    /// The class of each byte. Bytes of a class lead to the same states, and those of class 0 nowhere.
    classes: [u8; 256],
    /// The next state by state and class. A state is where its row begins; the first is where nothing was read.
    next: Vec<u32>,
    /// How long a row is.
    row: u32,
    /// What is found on reaching the last states, from the state `matching` on: one bit for each phrase.
    bits: Vec<u64>,
    matching: u32,
    /// Longest literal, in bytes.
    longest: usize,
}

impl Sieve {
    /// A sieve for literals of lower case, with the bits of those that need each: braces hold alternatives.
    ///
    /// `None` if they are too many for its tables.
    pub(super) fn new<'a>(needs: impl Iterator<Item = (&'a str, u64)>) -> Option<Self> {
        let mut literals: Vec<Vec<u8>> = Vec::new();
        let mut meaning: Vec<u64> = Vec::new();
        let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
        for (need, bit) in needs {
            for written in alternatives(need) {
                let literal: Vec<u8> = written.bytes().filter(|b| !is_passed(*b)).collect();
                let at = *places.entry(literal.clone()).or_insert_with(|| {
                    literals.push(literal);
                    meaning.push(0);
                    meaning.len() - 1
                });
                meaning[at] |= bit;
            }
        }
        let longest = literals.iter().map(Vec::len).max()?;
        let (classes, examples) = classes(&literals)?;
        let automaton = DFA::new(&literals).ok()?;
        let states = states(&automaton, &examples);
        let matching = states.iter().position(|s| automaton.is_match(*s)).unwrap_or(states.len());
        let row = u32::try_from(examples.len()).ok()?;
        let place = |at: usize| u32::try_from(at).ok()?.checked_mul(row);
        let places = states.iter().enumerate();
        let places: HashMap<StateID, u32> =
            places.map(|(at, state)| Some((*state, place(at)?))).collect::<Option<_>>()?;
        let mut next = Vec::with_capacity(states.len() * examples.len());
        for state in &states {
            next.push(*places.get(state)?);
            for example in &examples[1..] {
                next.push(*places.get(&automaton.next_state(Anchored::No, *state, *example))?);
            }
        }
        let bits = states[matching..].iter().map(|state| {
            let literals =
                (0..automaton.match_len(*state)).map(|n| automaton.match_pattern(*state, n));
            literals.fold(0, |bits, literal| bits | meaning[literal.as_usize()])
        });
        Some(Self { classes, next, row, bits: bits.collect(), matching: place(matching)?, longest })
    }

    /// The bits of every literal in `text`, in any case.
    pub(super) fn look(&self, text: &[u8]) -> u64 {
        let mut found = 0;
        let mut lanes = [0; LANES];
        let mut from = 0;
        if text.len() >= LONG {
            let each = text.len() / LANES;
            for (lane, state) in lanes.iter_mut().enumerate().skip(1) {
                for byte in &text[self.before(text, lane * each)..lane * each] {
                    *state = self.step(*state, *byte, &mut found);
                }
            }
            let (a, rest) = text.split_at(each);
            let (b, rest) = rest.split_at(each);
            let (c, d) = rest.split_at(each);
            for (((a, b), c), d) in a.iter().zip(b).zip(c).zip(d) {
                for (state, byte) in lanes.iter_mut().zip([a, b, c, d]) {
                    *state = self.step(*state, *byte, &mut found);
                }
            }
            from = LANES * each;
        }
        let mut state = lanes[LANES - 1];
        for byte in &text[from..] {
            state = self.step(state, *byte, &mut found);
        }
        found
    }

    /// The state behind `byte`, and what is found there.
    #[inline]
    fn step(&self, state: u32, byte: u8, found: &mut u64) -> u32 {
        let class = u32::from(self.classes[usize::from(byte)]);
        let next = self.next.get((state + class) as usize).copied().unwrap_or(0);
        if next >= self.matching {
            let at = ((next - self.matching) / self.row) as usize;
            *found |= self.bits.get(at).copied().unwrap_or(u64::MAX);
        }
        next
    }

    /// Where a literal that ends behind `at` may begin.
    fn before(&self, text: &[u8], at: usize) -> usize {
        let mut left = self.longest;
        let begins = text[..at].iter().rposition(|b| {
            left -= usize::from(!is_passed(*b));
            left == 0
        });
        begins.unwrap_or(0)
    }
}

/// What only separates or decorates words (a superset of the gaps and apostrophes of [`crate::fold::words`] in ASCII,
/// and of what `\s` matches).
const fn is_passed(byte: u8) -> bool {
    const PASSED: [bool; 256] = {
        let mut passed = [false; 256];
        let all = b" \t\n\r\x0B\x0C_-*`\"'";
        let mut at = 0;
        while at < all.len() {
            passed[all[at] as usize] = true;
            at += 1;
        }
        passed
    };
    PASSED[byte as usize]
}

/// The class of each byte, upper case like lower, and a byte of each class. Class 0 is passed over, class 1 in no
/// literal.
fn classes(literals: &[Vec<u8>]) -> Option<([u8; 256], Vec<u8>)> {
    let mut classes = [1; 256];
    // No literal holds either of these.
    let mut examples = vec![0, 0];
    for byte in 0..=u8::MAX {
        if is_passed(byte) {
            classes[usize::from(byte)] = 0;
        } else if literals.iter().any(|l| l.contains(&byte)) {
            let class = u8::try_from(examples.len()).ok()?;
            classes[usize::from(byte)] = class;
            classes[usize::from(byte.to_ascii_uppercase())] = class;
            examples.push(byte);
        }
    }
    (!literals.iter().any(|l| l.contains(&0))).then_some((classes, examples))
}

/// Every state that the automaton can be in: its start first, those in which something is found last.
fn states(automaton: &DFA, examples: &[u8]) -> Vec<StateID> {
    let Ok(start) = automaton.start_state(Anchored::No) else { return Vec::new() };
    let (mut seen, mut due) = (HashSet::from([start]), vec![start]);
    let mut all = Vec::new();
    while let Some(state) = due.pop() {
        all.push(state);
        for example in &examples[1..] {
            let next = automaton.next_state(Anchored::No, state, *example);
            if seen.insert(next) {
                due.push(next);
            }
        }
    }
    all.sort_by_key(|state| automaton.is_match(*state));
    all
}

/// Every way to choose one alternative of each pair of braces.
fn alternatives(need: &str) -> Vec<String> {
    let braces = need.split_once('{').and_then(|(before, rest)| {
        let (inside, after) = rest.split_once('}')?;
        Some((before, inside, after))
    });
    let Some((before, inside, after)) = braces else { return vec![need.to_owned()] };
    let tails = alternatives(after);
    let heads = inside.split(',').map(|choice| format!("{before}{choice}"));
    heads.flat_map(|head| tails.iter().map(move |tail| format!("{head}{tail}"))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn braces_hold_alternatives() {
        assert_eq!(alternatives("a{b,} {c,d}e"), ["ab ce", "ab de", "a ce", "a de"]);
        assert_eq!(alternatives("<|x"), ["<|x"]);
    }

    fn sieve() -> Sieve {
        let needs = [("from {now,here} on", 1), ("llm :", 2), ("<|im_", 4), ("ow", 8)];
        Sieve::new(needs.into_iter()).unwrap()
    }

    #[test]
    fn separators_case_and_apostrophes_hide_nothing() {
        let look = |text: &str| sieve().look(text.as_bytes());
        assert_eq!(look("FROM \n *here*-on"), 1);
        assert_eq!(look("f'rom now on"), 1 | 8);
        assert_eq!(look("LLM  : <|IM_start"), 2 | 4);
        assert_eq!(look("from then on"), 0);
    }

    proptest! {
        #[test]
        fn side_by_side_finds_what_one_after_the_other_finds(
            pieces in prop::collection::vec("from| |now|on|here|\u{e9}|[a-z'_-]{0,9}|llm:| {40}", 0..400),
        ) {
            let text = pieces.concat();
            let sieve = sieve();
            let passed: Vec<u8> = text.bytes().filter(|b| !is_passed(*b)).collect();
            let holds = |literal: &str| memchr::memmem::find(&passed, literal.as_bytes()).is_some();
            let mut slow = 0;
            for (literal, bit) in [("fromnowon", 1), ("fromhereon", 1), ("llm:", 2), ("<|im", 4), ("ow", 8)] {
                slow |= if holds(literal) { bit } else { 0 };
            }
            prop_assert_eq!(sieve.look(text.as_bytes()), slow);
        }
    }
}
