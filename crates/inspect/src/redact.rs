//! Takes what is suspicious out of a result, where an operator asks for that, and leaves the rest as it is.

use protocol::json::{Strings, quote, unquote};

use crate::bidi::reorders;
use crate::context::{Context, Place};
use crate::control::control;
use crate::finding::Finding;
use crate::hidden::without_hidden;
use crate::phrase::SECRET_WITHHELD;
use crate::result::{ASSISTANT_TURN, is_binary, scan_result};
use crate::text::scan_result_text;

/// Most findings that are taken out of one result.
const MOST: usize = 64;
/// Below this a text is searched word by word for what a finding is about.
const NARROW: usize = 2048;

/// What became of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redacted {
    /// There was nothing to take out.
    Clean,
    /// The text without it; each place says which rule was at work.
    Changed(Vec<u8>),
    /// It stands where nothing can be taken out (the name of a member, a list that is read together), or there is too
    /// much of it.
    Impossible,
}

/// `text`, which is checked JSON, without what [`scan_result`] finds in it.
pub fn redact(text: &[u8], context: &Context<'_>) -> Redacted {
    let mut out = Vec::with_capacity(text.len());
    let (mut from, mut taken) = (0, 0);
    let mut strings = Strings::new(text);
    while let Some(met) = strings.next() {
        let raw = text.get(met.span.clone()).unwrap_or_default();
        let Some(said) = unquote(raw) else { continue };
        let untouched = met.is_name || is_binary(strings.member(), raw);
        if untouched || removable(&said, context).is_empty() {
            continue;
        }
        let Some((said, parts)) = without_findings(&said, context, MOST - taken) else {
            return Redacted::Impossible;
        };
        taken += parts;
        out.extend_from_slice(&text[from..met.span.start]);
        out.extend_from_slice(quote(&said).as_bytes());
        from = met.span.end;
    }
    let changed = from > 0;
    out.extend_from_slice(&text[from..]);
    match (!scan_result(&out, context).iter().any(is_removable), changed) {
        (true, true) => Redacted::Changed(out),
        (true, false) => Redacted::Clean,
        (false, _) => Redacted::Impossible,
    }
}

/// Whether a finding is something to take out or to withhold a result for.
pub fn is_removable(finding: &Finding) -> bool {
    !matches!(finding.rule, ASSISTANT_TURN | SECRET_WITHHELD)
}

fn removable(said: &str, context: &Context<'_>) -> Vec<Finding> {
    scan_result_text(said, context).into_iter().filter(is_removable).collect()
}

/// The text without its findings, and how many those were; none if there are more than `most`.
fn without_findings(said: &str, context: &Context<'_>, most: usize) -> Option<(String, usize)> {
    let mut text = without_characters(said);
    let mut taken = usize::from(text != said);
    loop {
        let Some(first) = removable(&text, context).into_iter().next() else {
            return Some((text, taken));
        };
        taken += 1;
        if taken > most {
            return None;
        }
        let (start, end) = locate(&text, first.rule, context);
        text.replace_range(start..end, &format!("[removed: {}]", first.rule));
    }
}

/// Without characters that nobody sees, that reorder what is seen, or that a terminal obeys.
fn without_characters(said: &str) -> String {
    let text = without_hidden(said, Place::Result);
    let odd = |c: char| reorders(c.encode_utf8(&mut [0; 4])) || is_control(c) || is_mark(c);
    if text.contains(odd) { text.replace(odd, "") } else { text }
}

fn is_control(c: char) -> bool {
    control(c.encode_utf8(&mut [0; 4]), Place::Result).is_some()
}

const fn is_mark(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{61C}')
}

/// The least span that a rule still finds something in: halves first, then word by word from both ends.
fn locate(text: &str, rule: &str, context: &Context<'_>) -> (usize, usize) {
    let finds = |start: usize, end: usize| {
        scan_result_text(&text[start..end], context).iter().any(|f| f.rule == rule)
    };
    let (mut start, mut end) = (0, text.len());
    while end - start > NARROW {
        let middle = usize::midpoint(start, end);
        let left = floor(text, middle + NARROW / 4);
        let right = floor(text, middle - NARROW / 4);
        if finds(start, left) {
            end = left;
        } else if finds(right, end) {
            start = right;
        } else {
            break;
        }
    }
    let cuts: Vec<usize> = cuts(text, start, end).collect();
    let (mut low, mut high) = (0, cuts.len() - 1);
    // The least end, then the greatest start.
    while high - low > 1 {
        let middle = usize::midpoint(low, high);
        if finds(start, cuts[middle]) { high = middle } else { low = middle }
    }
    let end = cuts[high];
    let (mut low, mut high) = (0, high);
    while high - low > 1 {
        let middle = usize::midpoint(low, high);
        if finds(cuts[middle], end) { low = middle } else { high = middle }
    }
    (cuts[low], end)
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Where words begin and end within a span, its own ends included.
fn cuts(text: &str, start: usize, end: usize) -> impl Iterator<Item = usize> + '_ {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let mut before = None;
    let inner = text[start..end].char_indices().filter_map(move |(at, c)| {
        let word = is_word(c);
        let edge = before.is_some_and(|b: bool| !b || !word);
        before = Some(word);
        (edge && at > 0).then_some(start + at)
    });
    std::iter::once(start).chain(inner).chain(std::iter::once(end))
}

#[cfg(test)]
mod tests;
