use evm::sign_in::{Challenge, Circumstances, SignIn};
use evm::{Address, Signable};
use model::money::MoneyRule;
use url::Url;

use super::X402;
use super::sealed::Sealed;
use super::wallet::refused;
use crate::{Attachment, Payload, SigningIn, Stop};

/// The header field of a sign-in. Whoever holds its value is us, for a while.
const FIELD: &str = "SIGN-IN-WITH-X";

impl X402 {
    /// Signs in to the origin of a request, as the extension of its offer asks. The text is rebuilt from judged fields
    /// ([`SignIn::judge`]); a seller's text is never signed. The nonce is noted down before anything else: a challenge that
    /// is refused is not signed later either.
    ///
    /// # Errors
    /// `siwx`, or as for [`X402::address`].
    pub(super) async fn signed_in(&self, asked: &SigningIn<'_>) -> Result<Attachment, Stop> {
        let wallet = self.wallet.address().await?;
        if asked.paid.is_some_and(|paid| !is_of(paid, wallet)) {
            let why = "What was paid there was paid by another wallet.".to_owned();
            return Err(Stop { rule: MoneyRule::Siwx, why });
        }
        let challenge = Challenge::read(asked.extension).map_err(refused)?;
        let unseen = asked.nonces.take(&challenge.nonce).await;
        let judged = self.judged(challenge, asked.request, wallet, unseen)?;
        let signature = self.wallet.sign(&Signable::SignIn(&judged)).await?;
        let value = judged.header(&signature);
        Ok(Attachment {
            headers: vec![(FIELD.to_owned(), value.clone())],
            secrets: vec![value, signature.to_string()],
            ..Attachment::default()
        })
    }

    fn judged(
        &self,
        challenge: Challenge,
        request: &Url,
        wallet: Address,
        unseen: bool,
    ) -> Result<SignIn, Stop> {
        let enabled: Vec<_> = self.settings.chains.values().map(|chain| chain.id).collect();
        let now = self.settings.now();
        let unseen = |_: &str| unseen;
        let at = Circumstances { request, enabled_chains: &enabled, now, wallet, unseen: &unseen };
        SignIn::judge(challenge, &at).map_err(refused)
    }
}

/// Whether a payment was signed by this account.
fn is_of(paid: &Payload, wallet: Address) -> bool {
    let payment = Sealed::read(paid).and_then(|sealed| sealed.payment());
    payment.is_some_and(|payment| payment.from == wallet)
}
