use evm::{Bytes32, keccak256};
use model::money::MoneyRule;

use crate::Stop;

/// Where the nonce of a signature comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nonce {
    /// 32 bytes from the operating system.
    Random,
    /// What a challenge is bound to.
    Bound(Bytes32),
}

impl Nonce {
    /// The nonce itself.
    ///
    /// # Errors
    /// There is no randomness: then nothing is signed.
    pub fn draw(self) -> Result<Bytes32, Stop> {
        match self {
            Self::Bound(nonce) => Ok(nonce),
            Self::Random => {
                let mut bytes = [0; 32];
                ambient::random(&mut bytes).map_err(|error| Stop {
                    rule: MoneyRule::WalletUnavailable,
                    why: error.to_string(),
                })?;
                Ok(Bytes32::new(bytes))
            }
        }
    }
}

/// The nonce by which an EIP-3009 signature is bound to a challenge of the Payment scheme: Keccak-256 of `id` and then
/// `realm` (EVM charge of draft-httpauth-payment-00).
pub fn bound_nonce(id: &str, realm: &str) -> Bytes32 {
    keccak256([id.as_bytes(), realm.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ten_thousand_nonces_are_ten_thousand() {
        // g-money-41
        let drawn: HashSet<_> = (0..10_000).map(|_| Nonce::Random.draw().unwrap()).collect();
        assert_eq!(drawn.len(), 10_000);
    }

    #[test]
    fn a_bound_nonce_is_the_hash_of_the_challenge() {
        let nonce = bound_nonce("abc", "example");
        assert_eq!(nonce, keccak256("abcexample"));
        assert_eq!(Nonce::Bound(nonce).draw().unwrap(), nonce);
        assert_ne!(nonce, bound_nonce("abd", "example"));
    }
}
