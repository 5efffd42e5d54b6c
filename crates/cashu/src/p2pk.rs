//! Ecash locked to keys (NUT-11).

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use secp256k1::{Keypair, SecretKey, XOnlyPublicKey, schnorr};
use serde::Deserialize;

use crate::bytes::{array_from_hex, to_hex};
use crate::fault::Fault;
use crate::lock::WellKnown;
use crate::mint::BlindedMessage;
use crate::point::Point;
use crate::proof::Proof;

/// What signatures cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SigFlag {
    /// Each input its own secret.
    #[default]
    Inputs,
    /// The first input all inputs and outputs.
    All,
}

/// The conditions of a `P2PK` lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct P2pk {
    /// Keys that may sign until the lock expires, and after; the first is the lock's `data`.
    pub keys: Vec<Point>,
    /// How many of them must.
    pub needed: usize,
    /// When the lock expires, in seconds since 1970; never, if absent.
    pub locktime: Option<u64>,
    /// Keys that may sign once it has expired; with none, everybody may spend it then.
    pub refund: Vec<Point>,
    /// How many of those must.
    pub refund_needed: usize,
    /// What signatures cover.
    pub sig_flag: SigFlag,
}

const BAD: Fault = Fault::new("lock", "the lock is malformed: nothing opens it");
const UNSIGNED: Fault =
    Fault::new("bad_signature", "signatures that the lock asks for are missing");

impl P2pk {
    /// Reads the conditions strictly, as a mint must: each tag once, known flags, no more signatures than keys.
    ///
    /// # Errors
    /// `lock`.
    pub fn read(lock: &WellKnown) -> Result<Self, Fault> {
        if lock.kind != "P2PK" {
            return Err(Fault::new("lock", "a lock of a kind that is not understood"));
        }
        let mut read = Self {
            keys: vec![Point::from_hex(&lock.data).ok_or(BAD)?],
            needed: 1,
            locktime: None,
            refund: Vec::new(),
            refund_needed: 1,
            sig_flag: SigFlag::Inputs,
        };
        let mut seen: Vec<&str> = Vec::new();
        for tag in &lock.tags {
            let (name, values) = tag.split_first().ok_or(BAD)?;
            if seen.contains(&name.as_str()) {
                return Err(BAD);
            }
            seen.push(name);
            read.tag(name, values)?;
        }
        let refundable = read.refund.is_empty() && !seen.contains(&"n_sigs_refund")
            || read.refund_needed <= read.refund.len();
        if read.needed > read.keys.len() || !refundable {
            return Err(BAD);
        }
        Ok(read)
    }

    fn tag(&mut self, name: &str, values: &[String]) -> Result<(), Fault> {
        match (name, values) {
            ("sigflag", [flag]) if flag == "SIG_INPUTS" => self.sig_flag = SigFlag::Inputs,
            ("sigflag", [flag]) if flag == "SIG_ALL" => self.sig_flag = SigFlag::All,
            ("pubkeys", values) => self.keys.extend(points(values)?),
            ("refund", values) => self.refund = points(values)?,
            ("n_sigs", [count]) => self.needed = count_of(count)?,
            ("n_sigs_refund", [count]) => self.refund_needed = count_of(count)?,
            ("locktime", [time]) => self.locktime = Some(time.parse().map_err(|_| BAD)?),
            ("sigflag" | "n_sigs" | "n_sigs_refund" | "locktime", _) => return Err(BAD),
            // Names that are not understood promise nothing that a mint enforces.
            _ => {}
        }
        Ok(())
    }

    /// Whether signatures open the lock at `now`, in seconds since 1970. `signed` is the text that they sign: the
    /// secret of the proof, or what [`signing_text_of_swap`] makes where the flag is [`SigFlag::All`].
    ///
    /// # Errors
    /// `bad_signature`.
    pub fn verify(&self, signed: &str, witness: Option<&str>, now: u64) -> Result<(), Fault> {
        let expired = self.locktime.is_some_and(|time| now > time);
        if expired && self.refund.is_empty() {
            return Ok(());
        }
        let signatures = witness.and_then(signatures).unwrap_or_default();
        let enough = |keys, needed| signers(keys, signed, &signatures) >= needed;
        if enough(&self.keys, self.needed) || expired && enough(&self.refund, self.refund_needed) {
            return Ok(());
        }
        Err(UNSIGNED)
    }
}

