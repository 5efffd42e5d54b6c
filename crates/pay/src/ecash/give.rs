use cashu::{Coin, Event, Handing, Proof, Token, select};
use model::money::MoneyRule;
use serde_json::json;
use spend::Plan;

use super::driver::{Ecash, Sealed};
use super::kept::{Blank, Kept};
use super::mint::UNIT;
use super::open::{Exchange, Purpose};
use super::purse::{self, Purse};
use super::trouble::Trouble;
use crate::driver::{Job, Payload, Stop};
use crate::errand::{Attachment, Request};

/// How ecash leaves: set aside for one payment, then handed over.
impl Ecash {
    pub(super) async fn make(&self, job: &Job) -> Result<Payload, Stop> {
        let stop = |rule, why: &str| Err(Stop { rule, why: why.to_owned() });
        let terms = job.terms();
        let (Plan::Ecash { ask }, Request::Http { .. }) = (&job.choice.plan, &job.errand.request)
        else {
            return stop(MoneyRule::Rail, "What was agreed is not paid with ecash in a header.");
        };
        if ask.locking.is_some() {
            return stop(MoneyRule::Lock, "Locked ecash is not paid with yet.");
        }
        if ask.unit != UNIT || !terms.amount.asset.is_bitcoin() {
            return stop(MoneyRule::Unit, "Ecash is paid in satoshi only.");
        }
        if u128::from(ask.amount) != terms.amount.minor {
            return stop(MoneyRule::AmountMismatch, "The request is not for what was agreed.");
        }
        // The terms name one mint, and only that was agreed to.
        if !ask.mints.iter().any(|mint| mint.as_str() == terms.network) {
            return stop(MoneyRule::Mint, "The seller does not take ecash of the agreed mint.");
        }
        let made = self.set_aside(&terms.network, &job.id, ask.amount, terms.fee_limit).await;
        made.map_err(|trouble| Stop { rule: trouble.rule(), why: trouble.why })
    }

    /// Fresh ecash for a payment, and for nothing else.
    async fn set_aside(
        &self,
        url: &str,
        payment: &str,
        amount: u64,
        fee_limit: u128,
    ) -> Result<Payload, Trouble> {
        let counter = self.at(url)?;
        self.tidy(counter).await?;
        let mint = counter.mint;
        let keysets = mint.keysets().await?;
        let into = mint.active().await?.id;
        // Known before anything is picked: without keys nothing that is signed could be checked.
        mint.keys(&into).await?;
        let (payment, begun) = (payment.to_owned(), counter.begun());
        let owner = payment.clone();
        let begin = move |purse: &mut Purse| {
            let free = purse.coins(&keysets);
            let coins: Vec<Coin> = free.iter().map(|(_, coin)| *coin).collect();
            let picked = select(&coins, amount, Handing::Fresh)?;
            if u128::from(picked.fee) > fee_limit {
                let why = "the mint takes more for its work than was agreed";
                return Err(Trouble::new("fee_limit", why));
            }
            let mut outputs = Vec::new();
            for part in &picked.give {
                outputs.push(Blank::fresh(&into, *part)?.given(None)?);
            }
            for part in &picked.keep {
                outputs.push(Blank::fresh(&into, *part)?);
            }
            // In the order of their amounts, so that the mint does not see which are handed over.
            outputs.sort_by_key(|blank| blank.amount);
            let mut places: Vec<usize> = picked.spend.iter().map(|at| free[*at].0).collect();
            places.sort_unstable_by(|a, b| b.cmp(a));
            let inputs = places.into_iter().map(|at| purse.proofs.remove(at)).collect();
            let exchange = Exchange::new(Purpose::Pay(owner), begun, inputs, outputs)?;
            let twin = exchange.twin()?;
            purse.open.push(exchange);
            Ok((twin, picked.fee))
        };
        let (exchange, fee) = purse::change(&self.treasury, mint.url(), begin).await?;
        counter.carry(&exchange).await?;
        let purse = purse::look(&self.treasury, mint.url()).await?;
        let first = purse.proofs.iter().find(|kept| kept.is_of(&payment));
        let none = || Trouble::new("store", "what was set aside is not there");
        let mark = first.ok_or_else(none)?.y()?.to_hex();
        let sealed = Sealed { mint: mint.url().to_string(), amount, fee };
        Ok(Payload { mark: Some(mark), value: json!(sealed) })
    }

    /// Hands the ecash of a payment over: recorded before the first byte leaves.
    pub(super) async fn hand_over(
        &self,
        job: &Job,
        payload: &Payload,
    ) -> Result<Attachment, Trouble> {
        let sealed = Sealed::of(payload)?;
        let counter = self.at(&sealed.mint)?;
        let (payment, mint) = (job.id.clone(), counter.mint.url().clone());
        let give = move |purse: &mut Purse| {
            purse.step(&payment, Event::HandOver)?;
            let proofs = purse.proofs.iter().filter(|kept| kept.is_of(&payment));
            let proofs = proofs.map(Kept::proof).collect::<Result<Vec<Proof>, _>>()?;
            let token = Token { mint, unit: Some(UNIT.to_owned()), memo: None, proofs };
            if token.amount()? != sealed.amount {
                return Err(Trouble::new("store", "what was set aside is not what was agreed"));
            }
            let mut secrets: Vec<String> =
                token.proofs.iter().map(|proof| proof.secret.reveal().to_owned()).collect();
            let text = token.encode();
            secrets.push(text.to_string());
            let written = rails::cashu::credential(text);
            let written = written.map_err(|flaw| Trouble::new("store", flaw.why.to_string()))?;
            let field = (rails::cashu::HEADER.to_owned(), written.reveal().to_owned());
            Ok(Attachment { headers: vec![field], secrets, ..Attachment::default() })
        };
        purse::change(&self.treasury, counter.mint.url(), give).await
    }
}
