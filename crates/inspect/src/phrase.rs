//! Phrases that talk to the model instead of describing something.

use std::sync::{LazyLock, OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use regex::bytes::{Regex, RegexBuilder};

use crate::context::Place;
use crate::finding::{Finding, Severity, around};
use crate::fold::{visible, words};

mod foreign;
mod table;

use table::PHRASES;

/// Which form of the text a pattern reads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// As a reader sees it, case and punctuation kept.
    Visible,
    /// As words: lower case, separators as single spaces.
    Words,
}

/// One pattern and what it means.
#[derive(Clone, Copy)]
pub(crate) struct Phrase {
    rule: &'static str,
    view: View,
    /// Severity in a definition; `None` where only results are judged by it. In a result it is always a label.
    definition: Option<Severity>,
    /// One of these (any case) is in every text that matches; a cheap first look.
    anchors: &'static [&'static str],
    pattern: &'static str,
    /// "Never ignore previous instructions" is good advice.
    unless_negated: bool,
}

/// The rule about the mark that stands where a secret stood.
pub(crate) const SECRET_WITHHELD: &str = "secret-withheld";

/// What one of these stands for in a pattern.
const PARTS: [(&str, &str); 5] = [
    ("<dest>", "(<url>|<tool>|<mail>)"),
    ("<url>", r"(https?|wss?|ftp)://"),
    ("<tool>", r"[a-z0-9][a-z0-9]*__[a-z0-9]"),
    ("<mail>", r"[a-z0-9.+]+@[a-z0-9]"),
    ("<person>", r"((the|your|any|our|end|human) )*(user|human|operator|person|owner|customer)s?"),
];

/// The first findings in `text`, at most one for each pattern.
///
/// `clean` is [`visible`]`(text)`.
pub(crate) fn phrases(clean: &str, place: Place) -> Vec<Finding> {
    let mut candidates =
        if clean.is_ascii() { ANCHORS.candidates(clean) } else { Candidates::all_of(clean) };
    let apostrophes = has_apostrophes(clean);
    if candidates.is_empty() && !apostrophes {
        return Vec::new();
    }
    let words = words(clean);
    if apostrophes {
        candidates = candidates.and(&ANCHORS.candidates(&words));
    }
    let mut found: Vec<Finding> = Vec::new();
    for (index, phrase) in PHRASES.iter().enumerate().filter(|(i, _)| candidates.has(*i)) {
        let Some(severity) = phrase.severity(place) else { continue };
        if found.iter().any(|f| f.rule == phrase.rule && f.severity >= severity) {
            continue;
        }
        let text = if phrase.view == View::Words { words.as_str() } else { clean };
        if let Some((at, len)) = phrase.find(index, text) {
            found.push(Finding::new(severity, phrase.rule, around(text, at, len)));
        }
    }
    if !clean.is_ascii() || candidates.foreign {
        found.extend(in_other_languages(&words, place));
    }
    found
}

/// Whether ASCII `text` may hold a phrase; allocates nothing where no apostrophe may hide one.
pub(crate) fn may_match(text: &str) -> bool {
    let may = |text: &str| ANCHORS.automaton.as_ref().is_none_or(|a| a.is_match(text));
    may(text) || (has_apostrophes(text) && may(&words(text)))
}

/// Those are nothing to a reader of words: `ig'nore` says `ignore`.
fn has_apostrophes(text: &str) -> bool {
    memchr::memchr(b'\'', text.as_bytes()).is_some()
        || (!text.is_ascii() && text.contains(['\u{2018}', '\u{2019}']))
}

fn in_other_languages(words: &str, place: Place) -> Vec<Finding> {
    let Some(automaton) = &ANCHORS.foreign else { return Vec::new() };
    let Some(hit) = automaton.find(words) else { return Vec::new() };
    let rule = if hit.pattern().as_usize() < foreign::OVERRIDE.len() {
        "instruction"
    } else {
        "concealment"
    };
    let severity = graded(Severity::Quarantine, place);
    vec![Finding::new(severity, rule, around(words, hit.start(), hit.len()))]
}

const fn graded(severity: Severity, place: Place) -> Severity {
    match place {
        Place::Definition => severity,
        Place::Result => Severity::Label,
    }
}

impl Phrase {
    fn severity(&self, place: Place) -> Option<Severity> {
        match place {
            Place::Definition => self.definition,
            Place::Result => Some(Severity::Label),
        }
    }