fn points(values: &[String]) -> Result<Vec<Point>, Fault> {
    values.iter().map(|text| Point::from_hex(text).ok_or(BAD)).collect()
}

fn count_of(text: &str) -> Result<usize, Fault> {
    text.parse().ok().filter(|count| *count > 0).ok_or(BAD)
}

/// How many of the keys signed, each counted once whatever its parity and however often it is named or signs.
fn signers(keys: &[Point], signed: &str, signatures: &[schnorr::Signature]) -> usize {
    let mut x: Vec<[u8; 32]> = keys.iter().map(|key| key.x_only()).collect();
    x.sort_unstable();
    x.dedup();
    let hash = digest(&SHA256, signed.as_bytes());
    let verifies = |key: &&[u8; 32]| {
        let Ok(key) = XOnlyPublicKey::from_byte_array(**key) else { return false };
        signatures.iter().any(|one| key.verify(hash.as_ref(), one).is_ok())
    };
    x.iter().filter(verifies).count()
}

#[derive(Deserialize)]
struct Witness {
    #[serde(default)]
    signatures: Vec<String>,
}

fn signatures(witness: &str) -> Option<Vec<schnorr::Signature>> {
    let read: Witness = serde_json::from_str(witness).ok()?;
    let signature =
        |text: &String| Some(schnorr::Signature::from_byte_array(array_from_hex(text)?));
    read.signatures.iter().map(signature).collect()
}

/// The key that opens a lock. No `Debug`, `Clone` or `Serialize`.
pub struct SpendingKey(SecretKey);

impl SpendingKey {
    /// A scalar from 1 to the order of the curve less one; `None` for the few other values.
    pub fn from_bytes(bytes: [u8; 32]) -> Option<Self> {
        SecretKey::from_secret_bytes(bytes).ok().map(Self)
    }

    /// The key to be locked to.
    pub fn point(&self) -> Point {
        Point(self.0.public_key())
    }

    /// Signs a text, with 32 fresh random bytes (BIP-340): 128 hexadecimal digits, over its SHA-256.
    pub fn sign(&self, text: &str, random: &[u8; 32]) -> String {
        let mut pair = Keypair::from_secret_key(&self.0);
        let hash = digest(&SHA256, text.as_bytes());
        let signature = schnorr::sign_with_aux_rand(hash.as_ref(), &pair, random);
        pair.non_secure_erase();
        to_hex(&signature.to_byte_array())
    }

    /// The witness that opens a proof locked to this key alone.
    pub fn witness(&self, signed: &str, random: &[u8; 32]) -> String {
        format!("{{\"signatures\":[\"{}\"]}}", self.sign(signed, random))
    }
}

impl Drop for SpendingKey {
    fn drop(&mut self) {
        self.0.non_secure_erase();
    }
}

