use std::fmt::Write as _;

use audit::terminal_safe;

/// Most bytes of one value that are shown.
const SHOWN: usize = 2 * 1024;

/// Text for the inside of an element or a quoted attribute. What moves the cursor, reorders text or shows nothing
/// appears as `\uXXXX`; what is longer than 2 KiB is cut, with a mark that says so.
pub(crate) fn shown(text: &str) -> String {
    let end = (0..=SHOWN.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let mut out = escaped(&terminal_safe(&text[..end]));
    if end < text.len() {
        let _ = write!(out, " … (cut: {} bytes in all)", text.len());
    }
    out
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// APR-06, HUM-03, g-policy-49, v-args-16
    #[test]
    fn nothing_that_is_shown_is_markup_or_moves_anything() {
        assert_eq!(shown("\u{1b}[2J\u{202e}0.01 CDSU"), "\\u001b[2J\\u202e0.01 CDSU");
        assert_eq!(
            shown("<script>alert('1')</script> & \""),
            "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;"
        );
        assert_eq!(shown("pay \u{202e}EUR 001\u{202c} now"), "pay \\u202eEUR 001\\u202c now");
    }

    #[test]
    fn what_is_long_is_cut_at_a_character_and_says_so() {
        let text = shown(&"é".repeat(1500));
        assert!(text.ends_with(" … (cut: 3000 bytes in all)"), "{text}");
        assert!(text.starts_with("éé"));
    }
}
