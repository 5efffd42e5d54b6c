use cashu::mint::{BlindedMessage, ProofState, swap_body};
use cashu::{Event, Life, MintUrl, Proof};
use serde::{Deserialize, Serialize};
use treasury::{BlobKind, Treasury};
use zeroize::Zeroizing;

use super::kept::{Blank, Kept, random};
use super::trouble::Trouble;

/// What is kept of one mint: one sealed blob, so that each change is one atomic write.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Purse {
    pub(crate) proofs: Vec<Kept>,
    pub(crate) open: Vec<Exchange>,
    pub(crate) quotes: Vec<Quote>,
}

/// What an exchange with the mint is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Purpose {
    /// Fresh ecash for a payment.
    Pay(String),
    /// Somebody's token is made ours.
    Take,
    /// What was handed over for a payment is taken back.
    Back(String),
    /// Ecash for a quote that was paid.
    Issue(String),
}

/// What the mint was asked to sign. It is sealed before it is sent, and stays until its end is known: its inputs are with
/// it and not among the proofs, so that nothing else can pick them.
#[derive(Serialize, Deserialize)]
pub(crate) struct Exchange {
    pub(crate) id: String,
    pub(crate) purpose: Purpose,
    /// When it was begun, in milliseconds since 1970.
    pub(crate) since: u64,
    pub(crate) inputs: Vec<Kept>,
    pub(crate) outputs: Vec<Blank>,
}

/// A quote of the mint, and what it is for.
#[derive(Serialize, Deserialize)]
pub(crate) struct Quote {
    pub(crate) id: String,
    pub(crate) amount: u64,
}

impl Exchange {
    pub(crate) fn new(
        purpose: Purpose,
        since: u64,
        inputs: Vec<Kept>,
        outputs: Vec<Blank>,
    ) -> Result<Self, Trouble> {
        let mut id = [0; 16];
        id.copy_from_slice(&random()?[..16]);
        let id = format!("{:032x}", u128::from_be_bytes(id));
        Ok(Self { id, purpose, since, inputs, outputs })
    }

    pub(crate) fn messages(&self) -> Result<Vec<BlindedMessage>, Trouble> {
        self.outputs.iter().map(Blank::message).collect()
    }

    /// The body of its swap: the same bytes each time.
    pub(crate) fn body(&self) -> Result<Zeroizing<String>, Trouble> {
        let proofs = self.inputs.iter().map(Kept::proof).collect::<Result<Vec<Proof>, _>>()?;
        Ok(swap_body(&proofs, &self.messages()?)?)
    }

    /// The same exchange once more, to be carried out while the one in the purse rests.
    pub(crate) fn twin(&self) -> Result<Self, Trouble> {
        serde_json::from_slice(&written(self)?).map_err(|_| unreadable())
    }
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
            Purpose::Pay(_) | Purpose::Take => {}
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
                Purpose::Pay(_) | Purpose::Take | Purpose::Issue(_) => {}
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

fn unreadable() -> Trouble {
    Trouble::new("store", "what is kept of a mint cannot be read; it is left as it is")
}

/// As JSON, in room that is large enough for most, so that few copies are left behind.
fn written(value: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, Trouble> {
    let mut text = Zeroizing::new(Vec::with_capacity(1 << 16));
    let wrote = serde_json::to_writer(&mut *text, value);
    wrote.map_err(|_| Trouble::new("store", "what is kept of a mint cannot be written"))?;
    Ok(text)
}
