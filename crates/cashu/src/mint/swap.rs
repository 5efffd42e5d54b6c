use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::fault::Fault;
use crate::keyset::KeysetId;
use crate::mint::output::{BlindSignature, BlindedMessage};
use crate::point::Point;
use crate::proof::Proof;

/// A proof as a mint is shown it. Its DLEQ stays at home: the factor in it would tie the proof to the swap that made it.
#[derive(Serialize)]
pub(super) struct Input<'a> {
    amount: u64,
    id: &'a KeysetId,
    secret: &'a str,
    #[serde(rename = "C")]
    c: Point,
    #[serde(skip_serializing_if = "Option::is_none")]
    witness: Option<&'a str>,
}

pub(super) fn inputs(proofs: &[Proof]) -> Result<Vec<Input<'_>>, Fault> {
    let input = |proof: &'_ Proof| !proof.id.is_short();
    if !proofs.iter().all(input) {
        return Err(Fault::new("bad_keyset", "a mint does not know short ids"));
    }
    let input = proofs.iter().map(|proof| Input {
        amount: proof.amount,
        id: &proof.id,
        secret: proof.secret.reveal(),
        c: proof.c,
        witness: proof.witness.as_deref(),
    });
    Ok(input.collect())
}

/// Writes a body that has money in it. It is written into room that is large enough, so that no copy is left behind.
pub(super) fn body(value: &impl Serialize, inputs: &[Proof], outputs: usize) -> Zeroizing<String> {
    let secrets: usize = inputs.iter().map(|p| p.secret.reveal().len() * 2).sum();
    let witnesses: usize = inputs.iter().filter_map(|p| Some(p.witness.as_ref()?.len() * 2)).sum();
    let mut text = Vec::with_capacity(512 + secrets + witnesses + (inputs.len() + outputs) * 320);
    // Texts, numbers and lists have nothing to fail on.
    let _ = serde_json::to_writer(&mut text, value);
    Zeroizing::new(String::from_utf8(text).unwrap_or_default())
}

/// The body of `POST /v1/swap` (NUT-03).
///
/// # Errors
/// `bad_keyset`: a short id that was not resolved.
pub fn swap_body(proofs: &[Proof], outputs: &[BlindedMessage]) -> Result<Zeroizing<String>, Fault> {
    #[derive(Serialize)]
    struct Swap<'a> {
        inputs: Vec<Input<'a>>,
        outputs: &'a [BlindedMessage],
    }
    Ok(body(&Swap { inputs: inputs(proofs)?, outputs }, proofs, outputs.len()))
}

/// What `POST /v1/swap` and `POST /v1/mint/bolt11` answer: a signature for each output, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignaturesResponse {
    /// The signatures.
    pub signatures: Vec<BlindSignature>,
}

/// The body of `POST /v1/restore` (NUT-09).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreRequest {
    /// Messages that the mint may have signed.
    pub outputs: Vec<BlindedMessage>,
}

/// What `POST /v1/restore` answers: those it did sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreResponse {
    /// The messages.
    pub outputs: Vec<BlindedMessage>,
    /// Their signatures, in the same order.
    #[serde(alias = "promises")]
    pub signatures: Vec<BlindSignature>,
}

impl RestoreResponse {
    /// The signature for a message that was asked for, found by the message and not by its place.
    ///
    /// # Errors
    /// `bad_response`: the lists are not of one length.
    pub fn signature(&self, message: &BlindedMessage) -> Result<Option<&BlindSignature>, Fault> {
        if self.outputs.len() != self.signatures.len() {
            return Err(Fault::new("bad_response", "the mint's lists are not of one length"));
        }
        let mut pairs = self.outputs.iter().zip(&self.signatures);
        Ok(pairs.find(|(output, _)| output.b == message.b).map(|(_, signature)| signature))
    }
}

/// What a mint answers with status 400 (NUT-00). It is data: its words decide nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MintError {
    /// What it says.
    #[serde(default)]
    pub detail: String,
    /// Its number, as 11001 for a proof that was spent before (`error_codes.md`).
    #[serde(default)]
    pub code: Option<i64>,
}

impl MintError {
    /// Whether it says that a proof was spent before. Which one, and by whom, only its state tells (NUT-07).
    pub fn is_already_spent(&self) -> bool {
        self.code == Some(11001)
    }
}
