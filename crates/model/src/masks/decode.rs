//! Ways in which a text may be written so that it can stand in another.

use std::borrow::Cow;

/// One way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// Escapes of a JSON string.
    Json,
    /// `%2F`
    Percent,
    /// The same, with `+` for a space.
    Form,
    /// `&quot;`, `&#39;`, `&#x27;`
    Html,
}

/// A text that was undone, and for each byte of it where that stood: begin and end in the text before.
#[derive(Default)]
pub(super) struct Undone {
    pub(super) bytes: Vec<u8>,
    pub(super) places: Vec<(usize, usize)>,
}

impl Coding {
    pub(super) const ALL: [Self; 4] = [Self::Json, Self::Percent, Self::Form, Self::Html];

    /// What the text is without this coding; borrowed if it has none of it.
    pub(super) fn undo(self, text: &[u8]) -> Cow<'_, [u8]> {
        if !self.may_be_in(text) {
            return Cow::Borrowed(text);
        }
        let (mut bytes, mut changed) = (Vec::with_capacity(text.len()), false);
        self.units(text, |unit, from, to| {
            changed |= to - from != unit.len() || text.get(from..to) != Some(unit);
            bytes.extend_from_slice(unit);
        });
        if changed { Cow::Owned(bytes) } else { Cow::Borrowed(text) }
    }

    /// The same, with the places of everything.
    pub(super) fn undo_placed(self, text: &[u8]) -> Undone {
        let mut undone = Undone::default();
        self.units(text, |unit, from, to| {
            undone.bytes.extend_from_slice(unit);
            undone.places.extend(std::iter::repeat_n((from, to), unit.len()));
        });
        undone
    }

    fn may_be_in(self, text: &[u8]) -> bool {
        match self {
            Self::Json => memchr::memchr(b'\\', text).is_some(),
            Self::Percent => memchr::memchr(b'%', text).is_some(),
            Self::Form => memchr::memchr(b'+', text).is_some(),
            Self::Html => memchr::memchr(b'&', text).is_some(),
        }
    }

    /// Tells each unit of the text: what it means, and where it begins and ends.
    fn units(self, text: &[u8], mut tell: impl FnMut(&[u8], usize, usize)) {
        let mut at = 0;
        let mut room = [0; 4];
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let meant = match self {
                Self::Json => json(rest),
                Self::Form if rest.first() == Some(&b'+') => Some((Meant::Byte(b' '), 1)),
                Self::Percent | Self::Form => percent(rest),
                Self::Html => html(rest),
            };
            let (meant, length) = meant.unwrap_or((Meant::Byte(rest[0]), 1));
            match meant {
                Meant::Byte(byte) => tell(&[byte], at, at + length),
                Meant::Char(c) => tell(c.encode_utf8(&mut room).as_bytes(), at, at + length),
            }
            at += length;
        }
    }
}

/// What a unit stands for.
enum Meant {
    Byte(u8),
    Char(char),
}

/// An escape at the beginning of the text, and its length.
fn json(text: &[u8]) -> Option<(Meant, usize)> {
    let [b'\\', kind, ..] = text else { return None };
    let byte = match kind {
        b'"' | b'\\' | b'/' => *kind,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'f' => 12,
        b'u' => return unicode(text),
        _ => return None,
    };
    Some((Meant::Byte(byte), 2))
}

/// `\u00e9`, or the two halves of what is beyond that.
fn unicode(text: &[u8]) -> Option<(Meant, usize)> {
    let unit = |at: usize| -> Option<u32> {
        let (mark, digits) = (text.get(at..at + 2)?, text.get(at + 2..at + 6)?);
        (mark == b"\\u").then(|| number(digits, 16))?
    };
    let first = unit(0)?;
    if let Some(c) = char::from_u32(first) {
        return Some((Meant::Char(c), 6));
    }
    let second = unit(6).filter(|low| (0xDC00..0xE000).contains(low))?;
    let high = first.checked_sub(0xD800).filter(|high| *high < 0x400)?;
    let c = char::from_u32(0x1_0000 + (high << 10) + (second - 0xDC00))?;
    Some((Meant::Char(c), 12))
}

fn percent(text: &[u8]) -> Option<(Meant, usize)> {
    let digits = text.strip_prefix(b"%")?.get(..2)?;
    Some((Meant::Byte(u8::try_from(number(digits, 16)?).ok()?), 3))
}

/// A reference to a character; of the named ones, those that escaping makes.
fn html(text: &[u8]) -> Option<(Meant, usize)> {
    let rest = text.strip_prefix(b"&")?;
    let end = rest.iter().take(10).position(|b| *b == b';')?;
    let c = match &rest[..end] {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(number(digits, 16)?)?,
        [b'#', digits @ ..] => char::from_u32(number(digits, 10)?)?,
        _ => return None,
    };
    Some((Meant::Char(c), end + 2))
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let all = digits.iter().all(|d| char::from(*d).is_digit(radix));
    let text = std::str::from_utf8(digits).ok().filter(|t| all && !t.is_empty())?;
    u32::from_str_radix(text, radix).ok()
}
