//! A melt from the moment its ecash is handed to the mint: what the mint says of quote and proofs, and what follows.

use cashu::mint::{BlindSignature, MeltQuote, MeltState, ProofState, melt_body, melt_fate};
use cashu::{Fate, Life, Proof};
use lightning::PaymentHash;
use wallets::{Outcome, codes};

use super::back::exchanged;
use super::exchange::Counter;
use super::kept::Kept;
use super::melt::{failed, unknown};
use super::open::{Exchange, Melted, Purpose};
use super::purse::{self, Purse};
use super::trouble::Trouble;
use crate::crash;

impl Counter<'_> {
    /// Hands the ecash over: once.
    pub(super) async fn melted(self, exchange: &Exchange, hash: &PaymentHash) -> Outcome {
        let body = || {
            let Purpose::Melt(melt) = &exchange.purpose else { return Err(not_one()) };
            let proofs =
                exchange.inputs.iter().map(Kept::proof).collect::<Result<Vec<Proof>, _>>()?;
            Ok::<_, Trouble>(melt_body(&melt.quote, &proofs, &exchange.messages()?)?)
        };
        let body = match body() {
            Ok(body) => body,
            Err(trouble) => return unknown(&trouble.why),
        };
        crash::at("exchange-sealed");
        let said = self.mint.melt(&body).await;
        crash::at("exchange-signed");
        match said {
            Ok(said) => self.learned(exchange, Some(said), hash).await,
            Err(trouble) if trouble.is_refusal() => match self.refused(exchange).await {
                Ok(true) => failed(codes::PAYMENT_FAILED, "the mint did not pay the invoice"),
                Ok(false) => self.learned(exchange, None, hash).await,
                Err(trouble) => unknown(&trouble.why),
            },
            Err(trouble) => unknown(&trouble.why),
        }
    }

    /// After the mint's own no: whether nothing is under way and nothing was taken. The ecash is free again then.
    async fn refused(self, exchange: &Exchange) -> Result<bool, Trouble> {
        let (said, states) = self.asked(exchange, None).await?;
        let free = melt_fate(Some(said.state), &states) == Fate::Reclaim;
        if free {
            let (id, melted) = (exchange.id.clone(), exchange.not_melted()?);
            let put = move |purse: &mut Purse| {
                if let Some(exchange) = purse.close(&id) {
                    purse.proofs.extend(exchange.inputs);
                    purse.melts.push(melted);
                }
                Ok(())
            };
            purse::change(self.treasury, self.mint.url(), put).await?;
        }
        Ok(free)
    }

    /// What became of a melt, as an outcome.
    pub(super) async fn learned(
        self,
        exchange: &Exchange,
        said: Option<MeltQuote>,
        hash: &PaymentHash,
    ) -> Outcome {
        match self.learn(exchange, said).await {
            Ok(Some(melted)) => melted.outcome(hash),
            Ok(None) => Outcome::InFlight,
            Err(trouble) => unknown(&trouble.why),
        }
    }

    /// Asks quote and proofs, and books what they say; `None` where that says nothing yet.
    pub(super) async fn learn(
        self,
        exchange: &Exchange,
        said: Option<MeltQuote>,
    ) -> Result<Option<Melted>, Trouble> {
        let (said, states) = self.asked(exchange, said).await?;
        match melt_fate(Some(said.state), &states) {
            Fate::Settled => self.paid(exchange, said).await.map(Some),
            Fate::Reclaim if self.is_left(exchange) => {
                self.unmelt(exchange).await?;
                Ok(Some(exchange.not_melted()?))
            }
            Fate::Reclaim | Fate::Hold => Ok(None),
        }
    }

    async fn asked(
        self,
        exchange: &Exchange,
        said: Option<MeltQuote>,
    ) -> Result<(MeltQuote, Vec<Option<ProofState>>), Trouble> {
        let Purpose::Melt(melt) = &exchange.purpose else { return Err(not_one()) };
        let said = match said {
            Some(said) if said.state == MeltState::Paid => said,
            _ => self.mint.melting(&melt.quote).await?,
        };
        if said.state == MeltState::Paid {
            return Ok((said, Vec::new()));
        }
        let ys = exchange.inputs.iter().map(Kept::y).collect::<Result<Vec<_>, _>>()?;
        let states = self.mint.states(ys).await?;
        Ok((said, states.into_iter().map(Some).collect()))
    }

    /// The mint has paid: what is left of the ecash comes back in the blank outputs.
    async fn paid(self, exchange: &Exchange, said: MeltQuote) -> Result<Melted, Trouble> {
        let Purpose::Melt(melt) = &exchange.purpose else { return Err(not_one()) };
        let signed = match said.change {
            Some(change) => change,
            None => self.restored(exchange).await?,
        };
        let (mut change, mut back) = (Vec::new(), 0u64);
        for (blank, signature) in exchange.outputs.iter().zip(&signed) {
            let output = blank.output()?;
            let key = self.mint.key(&output.id, signature.amount).await?;
            let proof = output.prove(signature, key)?;
            if proof.dleq.is_none() {
                let why = "the mint gave no proof of its signature";
                return Err(Trouble::new("bad_signature", why));
            }
            back = back.saturating_add(proof.amount);
            change.push(Kept::new(&proof, Life::Free));
        }
        let inputs: u64 = exchange.inputs.iter().map(|kept| kept.amount).sum();
        let fee = inputs.saturating_sub(melt.amount).saturating_sub(back);
        let melted = || Melted {
            hash: melt.hash.clone(),
            paid: true,
            preimage: said.payment_preimage.clone(),
            fee,
        };
        let (id, kept) = (exchange.id.clone(), melted());
        let put = move |purse: &mut Purse| {
            // One that is not open any more has ended before, and adds nothing.
            if purse.close(&id).is_some() {
                purse.proofs.extend(change);
                purse.melts.push(kept);
            }
            Ok(())
        };
        purse::change(self.treasury, self.mint.url(), put).await?;
        crash::at("exchange-kept");
        Ok(melted())
    }

    async fn restored(self, exchange: &Exchange) -> Result<Vec<BlindSignature>, Trouble> {
        let messages = exchange.messages()?;
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        let restored = self.mint.restore(messages.clone()).await?;
        let mut signed = Vec::new();
        for message in &messages {
            signed.extend(restored.signature(message)?.cloned());
        }
        Ok(signed)
    }

    /// Takes the ecash of a melt back by a swap of our own: after that nothing can pay the invoice with it.
    async fn unmelt(self, exchange: &Exchange) -> Result<(), Trouble> {
        let keysets = self.mint.keysets().await?;
        let into = self.mint.active().await?.id;
        self.mint.keys(&into).await?;
        // The melt stays as it is until the swap is done: the mint may still pay, and its change is in these outputs.
        let inputs = exchange.twin()?.take_inputs();
        let outputs = exchanged(&inputs, &keysets, &into)?;
        let purpose = Purpose::Unmelt(exchange.id.clone());
        let swap = Exchange::new(purpose.clone(), self.begun(), inputs, outputs)?;
        let twin = swap.twin()?;
        let begin = move |purse: &mut Purse| {
            if purse.open.iter().any(|one| one.purpose == purpose) {
                return Err(Trouble::new("mint_unavailable", "its ecash is being taken back"));
            }
            purse.open.push(swap);
            Ok(())
        };
        purse::change(self.treasury, self.mint.url(), begin).await?;
        self.carry(&twin).await
    }
}

fn not_one() -> Trouble {
    Trouble::new("store", "that is no melt")
}
