use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use zeroize::Zeroizing;

use crate::fault::Fault;
use crate::life::{Fate, fate};
use crate::mint::output::{BlindSignature, BlindedMessage};
use crate::mint::state::ProofState;
use crate::mint::swap::{Input, body, inputs};
use crate::point::Point;
use crate::proof::Proof;

/// Whether a text may be put in the path of `GET /v1/melt/quote/bolt11/{id}`: a mint's id must not lead elsewhere.
pub fn is_quote_id(text: &str) -> bool {
    let lawful = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=128).contains(&text.len()) && text.bytes().all(lawful)
}

/// The body of `POST /v1/mint/quote/bolt11` (NUT-23).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MintQuoteRequest {
    /// How much ecash is wanted.
    pub amount: u64,
    /// Its unit.
    pub unit: String,
    /// What the invoice is to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The key that must sign for the ecash to be given out (NUT-20).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pubkey: Option<Point>,
}

/// Where buying ecash stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum MintQuoteState {
    /// The invoice is not paid.
    Unpaid,
    /// It is paid, and the ecash is not given out.
    Paid,
    /// The ecash is given out.
    Issued,
}

/// What it answers (NUT-23).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MintQuote {
    /// Its id.
    pub quote: String,
    /// The invoice to pay.
    pub request: String,
    /// How much ecash; older mints leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<u64>,
    /// Its unit; older mints leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Where it stands.
    pub state: MintQuoteState,
    /// Until when the invoice can be paid, in seconds since 1970.
    #[serde(default)]
    pub expiry: Option<u64>,
    /// The key that must sign (NUT-20). Nutshell writes an empty text where a quote that it shows again has none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "maybe_point")]
    pub pubkey: Option<Point>,
}

fn maybe_point<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Point>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty());
    let bad = || D::Error::custom("not a point");
    text.map(|text| Point::from_hex(&text).ok_or_else(bad)).transpose()
}

/// The body of `POST /v1/mint/bolt11` (NUT-04).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MintRequest {
    /// The quote.
    pub quote: String,
    /// What is to be signed.
    pub outputs: Vec<BlindedMessage>,
    /// The signature of the quote's key (NUT-20).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

/// What the quote's key signs (NUT-20): the quote's id and the messages of the outputs.
pub fn signing_text_of_mint(quote: &str, outputs: &[BlindedMessage]) -> String {
    outputs.iter().fold(quote.to_owned(), |text, output| text + &output.b.to_hex())
}

/// The body of `POST /v1/melt/quote/bolt11` (NUT-23).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeltQuoteRequest {
    /// The invoice to be paid. Its amount is the one that counts.
    pub request: String,
    /// The unit to pay with.
    pub unit: String,
}

/// Where paying an invoice with ecash stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum MeltState {
    /// It is not paid.
    Unpaid,
    /// It is being paid.
    Pending,
    /// It is paid.
    Paid,
}

/// What quote, look-up and melt answer (NUT-05, NUT-23).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeltQuote {
    /// Its id.
    pub quote: String,
    /// The invoice; older mints leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// The amount, in the unit.
    pub amount: u64,
    /// The unit; older mints leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// What the mint sets aside for routing, in the unit. With input fees it counts as money sent until change comes back.
    pub fee_reserve: u64,
    /// Where it stands.
    pub state: MeltState,
    /// Until when it holds, in seconds since 1970.
    #[serde(default)]
    pub expiry: Option<u64>,
    /// The preimage, in hexadecimal: a claim, until its SHA-256 is the invoice's hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_preimage: Option<String>,
    /// Signatures for what was left of the reserve (NUT-08).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Vec<BlindSignature>>,
}

impl MeltQuote {
    /// What the inputs must hold at least: amount, reserve and `input_fee` for the inputs themselves.
    ///
    /// # Errors
    /// `overflow`.
    pub fn needed(&self, input_fee: u64) -> Result<u64, Fault> {
        let sum =
            self.amount.checked_add(self.fee_reserve).and_then(|sum| sum.checked_add(input_fee));
        sum.ok_or(Fault::new("overflow", "a sum is too large"))
    }
}

/// The body of `POST /v1/melt/bolt11` (NUT-05). `outputs` are blank, for change (NUT-08).
///
/// # Errors
/// `bad_keyset`: a short id that was not resolved.
pub fn melt_body(
    quote: &str,
    proofs: &[Proof],
    outputs: &[BlindedMessage],
) -> Result<Zeroizing<String>, Fault> {
    #[derive(Serialize)]
    struct Melt<'a> {
        quote: &'a str,
        inputs: Vec<Input<'a>>,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        outputs: &'a [BlindedMessage],
    }
    Ok(body(&Melt { quote, inputs: inputs(proofs)?, outputs }, proofs, outputs.len()))
}

/// What a melt that was sent has come to, after what the mint says of the quote and of each proof.
///
/// `Settled` still wants the preimage. Unpaid alone is no end, since the mint may not have begun; unpaid with all
/// proofs unspent is [`Fate::Reclaim`]: once they are swapped, nothing can pay the invoice with them any more.
pub fn melt_fate(quote: Option<MeltState>, proofs: &[Option<ProofState>]) -> Fate {
    match quote {
        Some(MeltState::Paid) => Fate::Settled,
        Some(MeltState::Unpaid) if fate(proofs) == Fate::Reclaim => Fate::Reclaim,
        _ => Fate::Hold,
    }
}
