//! What texts of one place have in common. The texts themselves are not kept.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher as _};

use serde_json::{Value, json};

use crate::kind;

/// Most different values that are counted.
const MOST: usize = 64;

/// A number that stands for a value, to count different ones by.
pub(crate) fn digest(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Different values, counted up to a bound, whatever their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Distinct(BTreeSet<u64>);

impl Distinct {
    pub(crate) fn add(&mut self, value: &(impl Hash + ?Sized)) {
        self.0.insert(digest(value));
        self.bound();
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.0.extend(&other.0);
        self.bound();
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The smallest stay, so that the order in which they came says nothing.
    fn bound(&mut self) {
        while self.0.len() > MOST {
            self.0.pop_last();
        }
    }
}

/// A word of JSON Schema, and what has that form.
type Format = (&'static str, fn(&str) -> bool);

/// Forms that JSON Schema has a word for.
const FORMATS: [Format; 5] = [
    ("uuid", kind::is_uuid),
    ("date", kind::is_date),
    ("date-time", kind::is_date_time),
    ("email", kind::is_email),
    ("uri", is_uri),
];

fn is_uri(text: &str) -> bool {
    let web = text.starts_with("https://") || text.starts_with("http://");
    let plain = text.bytes().all(|c| c.is_ascii_graphic() && !b"\"<>\\^`{|}[]".contains(&c));
    web && plain && url::Url::parse(text).is_ok()
}

/// What texts of one place have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    /// Different ones.
    pub(crate) distinct: Distinct,
    /// Which of [`FORMATS`] all of them have.
    formats: u8,
    /// Whether all are whole numbers, as JSON writes them.
    integers: bool,
    /// Whether all are numbers.
    numbers: bool,
    /// Whether all are `true` or `false`.
    booleans: bool,
}

impl Text {
    pub(crate) fn of(text: &str) -> Self {
        let mut distinct = Distinct::default();
        distinct.add(text);
        let formats = FORMATS.iter().enumerate().filter(|(_, (_, is))| is(text));
        Self {
            distinct,
            formats: formats.fold(0, |all, (n, _)| all | 1 << n),
            integers: is_integer(text),
            numbers: is_integer(text) || is_decimal(text),
            booleans: matches!(text, "true" | "false"),
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.distinct.merge(&other.distinct);
        self.formats &= other.formats;
        self.integers &= other.integers;
        self.numbers &= other.numbers;
        self.booleans &= other.booleans;
    }

    /// The format that all have, where there are enough of them to say so.
    pub(crate) fn format(&self) -> Option<&'static str> {
        let sure = self.distinct.count() >= 2;
        FORMATS
            .iter()
            .enumerate()
            .find(|(n, _)| sure && self.formats & 1 << n != 0)
            .map(|(_, f)| f.0)
    }

    /// The schema of a value that goes out as text. One value is no proof that all are numbers.
    pub(crate) fn argument(&self) -> Value {
        let sure = self.distinct.count() >= 2;
        match (self.booleans, self.integers, self.numbers) {
            (true, ..) => json!({ "type": "boolean" }),
            (_, true, _) if sure => json!({ "type": "integer" }),
            (_, true, _) => json!({ "type": ["integer", "string"] }),
            (_, _, true) if sure => json!({ "type": "number" }),
            (_, _, true) => json!({ "type": ["number", "string"] }),
            _ => self.plain(),
        }
    }

    /// The schema of a text.
    pub(crate) fn plain(&self) -> Value {
        match self.format() {
            Some(format) => json!({ "type": "string", "format": format }),
            None => json!({ "type": "string" }),
        }
    }
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.len() <= 15 && kind::is_number(digits);
    plain && (digits == "0" && text == "0" || !digits.starts_with('0'))
}

fn is_decimal(text: &str) -> bool {
    let plain = text.strip_prefix('-').unwrap_or(text);
    plain.split_once('.').is_some_and(|(whole, part)| {
        let whole_is = whole == "0" || !whole.starts_with('0');
        whole_is && plain.len() <= 30 && kind::is_number(whole) && kind::is_number(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(texts: &[&str]) -> Text {
        let mut out = Text::of(texts[0]);
        texts[1..].iter().for_each(|text| out.merge(&Text::of(text)));
        out
    }

    #[test]
    fn a_type_is_told_where_all_agree_and_one_value_proves_no_number() {
        assert_eq!(all(&["1", "22"]).argument(), json!({ "type": "integer" }));
        assert_eq!(all(&["1", "1"]).argument(), json!({ "type": ["integer", "string"] }));
        assert_eq!(all(&["1", "2.5"]).argument(), json!({ "type": "number" }));
        assert_eq!(all(&["1", "x"]).argument(), json!({ "type": "string" }));
        assert_eq!(all(&["007", "1"]).argument(), json!({ "type": "string" }));
        assert_eq!(all(&["true"]).argument(), json!({ "type": "boolean" }));
        assert_eq!(all(&["true", "1"]).argument(), json!({ "type": "string" }));
    }

    #[test]
    fn a_format_is_told_only_where_all_of_several_have_it() {
        assert_eq!(all(&["2026-07-28", "2026-07-29"]).format(), Some("date"));
        assert_eq!(all(&["2026-07-28"]).format(), None);
        assert_eq!(all(&["2026-07-28", "soon"]).format(), None);
        assert_eq!(all(&["a@example.com", "b@example.com"]).format(), Some("email"));
        assert_eq!(all(&["https://a.example/", "https://b.example/"]).format(), Some("uri"));
    }
}
