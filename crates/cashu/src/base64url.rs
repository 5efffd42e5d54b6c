//! Base64 as others write it: either alphabet but not both, padding or none, no white space (RFC 4648 sections 4, 5).

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);
const PLAIN: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const BARE: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT.with_encode_padding(false));

/// The bytes, or nothing. Trailing bits must be zero, so that a value has one text in each alphabet.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let engine = if text.contains(['+', '/']) { &PLAIN } else { &URL };
    engine.decode(text).ok()
}

/// With padding, as payment requests are written.
pub(crate) fn encode_padded(bytes: &[u8]) -> String {
    URL.encode(bytes)
}

/// Without padding, as tokens are written.
pub(crate) fn encode(bytes: &[u8]) -> String {
    BARE.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_alphabet_is_read_and_a_mixture_is_not() {
        assert_eq!(decode("-_-_"), decode("+/+/"));
        assert!(decode("-_-_").is_some());
        for bad in ["-/-_", "AA=A", "A", "AAA A", "AA\n", "AB=="] {
            assert_eq!(decode(bad), None, "{bad}");
        }
        assert_eq!(decode("AA"), decode("AA=="));
    }
}
