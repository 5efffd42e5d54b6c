use std::sync::Arc;

use evm::eip712::TransferWithAuthorization;
use evm::{Address, Refused, Signable, Signature, SigningKey, Token, U256, hex};
use model::money::MoneyRule;
use model::{NoSecret, Secrets, Template, Usage};
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use super::nonce::Nonce;
use crate::Stop;
use crate::chain::rule_of;

/// The gate's own account on EVM chains. Its key is fetched for each signature and wiped after it.
pub struct Wallet {
    key: Template,
    secrets: Arc<dyn Secrets>,
    address: OnceCell<Address>,
}

/// From when to when a signature counts; seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The chain takes it only later than this.
    pub after: u64,
    /// The chain takes it only earlier than this.
    pub before: u64,
}

/// How far back a signature begins: clocks of chains and facilitators are behind ours at times.
const LEEWAY: u64 = 600;

impl Window {
    /// One that begins ten minutes before `now` and ends `seconds` after it.
    pub const fn of(now: u64, seconds: u64) -> Self {
        Self { after: now.saturating_sub(LEEWAY), before: now.saturating_add(seconds) }
    }

    /// The same, ending when the offer does where that is earlier.
    pub fn until(self, ends: Option<u64>) -> Self {
        Self { before: ends.map_or(self.before, |ends| ends.min(self.before)), ..self }
    }
}

/// A signed transfer by EIP-3009. Whoever holds the signature can carry it out.
pub struct Authorized {
    /// What was signed.
    pub message: TransferWithAuthorization,
    /// The signature.
    pub signature: Signature,
}

impl Wallet {
    /// A wallet with this key. Nothing is fetched yet.
    pub fn new(key: Template, secrets: Arc<dyn Secrets>) -> Self {
        Self { key, secrets, address: OnceCell::new() }
    }

    /// Its account; found once.
    ///
    /// # Errors
    /// `wallet_unavailable`, `wallet_auth`: the key is not given out, or is none.
    pub async fn address(&self) -> Result<Address, Stop> {
        let found = self.address.get_or_try_init(|| async { Ok(self.open().await?.address()) });
        found.await.copied()
    }

    /// Signs a transfer by EIP-3009, with a nonce that is random or bound to a challenge.
    ///
    /// # Errors
    /// As [`Self::address`], or the firewall of [`Signable`] refuses.
    pub async fn authorize(
        &self,
        token: &Token,
        payee: Address,
        amount: U256,
        window: Window,
        nonce: Nonce,
    ) -> Result<Authorized, Stop> {
        let nonce = nonce.draw()?;
        let key = self.open().await?;
        let message = TransferWithAuthorization {
            from: key.address(),
            to: payee,
            value: amount,
            valid_after: window.after,
            valid_before: window.before,
            nonce,
        };
        let signature = key.sign(&Signable::Transfer(token, &message)).map_err(refused)?;
        Ok(Authorized { message, signature })
    }

    /// Signs anything that may be signed.
    pub(super) async fn sign(&self, what: &Signable<'_>) -> Result<Signature, Stop> {
        self.open().await?.sign(what).map_err(refused)
    }

    async fn open(&self) -> Result<SigningKey, Stop> {
        let text =
            self.key.fill(&*self.secrets, Usage::Wallet).await.map_err(|error| no_key(&error))?;
        let digits = text.reveal().trim();
        let digits = Zeroizing::new(format!("0x{}", digits.strip_prefix("0x").unwrap_or(digits)));
        let bytes = hex::decode_array::<32>(&digits).ok().map(Zeroizing::new);
        bytes.and_then(|bytes| SigningKey::new(&bytes)).ok_or_else(|| Stop {
            rule: MoneyRule::WalletAuth,
            why: "The key of the wallet is not 32 bytes in hex, or no key of the curve.".to_owned(),
        })
    }
}

fn no_key(error: &NoSecret) -> Stop {
    let rule = match error {
        NoSecret::Missing(_) | NoSecret::NotFor(..) => MoneyRule::WalletAuth,
        NoSecret::Unavailable(_) => MoneyRule::WalletUnavailable,
    };
    Stop { rule, why: format!("The key of the wallet is not given out: {error}.") }
}

pub(super) fn refused(refused: Refused) -> Stop {
    Stop { rule: rule_of(refused), why: format!("Not signed: {refused}.") }
}
