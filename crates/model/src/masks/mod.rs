//! Secrets that come back: what an upstream says is shown without those that it was sent.

mod decode;
mod find;
mod noting;
#[cfg(test)]
mod tests;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::Secret;

pub use noting::Noting;

/// Values that must not be shown, and a mark for each: `[secret:NAME withheld]`.
///
/// A value is found as it is, in base64 (also within a longer text in base64), and with escapes of JSON, URLs, forms and
/// HTML, one within another. What is done to it beyond that (compressed, encrypted, turned round, taken apart) is not
/// seen. Costs nothing where there are no values, and is linear in the text.
#[derive(Default)]
pub struct Masks {
    all: Vec<Mask>,
    /// Whether one of them holds a space: only then is a `+` worth a look.
    spaced: bool,
}

struct Mask {
    mark: String,
    forms: Vec<Form>,
}

/// One way a value is written, and how many bytes beside it hold a part of the value, too.
struct Form {
    bytes: Secret<Vec<u8>>,
    before: usize,
    after: usize,
}

impl Masks {
    /// Shorter values are too common in ordinary text to be looked for.
    pub const SHORTEST: usize = 8;

    /// None.
    pub const fn none() -> Self {
        Self { all: Vec::new(), spaced: false }
    }

    /// One more value. One that is too short, or there already, changes nothing.
    pub fn add(&mut self, name: &str, value: &str) {
        self.add_longer_than(Self::SHORTEST, name, value);
    }

    /// The same, with another bound.
    pub fn add_longer_than(&mut self, shortest: usize, name: &str, value: &str) {
        let known = |mask: &Mask| mask.value() == value.as_bytes();
        if value.len() < shortest || value.is_empty() || self.all.iter().any(known) {
            return;
        }
        let lawful = |c: char| c.is_ascii_alphanumeric() || "-_./:".contains(c);
        let name: String = name.chars().map(|c| if lawful(c) { c } else { '?' }).collect();
        self.spaced |= value.contains(' ');
        let mark = format!("[secret:{name} withheld]");
        self.all.push(Mask { mark, forms: forms(value.as_bytes()) });
    }

    /// Those of another, too.
    pub fn extend(&mut self, more: Self) {
        self.spaced |= more.spaced;
        for mask in more.all {
            if !self.all.iter().any(|known| known.value() == mask.value()) {
                self.all.push(mask);
            }
        }
    }

    /// The same, and the other stays.
    pub fn extend_from(&mut self, more: &Self) {
        self.extend(Self { all: more.all.iter().map(Mask::again).collect(), spaced: more.spaced });
    }

    /// Whether there is nothing to be looked for.
    pub const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The text with a mark in the place of every value; `None` if it holds none.
    pub fn masked(&self, text: &[u8]) -> Option<Vec<u8>> {
        if self.is_empty() || text.is_empty() {
            return None;
        }
        let hits = self.hits(text);
        if hits.is_empty() { None } else { Some(self.written(text, &hits)) }
    }

    /// The same for a text that is shown to people.
    pub fn text(&self, text: String) -> String {
        match self.masked(text.as_bytes()) {
            Some(masked) => String::from_utf8_lossy(&masked).into_owned(),
            None => text,
        }
    }
}

impl Mask {
    fn value(&self) -> &[u8] {
        self.forms.first().map_or(&[], |form| form.bytes.reveal())
    }

    fn again(&self) -> Self {
        let again = |form: &Form| Form { bytes: Secret::new(form.bytes.reveal().clone()), ..*form };
        Self { mark: self.mark.clone(), forms: self.forms.iter().map(again).collect() }
    }
}

impl Form {
    fn is(&self, value: &[u8]) -> bool {
        self.bytes.reveal().as_slice() == value
    }
}

impl fmt::Debug for Masks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Masks({})", self.all.len())
    }
}

/// The value itself, and in base64 at each of the three places within a group that it may begin at. There, the digits at
/// its ends may hold bits of what stands beside it: they are not looked for, but masked.
fn forms(value: &[u8]) -> Vec<Form> {
    let mut forms = vec![Form { bytes: Secret::new(value.to_vec()), before: 0, after: 0 }];
    for shift in 0..3 {
        let shifted = [&[0; 2][..shift], value].concat();
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let text = engine.encode(&shifted);
            // `shift` bytes before it fill as many digits, and part of the next one.
            let begin = if shift == 0 { 0 } else { shift + 1 };
            let whole = shifted.len() % 3 == 0;
            let end = if whole { text.len() } else { text.len() - 1 };
            let Some(core) = text.as_bytes().get(begin..end).filter(|core| core.len() >= 4) else {
                continue;
            };
            let known = |form: &Form| form.is(core);
            if !forms.iter().any(known) {
                let (before, after) = (usize::from(shift != 0), usize::from(!whole));
                forms.push(Form { bytes: Secret::new(core.to_vec()), before, after });
            }
        }
    }
    forms
}
