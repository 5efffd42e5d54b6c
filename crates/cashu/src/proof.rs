use zeroize::Zeroizing;

use crate::curve::hash_to_curve;
use crate::dleq::Dleq;
use crate::fault::Fault;
use crate::keyset::KeysetId;
use crate::point::Point;

/// How long a secret may be, in bytes. A lock with some keys has less than a thousand.
pub const MAX_SECRET: usize = 8 * 1024;

/// What a proof proves knowledge of. Whoever has it has the money: no `Debug`, `Clone` or `Serialize`.
pub struct ProofSecret(Zeroizing<String>);

impl ProofSecret {
    /// A secret that came with ecash, or a lock ([`WellKnown`](crate::WellKnown)).
    ///
    /// # Errors
    /// `bad_token`: empty or longer than [`MAX_SECRET`].
    pub fn new(text: String) -> Result<Self, Fault> {
        let text = Zeroizing::new(text);
        if text.is_empty() || text.len() > MAX_SECRET {
            return Err(Fault::new("bad_token", "a secret is empty or too long"));
        }
        Ok(Self(text))
    }

    /// A fresh secret of 32 random bytes: their hexadecimal text, as all wallets write it (NUT-00).
    pub fn fresh(random: &[u8; 32]) -> Self {
        Self(Zeroizing::new(crate::bytes::to_hex(random)))
    }

    /// The text, for the wire and for hashing.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// A piece of ecash: an amount, and the mint's signature on a secret (NUT-00).
///
/// It is bearer money and has neither `Debug` nor `Clone`: a second copy in a process is a second spending of it.
pub struct Proof {
    /// The amount, in the unit of its keyset.
    pub amount: u64,
    /// The keyset; in a token perhaps the short form, to be resolved before a mint is asked.
    pub id: KeysetId,
    /// The secret.
    pub secret: ProofSecret,
    /// The mint's signature, unblinded.
    pub c: Point,
    /// The mint's proof of its signature, if the wallet kept it.
    pub dleq: Option<Dleq>,
    /// What opens its lock, as JSON text (NUT-11).
    pub witness: Option<String>,
}

impl Proof {
    /// The point that stands for it where its state is asked for (NUT-07).
    ///
    /// # Errors
    /// `bad_key`, which no secret is known to give.
    pub fn y(&self) -> Result<Point, Fault> {
        hash_to_curve(self.secret.reveal().as_bytes())
    }

    /// Checks the mint's proof of its signature against the mint's key for the amount (NUT-12).
    ///
    /// # Errors
    /// `bad_signature`, also where there is none.
    pub fn verify_dleq(&self, key: Point) -> Result<(), Fault> {
        let missing = Fault::new("bad_signature", "the mint gave no proof of its signature");
        let dleq = self.dleq.as_ref().ok_or(missing)?;
        dleq.verify_proof(key, self.secret.reveal().as_bytes(), self.c)
    }
}
