//! Percent-encoding (RFC 3986, section 2): once, and of everything that is not unreserved.

use std::fmt::Write as _;

/// A value in the path or the query.
pub(super) fn value(text: &str) -> String {
    encoded(text, "")
}

/// A name or value that the description itself wrote in a query.
pub(super) fn query(text: &str) -> String {
    encoded(text, "")
}

/// A value whose reserved characters stay (`allowReserved`); `#` and `&` would end it and `+` would arrive as a space, so
/// that these are encoded all the same.
pub(super) fn reserved(text: &str) -> String {
    encoded(text, ":/?[]@!$'()*,;=")
}

/// A value of several segments.
pub(super) fn segments(text: &str) -> String {
    encoded(text, "/")
}

/// Literal text of a path: what is encoded already stays, what could not stand there is encoded.
pub(super) fn literal(text: &str) -> String {
    encoded(text, "/%:@!$&'()*+,;=")
}

fn encoded(text: &str, also: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if plain || also.as_bytes().contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
