use std::borrow::Cow;

use super::scan::plain_run;
use super::words::has_escape;

/// The text of a checked JSON string, quotes included in `raw`. `None` if `raw` is no string.
pub fn unquote(raw: &[u8]) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let inner = std::str::from_utf8(inner).ok()?;
    if !has_escape(inner.as_bytes()) {
        return Some(Cow::Borrowed(inner));
    }
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let (c, used) = unescape(&rest[at + 1..])?;
        out.push(c);
        rest = &rest[at + 1 + used..];
    }
    out.push_str(rest);
    Some(Cow::Owned(out))
}

/// The character behind a backslash, and how many bytes it took.
fn unescape(after: &str) -> Option<(char, usize)> {
    Some(match after.as_bytes().first()? {
        b'b' => ('\u{8}', 1),
        b'f' => ('\u{C}', 1),
        b'n' => ('\n', 1),
        b'r' => ('\r', 1),
        b't' => ('\t', 1),
        b'u' => {
            let unit = |at: usize| u32::from_str_radix(after.get(at..at + 4)?, 16).ok();
            let high = unit(1)?;
            if (0xD800..0xDC00).contains(&high) {
                let low = unit(7)?;
                let point = 0x10000 + ((high - 0xD800) << 10) + low.checked_sub(0xDC00)?;
                (char::from_u32(point)?, 11)
            } else {
                (char::from_u32(high)?, 5)
            }
        }
        other => (char::from(*other), 1),
    })
}

/// `text` as a JSON string, quotes included.
pub fn quote(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    quote_into(&mut out, text);
    String::from_utf8(out).unwrap_or_default()
}

/// Appends `text` as a JSON string: the shortest lawful escapes (RFC 8785 section 3.2.2.2).
pub fn quote_into(out: &mut Vec<u8>, text: &str) {
    quote_bytes_into(out, text.as_bytes());
}

/// The same for a text that is known to be UTF-8, because it has been checked.
pub(crate) fn quote_bytes_into(out: &mut Vec<u8>, mut rest: &[u8]) {
    out.reserve(rest.len() + 2);
    out.push(b'"');
    // A long look for what is near would be wasted on texts of many lines; where nothing was near, it pays.
    let mut stretch = STRETCH;
    while !rest.is_empty() {
        let near = rest.len().min(stretch);
        let plain = plain_run(&rest[..near]).len;
        out.extend_from_slice(&rest[..plain]);
        if plain < near {
            escape_into(out, rest[plain]);
            rest = &rest[plain + 1..];
            stretch = STRETCH;
        } else {
            rest = &rest[plain..];
            stretch *= 4;
        }
    }
    out.push(b'"');
}

/// Bytes that are looked at together before they are copied, at first.
const STRETCH: usize = 256;

fn escape_into(out: &mut Vec<u8>, byte: u8) {
    let escape: &[u8] = match byte {
        b'"' => b"\\\"",
        b'\\' => b"\\\\",
        0x08 => b"\\b",
        0x09 => b"\\t",
        0x0A => b"\\n",
        0x0C => b"\\f",
        0x0D => b"\\r",
        _ => {
            let hex = |nibble: u8| b"0123456789abcdef"[usize::from(nibble)];
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', hex(byte >> 4), hex(byte & 15)]);
            return;
        }
    };
    out.extend_from_slice(escape);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn quoting_is_undone_by_unquoting_and_read_alike_by_serde_json(text in any::<String>()) {
            let quoted = quote(&text);
            let back = unquote(quoted.as_bytes());
            prop_assert_eq!(back.as_deref(), Some(text.as_str()));
            prop_assert_eq!(serde_json::from_str::<String>(&quoted).ok(), Some(text));
        }
    }

    #[test]
    fn an_escape_is_made_wherever_it_stands_in_a_long_text() {
        for at in 0..3_000 {
            let text = format!("{}\n{}", "x".repeat(at), "y".repeat(3_000 - at));
            let quoted = format!("\"{}\\n{}\"", "x".repeat(at), "y".repeat(3_000 - at));
            assert_eq!(quote(&text), quoted);
        }
    }

    #[test]
    fn escapes_are_read_as_the_characters_they_stand_for() {
        assert_eq!(unquote(br#""a\u0041\n\ud83d\udc4d\/""#).as_deref(), Some("aA\n\u{1F44D}/"));
    }
}
