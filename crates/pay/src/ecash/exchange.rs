use ambient::Clock;
use cashu::Life;
use cashu::mint::{BlindSignature, ProofState};
use treasury::Treasury;

use super::kept::Kept;
use super::mint::Mint;
use super::open::{Begun, Exchange, Purpose};
use super::purse;
use super::trouble::Trouble;
use crate::crash;

/// How long an exchange is left to whoever began it while that process lives: longer than any request may take.
const LEFT_ALONE: u64 = 60_000;

/// What the mint shows of an exchange that was begun.
enum Sight {
    /// All of it was signed.
    Signed(Vec<BlindSignature>),
    /// Nothing was signed, and all inputs are unspent.
    Untouched,
    /// Nothing was signed, and some inputs are spent: by somebody else.
    Spent(Vec<ProofState>),
    /// It is under way.
    Unclear,
}

/// Carries exchanges with one mint to their ends.
#[derive(Clone, Copy)]
pub(super) struct Counter<'a> {
    pub(super) mint: &'a Mint,
    pub(super) treasury: &'a Treasury,
    pub(super) clock: &'a Clock,
}

impl Counter<'_> {
    /// Sends an exchange that is sealed already, and puts what comes of it in the purse.
    ///
    /// # Errors
    /// `mint_refused` and `spent`: it ended without anything signed. Anything else: it is open, and looked into later.
    pub(super) async fn carry(self, exchange: &Exchange) -> Result<(), Trouble> {
        crash::at("exchange-sealed");
        match self.send(exchange).await {
            Ok(signed) => {
                crash::at("exchange-signed");
                self.finish(exchange, signed, true).await
            }
            Err(trouble) if trouble.is_refusal() => {
                self.mint.forget().await;
                self.end(exchange, false, true).await
            }
            Err(trouble) => Err(trouble),
        }
    }

    /// Looks into every exchange that was left open (CRS-05).
    pub(super) async fn resume(self) -> Result<(), Trouble> {
        let purse = purse::look(self.treasury, self.mint.url()).await?;
        for exchange in purse.open.iter().filter(|one| self.is_left(one)) {
            let ended = match &exchange.purpose {
                Purpose::Melt(_) => self.learn(exchange, None).await.map(|_| ()),
                _ => self.end(exchange, true, false).await,
            };
            if let Err(trouble) = ended {
                tracing::warn!(mint = %self.mint.url(), "an exchange was looked into: {trouble}");
            }
        }
        Ok(())
    }

    /// Whether nobody is at an exchange any more.
    pub(super) fn is_left(self, exchange: &Exchange) -> bool {
        let old = self.clock.now_millis().abs_diff(exchange.since) >= LEFT_ALONE;
        old || self.treasury.is_gone(&exchange.owner)
    }

    /// Who begins an exchange now.
    pub(super) fn begun(self) -> Begun {
        Begun { owner: self.treasury.owner().to_owned(), since: self.clock.now_millis() }
    }

    /// Finds out how an exchange ended. Where the mint knows nothing of it, the same body is sent once more: to free its
    /// inputs would lose what a copy that is late may still have signed.
    pub(super) async fn end(
        self,
        exchange: &Exchange,
        send: bool,
        in_time: bool,
    ) -> Result<(), Trouble> {
        let mut send = send;
        loop {
            match self.inspect(exchange).await? {
                Sight::Signed(signed) => return self.finish(exchange, signed, in_time).await,
                Sight::Untouched if send => {
                    send = false;
                    match self.send(exchange).await {
                        Ok(signed) => return self.finish(exchange, signed, in_time).await,
                        Err(trouble) if trouble.is_refusal() => {}
                        Err(trouble) => return Err(trouble),
                    }
                }
                Sight::Untouched => {
                    let states = vec![ProofState::Unspent; exchange.inputs.len()];
                    self.give_back(exchange, states).await?;
                    return Err(Trouble::new("mint_refused", "the mint refused the exchange"));
                }
                Sight::Spent(states) => {
                    self.give_back(exchange, states).await?;
                    return Err(Trouble::new("spent", "somebody else has spent that ecash"));
                }
                Sight::Unclear => {
                    let why = "the mint has the exchange under way";
                    return Err(Trouble::new("mint_unavailable", why));
                }
            }
        }
    }

    /// States before signatures: what our own exchange spent in between then shows as signed.
    async fn inspect(self, exchange: &Exchange) -> Result<Sight, Trouble> {
        let ys = exchange.inputs.iter().map(Kept::y).collect::<Result<Vec<_>, _>>()?;
        let states = if ys.is_empty() { Vec::new() } else { self.mint.states(ys).await? };
        let messages = exchange.messages()?;
        let restored = self.mint.restore(messages.clone()).await?;
        let mut signed = Vec::new();
        for message in &messages {
            signed.extend(restored.signature(message)?.cloned());
        }
        Ok(if signed.len() == messages.len() {
            Sight::Signed(signed)
        } else if !signed.is_empty() || states.contains(&ProofState::Pending) {
            Sight::Unclear
        } else if states.contains(&ProofState::Spent) {
            Sight::Spent(states)
        } else {
            Sight::Untouched
        })
    }

    async fn send(self, exchange: &Exchange) -> Result<Vec<BlindSignature>, Trouble> {
        let answer = match &exchange.purpose {
            Purpose::Issue(quote) => self.mint.issue(quote, exchange.messages()?).await,
            _ => self.mint.swap(&exchange.body()?).await,
        };
        Ok(answer?.signatures)
    }

    /// Every signature has to prove that the mint's own key made it (NUT-12), or the exchange stays open.
    async fn finish(
        self,
        exchange: &Exchange,
        signed: Vec<BlindSignature>,
        in_time: bool,
    ) -> Result<(), Trouble> {
        if signed.len() != exchange.outputs.len() {
            let why = "the mint signed another number of outputs than it was asked to";
            return Err(Trouble::new("bad_response", why));
        }
        let mut made = Vec::new();
        for (blank, signature) in exchange.outputs.iter().zip(&signed) {
            let output = blank.output()?;
            let key = self.mint.key(&output.id, blank.amount).await?;
            let proof = output.prove(signature, key)?;
            if proof.dleq.is_none() {
                let why = "the mint gave no proof of its signature";
                return Err(Trouble::new("bad_signature", why));
            }
            made.push((Kept::new(&proof, Life::Free), blank.give));
        }
        let id = exchange.id.clone();
        let put = move |purse: &mut purse::Purse| {
            purse.finish(&id, made, in_time);
            Ok(())
        };
        purse::change(self.treasury, self.mint.url(), put).await?;
        crash::at("exchange-kept");
        Ok(())
    }

    async fn give_back(self, exchange: &Exchange, states: Vec<ProofState>) -> Result<(), Trouble> {
        let id = exchange.id.clone();
        let put = move |purse: &mut purse::Purse| {
            purse.give_back(&id, &states);
            Ok(())
        };
        purse::change(self.treasury, self.mint.url(), put).await
    }
}
