use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use crate::{Format, L402Id, Macaroon, PaymentHash, TokenError};

/// Longest token that is read, in characters.
pub const MAX_TOKEN: usize = 8 << 10;

const ANY_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, ANY_PADDING);
const URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, ANY_PADDING);

/// The token of an L402 challenge: the text as it came, to be echoed byte for byte, and the macaroon it stands for.
///
/// A secret once it is paid for: it has no `Debug`, `Display` or `Clone`, and the text is wiped when dropped.
pub struct Token {
    text: Zeroizing<String>,
    macaroon: Macaroon,
    id: L402Id,
}

impl Token {
    /// Reads a token: base64 in the standard or the URL alphabet (not both), with its padding or without, of a binary macaroon whose
    /// identifier is that of L402 version 0.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        if text.len() > MAX_TOKEN {
            return Err(TokenError::TooLarge);
        }
        if text.chars().any(char::is_control) {
            return Err(TokenError::Control);
        }
        let (macaroon, _) = Macaroon::from_bytes(&decode(text)?)?;
        let id = L402Id::from_bytes(macaroon.identifier())?;
        Ok(Self { text: Zeroizing::new(text.to_owned()), macaroon, id })
    }

    /// The token of a macaroon, in the second form and the standard alphabet: for sellers of our own.
    ///
    /// # Errors
    /// As for [`Token::parse`].
    pub fn of(macaroon: &Macaroon) -> Result<Self, TokenError> {
        let bytes = macaroon.to_bytes(Format::V2)?;
        Self::parse(&Zeroizing::new(BASE64_STANDARD.encode(bytes.as_slice())))
    }

    /// Whether it is bought with this payment.
    ///
    /// # Errors
    /// [`TokenError::OtherHash`].
    pub fn bound_to(&self, hash: &PaymentHash) -> Result<(), TokenError> {
        if self.id.payment_hash == *hash { Ok(()) } else { Err(TokenError::OtherHash) }
    }

    /// The text as it came. It goes into the credential, and nowhere else.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The macaroon.
    pub const fn macaroon(&self) -> &Macaroon {
        &self.macaroon
    }

    /// The identifier.
    pub const fn id(&self) -> &L402Id {
        &self.id
    }
}

fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, TokenError> {
    const BASE64: TokenError = TokenError::Malformed("it is not base64");
    // Padding that is there must be whole.
    if text.contains('=') && !text.len().is_multiple_of(4) {
        return Err(BASE64);
    }
    let engine = if text.contains(['-', '_']) { &URL } else { &STANDARD };
    engine.decode(text).map(Zeroizing::new).map_err(|_| BASE64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::{H1, H2, MAC};

    #[test]
    fn the_token_of_a_challenge_is_read_bound_and_echoed() {
        let token = Token::parse(MAC).ok().unwrap();
        assert_eq!(token.text(), MAC);
        assert_eq!(*token.id(), L402Id { payment_hash: H1, token_id: [0x42; 32] });
        assert_eq!(token.bound_to(&H1), Ok(()));
        assert_eq!(token.bound_to(&H2).map_err(|e| e.code()), Err("hash_mismatch"));
    }

    #[test]
    fn either_alphabet_with_or_without_padding_is_read_and_echoed_as_it_came() {
        let url = MAC.replace('+', "-").replace('/', "_");
        assert_ne!(url, MAC);
        let longer = Token::parse(MAC).ok().unwrap().macaroon.to_bytes(Format::V1).ok().unwrap();
        let padded = BASE64_STANDARD.encode(longer.as_slice());
        for text in [url.as_str(), &padded, padded.trim_end_matches('=')] {
            let token = Token::parse(text).ok().unwrap();
            assert_eq!(token.text(), text);
            assert_eq!(token.id().payment_hash, H1);
        }
    }

    #[test]
    fn what_is_no_token_is_refused_by_its_reason() {
        let mixed = format!("{}-_{}", &MAC[..40], &MAC[42..]);
        assert!(mixed.contains('+'), "both alphabets");
        for (text, code) in [
            ("mac\r\nX-Evil: 1", "header_injection"), // L4C-12
            ("mac\u{0}", "header_injection"),
            ("mac\u{7f}", "header_injection"),
            (&"A".repeat(1 << 20), "too_large"), // L4C-13
            (&mixed, "bad_challenge"),
            (&MAC[..MAC.len() - 4], "bad_challenge"),
            (&format!("{MAC}AAAA"), "bad_challenge"),
            (&format!("{MAC}="), "bad_challenge"),
            (&format!(" {MAC}"), "bad_challenge"),
            ("", "bad_challenge"),
            ("e30=", "bad_challenge"),
        ] {
            let error = Token::parse(text).err().unwrap();
            assert_eq!(error.code(), code, "{text:.40}");
        }
    }

    #[test]
    fn a_token_of_another_version_is_refused() {
        let macaroon = Token::parse(MAC).ok().unwrap().macaroon;
        let mut bytes = macaroon.to_bytes(Format::V2).ok().unwrap();
        let at = bytes.windows(4).position(|w| w == [0x42, 0, 0, H1.0[0]]).unwrap();
        bytes[at + 2] = 1;
        let text = BASE64_STANDARD.encode(bytes.as_slice());
        assert_eq!(Token::parse(&text).err(), Some(TokenError::Version(1)));
    }
}
