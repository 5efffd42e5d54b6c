use cashu::Proof;
use cashu::mint::{BlindedMessage, swap_body};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::kept::{Blank, Kept, random};
use super::purse::{unreadable, written};
use super::trouble::Trouble;

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
    /// A Lightning invoice is paid with it. The outputs are blank: for the change.
    Melt(Melt),
    /// What a mint was to melt and did not is taken back: the exchange of that id.
    Unmelt(String),
}

/// A Lightning invoice that a mint is to pay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Melt {
    /// The mint's quote.
    pub(crate) quote: String,
    /// The payment hash, in hexadecimal.
    pub(crate) hash: String,
    /// What the invoice asks, in satoshi.
    pub(crate) amount: u64,
    /// What the mint takes for the inputs, in satoshi.
    pub(crate) fee: u64,
}

/// What became of a Lightning invoice that a mint was to pay. A preimage is no secret any more once it was shown, but rests
/// sealed like the rest.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Melted {
    pub(crate) hash: String,
    /// Whether the mint says that it paid; if not, nothing can pay any more.
    pub(crate) paid: bool,
    pub(crate) preimage: Option<String>,
    /// What it cost beside the amount, in satoshi.
    pub(crate) fee: u64,
}

impl Purpose {
    /// The payment that it is for, if it is for one.
    pub(crate) fn payment(&self) -> Option<&str> {
        match self {
            Self::Pay(payment) | Self::Back(payment) => Some(payment),
            Self::Take | Self::Issue(_) | Self::Melt(_) | Self::Unmelt(_) => None,
        }
    }
}

/// What the mint was asked to sign. It is sealed before it is sent, and stays until its end is known: its inputs are with
/// it and not among the proofs, so that nothing else can pick them.
#[derive(Serialize, Deserialize)]
pub(crate) struct Exchange {
    pub(crate) id: String,
    pub(crate) purpose: Purpose,
    /// The process that began it, by its name in the books.
    #[serde(default)]
    pub(crate) owner: String,
    /// When it was begun, in milliseconds since 1970.
    pub(crate) since: u64,
    pub(crate) inputs: Vec<Kept>,
    pub(crate) outputs: Vec<Blank>,
}

/// A quote of the mint whose ecash was not given out yet, and what it is for.
#[derive(Serialize, Deserialize)]
pub(crate) struct Quote {
    pub(crate) id: String,
    pub(crate) amount: u64,
    /// The invoice that buys it.
    #[serde(default)]
    pub(crate) invoice: String,
    /// Until when it can be paid, in seconds since 1970.
    #[serde(default)]
    pub(crate) expiry: Option<u64>,
}

/// Who begins an exchange, and when.
pub(crate) struct Begun {
    pub(crate) owner: String,
    /// In milliseconds since 1970.
    pub(crate) since: u64,
}

impl Exchange {
    pub(crate) fn new(
        purpose: Purpose,
        begun: Begun,
        inputs: Vec<Kept>,
        outputs: Vec<Blank>,
    ) -> Result<Self, Trouble> {
        let Begun { owner, since } = begun;
        let mut id = [0; 16];
        id.copy_from_slice(&random()?[..16]);
        let id = format!("{:032x}", u128::from_be_bytes(id));
        Ok(Self { id, purpose, owner, since, inputs, outputs })
    }

    pub(crate) fn messages(&self) -> Result<Vec<BlindedMessage>, Trouble> {
        self.outputs.iter().map(Blank::message).collect()
    }

    /// Whether it is for the invoice with that payment hash.
    pub(crate) fn is_melt_of(&self, hash: &str) -> bool {
        matches!(&self.purpose, Purpose::Melt(melt) if melt.hash == hash)
    }

    /// A melt that did not come about.
    pub(crate) fn not_melted(&self) -> Result<Melted, Trouble> {
        let Purpose::Melt(melt) = &self.purpose else { return Err(unreadable()) };
        Ok(Melted { hash: melt.hash.clone(), paid: false, preimage: None, fee: 0 })
    }

    /// Its inputs alone.
    pub(crate) fn take_inputs(self) -> Vec<Kept> {
        self.inputs
    }

    /// What it makes, in satoshi.
    pub(crate) fn makes(&self) -> u64 {
        self.outputs.iter().map(|blank| blank.amount).sum()
    }

    /// What the mint takes for it, in satoshi.
    pub(crate) fn fee(&self) -> u64 {
        let inputs: u64 = self.inputs.iter().map(|kept| kept.amount).sum();
        inputs.saturating_sub(self.makes())
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
