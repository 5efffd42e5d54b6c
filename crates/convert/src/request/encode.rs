//! Percent-encoding (RFC 3986, section 2): once, and of everything that is not unreserved.

/// Which bytes stay as they are.
type Plain = [bool; 256];

const VALUE: Plain = unreserved_and(b"");
const RESERVED: Plain = unreserved_and(b":/?[]@!$'()*,;=");
const SEGMENTS: Plain = unreserved_and(b"/");
const LITERAL: Plain = unreserved_and(b"/%:@!$&'()*+,;=");

/// A value in the path or the query.
pub(super) fn value(text: &str) -> String {
    encoded(text, &VALUE)
}

/// A name or value that the description itself wrote in a query.
pub(super) fn query(text: &str) -> String {
    encoded(text, &VALUE)
}

/// A value whose reserved characters stay (`allowReserved`); `#` and `&` would end it and `+` would arrive as a space, so
/// that these are encoded all the same.
pub(super) fn reserved(text: &str) -> String {
    encoded(text, &RESERVED)
}

/// A value of several segments.
pub(super) fn segments(text: &str) -> String {
    encoded(text, &SEGMENTS)
}

/// Literal text of a path: what is encoded already stays, what could not stand there is encoded.
pub(super) fn literal(text: &str) -> String {
    encoded(text, &LITERAL)
}

const fn unreserved_and(also: &[u8]) -> Plain {
    let mut plain = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        plain[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    let mut at = 0;
    while at < also.len() {
        plain[also[at] as usize] = true;
        at += 1;
    }
    let mut at = 0;
    while at < 4 {
        plain[b"-._~"[at] as usize] = true;
        at += 1;
    }
    plain
}

fn encoded(text: &str, plain: &Plain) -> String {
    let hex = |nibble: u8| char::from(b"0123456789ABCDEF"[usize::from(nibble)]);
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if plain[usize::from(byte)] {
            out.push(char::from(byte));
        } else {
            out.extend(['%', hex(byte >> 4), hex(byte & 15)]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_stays_or_is_encoded_as_the_lists_say() {
        for (made, also) in [
            (value as fn(&str) -> String, ""),
            (query, ""),
            (reserved, ":/?[]@!$'()*,;="),
            (segments, "/"),
            (literal, "/%:@!$&'()*+,;="),
        ] {
            for c in (0..=0xff).filter_map(char::from_u32) {
                let (text, mut wanted) = (c.to_string(), String::new());
                for byte in text.bytes() {
                    let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
                    if plain || also.as_bytes().contains(&byte) {
                        wanted.push(char::from(byte));
                    } else {
                        wanted.extend(format!("%{byte:02X}").chars());
                    }
                }
                assert_eq!(made(&text), wanted);
            }
        }
    }
}
