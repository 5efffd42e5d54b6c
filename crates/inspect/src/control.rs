use crate::context::Place;
use crate::fold::beyond_ascii;

/// Where the first control character of `text` is that a terminal may obey: C0 but tab and line ends, DEL, C1.
///
/// A form feed in a result is the page break of a printed text.
pub(crate) fn control(text: &str, place: Place) -> Option<usize> {
    let page_break = place == Place::Result;
    if page_break
        && !ascii_has_control(text.as_bytes())
        && (text.is_ascii() || !beyond_ascii(text).any(char::is_control))
    {
        return None;
    }
    text.char_indices()
        .find(|(_, c)| {
            c.is_control() && !(matches!(c, '\t' | '\n' | '\r') || (*c == '\u{C}' && page_break))
        })
        .map(|(at, _)| at)
}

/// Whether `bytes` hold such a character of ASCII; branch-free, for long clean texts.
#[expect(clippy::needless_bitwise_bool, reason = "lazy operators are branches, not vectors")]
pub(crate) fn ascii_has_control(bytes: &[u8]) -> bool {
    let is_control = |b: &u8| {
        ((*b < 0x20) & (*b != 0x9) & (*b != 0xA) & (*b != 0xC) & (*b != 0xD)) | (*b == 0x7F)
    };
    bytes.chunks(256).any(|chunk| chunk.iter().fold(false, |any, b| any | is_control(b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_that_drive_a_terminal_are_found_and_line_ends_are_not() {
        for bad in [
            "\u{1B}]8;;https://evil.example\u{7}x",
            "\u{9B}31m",
            "a\u{0}",
            "\u{7F}",
            "a\u{8}b",
            "\u{90}q",
        ] {
            assert!(control(bad, Place::Result).is_some(), "{bad:?}");
        }
        assert_eq!(control("a\tb\r\nc\u{C}", Place::Result), None);
        assert_eq!(control("a\u{C}", Place::Definition), Some(1));
        assert!(ascii_has_control(b"a\x1b") && !ascii_has_control(b"a\r\n\tb"));
    }
}
