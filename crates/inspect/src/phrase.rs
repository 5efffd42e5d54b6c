//! Phrases that talk to the model instead of describing something.

use std::sync::{LazyLock, OnceLock};

use aho_corasick::AhoCorasick;
use regex::bytes::{Regex, RegexBuilder};

use crate::context::Place;
use crate::finding::{Finding, Severity, around};
use crate::fold::{visible, words};
use crate::text::marks;

mod foreign;
mod glance;
mod sieve;
mod table;

use glance::Glance;
use sieve::Sieve;
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
    /// One of these words, or parts of words (any case), is in every text that matches; behind one with a space at its
    /// end no letter or digit stands.
    anchors: &'static [&'static str],
    /// More exact than that: one of these is in every text that matches, where a space stands for any number of
    /// separators and braces hold alternatives. A cheap first look, so that honest texts meet few patterns.
    needs: &'static [&'static str],
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
    phrases_among(Candidates::of, clean, place)
}

/// The same, with a first look of one's own.
fn phrases_among(look: fn(&str) -> Candidates, clean: &str, place: Place) -> Vec<Finding> {
    // Beyond ASCII separators have many forms; in words they have one.
    let mut folded = (!clean.is_ascii()).then(|| words(clean));
    let candidates = look(folded.as_deref().unwrap_or(clean));
    let foreign = folded.is_some() || candidates.foreign();
    if candidates.is_empty() && !foreign {
        return Vec::new();
    }
    let words: &str = folded.get_or_insert_with(|| words(clean));
    let mut found: Vec<Finding> = Vec::new();
    for (index, phrase) in PHRASES.iter().enumerate().filter(|(i, _)| candidates.has(*i)) {
        let Some(severity) = phrase.severity(place) else { continue };
        if found.iter().any(|f| f.rule == phrase.rule && f.severity >= severity) {
            continue;
        }
        let text = if phrase.view == View::Words { words } else { clean };
        if let Some((at, len)) = phrase.find(index, text) {
            found.push(Finding::new(severity, phrase.rule, around(text, at, len)));
        }
    }
    if foreign {
        found.extend(in_other_languages(words, place));
    }
    found
}

/// Whether ASCII `text` may hold a phrase; allocates nothing.
pub(crate) fn may_match(text: &str) -> bool {
    !Candidates::of(text).is_empty()
}

/// Whether ASCII `text`, or any text made of its words however they are put together, may hold a phrase: the words
/// themselves are sought, not their order. Or whether any of the [`marks`] stands in it.
pub(crate) fn may_hold_words_or_marks(text: &[u8]) -> bool {
    WORDS.as_ref().is_none_or(|glance| glance.meets_any(text))
}

/// Calls `met` with a place within each of these, and with places where one may be written otherwise.
pub(crate) fn each_word_or_mark(text: &[u8], met: impl FnMut(usize)) {
    match WORDS.as_ref() {
        Some(glance) => glance.each(text, met),
        // Without a glance (it cannot happen with these words) there may be one anywhere.
        None => (0..text.len()).for_each(met),
    }
}

/// No word or mark is longer, in bytes.
pub(crate) const LONGEST: usize = 32;

fn in_other_languages(words: &str, place: Place) -> Vec<Finding> {
    let Some(automaton) = FOREIGN_PHRASES.as_ref() else { return Vec::new() };
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

/// A pattern that does not compile is caught by a test.
fn compile(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(&elastic(pattern)).unicode(false).build().ok()
}

/// The pattern with its parts filled in and its spaces made elastic.
fn elastic(pattern: &str) -> String {
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
    elastic.replace(" *?", " *").replace(" **", " *")
}

/// What every phrase needs, and the beginnings of those in other languages.
static SIEVE: LazyLock<Option<Sieve>> = LazyLock::new(|| {
    let needs = PHRASES.iter().enumerate();
    let needs =
        needs.flat_map(|(index, phrase)| phrase.needs.iter().map(move |n| (*n, 1 << index)));
    Sieve::new(needs.chain(LATIN_STARTS.iter().map(|start| (*start, FOREIGN))))
});

/// The single words that phrases cannot do without, and the marks of texts that are not plain.
static WORDS: LazyLock<Option<Glance>> = LazyLock::new(|| {
    let words = PHRASES.iter().flat_map(|phrase| phrase.anchors).chain(&LATIN_STARTS);
    Glance::new(words.copied(), marks())
});

static FOREIGN_PHRASES: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::new(foreign::OVERRIDE.iter().chain(foreign::CONCEAL).map(|p| folded(p))).ok()
});

/// The phrases that may stand in a text, one bit each.
#[derive(Clone, Copy)]
struct Candidates(u64);

impl Candidates {
    /// Those of a text that is ASCII, or is [`words`].
    fn of(text: &str) -> Self {
        // Without a sieve (it cannot happen with these phrases) every pattern is tried.
        Self(SIEVE.as_ref().map_or(u64::MAX, |sieve| sieve.look(text.as_bytes())))
    }

    const fn is_empty(self) -> bool {
        self.0 == 0
    }

    const fn has(self, index: usize) -> bool {
        self.0 >> index & 1 == 1
    }

    const fn foreign(self) -> bool {
        self.0 & FOREIGN != 0
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
