//! Percent-encoding (RFC 3986 section 2.1), read and written once.

/// A text decoded once. Nothing if an escape is not one, or what comes out is no UTF-8.
pub(crate) fn decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            out.push(digit(bytes.next()?)? << 4 | digit(bytes.next()?)?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

/// A text as one segment of a path: everything but unreserved characters is escaped.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(b"0123456789ABCDEF"[usize::from(byte >> 4)]));
            out.push(char::from(b"0123456789ABCDEF"[usize::from(byte & 15)]));
        }
    }
    out
}

/// The pairs of a query or of a form (WHATWG URL, section 5.1): `+` is a space. Nothing if one cannot be decoded, or if
/// there are more than `most`.
pub(crate) fn pairs(text: &str, most: usize) -> Option<Vec<(String, String)>> {
    let part = |part: &str| decode(&part.replace('+', " "));
    let mut found = Vec::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        if found.len() == most {
            return None;
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        found.push((part(name)?, part(value)?));
    }
    Some(found)
}

fn digit(byte: u8) -> Option<u8> {
    let value = char::from(byte).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_escape_is_decoded_once_and_one_that_is_none_is_refused() {
        assert_eq!(decode("shop__ref%75nd").as_deref(), Some("shop__refund"));
        assert_eq!(decode("a%2575").as_deref(), Some("a%75"));
        assert_eq!(decode("a%2Fb+c").as_deref(), Some("a/b+c"));
        for bad in ["%", "%7", "%zz", "%+1", "a%", "%ff", "%C3"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_form_has_its_pairs_in_order_and_a_bound() {
        let found = pairs("a=1&b=x+y%26&&c&a=%3D", 4).unwrap();
        let shown: Vec<_> = found.iter().map(|(n, v)| format!("{n}:{v}")).collect();
        assert_eq!(shown, ["a:1", "b:x y&", "c:", "a:="]);
        assert_eq!(pairs("a&b&c", 2), None);
        assert_eq!(pairs("a=%", 2), None);
        assert_eq!(pairs("", 2), Some(Vec::new()));
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself_and_is_one_segment(text in ".*") {
            let encoded = encode(&text);
            let plain = !encoded.contains(['/', '?', '#', '{', ' ']);
            prop_assert!(plain);
            prop_assert_eq!(decode(&encoded), Some(text));
        }
    }
}
