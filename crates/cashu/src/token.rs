//! Tokens: ecash of one mint as it travels, `cashuB…` (V4) and, to be read only, `cashuA…` (V3).

use ciborium::Value;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::base64url;
use crate::bytes::array_from_hex;
use crate::cbor::{self, Fields};
use crate::dleq::Dleq;
use crate::fault::Fault;
use crate::keyset::KeysetId;
use crate::mint_url::MintUrl;
use crate::point::Point;
use crate::proof::{Proof, ProofSecret};

/// How long a token may be, in characters.
pub const MAX_TOKEN: usize = 256 * 1024;

const BAD: Fault = Fault::new("bad_token", "not a token of ecash");

/// Ecash of one mint and one unit (NUT-00). Bearer money: no `Debug`, no `Clone`.
pub struct Token {
    /// The mint.
    pub mint: MintUrl,
    /// The unit. `None` only in old tokens that leave it to the keyset.
    pub unit: Option<String>,
    /// What the sender wrote beside it: data, never more.
    pub memo: Option<String>,
    /// The proofs, in the order they came.
    pub proofs: Vec<Proof>,
}

impl Token {
    /// Reads `cashuB…` or `cashuA…`, with or without `cashu:` before it.
    ///
    /// # Errors
    /// `bad_token`: broken encoding, no proofs, an amount of zero, no point; `bad_mint_url`; `too_large`.
    pub fn decode(text: &str) -> Result<Self, Fault> {
        if text.len() > MAX_TOKEN {
            return Err(Fault::new("too_large", "the token is too long"));
        }
        let text = text.strip_prefix("cashu:").unwrap_or(text);
        let token = if let Some(rest) = text.strip_prefix("cashuB") {
            v4(base64url::decode(rest).ok_or(BAD)?)?
        } else if let Some(rest) = text.strip_prefix("cashuA") {
            v3(&Zeroizing::new(base64url::decode(rest).ok_or(BAD)?))?
        } else {
            return Err(BAD);
        };
        if token.proofs.is_empty() || token.proofs.iter().any(|proof| proof.amount == 0) {
            return Err(BAD);
        }
        Ok(token)
    }

    /// The sum of its proofs, in its unit.
    ///
    /// # Errors
    /// `overflow`.
    pub fn amount(&self) -> Result<u64, Fault> {
        let sum = self.proofs.iter().try_fold(0u64, |sum, proof| sum.checked_add(proof.amount));
        sum.ok_or(Fault::new("overflow", "a sum is too large"))
    }

    /// Writes `cashuB…`, proofs of one keyset together. The text is the money.
    pub fn encode(&self) -> Zeroizing<String> {
        let mut groups: Vec<(&KeysetId, Vec<Value>)> = Vec::new();
        for proof in &self.proofs {
            let written = proof_value(proof);
            match groups.iter_mut().find(|(id, _)| **id == proof.id) {
                Some((_, proofs)) => proofs.push(written),
                None => groups.push((&proof.id, vec![written])),
            }
        }
        let groups = groups.into_iter().map(|(id, proofs)| {
            let id = Value::from(id.as_bytes());
            cbor::map(vec![("i", id), ("p", Value::Array(proofs))])
        });
        let mut fields = vec![("m", Value::from(self.mint.as_str()))];
        fields.extend(self.unit.as_deref().map(|unit| ("u", Value::from(unit))));
        fields.extend(self.memo.as_deref().map(|memo| ("d", Value::from(memo))));
        fields.push(("t", Value::Array(groups.collect())));
        let bytes = Zeroizing::new(cbor::write(&cbor::map(fields)));
        Zeroizing::new(format!("cashuB{}", base64url::encode(&bytes)))
    }
}

fn proof_value(proof: &Proof) -> Value {
    let mut fields = vec![
        ("a", Value::from(proof.amount)),
        ("s", Value::from(proof.secret.reveal())),
        ("c", Value::from(&proof.c.to_bytes()[..])),
    ];
    // Without its blinding factor the proof convinces nobody else (NUT-12).
    if let Some((dleq, r)) = proof.dleq.as_ref().and_then(|dleq| Some((dleq, dleq.r.as_ref()?))) {
        let [e, s, r] = [&dleq.e[..], &dleq.s, &r[..]].map(Value::from);
        fields.push(("d", cbor::map(vec![("e", e), ("s", s), ("r", r)])));
    }
    fields.extend(proof.witness.as_deref().map(|witness| ("w", Value::from(witness))));
    cbor::map(fields)
}

