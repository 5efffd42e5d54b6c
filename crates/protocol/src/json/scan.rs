use memchr::memchr2;
use thiserror::Error;

use super::words::{EARLY, HIGH, first_special};

/// Bounds on one JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Deepest nesting of arrays and objects.
    pub depth: u32,
    /// Most values (members and elements) in the whole text.
    pub values: u32,
}

impl Limits {
    /// For what agents send.
    pub const REQUEST: Self = Self { depth: 64, values: 100_000 };
    /// For what sources answer: larger, still bounded.
    pub const REPLY: Self = Self { depth: 128, values: 2_000_000 };
    /// For what is put into such an answer: it stands one deeper, and some is said beside it.
    pub const WITHIN_REPLY: Self = Self { depth: 127, values: 1_800_000 };
}

/// Why a text is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum JsonError {
    /// Grammar, at a byte offset.
    #[error("not JSON at byte {0}")]
    Syntax(usize),
    /// Bytes that are no UTF-8, or an escape that names a lone surrogate.
    #[error("not UTF-8 at byte {0}")]
    Encoding(usize),
    /// Deeper or with more values than allowed.
    #[error("nested or populated beyond the limit at byte {0}")]
    Limit(usize),
    /// The same member twice in an object that a guard reads.
    #[error("the same member twice in one object at byte {0}")]
    Duplicate(usize),
    /// Well-formed, but not of the kind that is needed here.
    #[error("not the expected kind of value")]
    Kind,
}

/// The kind of a JSON value, told by its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// `"…"`
    String,
    /// `-1.5e3`
    Number,
    /// `true` or `false`
    Bool,
    /// `null`
    Null,
}

impl Kind {
    /// The kind of a value that has been checked and has no white space around it.
    pub fn of(value: &[u8]) -> Option<Self> {
        Some(match value.first()? {
            b'{' => Self::Object,
            b'[' => Self::Array,
            b'"' => Self::String,
            b't' | b'f' => Self::Bool,
            b'n' => Self::Null,
            _ => Self::Number,
        })
    }
}

/// Checks that `text` is exactly one JSON value.
pub fn check(text: &[u8], limits: Limits) -> Result<Kind, JsonError> {
    let mut scan = Scan::new(text, limits);
    scan.space();
    let start = scan.at;
    scan.value()?;
    scan.end()?;
    Kind::of(&text[start..]).ok_or(JsonError::Syntax(0))
}

/// A cursor over a text. Strings are held against UTF-8 where they have more than ASCII in them; elsewhere the grammar
/// has nothing but ASCII, and no byte order mark (RFC 8259 section 8.1).
pub(super) struct Scan<'a> {
    pub(super) text: &'a [u8],
    pub(super) at: usize,
    depth: u32,
    values: u32,
}

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a [u8], limits: Limits) -> Self {
        Self { text, at: 0, depth: limits.depth, values: limits.values }
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    pub(super) fn syntax<T>(&self) -> Result<T, JsonError> {
        Err(JsonError::Syntax(self.at))
    }

    #[inline]
    pub(super) fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    #[inline]
    pub(super) fn eat(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        self.syntax()
    }

    /// Nothing but white space may follow.
    pub(super) fn end(&mut self) -> Result<(), JsonError> {
        self.space();
        if self.at == self.text.len() { Ok(()) } else { self.syntax() }
    }

    pub(super) fn enter(&mut self) -> Result<(), JsonError> {
        self.depth = self.depth.checked_sub(1).ok_or(JsonError::Limit(self.at))?;
        Ok(())
    }

    /// One more value, if there may be one.
    pub(super) fn count(&mut self) -> Result<(), JsonError> {
        self.values = self.values.checked_sub(1).ok_or(JsonError::Limit(self.at))?;
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.depth += 1;
    }

    /// Passes one value, checking it. Recursion is bounded by the depth limit.
    pub(super) fn value(&mut self) -> Result<(), JsonError> {
        self.count()?;
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b't') => self.word(b"true"),
            Some(b'f') => self.word(b"false"),
            Some(b'n') => self.word(b"null"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.syntax(),
        }
    }

    fn word(&mut self, word: &[u8]) -> Result<(), JsonError> {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            return Ok(());
        }
        self.syntax()
    }

    fn object(&mut self) -> Result<(), JsonError> {
        self.enter()?;
        self.at += 1;
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
        } else {
            loop {
                self.string()?;
                self.space();
                self.eat(b':')?;
                self.space();
                self.value()?;
                if !self.more(b'}')? {
                    break;
                }
            }
        }
        self.leave();
        Ok(())
    }

    fn array(&mut self) -> Result<(), JsonError> {
        self.enter()?;
        self.at += 1;
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
        } else {
            loop {
                self.value()?;
                if !self.more(b']')? {
                    break;
                }
            }
        }
        self.leave();
        Ok(())
    }

    /// After an item: passes `,` and the white space behind it (true), or the closing byte (false).
    pub(super) fn more(&mut self, close: u8) -> Result<bool, JsonError> {
        self.space();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                self.space();
                Ok(true)
            }
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(false)
            }
            _ => self.syntax(),
        }
    }

    /// Passes a string, checking it. Whether there is no escape in it.
    #[inline]
    pub(super) fn string(&mut self) -> Result<bool, JsonError> {
        if let Some(len) = short_string(&self.text[self.at..]) {
            self.at += len;
            return Ok(true);
        }
        self.any_string()
    }

    fn any_string(&mut self) -> Result<bool, JsonError> {
        self.eat(b'"')?;
        let (start, mut ascii, mut plain) = (self.at, true, true);
        loop {
            let run = plain_run(&self.text[self.at..]);
            self.at += run.len;
            ascii &= run.ascii;
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                _ => return self.syntax(),
            }
            plain = false;
        }
        if !ascii {
            let utf8 = std::str::from_utf8(&self.text[start..self.at]);
            utf8.map_err(|e| JsonError::Encoding(start + e.valid_up_to()))?;
        }
        self.at += 1;
        Ok(plain)
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        match self.text.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 2;
                Ok(())
            }
            Some(b'u') => self.unicode_escape(),
            _ => self.syntax(),
        }
    }

    /// `\uXXXX`; a high surrogate must be followed by a low one and the other way round.
    fn unicode_escape(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        let unit = self.four_hex()?;
        match unit {
            0xD800..=0xDBFF => {
                if self.text.get(self.at..self.at + 2) != Some(b"\\u") {
                    return Err(JsonError::Encoding(start));
                }
                match self.four_hex()? {
                    0xDC00..=0xDFFF => Ok(()),
                    _ => Err(JsonError::Encoding(start)),
                }
            }
            0xDC00..=0xDFFF => Err(JsonError::Encoding(start)),
            _ => Ok(()),
        }
    }

    fn four_hex(&mut self) -> Result<u16, JsonError> {
        let Some(digits) = self.text.get(self.at + 2..self.at + 6) else { return self.syntax() };
        let mut unit = 0u16;
        for digit in digits {
            let Some(value) = char::from(*digit).to_digit(16) else { return self.syntax() };
            unit = unit << 4 | u16::try_from(value).unwrap_or(0);
        }
        self.at += 6;
        Ok(unit)
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { self.syntax() } else { Ok(()) }
    }

    fn number(&mut self) -> Result<(), JsonError> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }
}

