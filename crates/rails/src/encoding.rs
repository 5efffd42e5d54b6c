use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};

const EITHER: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const READ_STANDARD: GeneralPurpose = GeneralPurpose::new(&STANDARD, EITHER);
const READ_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, EITHER);

/// Reads base64 (RFC 4648 sections 4 and 5): one of the two alphabets and never both, padding or none, nothing beside it;
/// bits that are left over are zero, so that a text has one reading.
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let url = text.iter().any(|c| matches!(c, b'-' | b'_'));
    let engine = if url { READ_URL } else { READ_STANDARD };
    engine.decode(text).ok()
}

/// Writes base64 with the standard alphabet and padding.
pub fn encode_standard(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// Writes base64url without padding.
pub fn encode_url(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn two_alphabets_in_one_text_are_refused() {
        assert_eq!(decode(b"-_8").as_deref(), decode(b"+/8=").as_deref());
        assert!(decode(b"+_8=").is_none());
        assert!(decode(b"a/-=").is_none());
    }

    #[test]
    fn nothing_stands_beside_it() {
        for bad in ["AA\nAA", " AAAA", "AAAA\n", "AAA=A", "A", "AA===", "=", "QUI*"] {
            assert!(decode(bad.as_bytes()).is_none(), "{bad:?}");
        }
        // "QR" leaves bits over that "QQ" does not.
        assert!(decode(b"QR").is_none() && decode(b"QQ").is_some());
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let (standard, url) = (encode_standard(&bytes), encode_url(&bytes));
            for text in [standard.as_str(), standard.trim_end_matches('='), &url] {
                prop_assert_eq!(decode(text.as_bytes()), Some(bytes.clone()));
            }
        }
    }
}
