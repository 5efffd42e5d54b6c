use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use evm::{Address, Token};
use ledger::Released;
use model::money::{Asset, MoneyRule};

use super::answer;
use super::sealed::Sealed;
use super::settings::Settings;
use super::wallet::Wallet;
use crate::chain::Problem;
use crate::facts::Facts;
use crate::{
    Answer, Attachment, Boxed, Dispatched, Driver, Job, Open, Payload, SigningIn, Standing, Stop,
};

/// The driver of the rail `x402`, and of `mpp` on EVM chains.
pub struct X402 {
    pub(super) settings: Settings,
    pub(super) wallet: Arc<Wallet>,
    disabled: RwLock<BTreeMap<Asset, (MoneyRule, String)>>,
}

impl X402 {
    /// A driver with these settings. Nothing is asked and no key is fetched yet.
    pub fn new(mut settings: Settings) -> Self {
        let key = std::mem::replace(&mut settings.key, model::Template::plain(String::new()));
        let wallet = Arc::new(Wallet::new(key, settings.secrets.clone()));
        Self { settings, wallet, disabled: RwLock::default() }
    }

    /// The wallet, for other rails that sign for the same account.
    pub fn wallet(&self) -> Arc<Wallet> {
        self.wallet.clone()
    }

    /// Our account: never a payee.
    ///
    /// # Errors
    /// As [`Wallet::address`].
    pub async fn address(&self) -> Result<Address, Stop> {
        self.wallet.address().await
    }

    /// Tests every token on its chain ([`Settings::check_chains`]), and from then on refuses to sign for those that have
    /// failed. Each test stands for itself: what has been put right is paid with again.
    pub async fn check_chains(&self) -> Vec<(Asset, Problem)> {
        let problems = self.settings.check_chains().await;
        let failed = problems.iter().filter_map(|(asset, problem)| {
            Some((asset.clone(), (problem.rule?, problem.why.clone())))
        });
        *self.disabled.write().unwrap_or_else(PoisonError::into_inner) = failed.collect();
        problems
    }

    /// Why a token is not paid with, if it has failed its test.
    pub(super) fn disabled(&self, token: &Token) -> Option<(MoneyRule, String)> {
        let asset = Asset::erc20(token.chain_id, token.address.as_bytes());
        self.disabled.read().unwrap_or_else(PoisonError::into_inner).get(&asset).cloned()
    }

    fn carry(&self, payload: &Payload) -> Dispatched {
        let never_left = |rule| {
            Dispatched::Stop(Standing::Released { reason: Released::Destroyed, rule: Some(rule) })
        };
        let Some(sealed) = Sealed::read(payload) else { return never_left(MoneyRule::Ledger) };
        if sealed.is_late(self.settings.now()) {
            return never_left(MoneyRule::Expired);
        }
        match sealed.attachment() {
            Some(attachment) => Dispatched::Carry(attachment),
            None => never_left(MoneyRule::Ledger),
        }
    }
}

impl Driver for X402 {
    fn begin(&self) -> Boxed<'_, ()> {
        Box::pin(async move {
            for (asset, problem) in self.check_chains().await {
                tracing::warn!(%asset, "a token was held against its chain: {}", problem.why);
            }
        })
    }

    fn facts(&self) -> Boxed<'_, Facts> {
        Box::pin(async move {
            let failed = self.disabled.read().unwrap_or_else(PoisonError::into_inner).clone();
            let on_wrong_chain = |rule: MoneyRule| rule == MoneyRule::Network;
            let wrong = failed.iter().filter(|(_, (rule, _))| on_wrong_chain(*rule));
            let chains = wrong.filter_map(|(asset, _)| asset.as_str().split_once('/'));
            let wrong_chains = chains.map(|(chain, _)| chain.to_owned()).collect();
            let disabled = failed.into_iter().filter(|(_, (rule, _))| !on_wrong_chain(*rule));
            let disabled = disabled.map(|(asset, _)| asset).collect();
            let wallets = self.address().await.into_iter().collect();
            Facts { wallets, disabled, wrong_chains, purses: Vec::new() }
        })
    }

    fn sign<'a>(&'a self, job: &'a Job) -> Boxed<'a, Result<Payload, Stop>> {
        Box::pin(self.make(job))
    }

    fn dispatch<'a>(&'a self, _job: &'a Job, payload: &'a Payload) -> Boxed<'a, Dispatched> {
        Box::pin(std::future::ready(self.carry(payload)))
    }

    fn answered<'a>(
        &'a self,
        open: &'a Open,
        payload: &'a Payload,
        answer: &'a Answer,
    ) -> Boxed<'a, Standing> {
        Box::pin(async move {
            let Some(sealed) = Sealed::read(payload) else { return unreadable() };
            let said = answer::read(answer, &sealed);
            self.after_answer(&open.id.to_string(), &sealed, said).await
        })
    }

    fn look<'a>(&'a self, open: &'a Open, payload: &'a Payload) -> Boxed<'a, Standing> {
        Box::pin(async move {
            let Some(sealed) = Sealed::read(payload) else { return unreadable() };
            self.reconcile(&open.id.to_string(), &sealed).await
        })
    }

    fn sign_in<'a>(&'a self, asked: &'a SigningIn<'a>) -> Boxed<'a, Result<Attachment, Stop>> {
        Box::pin(self.signed_in(asked))
    }

    fn again<'a>(&'a self, open: &'a Open, payload: &'a Payload) -> Boxed<'a, Option<Attachment>> {
        let sealed = Sealed::read(payload);
        // The chain takes the same signature once, however often it is shown; one that was set free is never shown.
        let lawful = !matches!(open.state, ledger::State::Released(_) | ledger::State::Denied(_));
        let sealed = sealed.filter(|sealed| lawful && !sealed.is_late(self.settings.now()));
        Box::pin(std::future::ready(sealed.and_then(|sealed| sealed.attachment())))
    }
}

/// What cannot be read cannot be looked for: the money stays held until a person has looked into it.
const fn unreadable() -> Standing {
    Standing::Held { rule: MoneyRule::SentUnknown, flags: Vec::new() }
}