/// How long the string at the front is, quotes included, if it has less than sixteen characters, all of them ASCII that
/// needs no look, and is not at the very end of the text. Most strings are like that.
#[inline]
fn short_string(bytes: &[u8]) -> Option<usize> {
    let (quote, rest) = bytes.split_first()?;
    let (one, rest) = rest.split_first_chunk::<8>()?;
    let other = rest.first_chunk::<8>()?;
    if *quote != b'"' {
        return None;
    }
    let (one, other) = (u64::from_le_bytes(*one), u64::from_le_bytes(*other));
    let (mut len, mut word, mut found) = (0, one, first_special(one));
    if found == 8 {
        (len, word, found) = (8, other, first_special(other));
    }
    let before = if len == 0 { 0 } else { one };
    let ends = found < 8 && bytes[1 + len + found] == b'"' && (before | word) & HIGH == 0;
    ends.then_some(len + found + 2)
}

/// Bytes inside a string that need no look: not `"`, not `\`, no control character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) len: usize,
    /// Whether all of them are ASCII. May be false though they are, where what follows is not.
    ascii: bool,
}

/// The run at the front.
///
/// Short texts are the most and long ones the bulk of what passes the gate: the first bytes are looked at eight at a
/// time, the others in vectors.
pub(super) fn plain_run(bytes: &[u8]) -> Run {
    let (mut len, mut ascii) = (0, true);
    while len < EARLY {
        let Some(word) = bytes[len..].first_chunk::<8>() else {
            return plain_tail(&bytes[len..]).after(len, ascii);
        };
        let word = u64::from_le_bytes(*word);
        ascii &= word & HIGH == 0;
        let found = first_special(word);
        len += found;
        if found < 8 {
            return Run { len, ascii };
        }
    }
    plain_long(&bytes[len..]).after(len, ascii)
}

impl Run {
    fn after(self, len: usize, ascii: bool) -> Self {
        Self { len: self.len + len, ascii: self.ascii && ascii }
    }
}

fn plain_tail(bytes: &[u8]) -> Run {
    let special = |b: &u8| matches!(b, b'"' | b'\\' | 0..0x20);
    let len = bytes.iter().position(special).unwrap_or(bytes.len());
    Run { len, ascii: bytes[..len].is_ascii() }
}