    /// Start and length of the first match that counts.
    fn find(&self, index: usize, text: &str) -> Option<(usize, usize)> {
        static COMPILED: [OnceLock<Option<Regex>>; PHRASES.len()] =
            [const { OnceLock::new() }; PHRASES.len()];
        let regex = COMPILED.get(index)?.get_or_init(|| compile(self.pattern)).as_ref()?;
        regex
            .find_iter(text.as_bytes())
            .find(|m| !(self.unless_negated && negated(&text.as_bytes()[..m.start()])))
            .map(|m| (m.start(), m.len()))
    }
}

/// Whether what stands before a match turns it into its opposite.
fn negated(before: &[u8]) -> bool {
    let before = before.trim_ascii_end();
    [" not", "never", "dont", "cannot", "nicht"].iter().any(|n| before.ends_with(n.as_bytes()))
        || before == b"not"
}

/// The pattern with its parts filled in and its spaces made elastic. A pattern that does not compile is caught by a test.
fn compile(pattern: &str) -> Option<Regex> {
    let mut full = pattern.to_owned();
    for (part, meaning) in PARTS {
        full = full.replace(part, meaning);
    }
    let mut elastic = String::with_capacity(full.len() * 2);
    let mut class = false;
    for (i, c) in full.char_indices() {
        let escaped = full[..i].ends_with('\\');
        class = match c {
            '[' if !escaped => true,
            ']' if !escaped => false,
            _ => class,
        };
        elastic.push(c);
        if c == ' ' && !class {
            elastic.push('*');
        }
    }
    // `( ?)` and `( *)` in the source become `( *?)` and `( **)`: both still match any number of spaces.
    let elastic = elastic.replace(" *?", " *").replace(" **", " *");
    RegexBuilder::new(&elastic).unicode(false).build().ok()
}

/// The first look: every anchor of every phrase, at once, in any case.
struct Anchors {
    automaton: Option<AhoCorasick>,
    foreign: Option<AhoCorasick>,
    /// For each anchor, the phrases it belongs to.
    phrases: Vec<u64>,
}

static ANCHORS: LazyLock<Anchors> = LazyLock::new(Anchors::new);

/// The phrases whose anchors were seen, one bit each.
struct Candidates {
    bits: u64,
    foreign: bool,
}

impl Candidates {
    const fn is_empty(&self) -> bool {
        self.bits == 0 && !self.foreign
    }

    const fn has(&self, index: usize) -> bool {
        self.bits >> index & 1 == 1
    }

    /// The phrases seen in either of two forms of a text.
    const fn and(&self, other: &Self) -> Self {
        Self { bits: self.bits | other.bits, foreign: self.foreign || other.foreign }
    }

    /// Those of a text with letters beyond ASCII, where other languages count too.
    fn all_of(clean: &str) -> Self {
        Self { foreign: true, ..ANCHORS.candidates(clean) }
    }
}

impl Anchors {
    fn new() -> Self {
        let mut words: Vec<&'static str> = Vec::new();
        let mut phrases: Vec<u64> = Vec::new();
        let mut add = |anchor: &'static str, bit: u64| {
            let at = words.iter().position(|w| *w == anchor).unwrap_or_else(|| {
                words.push(anchor);
                phrases.push(0);
                words.len() - 1
            });
            phrases[at] |= bit;
        };
        for (index, phrase) in PHRASES.iter().enumerate() {
            for anchor in phrase.anchors {
                add(anchor, 1 << index);
            }
        }
        for start in LATIN_STARTS {
            add(start, FOREIGN);
        }
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(&words)
            .ok();
        let folded = foreign::OVERRIDE.iter().chain(foreign::CONCEAL).map(|p| folded(p));
        Self { automaton, foreign: AhoCorasick::new(folded).ok(), phrases }
    }

    fn candidates(&self, text: &str) -> Candidates {
        // Without an automaton (it cannot happen with these anchors) every pattern is tried.
        let Some(automaton) = &self.automaton else {
            return Candidates { bits: u64::MAX, foreign: true };
        };
        let bits = automaton
            .find_overlapping_iter(text)
            .fold(0, |bits, hit| bits | self.phrases[hit.pattern().as_usize()]);
        Candidates { bits, foreign: bits & FOREIGN != 0 }
    }
}

/// In ASCII, a phrase of another language is worth a look only where one of these stands (accents may be left out).
const LATIN_STARTS: [&str; 11] = [
    "nstruc",
    "istruzion",
    "weisung",
    "herigen",
    "usuario",
    "utilisat",
    "utente",
    "utzer",
    "gebruiker",
    "zignoruj",
    "talimat",
];
/// The bit of those.
const FOREIGN: u64 = 1 << 63;

fn folded(phrase: &str) -> String {
    words(&visible(phrase)).trim().to_owned()
}

#[cfg(test)]
mod tests;