/// What a signature over all of a swap signs (`SIG_ALL`): secrets and signatures of the inputs, amounts and messages of
/// the outputs, in order.
pub fn signing_text_of_swap(inputs: &[Proof], outputs: &[BlindedMessage]) -> String {
    let mut text = String::new();
    for input in inputs {
        text.push_str(input.secret.reveal());
        text.push_str(&input.c.to_hex());
    }
    for output in outputs {
        // Writing to a text has nothing to fail on.
        let _ = write!(text, "{}{}", output.amount, output.b.to_hex());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIMPLE: &str = r#"["P2PK",{"nonce":"859d4935c4907062a6297cf4e663e2835d90d97ecdd510745d32f6816323a41f","data":"0249098aa8b9d2fbec49ff8598feb17b592b986e62319a4fa488a3dc36387157a7","tags":[["sigflag","SIG_INPUTS"]]}]"#;
    const SIMPLE_SIGNED: &str = "60f3c9b766770b46caac1d27e1ae6b77c8866ebaeba0b9489fe6a15a837eaa6fcd6eaa825499c72ac342983983fd3ba3a8a41f56677cc99ffd73da68b59e1383";
    const MULTI: &str = r#"["P2PK",{"nonce":"395162bf2d0add3c66aea9f22c45251dbee6e04bd9282addbb366a94cd4fb482","data":"03ab50a667926fac858bac540766254c14b2b0334d10e8ec766455310224bbecf4","tags":[["locktime","21"],["pubkeys","0229a91adec8dd9badb228c628a07fc1bf707a9b7d95dd505c490b1766fa7dc541","033281c37677ea273eb7183b783067f5244933ef78d8c3f15b1a77cb246099c26e"],["n_sigs","2"],["refund","03ab50a667926fac858bac540766254c14b2b0334d10e8ec766455310224bbecf4","033281c37677ea273eb7183b783067f5244933ef78d8c3f15b1a77cb246099c26e"]]}]"#;
    const TWO: [&str; 2] = [
        "6a4dd46f929b4747efe7380d655be5cfc0ea943c679a409ea16d4e40968ce89de885d995937d5b85f24fa33a25df10990c5e11d5397199d779d5cf87d42f6627",
        "0c266fffe2ea2358fb93b5d30dfbcefe52a5bb53d6c85f37d54723613224a256165d20dd095768f168ab2e97bc5a879f7c2a84eee8963c9bcedcd39552dbe093",
    ];
    const REFUND: &str = "d39631363480adf30433ee25c7cec28237e02b4808d4143469d4f390d4eae6ec97d18ba3cc6494ab1d04372f0838426ea296f25cb4bd8bddb296adc292eeaa96";

    fn witness(signatures: &[&str]) -> String {
        serde_json::json!({ "signatures": signatures }).to_string()
    }

    fn opens(secret: &str, signatures: &[&str], now: u64) -> bool {
        let lock = P2pk::read(&WellKnown::read(secret).unwrap()).unwrap();
        lock.verify(secret, Some(&witness(signatures)), now).is_ok()
    }

    #[test]
    fn signatures_of_the_specification_open_their_locks_and_others_do_not() {
        assert!(opens(SIMPLE, &[SIMPLE_SIGNED], 0));
        assert!(!opens(SIMPLE, &[TWO[0]], 0));
        assert!(!opens(SIMPLE, &[], 0));
        assert!(opens(MULTI, &TWO, 0), "before the lock expires");
        assert!(opens(MULTI, &TWO, 22), "and after");
        assert!(!opens(MULTI, &[TWO[0], TWO[0]], 0), "one key signing twice is one");
        assert!(!opens(MULTI, &[REFUND], 21), "the refund waits until the time has passed");
        assert!(opens(MULTI, &[REFUND], 22));
    }

    #[test]
    fn an_expired_lock_without_refund_keys_is_open_to_all() {
        let secret = SIMPLE.replace(r#"["sigflag","SIG_INPUTS"]"#, r#"["locktime","100"]"#);
        assert!(!opens(&secret, &[], 100));
        assert!(opens(&secret, &[], 101));
    }

    #[test]
    fn a_malformed_lock_is_opened_by_nothing() {
        for bad in [
            r#"["n_sigs","2"]"#,
            r#"["n_sigs","0"]"#,
            r#"["n_sigs","-1"]"#,
            r#"["n_sigs"]"#,
            r#"["sigflag","SIG_SOME"]"#,
            r#"["locktime","soon"]"#,
            r#"["n_sigs","1"],["n_sigs","1"]"#,
            r#"["pubkeys","02"]"#,
            r#"["n_sigs_refund","1"]"#,
            r"[]",
        ] {
            let secret = SIMPLE.replace(r#"["sigflag","SIG_INPUTS"]"#, bad);
            let read = P2pk::read(&WellKnown::read(&secret).unwrap());
            assert_eq!(read.map_err(|f| f.code), Err("lock"), "{bad}");
        }
        let other = WellKnown::new("HTLC", "00", Vec::new(), &[0; 32]);
        assert!(P2pk::read(&other).is_err());
    }

    #[test]
    fn a_lock_to_a_key_is_opened_by_that_key() {
        let key = SpendingKey::from_bytes([7; 32]).unwrap();
        let other = SpendingKey::from_bytes([8; 32]).unwrap();
        let lock = WellKnown::new("P2PK", &key.point().to_hex(), Vec::new(), &[1; 32]);
        let secret = lock.secret().ok().unwrap();
        let conditions = P2pk::read(&lock).unwrap();
        let text = secret.reveal();
        assert_eq!(conditions.verify(text, Some(&key.witness(text, &[2; 32])), 0), Ok(()));
        for bad in
            [None, Some(other.witness(text, &[2; 32])), Some(key.witness("another", &[2; 32]))]
        {
            assert!(conditions.verify(text, bad.as_deref(), 0).is_err());
        }
    }
}
