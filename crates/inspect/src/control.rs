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

/// Whether `bytes` are ASCII without such a character.
pub(crate) fn is_shown(bytes: &[u8]) -> bool {
    let (blocks, rest) = bytes.as_chunks();
    let is_shown = |part: &[u8]| part.is_ascii() && !ascii_has_control(part);
    blocks.iter().all(|block| !may_be_unshown(block) || is_shown(block)) && is_shown(rest)
}

/// Where the bytes stand that are not shown.
pub(crate) fn unshown(bytes: &[u8]) -> impl Iterator<Item = usize> {
    const PART: usize = 256;
    let parts = bytes.chunks(PART).enumerate().filter(|(_, part)| !is_shown(part));
    parts.flat_map(|(n, part)| {
        let unshown = part.iter().enumerate().filter(|(_, byte)| !is_shown(&[**byte]));
        unshown.map(move |(at, _)| PART * n + at)
    })
}

/// Whether there is anything in `block` but printable ASCII and line feeds; few steps in vectors, for a first look.
#[expect(clippy::needless_bitwise_bool, reason = "lazy operators are branches, not vectors")]
fn may_be_unshown(block: &[u8; 256]) -> bool {
    // As a signed number, what is beyond ASCII is below the space, too.
    let is_odd = |b: &u8| ((b.cast_signed() < 0x20) & (*b != 0xA)) | (*b == 0x7F);
    block.iter().fold(false, |any, b| any | is_odd(b))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn blocks_are_shown_where_all_their_bytes_are(
            mut bytes in prop::collection::vec(0x20_u8..0x7F, 0..900),
            odd in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        ) {
            for (at, byte) in odd {
                let at = at.index(bytes.len() + 1);
                bytes.insert(at, byte);
            }
            let text = bytes.is_ascii().then(|| String::from_utf8(bytes.clone()).unwrap());
            let slow = text.is_some_and(|text| {
                text.chars().all(|c| !c.is_control() || "\t\n\r\u{C}".contains(c))
            });
            prop_assert_eq!(is_shown(&bytes), slow);
        }
    }

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
