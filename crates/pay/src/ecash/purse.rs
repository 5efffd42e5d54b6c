use std::collections::BTreeMap;

use cashu::mint::{Keyset, ProofState};
use cashu::{Coin, Event, Life, MintUrl};
use serde::{Deserialize, Serialize};
use treasury::{BlobKind, Treasury};
use zeroize::Zeroizing;

use super::kept::Kept;
use super::open::{Exchange, Melted, Purpose, Quote};
use super::trouble::Trouble;

/// What is kept of one mint: one sealed blob, so that each change is one atomic write.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Purse {
    pub(crate) proofs: Vec<Kept>,
    pub(crate) open: Vec<Exchange>,
    pub(crate) quotes: Vec<Quote>,
    /// What became of Lightning invoices that the mint was to pay.
    #[serde(default)]
    pub(crate) melts: Vec<Melted>,
    /// What the mint has taken for exchanges of payments that are not over, by payment, in satoshi.
    #[serde(default)]
    pub(crate) costs: BTreeMap<String, u64>,
}

impl Purse {
    /// Takes an exchange out.
    pub(crate) fn close(&mut self, id: &str) -> Option<Exchange> {
        let at = self.open.iter().position(|one| one.id == id)?;
        Some(self.open.remove(at))
    }

    /// The exchange ended with these proofs. One that is not open any more has ended before, and adds nothing.
    ///
    /// `in_time`: whoever began it still waits for it. What it was to give is otherwise free again, for nobody hands it
    /// over any more.
    pub(crate) fn finish(&mut self, id: &str, made: Vec<(Kept, bool)>, in_time: bool) {
        let Some(exchange) = self.close(id) else { return };
        if let Some(payment) = exchange.purpose.payment() {
            let cost = self.costs.entry(payment.to_owned()).or_default();
            *cost = cost.saturating_add(exchange.fee());
        }
        for (mut kept, give) in made {
            if let (Purpose::Pay(payment), true, true) = (&exchange.purpose, give, in_time) {
                kept.life = Life::Reserved;
                kept.payment = Some(payment.clone());
            }
            self.proofs.push(kept);
        }
        match exchange.purpose {
            Purpose::Back(_) => {
                // They stay until the books have released the payment: they are what shows that it may be.
                self.proofs.extend(exchange.inputs.into_iter().map(|mut input| {
                    input.life = Life::Reclaimed;
                    input
                }));
            }
            Purpose::Issue(quote) => self.quotes.retain(|one| one.id != quote),
            Purpose::Unmelt(melt) => {
                // Its proofs are these now.
                let melted = self.close(&melt).and_then(|melt| melt.not_melted().ok());
                self.melts.extend(melted);
            }
            Purpose::Pay(_) | Purpose::Take | Purpose::Melt(_) => {}
        }
    }

    /// The mint refused the exchange for good and signed nothing. `states` are those of its inputs.
    pub(crate) fn give_back(&mut self, id: &str, states: &[ProofState]) {
        let Some(exchange) = self.close(id) else { return };
        let unspent = states.iter().map(|state| *state == ProofState::Unspent);
        for (mut input, unspent) in exchange.inputs.into_iter().zip(unspent) {
            match exchange.purpose {
                Purpose::Pay(_) if unspent => {
                    input.life = Life::Free;
                    input.payment = None;
                    self.proofs.push(input);
                }
                Purpose::Back(_) => {
                    input.life = Life::Held;
                    self.proofs.push(input);
                }
                // What others gave us is still theirs to spend; what is spent is worth nothing.
                // What a mint was to melt is in that exchange still.
                Purpose::Pay(_)
                | Purpose::Take
                | Purpose::Issue(_)
                | Purpose::Melt(_)
                | Purpose::Unmelt(_) => {}
            }
        }
    }

