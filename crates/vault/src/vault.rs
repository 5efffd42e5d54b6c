use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use model::{Given, NoSecret, Secret, SecretName, Secrets, Usage};
use tokio::sync::{Mutex as Turn, oneshot};
use zeroize::Zeroizing;

use crate::contents;
use crate::error::VaultError;
use crate::files::{self, Stamp};
use crate::keyhole::{Keyhole, Opened};
use crate::keys::KeySource;

/// A vault that gives out secrets, each for what it is bound to.
///
/// The file is looked at before every answer, and read again when it is another one: a rotated secret is the new one
/// from the next call on. A file that cannot be read any more gives out nothing, not even what was read before.
pub struct Vault(Arc<Inner>);

struct Inner {
    keyhole: Keyhole,
    read: Mutex<Option<Read>>,
    /// One reader at a time, whoever else waits for it.
    turn: Turn<()>,
}

#[derive(Clone)]
struct Read {
    stamp: Stamp,
    opened: Arc<Opened>,
}

impl Vault {
    /// Opens a vault. Reads files and may stretch a passphrase: it takes a moment.
    ///
    /// # Errors
    /// It is not there, is damaged, or the key is another.
    pub fn open(path: &Path, source: Arc<dyn KeySource>) -> Result<Self, VaultError> {
        let keyhole = Keyhole::new(path, source);
        let inner = Inner { keyhole, read: Mutex::new(None), turn: Turn::new(()) };
        inner.reread()?;
        Ok(Self(Arc::new(inner)))
    }

    /// The same, when it is needed first: for a gate that starts before its vault is there.
    pub fn closed(path: &Path, source: Arc<dyn KeySource>) -> Self {
        let keyhole = Keyhole::new(path, source);
        Self(Arc::new(Inner { keyhole, read: Mutex::new(None), turn: Turn::new(()) }))
    }

    /// The epoch as it stands: it rises with every change that ends a value.
    pub(crate) async fn epoch(&self) -> Result<u64, NoSecret> {
        Ok(self.current().await?.body.epoch)
    }

    /// The value, wiped when it is dropped.
    pub(crate) async fn value(
        &self,
        name: &SecretName,
        usage: Usage<'_>,
    ) -> Result<Zeroizing<String>, NoSecret> {
        let opened = self.current().await?;
        let entry = opened.body.entry(name).ok_or_else(|| NoSecret::Missing(name.clone()))?;
        let bindings = entry.bindings().map_err(NoSecret::Unavailable)?;
        if !bindings.permit(usage) {
            return Err(NoSecret::NotFor(name.clone(), wanted(usage)));
        }
        contents::value(&opened.body, entry, &opened.master).ok_or_else(|| {
            NoSecret::Unavailable(format!("the secret `{name}` does not open under its key"))
        })
    }

    async fn current(&self) -> Result<Arc<Opened>, NoSecret> {
        if let Some(opened) = self.0.fresh()? {
            return Ok(opened);
        }
        let _turn = self.0.turn.lock().await;
        // Somebody else may have read it meanwhile.
        if let Some(opened) = self.0.fresh()? {
            return Ok(opened);
        }
        self.reread().await
    }

    /// Reads the file on a thread of its own: a new passphrase slot takes long to open.
    async fn reread(&self) -> Result<Arc<Opened>, NoSecret> {
        let (tell, told) = oneshot::channel();
        let inner = self.0.clone();
        let thread = std::thread::Builder::new().name("vault".to_owned()).spawn(move || {
            // Nobody waits for it any more: the next one finds what was read.
            let _ = tell.send(inner.reread());
        });
        thread.map_err(|e| NoSecret::Unavailable(format!("no thread to read it: {e}")))?;
        let read = told.await.map_err(|_| NoSecret::Unavailable("its reader ended".to_owned()))?;
        read.map_err(|e| unavailable(&e))
    }
}

impl Inner {
    /// What was read, if the file is still the same.
    fn fresh(&self) -> Result<Option<Arc<Opened>>, NoSecret> {
        let stamp = files::stamp(self.keyhole.path()).map_err(|e| unavailable(&e))?;
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(read.as_ref().filter(|read| Some(read.stamp) == stamp).map(|read| read.opened.clone()))
    }

    fn reread(&self) -> Result<Arc<Opened>, VaultError> {
        // The stamp first: if the file changes in between, the next look finds another stamp and reads again.
        let stamp = files::stamp(self.keyhole.path())?;
        let missing = || VaultError::Missing(self.keyhole.path().to_owned());
        let stamp = stamp.ok_or_else(missing)?;
        let opened = Arc::new(self.keyhole.read()?);
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = read.as_ref() {
            before.not_older(&opened, self.keyhole.path())?;
        }
        *read = Some(Read { stamp, opened: opened.clone() });
        Ok(opened)
    }
}

impl Read {
    /// A running program needs no file to remember how far the vault has come.
    fn not_older(&self, now: &Opened, path: &Path) -> Result<(), VaultError> {
        let (seen, found) = (self.opened.body.generation, now.body.generation);
        let mark = files::with_suffix(path, files::MARK);
        let path = path.to_owned();
        if self.opened.body.id != now.body.id {
            return Err(VaultError::Another { path, mark });
        }
        if found < seen {
            return Err(VaultError::RolledBack { path, found, seen, mark });
        }
        Ok(())
    }
}

impl Secrets for Vault {
    fn secret<'a>(&'a self, name: &'a SecretName, usage: Usage<'a>) -> Given<'a> {
        Box::pin(async move {
            let value = self.value(name, usage).await?;
            Ok(Secret::new(value.as_str().to_owned()))
        })
    }
}

pub(crate) fn unavailable(error: &VaultError) -> NoSecret {
    NoSecret::Unavailable(format!("{}: {error}", error.code()))
}

/// What a secret was wanted for, as a person reads it.
pub(crate) fn wanted(usage: Usage<'_>) -> String {
    match usage {
        Usage::Host(host, port) => format!("{host}:{port}"),
        Usage::Program(path) => path.display().to_string(),
        Usage::Verify(name) => format!("webhook `{name}`"),
        Usage::Wallet => "the wallet".to_owned(),
    }
}
