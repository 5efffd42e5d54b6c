use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

const OPEN: &str = "=?base64?";
const CLOSE: &str = "?=";

/// A header value that stands for no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a header value that stands for no text")]
pub struct BadValue;

/// A text as a header value: as it is where it is plain visible ASCII, else base64 between markers.
pub fn encode(text: &str) -> Cow<'_, str> {
    let plain = text.bytes().all(|b| (0x20..0x7F).contains(&b))
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.get(..OPEN.len()).is_some_and(|start| start.eq_ignore_ascii_case(OPEN));
    if plain {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{OPEN}{}{CLOSE}", STANDARD.encode(text)))
}

/// The text that a header value (without white space around it) stands for. Markers are lower case; what lies between
/// them must be canonical base64 of UTF-8. A value outside visible ASCII is refused.
pub fn decode(value: &[u8]) -> Result<Cow<'_, str>, BadValue> {
    let text = std::str::from_utf8(value).map_err(|_| BadValue)?;
    if !text.bytes().all(|b| b == b'\t' || (0x20..0x7F).contains(&b)) {
        return Err(BadValue);
    }
    let Some(inner) = text.strip_prefix(OPEN).and_then(|rest| rest.strip_suffix(CLOSE)) else {
        return Ok(Cow::Borrowed(text));
    };
    let bytes = STANDARD.decode(inner).map_err(|_| BadValue)?;
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| BadValue)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_names_travel_as_they_are_and_others_between_markers() {
        assert_eq!(encode("files__read_file"), "files__read_file");
        assert_eq!(encode("file:///a b"), "file:///a b");
        assert_eq!(encode("caf\u{E9}"), "=?base64?Y2Fmw6k=?=");
        for odd in [" a", "a ", "a\tb", "a\nb", "=?base64?YQ==?=", "=?BASE64?x", "\u{7F}"] {
            assert!(encode(odd).starts_with(OPEN), "{odd:?}");
        }
    }

    #[test]
    fn only_exact_markers_and_strict_base64_are_a_sentinel_g_protocol_29_to_31() {
        assert_eq!(decode(b"=?base64?ZmlsZXNfX3JlYWRfZmlsZQ==?=").unwrap(), "files__read_file");
        assert_eq!(decode(b"=?BASE64?YQ==?=").unwrap(), "=?BASE64?YQ==?=");
        assert_eq!(decode(b"=?base64??=").unwrap(), "");
        for bad in [
            "=?base64?%%%?=",
            "=?base64?YQ=?=",
            "=?base64?YR==?=",
            "=?base64?/w==?=",
            "=?base64?Y Q==?=",
        ] {
            assert_eq!(decode(bad.as_bytes()), Err(BadValue), "{bad}");
        }
        assert_eq!(decode(b"caf\xC3\xA9"), Err(BadValue));
        assert_eq!(decode(b"a\x00"), Err(BadValue));
    }

    proptest! {
        #[test]
        fn every_text_survives_the_way_through_a_header(text in any::<String>()) {
            let value = encode(&text);
            prop_assert!(value.bytes().all(|b| (0x20..0x7F).contains(&b)));
            prop_assert_eq!(value.trim(), &*value);
            prop_assert_eq!(&*decode(value.as_bytes()).unwrap(), &*text);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in any::<Vec<u8>>()) {
            let _ = decode(&bytes);
        }
    }
}