    /// Moves all proofs of a payment on. Nothing is changed unless all can.
    pub(crate) fn step(&mut self, payment: &str, event: Event) -> Result<(), Trouble> {
        let of = || Trouble::new("store", "a proof is not where it should be");
        for kept in self.proofs.iter().filter(|kept| kept.is_of(payment)) {
            kept.life.after(event).map_err(|_| of())?;
        }
        for kept in self.proofs.iter_mut().filter(|kept| kept.is_of(payment)) {
            kept.life = kept.life.after(event).map_err(|_| of())?;
        }
        Ok(())
    }

    /// The lives of a payment's proofs.
    pub(crate) fn lives(&self, payment: &str) -> Vec<Life> {
        self.proofs.iter().filter(|kept| kept.is_of(payment)).map(|kept| kept.life).collect()
    }

    /// What is free to be picked, each with its place among the proofs. What no known keyset stands for is left alone.
    pub(crate) fn coins(&self, keysets: &[Keyset]) -> Vec<(usize, Coin)> {
        let coin = |(at, kept): (usize, &Kept)| {
            let keyset = keysets.iter().find(|keyset| keyset.id == kept.id)?;
            let input_fee_ppk = keyset.input_fee_ppk.unwrap_or(0);
            kept.life.is_free().then_some((at, Coin { amount: kept.amount, input_fee_ppk }))
        };
        self.proofs.iter().enumerate().filter_map(coin).collect()
    }

    /// What the mint has taken for a payment, or may have.
    pub(crate) fn cost(&self, payment: &str) -> u64 {
        let open = self.open.iter().filter(|one| one.purpose.payment() == Some(payment));
        let ended = self.costs.get(payment).copied().unwrap_or(0);
        open.map(Exchange::fee).fold(ended, u64::saturating_add)
    }

    /// Takes out the proofs that fit.
    pub(crate) fn take(&mut self, fits: impl Fn(&Kept) -> bool) -> Vec<Kept> {
        let all = std::mem::take(&mut self.proofs);
        let (taken, left) = all.into_iter().partition(fits);
        self.proofs = left;
        taken
    }
}

/// Changes the purse of a mint in one step, across all processes. Nothing is written where `change` fails, and a purse
/// that cannot be read is never replaced (CRS-06, CRS-07).
pub(crate) async fn change<T: Send + 'static>(
    treasury: &Treasury,
    mint: &MintUrl,
    change: impl FnOnce(&mut Purse) -> Result<T, Trouble> + Send + 'static,
) -> Result<T, Trouble> {
    let work = move |sealed: Option<Zeroizing<Vec<u8>>>| {
        let done = read(sealed.as_ref()).and_then(|mut purse| {
            let made = change(&mut purse)?;
            Ok((written(&purse)?, made))
        });
        match done {
            Ok((plain, made)) => (Some(plain), Ok(made)),
            Err(trouble) => (None, Err(trouble)),
        }
    };
    treasury.change_blob(BlobKind::Ecash, mint.to_string(), work).await?
}

/// The purse of a mint, to look at.
pub(crate) async fn look(treasury: &Treasury, mint: &MintUrl) -> Result<Purse, Trouble> {
    read(treasury.blob(BlobKind::Ecash, mint.to_string()).await?.as_ref())
}

fn read(sealed: Option<&Zeroizing<Vec<u8>>>) -> Result<Purse, Trouble> {
    let Some(sealed) = sealed else { return Ok(Purse::default()) };
    serde_json::from_slice(sealed).map_err(|_| unreadable())
}

pub(super) fn unreadable() -> Trouble {
    Trouble::new("store", "what is kept of a mint cannot be read; it is left as it is")
}

/// As JSON, in room that is large enough for most, so that few copies are left behind.
pub(super) fn written(value: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, Trouble> {
    let mut text = Zeroizing::new(Vec::with_capacity(1 << 16));
    let wrote = serde_json::to_writer(&mut *text, value);
    wrote.map_err(|_| Trouble::new("store", "what is kept of a mint cannot be written"))?;
    Ok(text)
}
