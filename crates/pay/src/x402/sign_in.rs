use evm::sign_in::{Challenge, Circumstances, SignIn};
use evm::{Address, Signable};
use serde_json::Value;
use url::Url;

use super::X402;
use super::wallet::refused;
use crate::Stop;

/// A signed sign-in (x402 extension `sign-in-with-x`). It goes to the origin that asked for it and to no other.
pub struct SignedIn {
    /// The header field: `SIGN-IN-WITH-X`.
    pub name: &'static str,
    /// Its value. Whoever holds it is us, for a while.
    pub value: String,
    /// Its nonce, which is to be noted down as used.
    pub nonce: String,
}

impl X402 {
    /// Signs in to the origin of `request`, as the extension of its offer asks. The text is rebuilt from judged fields
    /// ([`SignIn::judge`]); a seller's text is never signed. `unseen` says whether a nonce has never been signed before.
    ///
    /// # Errors
    /// `siwx`, or as for [`X402::address`].
    pub async fn sign_in(
        &self,
        extension: &Value,
        request: &Url,
        unseen: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<SignedIn, Stop> {
        let wallet = self.wallet.address().await?;
        let judged = self.judge_sign_in(extension, request, wallet, unseen)?;
        let signature = self.wallet.sign(&Signable::SignIn(&judged)).await?;
        Ok(SignedIn {
            name: "SIGN-IN-WITH-X",
            value: judged.header(&signature),
            nonce: judged.nonce().to_owned(),
        })
    }
    /// Apart, so that what is not to be shared between threads is gone before anything is waited for.
    fn judge_sign_in(
        &self,
        extension: &Value,
        request: &Url,
        wallet: Address,
        unseen: &dyn Fn(&str) -> bool,
    ) -> Result<SignIn, Stop> {
        let enabled: Vec<_> = self.settings.chains.values().map(|chain| chain.id).collect();
        let now = self.settings.now();
        let at = Circumstances { request, enabled_chains: &enabled, now, wallet, unseen };
        let challenge = Challenge::read(extension).map_err(refused)?;
        SignIn::judge(challenge, &at).map_err(refused)
    }
}
