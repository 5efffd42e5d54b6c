use std::borrow::Cow;

use crate::escape::{is_hidden, unicode_escape};

/// Text that a terminal shows and does not obey: control, bidirectional and invisible characters appear as `\uXXXX`.
pub fn terminal_safe(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_hidden(c) {
            unicode_escape(c, &mut out);
        } else {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    Cow::Owned(String::from_utf8(out).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g_audit_06_an_escape_is_shown_and_not_obeyed() {
        assert_eq!(terminal_safe("\u{1b}[31mred\u{9b}0m"), "\\u001b[31mred\\u009b0m");
        assert_eq!(
            terminal_safe("pay\u{202e}tnemyap\u{200b}\n"),
            "pay\\u202etnemyap\\u200b\\u000a"
        );
        assert_eq!(terminal_safe("tag\u{e0041}"), "tag\\udb40\\udc41");
        assert!(matches!(terminal_safe("plain, é and 漢"), Cow::Borrowed(_)));
    }
}