fn v4(bytes: Vec<u8>) -> Result<Token, Fault> {
    let bytes = Zeroizing::new(bytes);
    let mut fields = cbor::read(&bytes).and_then(Fields::new).ok_or(BAD)?;
    let mint = fields.text("m").ok_or(BAD)?;
    let unit = fields.text("u").ok_or(BAD)?;
    let memo = fields.optional_text("d").map_err(|_| BAD)?;
    let groups = fields.list("t", group).ok_or(BAD)?;
    let proofs = groups.into_iter().flatten().collect();
    Ok(Token { mint: MintUrl::parse(&mint)?, unit: Some(unit), memo, proofs })
}

fn group(value: Value) -> Option<Vec<Proof>> {
    let mut fields = Fields::new(value)?;
    let id = KeysetId::from_bytes(cbor::bytes(fields.take("i")?)?)?;
    fields.list("p", |proof| proof_of(proof, &id))
}

fn proof_of(value: Value, id: &KeysetId) -> Option<Proof> {
    let mut fields = Fields::new(value)?;
    let dleq = match fields.take("d") {
        None => None,
        Some(value) => Some(dleq_of(value)?),
    };
    Some(Proof {
        amount: fields.take("a")?.into_integer().ok()?.try_into().ok()?,
        id: id.clone(),
        secret: ProofSecret::new(fields.text("s")?).ok()?,
        c: Point::from_bytes(&cbor::bytes(fields.take("c")?)?)?,
        dleq,
        witness: fields.optional_text("w").ok()?,
    })
}

fn dleq_of(value: Value) -> Option<Dleq> {
    let mut fields = Fields::new(value)?;
    let mut scalar = |key| cbor::bytes(fields.take(key)?)?.try_into().ok();
    Some(Dleq { e: scalar("e")?, s: scalar("s")?, r: Some(Zeroizing::new(scalar("r")?)) })
}

#[derive(Deserialize)]
struct V3 {
    token: Vec<V3Entry>,
    unit: Option<String>,
    memo: Option<String>,
}

#[derive(Deserialize)]
struct V3Entry {
    mint: String,
    proofs: Vec<V3Proof>,
}

#[derive(Deserialize)]
struct V3Proof {
    amount: u64,
    id: KeysetId,
    secret: String,
    #[serde(rename = "C")]
    c: Point,
    dleq: Option<V3Dleq>,
    witness: Option<String>,
}

#[derive(Deserialize)]
struct V3Dleq {
    e: String,
    s: String,
    r: Option<String>,
}

fn v3(json: &[u8]) -> Result<Token, Fault> {
    let read: V3 = serde_json::from_slice(json).map_err(|_| BAD)?;
    let mut mint: Option<MintUrl> = None;
    let mut proofs = Vec::new();
    for entry in read.token {
        let url = MintUrl::parse(&entry.mint)?;
        if mint.get_or_insert_with(|| url.clone()) != &url {
            return Err(Fault::new("bad_token", "the token is of more than one mint"));
        }
        for proof in entry.proofs {
            proofs.push(v3_proof(proof)?);
        }
    }
    Ok(Token { mint: mint.ok_or(BAD)?, unit: read.unit, memo: read.memo, proofs })
}

fn v3_proof(proof: V3Proof) -> Result<Proof, Fault> {
    let dleq = match proof.dleq {
        None => None,
        Some(dleq) => {
            let r = dleq.r.map(Zeroizing::new);
            let r = match r {
                None => None,
                Some(r) => Some(Zeroizing::new(array_from_hex(&r).ok_or(BAD)?)),
            };
            let [e, s] = [dleq.e, dleq.s].map(|text| array_from_hex(&text).ok_or(BAD));
            Some(Dleq { e: e?, s: s?, r })
        }
    };
    let secret = ProofSecret::new(proof.secret)?;
    Ok(Proof {
        amount: proof.amount,
        id: proof.id,
        secret,
        c: proof.c,
        dleq,
        witness: proof.witness,
    })
}

#[cfg(test)]
mod tests;
