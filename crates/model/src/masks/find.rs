//! Where the values stand, and what is written instead.

use std::borrow::Cow;
use std::ops::Range;

use super::Masks;
use super::decode::Coding;

/// How many codings, one within another, are undone.
const DEEPEST: usize = 2;

/// A place in the text, and which value stands there.
pub(super) struct Hit {
    place: Range<usize>,
    mask: usize,
}

impl Masks {
    /// Every place that holds a value, in order, none of them overlapping.
    pub(super) fn hits(&self, text: &[u8]) -> Vec<Hit> {
        let mut hits = self.in_layer(text);
        self.look_within(text, &mut Vec::new(), text, &mut hits);
        hits.sort_by_key(|hit| (hit.place.start, std::cmp::Reverse(hit.place.end)));
        let mut apart: Vec<Hit> = Vec::with_capacity(hits.len());
        for hit in hits {
            match apart.last_mut().filter(|last| hit.place.start < last.place.end) {
                Some(last) => last.place.end = last.place.end.max(hit.place.end),
                None => apart.push(hit),
            }
        }
        apart
    }

    /// Looks at what `layer` is without one coding more; `undone` are those that led from the text to it.
    fn look_within(
        &self,
        text: &[u8],
        undone: &mut Vec<Coding>,
        layer: &[u8],
        hits: &mut Vec<Hit>,
    ) {
        if undone.len() == DEEPEST {
            return;
        }
        for coding in Coding::ALL {
            if coding == Coding::Form && !self.spaced {
                continue;
            }
            let Cow::Owned(inner) = coding.undo(layer) else { continue };
            undone.push(coding);
            let found = self.in_layer(&inner);
            if !found.is_empty() {
                hits.extend(found.into_iter().map(|hit| placed(text, undone, hit)));
            }
            self.look_within(text, undone, &inner, hits);
            undone.pop();
        }
    }

    fn in_layer(&self, layer: &[u8]) -> Vec<Hit> {
        let mut hits = Vec::new();
        for (mask, one) in self.all.iter().enumerate() {
            for form in &one.forms {
                let needle = form.bytes.reveal();
                for start in memchr::memmem::find_iter(layer, needle) {
                    let end = (start + needle.len() + form.after).min(layer.len());
                    hits.push(Hit { place: start.saturating_sub(form.before)..end, mask });
                }
            }
        }
        hits
    }

    /// The text with the marks in it. In JSON, what stands outside a string becomes one.
    pub(super) fn written(&self, text: &[u8], hits: &[Hit]) -> Vec<u8> {
        let json = matches!(text.trim_ascii_start().first(), Some(b'{' | b'['));
        let mut strings = Strings::default();
        let mut out = Vec::with_capacity(text.len() + hits.len() * 32);
        let mut at = 0;
        for hit in hits {
            let mut place = hit.place.start.max(at)..hit.place.end;
            let within = strings.open_at(text, place.start);
            if json && !within {
                place = number_around(text, at, place);
            } else if json && strings.escaping {
                // A back-slash that would be left alone would escape the mark.
                place.start = place.start.saturating_sub(1).max(at);
            }
            if place.start > place.end {
                continue;
            }
            out.extend_from_slice(&text[at..place.start]);
            let mark = self.all.get(hit.mask).map_or("", |mask| mask.mark.as_str());
            let quote: &[u8] = if json && !within { b"\"" } else { b"" };
            out.extend_from_slice(&[quote, mark.as_bytes(), quote].concat());
            at = place.end;
            strings.passed(at);
        }
        out.extend_from_slice(&text[at..]);
        out
    }
}

/// A hit in what `undone` leads to, as a place in the text itself.
fn placed(text: &[u8], undone: &[Coding], hit: Hit) -> Hit {
    let mut maps = Vec::with_capacity(undone.len());
    let mut layer = Cow::Borrowed(text);
    for coding in undone {
        let next = coding.undo_placed(&layer);
        maps.push(next.places);
        layer = Cow::Owned(next.bytes);
    }
    let place = maps.iter().rev().fold(hit.place, |place, map| {
        let begin = map.get(place.start).map_or(0, |(from, _)| *from);
        let end = place.end.checked_sub(1).and_then(|last| map.get(last)).map_or(0, |(_, to)| *to);
        begin..end
    });
    Hit { place, mask: hit.mask }
}

/// The whole number that a place is part of.
fn number_around(text: &[u8], from: usize, place: Range<usize>) -> Range<usize> {
    let digit = |b: &u8| b.is_ascii_digit() || b"+-.eE".contains(b);
    let before = text[from..place.start].iter().rev().take_while(|b| digit(b)).count();
    let after = text[place.end..].iter().take_while(|b| digit(b)).count();
    place.start - before..place.end + after
}

/// Goes along a JSON text and knows whether it is within a string.
#[derive(Default)]
struct Strings {
    at: usize,
    open: bool,
    escaping: bool,
}

impl Strings {
    fn open_at(&mut self, text: &[u8], place: usize) -> bool {
        for byte in text.get(self.at..place).unwrap_or_default() {
            match (self.open, self.escaping, byte) {
                (true, true, _) => self.escaping = false,
                (true, false, b'\\') => self.escaping = true,
                (_, _, b'"') => self.open = !self.open,
                _ => {}
            }
        }
        self.at = self.at.max(place);
        self.open
    }

    /// What was replaced leaves the string as it was: in it, or beside it.
    fn passed(&mut self, end: usize) {
        self.at = self.at.max(end);
        self.escaping = false;
    }
}
