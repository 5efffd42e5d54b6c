/// Which bytes stand for themselves inside a JSON string.
const PLAIN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0x20;
    while byte < 0x7f {
        table[byte] = byte != b'"' as usize && byte != b'\\' as usize;
        byte += 1;
    }
    table
};

/// Whether a character moves the cursor, reorders text, breaks a line or shows nothing: it is never written raw.
pub(crate) const fn is_hidden(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Appends `text` as the inside of a JSON string of at most `max` bytes; false if it had to be cut.
pub(crate) fn json_bounded(text: &str, max: usize, out: &mut Vec<u8>) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() <= max && bytes.iter().all(|b| PLAIN[usize::from(*b)]) {
        out.extend_from_slice(bytes);
        return true;
    }
    let end = out.len() + max;
    for c in text.chars() {
        let before = out.len();
        json_char(c, out);
        if out.len() > end {
            out.truncate(before);
            return false;
        }
    }
    true
}

/// Appends one character as it stands inside a JSON string.
pub(crate) fn json_char(c: char, out: &mut Vec<u8>) {
    match c {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        c if is_hidden(c) => unicode_escape(c, out),
        c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

/// Appends `\uXXXX`, twice for what lies beyond the basic plane (RFC 8259 section 7).
pub(crate) fn unicode_escape(c: char, out: &mut Vec<u8>) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `text` as it stands inside a JSON string of at most `max` bytes, and whether it is whole.
    fn bounded(text: &str, max: usize) -> (String, bool) {
        let mut out = Vec::new();
        let whole = json_bounded(text, max, &mut out);
        (String::from_utf8(out).unwrap(), whole)
    }

    #[test]
    fn only_what_needs_no_escape_goes_the_quick_way() {
        for byte in 0..=u8::MAX {
            let mut out = Vec::new();
            json_char(char::from(byte), &mut out);
            assert_eq!(PLAIN[usize::from(byte)], out == [byte], "{byte:#04x}");
        }
    }

    #[test]
    fn whatever_is_hidden_is_escaped_and_comes_back() {
        for c in ('\0'..=char::MAX).filter(|c| is_hidden(*c)) {
            let (text, whole) = bounded(&c.to_string(), 12);
            assert!(whole && text.bytes().all(|b| b.is_ascii_graphic()), "{text:?}");
            assert_eq!(serde_json::from_str::<char>(&format!("\"{text}\"")).unwrap(), c);
        }
    }

    #[test]
    fn a_text_is_cut_before_the_character_that_has_no_room_and_not_sooner() {
        for (text, max, kept, whole) in [
            ("abc", 3, "abc", true),
            ("abc", 2, "ab", false),
            ("\"é", 4, "\\\"é", true),
            ("\"é", 3, "\\\"", false),
            ("\"é", 1, "", false),
            ("", 0, "", true),
        ] {
            assert_eq!(bounded(text, max), (kept.to_owned(), whole), "{text:?} in {max}");
        }
    }
}
