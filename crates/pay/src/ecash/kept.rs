use cashu::mint::{BlindedMessage, Output};
use cashu::{Blinding, Dleq, Fault, KeysetId, Life, Point, Proof, ProofSecret};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::trouble::Trouble;

/// A proof as it rests in a sealed purse. It is money: no `Debug`, no `Clone`, wiped when it is dropped.
#[derive(Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) amount: u64,
    pub(crate) id: KeysetId,
    secret: String,
    c: Point,
    /// Challenge, response, blinding factor.
    dleq: Option<[[u8; 32]; 3]>,
    witness: Option<String>,
    #[serde(with = "Stage")]
    pub(crate) life: Life,
    /// The payment it was picked for.
    pub(crate) payment: Option<String>,
    /// Whether it is locked to somebody else.
    pub(crate) locked: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Life", rename_all = "snake_case")]
enum Stage {
    Free,
    Reserved,
    HandedOver,
    Held,
    Spent,
    Reclaimed,
}

impl Kept {
    pub(crate) fn new(proof: &Proof, life: Life) -> Self {
        let dleq = proof.dleq.as_ref().and_then(|d| Some([d.e, d.s, *d.r.as_deref()?]));
        Self {
            amount: proof.amount,
            id: proof.id.clone(),
            secret: proof.secret.reveal().to_owned(),
            c: proof.c,
            dleq,
            witness: proof.witness.clone(),
            life,
            payment: None,
            locked: false,
        }
    }

    pub(crate) fn proof(&self) -> Result<Proof, Fault> {
        let dleq = self.dleq.map(|[e, s, r]| Dleq { e, s, r: Some(Zeroizing::new(r)) });
        let secret = ProofSecret::new(self.secret.clone())?;
        let (id, witness) = (self.id.clone(), self.witness.clone());
        Ok(Proof { amount: self.amount, id, secret, c: self.c, dleq, witness })
    }

    /// The point that stands for it.
    pub(crate) fn y(&self) -> Result<Point, Fault> {
        cashu::hash_to_curve(self.secret.as_bytes())
    }

    pub(crate) fn is_of(&self, payment: &str) -> bool {
        self.payment.as_deref() == Some(payment)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.secret.zeroize();
        self.dleq.zeroize();
    }
}

/// An output before the mint has signed it: without it the mint's answer is worth nothing.
#[derive(Serialize, Deserialize)]
pub(crate) struct Blank {
    pub(crate) amount: u64,
    id: KeysetId,
    secret: String,
    factor: [u8; 32],
    /// Whether it is for the payee.
    pub(crate) give: bool,
    pub(crate) locked: bool,
}

impl Blank {
    pub(crate) fn fresh(id: &KeysetId, amount: u64) -> Result<Self, Trouble> {
        let secret = ProofSecret::fresh(&random()?).reveal().to_owned();
        let mut factor = random()?;
        while Blinding::from_bytes(factor).is_none() {
            factor = random()?;
        }
        Ok(Self { amount, id: id.clone(), secret, factor, give: false, locked: false })
    }

    /// For the payee, with the lock that was asked for.
    pub(crate) fn given(mut self, locking: Option<&cashu::Locking>) -> Result<Self, Trouble> {
        self.give = true;
        if let Some(locking) = locking {
            self.secret.zeroize();
            locking.lock(&random()?).secret()?.reveal().clone_into(&mut self.secret);
            self.locked = true;
        }
        Ok(self)
    }

    pub(crate) fn output(&self) -> Result<Output, Trouble> {
        let bad = || Trouble::new("store", "a blinding factor is not there any more");
        let factor = Blinding::from_bytes(self.factor).ok_or_else(bad)?;
        let secret = ProofSecret::new(self.secret.clone())?;
        Ok(Output { amount: self.amount, id: self.id.clone(), secret, factor })
    }

    pub(crate) fn message(&self) -> Result<BlindedMessage, Trouble> {
        Ok(self.output()?.message()?)
    }
}

impl Drop for Blank {
    fn drop(&mut self) {
        self.secret.zeroize();
        self.factor.zeroize();
    }
}

/// 32 fresh random bytes.
pub(crate) fn random() -> Result<[u8; 32], Trouble> {
    let mut bytes = [0; 32];
    ambient::random(&mut bytes).map_err(|e| Trouble::new("store", e.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "009a1f293253e41e";
    const G: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

    #[test]
    fn a_proof_comes_out_of_its_purse_as_it_went_in() {
        let proof = Proof {
            amount: 8,
            id: KeysetId::from_hex(ID).unwrap(),
            secret: ProofSecret::fresh(&[5; 32]),
            c: Point::from_hex(G).unwrap(),
            dleq: Some(Dleq { e: [1; 32], s: [2; 32], r: Some(Zeroizing::new([3; 32])) }),
            witness: None,
        };
        let text = serde_json::to_string(&Kept::new(&proof, Life::HandedOver)).unwrap();
        let kept: Kept = serde_json::from_str(&text).unwrap();
        let again = kept.proof().ok().unwrap();
        assert_eq!(kept.life, Life::HandedOver);
        assert_eq!((again.amount, again.c, &again.id), (8, proof.c, &proof.id));
        assert_eq!(again.secret.reveal(), proof.secret.reveal());
        assert_eq!(kept.y(), proof.y());
        let dleq = again.dleq.unwrap();
        assert_eq!((dleq.e, dleq.s, dleq.r.as_deref()), ([1; 32], [2; 32], Some(&[3; 32])));
    }

    #[test]
    fn crs_05_an_output_is_the_same_message_after_a_restart() {
        let blank = Blank::fresh(&KeysetId::from_hex(ID).unwrap(), 4).unwrap();
        let text = serde_json::to_string(&blank).unwrap();
        let again: Blank = serde_json::from_str(&text).unwrap();
        assert_eq!(again.message().unwrap(), blank.message().unwrap());
    }

    #[test]
    fn what_is_given_is_locked_as_asked_and_each_output_to_a_secret_of_its_own() {
        let locking = cashu::Locking { kind: "P2PK".into(), data: G.into(), tags: Vec::new() };
        let id = KeysetId::from_hex(ID).unwrap();
        let given = || Blank::fresh(&id, 4).unwrap().given(Some(&locking)).unwrap();
        let (one, other) = (given(), given());
        let lock = cashu::WellKnown::read(&one.secret).unwrap();
        assert_eq!((lock.kind.as_str(), lock.data.as_str()), ("P2PK", G));
        assert!(one.give && one.locked && one.secret != other.secret);
    }
}
