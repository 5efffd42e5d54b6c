use std::sync::LazyLock;

use crate::bidi::bidi;
use crate::context::{Context, Place};
use crate::control::{control, is_shown};
use crate::credential::credential;
use crate::encoded::{encoded, may_be_encoded};
use crate::finding::{Finding, Severity, around, escaped};
use crate::fold::{beyond_ascii, openings, visible, without_asides};
use crate::hidden::hidden;
use crate::lookalike::disguised_word;
use crate::marks::Marks;
use crate::phrase::{may_hold_words_or_marks, may_match, phrases};
use crate::unicode::is_ignorable;

/// What is suspicious about one text. Clean text gives an empty list; paths are empty.
///
/// Heuristics: a finding is a reason for a person to look, the absence of one is no proof.
pub fn scan_text(text: &str, context: &Context<'_>) -> Vec<Finding> {
    let place = context.place;
    let mut found = characters(text, place);
    let clean = visible(text);
    found.extend(phrases(&clean, place));
    if let Some(bare) = without_asides(&clean) {
        let hidden = phrases(&bare, place).into_iter();
        let new: Vec<_> = hidden.filter(|f| !found.iter().any(|g| g.rule == f.rule)).collect();
        found.extend(new);
    }
    if place == Place::Definition {
        if let Some((at, len)) = credential(&clean) {
            found.push(Finding::new(
                Severity::Quarantine,
                "credential-path",
                around(&clean, at, len),
            ));
        }
        if let Some(word) = disguised_word(text) {
            found.push(Finding::new(Severity::Label, "look-alike", word));
        }
        if let Some(name) = cross_reference(&clean, context) {
            found.push(Finding::new(Severity::Label, "cross-reference", name));
        }
    }
    if place == Place::Result
        && let Some(name) = tool_directive(&clean, context)
    {
        found.push(Finding::new(Severity::Label, "tool-directive", name));
    }
    if let Some((at, len)) = encoded(&clean, place) {
        found.push(Finding::new(Severity::Label, "encoded-payload", around(&clean, at, len)));
    }
    found
}

/// What is suspicious about a text a source answers with: labels only, the text passes unchanged.
///
/// Clean ASCII costs a few passes over the bytes, most of them in vectors, and no allocation.
pub fn scan_result_text(text: &str, context: &Context<'_>) -> Vec<Finding> {
    if is_quiet(text) {
        return Vec::new();
    }
    scan_text(text, &Context { place: Place::Result, ..*context })
}

/// Whether nothing in `text` can be suspicious in a result; allocates nothing for most texts.
fn is_quiet(text: &str) -> bool {
    is_calm(text) && !may_be_encoded(text)
}

/// Whether nothing can be suspicious but what is encoded: there are no words of any phrase, nor anything unseen.
fn is_calm(text: &str) -> bool {
    is_plain(text) && !may_match(text)
}

/// The same of every text within `text`, and of all that their words can be put together to.
pub(crate) fn is_calm_throughout(text: &[u8]) -> bool {
    is_shown(text) && !may_hold_words_or_marks(text)
}

/// ASCII without anything unseen, or that names a tool.
fn is_plain(text: &str) -> bool {
    static MARKS: LazyLock<Marks> = LazyLock::new(|| Marks::new(marks()));
    is_shown(text.as_bytes()) && !MARKS.stand_in(text.as_bytes())
}

/// What opens asides, and what names of tools have: no plain text holds any.
pub(crate) fn marks() -> impl Iterator<Item = &'static str> {
    openings().chain(["__"])
}

/// What is suspicious about a text that is calm: what is encoded in it.
pub(crate) fn scan_calm_text(text: &str) -> Option<Finding> {
    if !may_be_encoded(text) {
        return None;
    }
    let (at, len) = encoded(text, Place::Result)?;
    Some(Finding::new(Severity::Label, "encoded-payload", around(text, at, len)))
}

/// Findings about single characters, before anything is folded.
fn characters(text: &str, place: Place) -> Vec<Finding> {
    let mut found = Vec::new();
    let graded = |s: Severity| if place == Place::Result { Severity::Label } else { s };
    if let Some(at) = control(text, place) {
        let seen = around(text, at, 8);
        found.push(Finding::new(graded(Severity::Quarantine), "control-sequence", seen));
    }
    // Whatever reorders or hides is among the characters without a shape.
    if text.is_ascii() || !beyond_ascii(text).any(is_ignorable) {
        return found;
    }
    if let Some((severity, at)) = bidi(text, place) {
        found.push(Finding::new(severity, "bidi-control", around(text, at, 8)));
    }
    if let Some((at, len)) = hidden(text, place) {
        found.push(Finding::new(
            graded(Severity::Quarantine),
            "hidden-unicode",
            around(text, at, len),
        ));
    }
    found
}

/// The first name of a tool of another source.
fn cross_reference<'t>(clean: &'t str, context: &Context<'_>) -> Option<&'t str> {
    tokens(clean).find(|token| !is_own(token, context.source) && context.others.owns_tool(token))
}

/// The first tool that a text tells the reader to call.
fn tool_directive<'t>(clean: &'t str, context: &Context<'_>) -> Option<&'t str> {
    const VERBS: [&str; 8] =
        ["call", "run", "invoke", "execute", "use", "trigger", "calling", "running"];
    const BETWEEN: [&str; 4] = ["the", "tool", "function", "then"];
    // Names of tools that are known here have one of these.
    memchr::memchr2(b'_', b'-', clean.as_bytes())?;
    let mut ordered = false;
    tokens(clean).find(|token| {
        let known = is_own(token, context.source) || context.others.owns_tool(token);
        let is = |words: &[&str]| words.iter().any(|w| token.eq_ignore_ascii_case(w));
        let hit = ordered && known;
        ordered = is(&VERBS) || (ordered && is(&BETWEEN));
        hit
    })
}

/// Runs of the characters that names of tools are made of.
fn tokens(clean: &str) -> impl Iterator<Item = &str> {
    clean
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
        .map(|token| token.trim_matches('-'))
        .filter(|token| !token.is_empty())
}

fn is_own(token: &str, source: &str) -> bool {
    token.strip_prefix(source).is_some_and(|rest| rest.starts_with("__"))
}

/// `text` for an operator's eyes: printable ASCII as it is, everything else escaped, cut after 160 characters.
pub fn for_display(text: &str) -> String {
    escaped(text)
}
