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
}

impl Purpose {
    /// The payment that it is for, if it is for one.
    pub(crate) fn payment(&self) -> Option<&str> {
        match self {
            Self::Pay(payment) | Self::Back(payment) => Some(payment),
            Self::Take | Self::Issue(_) => None,
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
