use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::bytes::array_from_hex;
use crate::curve::{Blinding, blind, unblind};
use crate::dleq::Dleq;
use crate::fault::Fault;
use crate::keyset::KeysetId;
use crate::point::Point;
use crate::proof::{Proof, ProofSecret};

/// What a mint is asked to sign (NUT-00).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlindedMessage {
    /// The amount; for change of unknown size anything (NUT-08).
    pub amount: u64,
    /// The keyset.
    pub id: KeysetId,
    /// The blinded secret.
    #[serde(rename = "B_")]
    pub b: Point,
}

/// What a mint signed (NUT-00).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlindSignature {
    /// The amount.
    pub amount: u64,
    /// The keyset.
    pub id: KeysetId,
    /// The signature on the blinded secret.
    #[serde(rename = "C_")]
    pub c: Point,
    /// The mint's proof that it used the key it shows (NUT-12).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dleq: Option<BlindSignatureDleq>,
}

/// Challenge and response, in hexadecimal (NUT-12).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlindSignatureDleq {
    /// The challenge.
    pub e: String,
    /// The response.
    pub s: String,
}

/// An output on the wallet's side. Secret and factor are stored before the message is sent: without them the mint's
/// answer is worth nothing, and with them it can be asked for again (NUT-09).
pub struct Output {
    /// The amount; 0 where the mint says how much it is (NUT-08).
    pub amount: u64,
    /// The keyset.
    pub id: KeysetId,
    /// The secret.
    pub secret: ProofSecret,
    /// The blinding factor.
    pub factor: Blinding,
}

impl Output {
    /// The message for the mint.
    ///
    /// # Errors
    /// `bad_key`.
    pub fn message(&self) -> Result<BlindedMessage, Fault> {
        let b = blind(self.secret.reveal().as_bytes(), &self.factor)?;
        Ok(BlindedMessage { amount: self.amount, id: self.id.clone(), b })
    }

    /// Makes ecash of the mint's answer. `key` is the mint's key for the amount *signed*.
    ///
    /// A DLEQ that is there must hold (NUT-12). Whoever wants one to be there looks at the proof's `dleq`.
    ///
    /// # Errors
    /// `bad_response`: another keyset or amount than asked for. `bad_signature`: the DLEQ does not hold.
    pub fn prove(self, signed: &BlindSignature, key: Point) -> Result<Proof, Fault> {
        let amount_fits = self.amount == 0 || signed.amount == self.amount;
        if signed.id != self.id || !amount_fits || signed.amount == 0 {
            let message = "the mint signed another amount or keyset than it was asked to";
            return Err(Fault::new("bad_response", message));
        }
        let dleq = match &signed.dleq {
            None => None,
            Some(given) => {
                let scalar = |text| {
                    array_from_hex(text)
                        .ok_or(Fault::new("bad_signature", "the mint's proof is not readable"))
                };
                let r = Some(Zeroizing::new(*self.factor.reveal()));
                let dleq = Dleq { e: scalar(&given.e)?, s: scalar(&given.s)?, r };
                dleq.verify(key, self.message()?.b, signed.c)?;
                Some(dleq)
            }
        };
        let c = unblind(signed.c, &self.factor, key)?;
        let Self { id, secret, .. } = self;
        Ok(Proof { amount: signed.amount, id, secret, c, dleq, witness: None })
    }
}
