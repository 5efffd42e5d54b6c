use std::fmt::Write as _;

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::api_key::hash;

/// First line of the file; a later layout gets another number.
const TITLE: &str = "portcullis installation key 1";

pub(crate) type Bytes32 = Zeroizing<[u8; 32]>;

/// What the key file of an installation holds.
///
/// ```text
/// portcullis installation key 1
/// root = BASE64URL
/// sealing = ID BASE64URL
/// previous = ID BASE64URL UNTIL-MILLISECONDS     (only after a rotation)
/// check = BASE64URL                              (SHA-256 of all lines above)
/// ```
///
/// The check is there for accidents: a damaged key would otherwise be another key, and every session and pin a forgery.
pub(crate) struct KeyFile {
    pub(crate) root: Bytes32,
    pub(crate) sealing: SealingKey,
    /// The sealing key before, and until when it still opens.
    pub(crate) previous: Option<(SealingKey, u64)>,
}

/// Random material that the keys of a sealer are derived from.
pub(crate) struct SealingKey {
    pub(crate) id: u8,
    material: Bytes32,
}

impl KeyFile {
    pub(crate) fn generate() -> Result<Self, ambient::NoEntropy> {
        Ok(Self { root: random()?, sealing: SealingKey::generate(1)?, previous: None })
    }

    /// Puts a fresh sealing key in; the one before opens until `until`. An older one is forgotten.
    pub(crate) fn rotate(&mut self, until: u64) -> Result<(), ambient::NoEntropy> {
        let fresh = SealingKey::generate(self.sealing.id.wrapping_add(1))?;
        self.previous = Some((std::mem::replace(&mut self.sealing, fresh), until));
        Ok(())
    }

    pub(crate) fn to_text(&self) -> Zeroizing<String> {
        let key = |bytes: &Bytes32| Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()));
        // Room for everything, so that growing leaves no copy behind.
        let mut text = Zeroizing::new(String::with_capacity(512));
        let _ = writeln!(text, "{TITLE}\nroot = {}", *key(&self.root));
        let _ = writeln!(text, "sealing = {} {}", self.sealing.id, *key(&self.sealing.material));
        if let Some((previous, until)) = &self.previous {
            let _ =
                writeln!(text, "previous = {} {} {until}", previous.id, *key(&previous.material));
        }
        let check = check(&text);
        let _ = writeln!(text, "check = {check}");
        text
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// What is wrong with it. The message holds nothing of the key.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let at = text.rfind("check = ").ok_or("it has no `check` line")?;
        let (body, last) = text.split_at(at);
        if last.strip_prefix("check = ").map(str::trim_end) != Some(check(body).as_str()) {
            return Err("its check does not fit: it was damaged or edited");
        }
        let mut lines = body.lines();
        if lines.next() != Some(TITLE) {
            return Err("its first line is not one this version knows");
        }
        let root = lines.next().and_then(|l| l.strip_prefix("root = "));
        let root = root.and_then(key_of).ok_or("it has no lawful `root` line")?;
        let sealing = lines.next().and_then(|l| l.strip_prefix("sealing = "));
        let sealing =
            sealing.and_then(SealingKey::parse).ok_or("it has no lawful `sealing` line")?;
        let previous = match lines.next() {
            Some(line) => Some(previous(line).ok_or("it has an unlawful `previous` line")?),
            None => None,
        };
        if lines.next().is_some() {
            return Err("it has more lines than it should");
        }
        Ok(Self { root, sealing, previous })
    }
}

impl SealingKey {
    fn generate(id: u8) -> Result<Self, ambient::NoEntropy> {
        Ok(Self { id, material: random()? })
    }

    #[cfg(test)]
    pub(crate) fn new(id: u8, material: [u8; 32]) -> Self {
        Self { id, material: Zeroizing::new(material) }
    }

    /// The key for one purpose.
    pub(crate) fn derive(&self, label: &str) -> Option<Bytes32> {
        derive(&self.material, label)
    }

    fn parse(text: &str) -> Option<Self> {
        let (id, material) = text.split_once(' ')?;
        Some(Self { id: id.parse().ok()?, material: key_of(material)? })
    }
}

fn previous(line: &str) -> Option<(SealingKey, u64)> {
    let (key, until) = line.strip_prefix("previous = ")?.rsplit_once(' ')?;
    Some((SealingKey::parse(key)?, until.parse().ok()?))
}

/// HKDF-SHA-256 (RFC 5869) of a random secret, under a label that names the use.
pub(crate) fn derive(secret: &Bytes32, label: &str) -> Option<Bytes32> {
    struct Len;
    impl KeyType for Len {
        fn len(&self) -> usize {
            32
        }
    }
    let mut out = Bytes32::default();
    let label = [label.as_bytes()];
    let prk = Salt::new(HKDF_SHA256, b"portcullis").extract(secret.as_slice());
    prk.expand(&label, Len).ok()?.fill(out.as_mut_slice()).ok()?;
    Some(out)
}

fn random() -> Result<Bytes32, ambient::NoEntropy> {
    let mut out = Bytes32::default();
    ambient::random(out.as_mut_slice())?;
    Ok(out)
}

fn key_of(text: &str) -> Option<Bytes32> {
    let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
    Some(Zeroizing::new(bytes.as_slice().try_into().ok()?))
}

fn check(body: &str) -> String {
    URL_SAFE_NO_PAD.encode(hash(body.as_bytes()))
}
