use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::Secret;

use super::Scheme;

/// Fewest bytes of a secret: 128 bits, if they are random.
const SHORTEST: usize = 16;

/// What signatures of one route are checked with.
pub(super) struct Key(pub(super) Secret<Vec<u8>>);

/// A secret that cannot prove anything. Nothing of it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadKey {
    /// Shorter than 16 bytes.
    Short,
    /// Not `whsec_` and Base64.
    Encoding,
}

impl BadKey {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Short => "a secret has fewer than 16 bytes: make a longer one",
            Self::Encoding => "a secret of Standard Webhooks is `whsec_` and Base64",
        }
    }
}

impl Key {
    /// The key in a secret, as the scheme writes it.
    pub(super) fn of(scheme: &Scheme, secret: &Secret<String>) -> Result<Self, BadKey> {
        let text = secret.reveal();
        let bytes = match scheme {
            Scheme::StandardWebhooks => {
                let text = text.strip_prefix("whsec_").unwrap_or(text);
                STANDARD.decode(text).map_err(|_| BadKey::Encoding)?
            }
            _ => text.clone().into_bytes(),
        };
        if bytes.len() < SHORTEST {
            return Err(BadKey::Short);
        }
        Ok(Self(Secret::new(bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_is_empty_or_short_or_badly_written_is_no_key() {
        let of = |scheme, text: &str| Key::of(&scheme, &Secret::new(text.to_owned())).err();
        assert_eq!(of(Scheme::GitHub, ""), Some(BadKey::Short));
        assert_eq!(of(Scheme::GitHub, "fifteen bytes!!"), Some(BadKey::Short));
        assert_eq!(of(Scheme::GitHub, "sixteen bytes!!!"), None);
        assert_eq!(of(Scheme::StandardWebhooks, "whsec_MDEyMzQ1Njc4OWFiY2RlZg=="), None);
        assert_eq!(
            of(Scheme::StandardWebhooks, "whsec_MDEyMzQ1Njc4OWFiY2RlZ"),
            Some(BadKey::Encoding)
        );
        assert_eq!(of(Scheme::StandardWebhooks, "whsec_"), Some(BadKey::Short));
    }
}
