//! Secrets and blinding factors that can be made again from one seed and a counter (NUT-13), so that a mint's answer
//! that was lost can be asked for again (NUT-09).

use aws_lc_rs::hmac::{HMAC_SHA256, HMAC_SHA512, Key, sign};
use secp256k1::{Scalar, SecretKey};
use zeroize::Zeroizing;

use crate::bytes::to_hex;
use crate::curve::Blinding;
use crate::fault::Fault;
use crate::keyset::KeysetId;
use crate::proof::ProofSecret;

/// The seed of a wallet, 64 bytes. No `Debug`, `Clone` or `Serialize`.
pub struct Seed(Zeroizing<[u8; 64]>);

/// The order of secp256k1, big-endian.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
    0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];

const UNLUCKY: Fault = Fault::new("bad_key", "this counter has no blinding factor: take the next");

impl Seed {
    /// From 64 bytes, random or of a BIP-39 phrase.
    pub fn new(bytes: [u8; 64]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Secret and blinding factor of one output. A counter is used once for a keyset, whatever became of the output.
    ///
    /// # Errors
    /// `bad_keyset` for a short id; `bad_key` for the few counters that give nothing; `overflow` for counters from 2^31 on
    /// with keysets of version 0.
    pub fn derive(&self, id: &KeysetId, counter: u64) -> Result<(ProofSecret, Blinding), Fault> {
        if id.is_short() {
            return Err(Fault::new("bad_keyset", "a short id is not enough to derive secrets"));
        }
        if id.as_bytes().first() == Some(&0) { self.v1(id, counter) } else { self.v2(id, counter) }
    }

    fn v2(&self, id: &KeysetId, counter: u64) -> Result<(ProofSecret, Blinding), Fault> {
        let key = Key::new(HMAC_SHA256, &self.0[..]);
        let derived = |kind: u8| {
            let mut message = b"Cashu_KDF_HMAC_SHA256".to_vec();
            message.extend_from_slice(id.as_bytes());
            message.extend_from_slice(&counter.to_be_bytes());
            message.push(kind);
            let mut bytes = Zeroizing::new([0; 32]);
            bytes.copy_from_slice(sign(&key, &message).as_ref());
            bytes
        };
        let mut factor = derived(1);
        reduce(&mut factor);
        Ok((ProofSecret::fresh(&derived(0)), Blinding::from_bytes(*factor).ok_or(UNLUCKY)?))
    }

    /// m/129372'/0'/keyset'/counter'/{0 secret, 1 factor}, BIP-32.
    fn v1(&self, id: &KeysetId, counter: u64) -> Result<(ProofSecret, Blinding), Fault> {
        let far = Fault::new("overflow", "no counters are left for this keyset");
        let counter = u32::try_from(counter).ok().filter(|c| *c < HARDENED).ok_or(far)?;
        let number = id
            .as_bytes()
            .iter()
            .fold(0u64, |rest, byte| (rest << 8 | u64::from(*byte)) % (u64::from(HARDENED) - 1));
        let number = u32::try_from(number).map_err(|_| UNLUCKY)?;
        let mut node = Node::master(&self.0[..])?;
        for step in [129_372, 0, number, counter] {
            node = node.child(step | HARDENED)?;
        }
        let (secret, factor) = (node.child(0)?, node.child(1)?);
        let text = Zeroizing::new(to_hex(secret.key.as_secret_bytes()));
        let factor = Blinding::from_bytes(*factor.key.as_secret_bytes()).ok_or(UNLUCKY)?;
        Ok((ProofSecret::new(text.as_str().to_owned())?, factor))
    }
}

/// Reduces 32 bytes modulo the order of the curve: they are less than twice it.
fn reduce(bytes: &mut [u8; 32]) {
    if *bytes < ORDER {
        return;
    }
    let mut borrow = false;
    for (byte, order) in bytes.iter_mut().zip(ORDER).rev() {
        let (difference, first) = byte.overflowing_sub(order);
        let (difference, second) = difference.overflowing_sub(u8::from(borrow));
        *byte = difference;
        borrow = first || second;
    }
}

/// Steps from here on are hardened (BIP-32).
const HARDENED: u32 = 1 << 31;

/// A key and its chain code (BIP-32).
struct Node {
    key: SecretKey,
    chain: Zeroizing<[u8; 32]>,
}

impl Node {
    fn master(seed: &[u8]) -> Result<Self, Fault> {
        let (left, chain) = halves(b"Bitcoin seed", seed);
        let key = SecretKey::from_secret_bytes(*left).map_err(|_| UNLUCKY)?;
        Ok(Self { key, chain })
    }

