use aws_lc_rs::digest::{SHA256, digest};
use secp256k1::{PublicKey, Scalar, SecretKey};

use crate::fault::Fault;
use crate::point::Point;

/// The factor that hides a message from the mint that signs it. It has no `Debug`, `Clone` or `Serialize`: whoever
/// knows it can tie a proof to the swap that made it.
pub struct Blinding(SecretKey);

impl Blinding {
    /// A scalar from 1 to the order of the curve less one, big-endian; `None` for the few other values.
    pub fn from_bytes(bytes: [u8; 32]) -> Option<Self> {
        SecretKey::from_secret_bytes(bytes).ok().map(Self)
    }

    /// Its bytes, for the record that is written before a swap is sent, and for the DLEQ of a token.
    pub fn reveal(&self) -> &[u8; 32] {
        self.0.as_secret_bytes()
    }

    fn point(&self) -> PublicKey {
        PublicKey::from_secret_key(&self.0)
    }

    fn scalar(&self) -> Scalar {
        Scalar::from(self.0)
    }
}

impl Drop for Blinding {
    fn drop(&mut self) {
        self.0.non_secure_erase();
    }
}

/// The point `Y` that stands for a message (NUT-00): the first even point whose x coordinate is
/// SHA-256(SHA-256("Secp256k1_HashToCurve_Cashu_" ‖ message) ‖ counter), counter 32 bits little-endian from 0.
///
/// # Errors
/// `bad_key` if 65536 counters give no point, which no message is known to do.
pub fn hash_to_curve(message: &[u8]) -> Result<Point, Fault> {
    let mut seed = b"Secp256k1_HashToCurve_Cashu_".to_vec();
    seed.extend_from_slice(message);
    let hash = digest(&SHA256, &seed);
    for counter in 0u32..1 << 16 {
        let mut input = hash.as_ref().to_vec();
        input.extend_from_slice(&counter.to_le_bytes());
        let mut point = vec![2];
        point.extend_from_slice(digest(&SHA256, &input).as_ref());
        if let Some(point) = Point::from_bytes(&point) {
            return Ok(point);
        }
    }
    Err(Fault::new("bad_key", "the message has no point on the curve"))
}

/// `B_ = Y + r·G`: what the mint is asked to sign (NUT-00).
///
/// # Errors
/// `bad_key` where the sum is no point.
pub fn blind(secret: &[u8], factor: &Blinding) -> Result<Point, Fault> {
    add(hash_to_curve(secret)?, Point(factor.point()))
}

/// `C = C_ − r·K`: the mint's signature on the secret itself (NUT-00). `key` is the mint's key for the amount.
///
/// # Errors
/// `bad_key` where the difference is no point.
pub fn unblind(signature: Point, factor: &Blinding, key: Point) -> Result<Point, Fault> {
    add(signature, negate(times(key, &factor.scalar())?))
}

/// `C_ = C + r·K`: a signature blinded again, to check the DLEQ of a proof that was received (NUT-12).
pub(crate) fn blind_again(signature: Point, factor: &Blinding, key: Point) -> Result<Point, Fault> {
    add(signature, times(key, &factor.scalar())?)
}

pub(crate) fn add(a: Point, b: Point) -> Result<Point, Fault> {
    a.0.combine(&b.0).map(Point).map_err(|_| Fault::new("bad_key", "two points have no sum"))
}

pub(crate) fn negate(point: Point) -> Point {
    Point(point.0.negate())
}

pub(crate) fn times(point: Point, factor: &Scalar) -> Result<Point, Fault> {
    let product = point.0.mul_tweak(factor);
    product.map(Point).map_err(|_| Fault::new("bad_key", "a point has no such multiple"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bytes::array_from_hex;

    fn bytes(text: &str) -> [u8; 32] {
        array_from_hex(text).unwrap()
    }

    fn point(text: &str) -> Point {
        Point::from_hex(text).unwrap()
    }

    #[test]
    fn messages_become_the_points_of_the_specification() {
        for (last, expected) in [
            (0, "024cce997d3b518f739663b757deaec95bcd9473c30a14ac2fd04023a739d1a725"),
            (1, "022e7158e11c9506f1aa4248bf531298daa7febd6194f003edcd9b93ade6253acf"),
            (2, "026cdbe15362df59cd1dd3c9c11de8aedac2106eca69236ecd9fbe117af897be4f"),
        ] {
            let mut message = [0; 32];
            message[31] = last;
            assert_eq!(hash_to_curve(&message).unwrap(), point(expected));
        }
    }

    #[test]
    fn messages_are_blinded_as_the_specification_does() {
        for (secret, factor, expected) in [
            (
                "d341ee4871f1f889041e63cf0d3823c713eea6aff01e80f1719f08f9e5be98f6",
                "99fce58439fc37412ab3468b73db0569322588f62fb3a49182d67e23d877824a",
                "033b1a9737a40cc3fd9b6af4b723632b76a67a36782596304612a6c2bfb5197e6d",
            ),
            (
                "f1aaf16c2239746f369572c0784d9dd3d032d952c2d992175873fb58fae31a60",
                "f78476ea7cc9ade20f9e05e58a804cf19533f03ea805ece5fee88c8e2874ba50",
                "029bdf2d716ee366eddf599ba252786c1033f47e230248a4612a5670ab931f1763",
            ),
        ] {
            let factor = Blinding::from_bytes(bytes(factor)).unwrap();
            assert_eq!(blind(&bytes(secret), &factor).unwrap(), point(expected));
        }
    }

    #[test]
    fn no_factor_is_zero_or_beyond_the_order_of_the_curve() {
        let order = bytes("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
        for bad in [[0; 32], [0xff; 32], order] {
            assert!(Blinding::from_bytes(bad).is_none());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn a_signature_on_the_blinded_message_unblinds_to_one_on_the_secret(
            secret: Vec<u8>, factor in 1u8.., key in 1u8..
        ) {
            let factor = Blinding::from_bytes([factor; 32]);
            prop_assume!(factor.is_some() && key != 0xff);
            let (factor, private) = (factor.unwrap(), SecretKey::from_secret_bytes([key; 32]).unwrap());
            let public = Point(PublicKey::from_secret_key(&private));
            let signed = times(blind(&secret, &factor).unwrap(), &Scalar::from(private)).unwrap();
            let expected = times(hash_to_curve(&secret).unwrap(), &Scalar::from(private)).unwrap();
            prop_assert_eq!(unblind(signed, &factor, public).unwrap(), expected);
            prop_assert_eq!(blind_again(expected, &factor, public).unwrap(), signed);
        }
    }
}