/// The end of a long run is searched, and what was passed is looked over: both in vectors.
fn plain_long(bytes: &[u8]) -> Run {
    let len = memchr2(b'"', b'\\', bytes).unwrap_or(bytes.len());
    let look = |(least, all): (u8, u8), b: &u8| (least.min(*b), all | b);
    let (least, all) = bytes[..len].iter().fold((u8::MAX, 0), look);
    if least < 0x20 { plain_tail(bytes) } else { Run { len, ascii: all.is_ascii() } }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ok(text: &[u8]) -> bool {
        check(text, Limits::REQUEST).is_ok()
    }

    #[test]
    fn what_is_not_strict_json_is_refused() {
        for bad in [
            "",
            " ",
            "{",
            "[1,]",
            "{\"a\":1,}",
            "{a:1}",
            "01",
            "1.",
            ".5",
            "+1",
            "NaN",
            "\"\t\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "tru",
            "[] []",
            "{}{}",
            "\u{FEFF}{}",
            "'a'",
            "-",
            "1e",
        ] {
            assert!(!ok(bad.as_bytes()), "{bad:?}");
        }
        assert_eq!(check(b"\"\xFF\"", Limits::REQUEST), Err(JsonError::Encoding(1)));
        assert!(!ok(b"\xFF") && !ok(b"[\xC2\xA0]") && !ok(b"{\"a\xE9\":1}"));
    }

    #[test]
    fn a_lone_surrogate_is_refused_and_a_pair_is_not() {
        assert_eq!(check(br#""\ud800""#, Limits::REQUEST), Err(JsonError::Encoding(1)));
        assert_eq!(check(br#""\udc00""#, Limits::REQUEST), Err(JsonError::Encoding(1)));
        assert_eq!(check(br#""\ud83d\ud83d""#, Limits::REQUEST), Err(JsonError::Encoding(1)));
        assert!(ok(br#""\ud83d\udc4d""#));
    }

    #[test]
    fn depth_and_count_are_bounded_without_overflowing_the_stack() {
        assert!(matches!(
            check("[".repeat(100_000).as_bytes(), Limits::REQUEST),
            Err(JsonError::Limit(_))
        ));
        let wide = format!("[{}0]", "0,".repeat(200_000));
        assert!(matches!(check(wide.as_bytes(), Limits::REQUEST), Err(JsonError::Limit(_))));
        assert!(ok(format!("{}{}", "[".repeat(20), "]".repeat(20)).as_bytes()));
    }

    proptest! {
        #[test]
        fn it_accepts_what_serde_json_accepts(text in r#"[\[\]{}:,"\\0-9eE+.a-fnrtu \-]{0,24}"#) {
            // serde_json takes lone surrogates in ignored values; those are refused here on purpose.
            let theirs = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            prop_assert_eq!(ok(text.as_bytes()), theirs);
        }

        #[test]
        fn any_value_of_serde_json_is_accepted(text in "\\PC*", n in any::<f64>(), i in any::<i64>()) {
            let value = serde_json::json!({"t": text, "n": n, "i": [i, {"": null}]});
            prop_assert!(ok(value.to_string().as_bytes()));
        }
    }

    proptest! {
        #[test]
        fn a_short_string_is_passed_as_any_string_is(
            inner in prop::collection::vec(prop_oneof![20 => 0x20u8..0x7f, 1 => any::<u8>()], 0..20),
            opens: bool, closes: bool, behind in "[,:} \"a]{0,20}",
        ) {
            let quote = |there: bool| if there { "\"" } else { "" };
            let text = [quote(opens).as_bytes(), &inner, quote(closes).as_bytes(), behind.as_bytes()].concat();
            let (mut one, mut other) = (Scan::new(&text, Limits::REQUEST), Scan::new(&text, Limits::REQUEST));
            let passed = one.string();
            prop_assert_eq!(passed, other.any_string());
            if let Ok(plain) = passed {
                prop_assert_eq!(one.at, other.at);
                prop_assert_eq!(plain, !text[..one.at].contains(&b'\\'));
            }
        }

        #[test]
        fn a_run_ends_where_a_look_at_each_byte_would_end_it(
            bytes in prop::collection::vec(prop_oneof![9 => 0x20u8..=0xff, 1 => any::<u8>()], 0..120),
        ) {
            let (run, slow) = (plain_run(&bytes), plain_tail(&bytes));
            prop_assert_eq!(run.len, slow.len);
            prop_assert!(slow.ascii || !run.ascii);
        }
    }

    proptest! {
        #[test]
        fn what_is_no_utf8_is_no_json_wherever_it_stands(
            text in "[a-z\u{e9}\u{1F44D}]{0,80}", at in any::<prop::sample::Index>(), byte in 0x80u8..=0xff,
        ) {
            let good = format!(r#"{{"{text}":["{text}"]}}"#).into_bytes();
            prop_assert!(ok(&good));
            let mut bad = good;
            bad.insert(at.index(bad.len()), byte);
            prop_assert_eq!(ok(&bad), std::str::from_utf8(&bad).is_ok());
        }
    }
}