    fn child(&self, step: u32) -> Result<Self, Fault> {
        let mut message = Zeroizing::new(Vec::with_capacity(37));
        if step < HARDENED {
            message.extend_from_slice(&self.key.public_key().serialize());
        } else {
            message.push(0);
            message.extend_from_slice(self.key.as_secret_bytes());
        }
        message.extend_from_slice(&step.to_be_bytes());
        let (left, chain) = halves(&self.chain[..], &message);
        let tweak = Scalar::from_be_bytes(*left).map_err(|_| UNLUCKY)?;
        Ok(Self { key: self.key.add_tweak(&tweak).map_err(|_| UNLUCKY)?, chain })
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.key.non_secure_erase();
    }
}

fn halves(key: &[u8], message: &[u8]) -> (Zeroizing<[u8; 32]>, Zeroizing<[u8; 32]>) {
    let mac = sign(&Key::new(HMAC_SHA512, key), message);
    let (mut left, mut right) = (Zeroizing::new([0; 32]), Zeroizing::new([0; 32]));
    left.copy_from_slice(&mac.as_ref()[..32]);
    right.copy_from_slice(&mac.as_ref()[32..]);
    (left, right)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use aws_lc_rs::pbkdf2;

    use super::*;

    /// The seed of the specification's phrase (BIP-39).
    fn seed() -> Seed {
        let phrase =
            b"half depart obvious quality work element tank gorilla view sugar picture humble";
        let mut bytes = [0; 64];
        let rounds = NonZeroU32::new(2048).unwrap();
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA512, rounds, b"mnemonic", phrase, &mut bytes);
        Seed::new(bytes)
    }

    fn check(id: &str, expected: &[(&str, &str)]) {
        let id = KeysetId::from_hex(id).unwrap();
        for (counter, (secret, factor)) in (0..).zip(expected) {
            let (made, blinding) = seed().derive(&id, counter).ok().unwrap();
            assert_eq!(made.reveal(), *secret, "{counter}");
            assert_eq!(to_hex(blinding.reveal()), *factor, "{counter}");
        }
    }

    #[test]
    fn secrets_of_version_0_are_those_of_the_specification() {
        check(
            "009a1f293253e41e",
            &[
                (
                    "485875df74771877439ac06339e284c3acfcd9be7abf3bc20b516faeadfe77ae",
                    "ad00d431add9c673e843d4c2bf9a778a5f402b985b8da2d5550bf39cda41d679",
                ),
                (
                    "8f2b39e8e594a4056eb1e6dbb4b0c38ef13b1b2c751f64f810ec04ee35b77270",
                    "967d5232515e10b81ff226ecf5a9e2e2aff92d66ebc3edf0987eb56357fd6248",
                ),
                (
                    "bc628c79accd2364fd31511216a0fab62afd4a18ff77a20deded7b858c9860c8",
                    "b20f47bb6ae083659f3aa986bfa0435c55c6d93f687d51a01f26862d9b9a4899",
                ),
            ],
        );
    }

    #[test]
    fn secrets_of_version_1_are_those_of_the_specification() {
        check(
            "015ba18a8adcd02e715a58358eb618da4a4b3791151a4bee5e968bb88406ccf76a",
            &[
                (
                    "db5561a07a6e6490f8dadeef5be4e92f7cebaecf2f245356b5b2a4ec40687298",
                    "6d26181a3695e32e9f88b80f039ba1ae2ab5a200ad4ce9dbc72c6d3769f2b035",
                ),
                (
                    "b70e7b10683da3bf1cdf0411206f8180c463faa16014663f39f2529b2fda922e",
                    "bde4354cee75545bea1a2eee035a34f2d524cee2bb01613823636e998386952e",
                ),
                (
                    "78a7ac32ccecc6b83311c6081b89d84bb4128f5a0d0c5e1af081f301c7a513f5",
                    "f40cc1218f085b395c8e1e5aaa25dccc851be3c6c7526a0f4e57108f12d6dac4",
                ),
            ],
        );
    }

    #[test]
    fn numbers_beyond_the_order_are_reduced_by_it() {
        let mut bytes = ORDER;
        reduce(&mut bytes);
        assert_eq!(bytes, [0; 32]);
        let mut bytes = [0xff; 32];
        reduce(&mut bytes);
        assert_eq!(
            to_hex(&bytes),
            "000000000000000000000000000000014551231950b75fc4402da1732fc9bebe"
        );
        let mut bytes = [0x7f; 32];
        reduce(&mut bytes);
        assert_eq!(bytes, [0x7f; 32]);
    }

    #[test]
    fn a_short_id_and_a_counter_too_far_derive_nothing() {
        let short = KeysetId::from_hex("015ba18a8adcd02e").unwrap();
        assert!(seed().derive(&short, 0).is_err());
        let old = KeysetId::from_hex("009a1f293253e41e").unwrap();
        assert_eq!(seed().derive(&old, 1 << 31).err().map(|f| f.code), Some("overflow"));
    }
}
