use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::{KeySource, key_of};
use crate::crypto::{self, Key};
use crate::error::{KeyError, VaultError};
use crate::files;

const SALT: usize = 16;
/// More than any lawful key has, in bytes.
const MAX_FILE: u64 = 1024;
const LABEL: &str = "portcullis vault slot";

/// 32 random bytes that a machine keeps, written as base64 or as 64 hexadecimal digits.
///
/// Where they are does not matter to the vault: the same key opens it from a file, from a credential of systemd and
/// from the environment. They are looked up each time they are needed, and not kept.
pub struct Material(From);

enum From {
    File(PathBuf),
    Credential(String),
    Variable(String),
}

impl Material {
    /// A file for its owner alone (0600).
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(From::File(path.into()))
    }

    /// A credential that systemd hands over (`LoadCredential=`, `LoadCredentialEncrypted=`).
    pub fn credential(name: impl Into<String>) -> Self {
        Self(From::Credential(name.into()))
    }

    /// A variable of the environment. Every process of the same user can read it: for containers without anything
    /// better.
    pub fn variable(name: impl Into<String>) -> Self {
        Self(From::Variable(name.into()))
    }

    /// Writes a fresh key to a new file (0600). One that exists is never overwritten.
    ///
    /// # Errors
    /// The file is there, or cannot be written.
    pub fn generate(path: &Path) -> Result<Self, VaultError> {
        let key = crypto::random_key()?;
        let mut text = Zeroizing::new(String::with_capacity(64));
        URL_SAFE_NO_PAD.encode_string(key.as_slice(), &mut text);
        text.push('\n');
        files::create(path, text.as_bytes())?;
        Ok(Self::file(path))
    }

    fn key(&self) -> Result<Key, KeyError> {
        match &self.0 {
            From::File(path) => read(path),
            From::Credential(name) => read(&credential(name)?),
            From::Variable(name) => {
                let text = ambient::env(name).map(Zeroizing::new).ok_or_else(|| {
                    KeyError::Unavailable(format!("the environment variable `{name}` is not set"))
                })?;
                parse(&text).ok_or_else(|| malformed(&format!("the environment variable `{name}`")))
            }
        }
    }
}

/// Where systemd has put a credential. Its name is one plain name, never a path.
fn credential(name: &str) -> Result<PathBuf, KeyError> {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    if name.is_empty() || !plain || name.starts_with('.') {
        return Err(KeyError::Unavailable(
            "the name of a credential has A-Z, a-z, 0-9, `-`, `_` and `.`".to_owned(),
        ));
    }
    let dir = ambient::env("CREDENTIALS_DIRECTORY").ok_or_else(|| {
        KeyError::Unavailable(format!(
            "systemd has handed over no credentials: add `LoadCredential={name}:…` to the unit"
        ))
    })?;
    Ok(Path::new(&dir).join(name))
}

fn read(path: &Path) -> Result<Key, KeyError> {
    let text =
        files::read_private(path, MAX_FILE).map_err(|e| KeyError::Unavailable(e.to_string()))?;
    let text = text
        .ok_or_else(|| KeyError::Unavailable(format!("there is no key file {}", path.display())))?;
    let text = std::str::from_utf8(&text).ok();
    text.and_then(parse).ok_or_else(|| malformed(&path.display().to_string()))
}

fn malformed(place: &str) -> KeyError {
    KeyError::Unavailable(format!(
        "{place} does not hold a key: it takes 32 random bytes in base64 or as 64 hexadecimal digits (`openssl rand -base64 32`)"
    ))
}

fn parse(text: &str) -> Option<Key> {
    let text = text.trim_ascii();
    let bytes = if text.len() == 64 { hex(text)? } else { base64(text)? };
    Some(Zeroizing::new(bytes.as_slice().try_into().ok()?))
}

fn base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let url = URL_SAFE_NO_PAD.decode(text);
    url.or_else(|_| STANDARD.decode(text)).ok().map(Zeroizing::new)
}

fn hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let pairs = text.as_bytes().chunks(2);
    let bytes = pairs.map(|pair| Some(digit(pair[0])? << 4 | digit(*pair.get(1)?)?));
    bytes.collect::<Option<Vec<u8>>>().map(Zeroizing::new)
}

impl KeySource for Material {
    fn kind(&self) -> &'static str {
        "key"
    }

    fn wrap(&self, master: &[u8; 32], bound: &[u8]) -> Result<Vec<u8>, KeyError> {
        wrap(&self.key()?, master, bound)
    }

    fn unwrap(&self, wrapped: &[u8], bound: &[u8]) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        unwrap(&self.key()?, wrapped, bound)
    }
}

/// Wraps under random key material: salt, then the sealed master key.
pub(super) fn wrap(material: &Key, master: &[u8; 32], bound: &[u8]) -> Result<Vec<u8>, KeyError> {
    let mut salt = [0; SALT];
    ambient::random(&mut salt)?;
    let key = crypto::derive(material.as_slice(), &salt, LABEL)?;
    Ok([salt.to_vec(), crypto::seal(&key, master, bound)?].concat())
}

pub(super) fn unwrap(
    material: &Key,
    wrapped: &[u8],
    bound: &[u8],
) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let (salt, sealed) = wrapped.split_at_checked(SALT).ok_or(KeyError::Wrong)?;
    let key = crypto::derive(material.as_slice(), salt, LABEL)?;
    key_of(crypto::open(&key, sealed, bound))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_is_read_in_each_of_its_spellings_and_nothing_else_is_one() {
        let hex = "00".repeat(31) + "ff";
        let key = *parse(&hex).unwrap();
        assert_eq!(key[31], 255);
        let (url, standard) = (URL_SAFE_NO_PAD.encode(key), STANDARD.encode(key));
        assert_eq!(*parse(&format!("{url}\n")).unwrap(), key);
        assert_eq!(*parse(&standard).unwrap(), key);
        for bad in ["", "short", &"0".repeat(63), &"g".repeat(64), &"A".repeat(44), "passphrase"] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_key_file_opens_what_it_closed_and_another_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (dir.path().join("one"), dir.path().join("two"));
        let right = Material::generate(&one).unwrap();
        let other = Material::generate(&two).unwrap();
        let wrapped = right.wrap(&[7; 32], b"here").unwrap();
        assert_eq!(*Material::file(&one).unwrap(&wrapped, b"here").unwrap(), [7; 32]);
        assert!(matches!(other.unwrap(&wrapped, b"here"), Err(KeyError::Wrong)));
        assert!(matches!(Material::generate(&one), Err(VaultError::Exists(_))));
    }

    #[test]
    fn a_key_file_that_others_can_read_is_not_used() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let key = Material::generate(&path).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let error = key.wrap(&[7; 32], b"").unwrap_err();
        assert_eq!(error.code(), "key_unavailable");
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }

    #[test]
    fn the_name_of_a_credential_is_no_path() {
        for bad in ["", "../x", "/etc/passwd", ".", "..", "a/b"] {
            assert!(credential(bad).is_err(), "{bad}");
        }
    }
}
