//! What a vault promises, held against real files, real processes and a real socket.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod crash;
mod daemon;
mod damage;
mod keyring;
mod lifecycle;
mod together;

use std::path::PathBuf;
use std::sync::Arc;

use ambient::Clock;
use model::{NoSecret, Secret, SecretName, Secrets as _, Usage};
use vault::{Bindings, Material, RecoveryKey, Safe, Vault};

const HOST: &str = "api.example.com";

/// A vault in a folder of its own, closed with a key file.
struct House {
    dir: tempfile::TempDir,
    safe: Safe,
    recovery: RecoveryKey,
}

fn name(text: &str) -> SecretName {
    SecretName::new(text).unwrap()
}

fn text(value: &str) -> Secret<String> {
    Secret::new(value.to_owned())
}

fn bound() -> Bindings {
    Bindings::parse(&[HOST.to_owned()], &[], &[]).unwrap()
}

impl House {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let key = Arc::new(Material::generate(&dir.path().join("key")).unwrap());
        let (safe, recovery) =
            Safe::init(&dir.path().join("vault"), key, Clock::manual(1_000)).unwrap();
        Self { dir, safe, recovery }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("vault")
    }

    fn key(&self) -> Arc<Material> {
        Arc::new(Material::file(self.dir.path().join("key")))
    }

    fn set(&self, n: &str, value: &str) {
        self.safe.set(&name(n), &text(value), &bound()).unwrap();
    }

    fn vault(&self) -> Vault {
        Vault::open(&self.path(), self.key()).unwrap()
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.path()).unwrap()
    }
}

/// The value for the host that every secret of these tests is bound to.
async fn value(vault: &Vault, n: &str) -> Result<String, NoSecret> {
    let secret = vault.secret(&name(n), Usage::Host(HOST, 443)).await?;
    Ok(secret.reveal().clone())
}
