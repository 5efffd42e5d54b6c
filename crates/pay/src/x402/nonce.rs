use evm::Bytes32;
use model::money::MoneyRule;

use crate::Stop;

/// Where the nonce of a signature comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nonce {
    /// 32 bytes from the operating system.
    Random,
    /// What a challenge is bound to: made by us of what the challenge says, never a seller's own number.
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
}
