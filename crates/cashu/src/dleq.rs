use aws_lc_rs::digest::{Context, SHA256};
use secp256k1::{PublicKey, Scalar, SecretKey};
use zeroize::Zeroizing;

use crate::bytes::to_hex;
use crate::curve::{Blinding, add, blind, blind_again, negate, times};
use crate::fault::Fault;
use crate::point::Point;

/// The mint's proof that it signed with the key it publishes for the amount (NUT-12), so that it cannot mark what it signs.
pub struct Dleq {
    /// The challenge, a scalar, big-endian.
    pub e: [u8; 32],
    /// The response, a scalar, big-endian.
    pub s: [u8; 32],
    /// The payer's blinding factor, where the proof is to convince somebody else. The mint must never see it.
    pub r: Option<Zeroizing<[u8; 32]>>,
}

const FALSE: Fault = Fault::new("bad_signature", "the mint's proof of its signature does not hold");

impl Dleq {
    /// Checks the proof on a blind signature `C_` of `B_` by the mint's key.
    ///
    /// # Errors
    /// `bad_signature`.
    pub fn verify(&self, key: Point, blinded: Point, signature: Point) -> Result<(), Fault> {
        let response = SecretKey::from_secret_bytes(self.s).map_err(|_| FALSE)?;
        let challenge = Scalar::from_be_bytes(self.e).map_err(|_| FALSE)?;
        let minus = |point| times(point, &challenge).map(negate);
        let first = add(Point(PublicKey::from_secret_key(&response)), minus(key)?);
        let second = add(times(blinded, &Scalar::from(response))?, minus(signature)?);
        let (Ok(first), Ok(second)) = (first, second) else { return Err(FALSE) };
        let expected = challenge_of(&[first, second, key, signature]);
        if expected == self.e { Ok(()) } else { Err(FALSE) }
    }

    /// Checks the proof that came with somebody's ecash: `signature` is `C`, and `B_`, `C_` are made again with `r`.
    ///
    /// # Errors
    /// `bad_signature`, also where `r` is missing.
    pub fn verify_proof(&self, key: Point, secret: &[u8], signature: Point) -> Result<(), Fault> {
        let factor = self.r.as_deref().copied().and_then(Blinding::from_bytes).ok_or(FALSE)?;
        let blinded = blind(secret, &factor)?;
        self.verify(key, blinded, blind_again(signature, &factor, key)?)
    }
}

/// SHA-256 over the hexadecimal text of uncompressed points (NUT-12 `hash_e`).
fn challenge_of(points: &[Point]) -> [u8; 32] {
    let mut hash = Context::new(&SHA256);
    for point in points {
        hash.update(to_hex(&point.0.serialize_uncompressed()).as_bytes());
    }
    let mut challenge = [0; 32];
    challenge.copy_from_slice(hash.finish().as_ref());
    challenge
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::array_from_hex;

    const ONE: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    const BLINDED: &str = "02a9acc1e48c25eeeb9289b5031cc57da9fe72f3fe2861d264bdc074209b107ba2";

    fn point(text: &str) -> Point {
        Point::from_hex(text).unwrap()
    }

    fn dleq(e: &str, s: &str) -> Dleq {
        Dleq { e: array_from_hex(e).unwrap(), s: array_from_hex(s).unwrap(), r: None }
    }

    #[test]
    fn the_challenge_is_the_one_of_the_specification() {
        let x = point("020000000000000000000000000000000000000000000000000000000000000001");
        let hash = challenge_of(&[x, x, x, point(BLINDED)]);
        assert_eq!(
            to_hex(&hash),
            "a4dc034b74338c28c6bc3ea49731f2a24440fc7c4affc08b31a93fc9fbe6401e"
        );
    }

    #[test]
    fn proofs_of_the_specification_hold_and_no_changed_one_does() {
        let good = dleq(
            "9818e061ee51d5c8edc3342369a554998ff7b4381c8652d724cdf46429be73d9",
            "9818e061ee51d5c8edc3342369a554998ff7b4381c8652d724cdf46429be73da",
        );
        assert_eq!(good.verify(point(ONE), point(BLINDED), point(BLINDED)), Ok(()));
        let other = dleq(
            "2a16ffee280aff3c429045607f9b8e0bf8b35910c44c1b20b9dfaf01b263d7b3",
            "9df27731238334718d120d4f74611a7c668233f988e687ac3fb188f0a34a2dab",
        );
        let two = point("02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5");
        let signed = point("0244eccfc7a348274458bb38044c7f3c389b3c2086c7ec18b5812d2877ab937787");
        assert_eq!(other.verify(two, point(BLINDED), signed), Ok(()));

        let code =
            |dleq: &Dleq, key, signed| dleq.verify(key, point(BLINDED), signed).map_err(|f| f.code);
        assert_eq!(code(&good, two, point(BLINDED)), Err("bad_signature"), "another key");
        assert_eq!(code(&other, two, point(BLINDED)), Err("bad_signature"), "another signature");
        for bit in 0..8 {
            let mut changed = Dleq { e: good.e, s: good.s, r: None };
            changed.e[31] ^= 1 << bit;
            assert!(changed.verify(point(ONE), point(BLINDED), point(BLINDED)).is_err());
            let mut changed = Dleq { e: good.e, s: good.s, r: None };
            changed.s[0] ^= 1 << bit;
            assert!(changed.verify(point(ONE), point(BLINDED), point(BLINDED)).is_err());
        }
        for edge in [[0; 32], [0xff; 32]] {
            let changed = Dleq { e: edge, s: edge, r: None };
            assert!(changed.verify(point(ONE), point(BLINDED), point(BLINDED)).is_err());
        }
    }

    #[test]
    fn somebody_elses_ecash_is_checked_with_the_factor_that_comes_with_it() {
        let mut dleq = dleq(
            "b31e58ac6527f34975ffab13e70a48b6d2b0d35abc4b03f0151f09ee1a9763d4",
            "8fbae004c59e754d71df67e392b6ae4e29293113ddc2ec86592a0431d16306d8",
        );
        let secret = b"daf4dd00a2b68a0858a80450f52c8a7d2ccf87d375e43e216e0c571f089f63e9";
        let signature = point("024369d2d22a80ecf78f3937da9d5f30c1b9f74f0c32684d583cca0fa6a61cdcfc");
        assert!(dleq.verify_proof(point(ONE), secret, signature).is_err(), "no factor");
        dleq.r = array_from_hex("a6d13fcd7a18442e6076f5e1e7c887ad5de40a019824bdfa9fe740d302e8d861")
            .map(Zeroizing::new);
        assert_eq!(dleq.verify_proof(point(ONE), secret, signature), Ok(()));
        assert!(dleq.verify_proof(point(ONE), b"another", signature).is_err());
    }
}
