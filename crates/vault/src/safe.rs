use std::path::{Path, PathBuf};
use std::sync::Arc;

use ambient::Clock;
use model::{Secret, SecretName, Timestamp};

use crate::binding::Bindings;
use crate::body::{Body, Bytes, Entry};
use crate::contents::{self, Master};
use crate::error::{KeyError, VaultError};
use crate::files;
use crate::keyhole::{Keyhole, Opened, begin};
use crate::keys::{KeySource, RecoveryKey};

/// A vault in the hands of its operator: everything that can be done to it but getting a value out.
///
/// Each change takes the lock, reads the file as it stands, changes it in memory and puts the whole of it in place. A
/// program that is killed in the middle leaves the old vault or the new one.
pub struct Safe {
    keyhole: Keyhole,
    clock: Clock,
}

/// What may be shown of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: SecretName,
    /// How many values it has had.
    pub version: u64,
    /// Where it may go.
    pub bindings: Bindings,
    /// When it was first set.
    pub created: Timestamp,
    /// When its value was.
    pub changed: Timestamp,
}

impl Safe {
    /// Makes a new vault. The recovery key is to be shown once and kept elsewhere.
    ///
    /// # Errors
    /// There is one already, or it cannot be written.
    pub fn init(
        path: &Path,
        source: Arc<dyn KeySource>,
        clock: Clock,
    ) -> Result<(Self, RecoveryKey), VaultError> {
        let _lock = files::lock(path)?;
        if files::stamp(path)?.is_some() {
            return Err(VaultError::Exists(path.to_owned()));
        }
        let mut id = vec![0; 16];
        ambient::random(&mut id).map_err(KeyError::from)?;
        let mut body =
            Body { id: Bytes(id), generation: 1, epoch: 1, slots: Vec::new(), secrets: Vec::new() };
        let (master, recovery) = (Master::generate()?, RecoveryKey::generate()?);
        body.slots = master.wrap(&body, &[&*source, &recovery])?;
        begin(path, &body, &master)?;
        let keyhole = Keyhole::new(path, source);
        keyhole.hold(&Arc::new(master));
        Ok((Self { keyhole, clock }, recovery))
    }

    /// Opens a vault, to see that it opens.
    ///
    /// # Errors
    /// It is not there, is damaged, or the key is another.
    pub fn open(path: &Path, source: Arc<dyn KeySource>, clock: Clock) -> Result<Self, VaultError> {
        let keyhole = Keyhole::new(path, source);
        keyhole.read()?;
        Ok(Self { keyhole, clock })
    }

    /// Closes the vault with another key, the recovery key in hand. The old key opens it no more, and neither does
    /// the recovery key: a new one is given out.
    ///
    /// # Errors
    /// As for [`Safe::open`]. Nothing is changed then.
    pub fn recover(
        path: &Path,
        recovery: RecoveryKey,
        source: Arc<dyn KeySource>,
        clock: Clock,
    ) -> Result<(Self, RecoveryKey), VaultError> {
        let safe = Self::open(path, Arc::new(recovery), clock)?;
        let fresh = safe.renew(&*source)?;
        Ok((Self { keyhole: Keyhole::new(path, source), clock: safe.clock }, fresh))
    }

    /// Every secret, by name.
    ///
    /// # Errors
    /// The vault cannot be read.
    pub fn list(&self) -> Result<Vec<Listed>, VaultError> {
        let opened = self.keyhole.read()?;
        opened.body.secrets.iter().map(|entry| self.listed(entry)).collect()
    }

    /// Sets a secret: its value, and where it may go. One of this name gets its next version and new bindings.
    ///
    /// # Errors
    /// It is bound to nothing, has no lawful value, or the vault cannot be changed.
    pub fn set(
        &self,
        name: &SecretName,
        value: &Secret<String>,
        bindings: &Bindings,
    ) -> Result<Listed, VaultError> {
        if bindings.is_empty() {
            let why = "a secret that is bound to nothing could be used for nothing: name a host, a program or a webhook";
            return Err(VaultError::Unlawful(why.to_owned()));
        }
        self.change(|opened, now| {
            let (body, master) = (&mut opened.body, &opened.master);
            contents::put(body, master, name, value.reveal(), bindings, now)?;
            body.epoch = body.epoch.saturating_add(1);
            self.named(body, name)
        })
    }

    /// Gives a secret its next value; where it may go stays.
    ///
    /// # Errors
    /// There is none of this name, or as for [`Safe::set`].
    pub fn rotate(&self, name: &SecretName, value: &Secret<String>) -> Result<Listed, VaultError> {
        self.change(|opened, now| {
            let (body, master) = (&mut opened.body, &opened.master);
            let bindings = self.named(body, name)?.bindings;
            contents::put(body, master, name, value.reveal(), &bindings, now)?;
            body.epoch = body.epoch.saturating_add(1);
            self.named(body, name)
        })
    }

    /// Removes a secret.
    ///
    /// # Errors
    /// There is none of this name, or the vault cannot be changed.
    pub fn delete(&self, name: &SecretName) -> Result<(), VaultError> {
        self.change(|opened, _| {
            let at = opened.body.find(name).map_err(|_| VaultError::NoSuch(name.clone()))?;
            opened.body.secrets.remove(at);
            opened.body.epoch = opened.body.epoch.saturating_add(1);
            Ok(())
        })
    }

    /// Makes a new master key: every data key is wrapped anew, values stay as they are. The recovery key is replaced,
    /// too, since the old one would open the old master key.
    ///
    /// # Errors
    /// The vault cannot be changed.
    pub fn rekey(&self) -> Result<RecoveryKey, VaultError> {
        self.renew(self.keyhole.source())
    }

    fn renew(&self, source: &dyn KeySource) -> Result<RecoveryKey, VaultError> {
        self.change(|opened, _| {
            let (master, recovery) = (Master::generate()?, RecoveryKey::generate()?);
            let rewrapped = contents::rewrap(&mut opened.body, &opened.master, &master);
            rewrapped.ok_or_else(|| self.mixed())??;
            opened.body.slots = master.wrap(&opened.body, &[source, &recovery])?;
            opened.body.epoch = opened.body.epoch.saturating_add(1);
            opened.master = Arc::new(master);
            Ok(recovery)
        })
    }

    fn change<T>(
        &self,
        with: impl FnOnce(&mut Opened, u64) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        let _lock = files::lock(self.path())?;
        let mut opened = self.keyhole.read()?;
        let done = with(&mut opened, self.clock.now_millis())?;
        opened.body.generation = opened.body.generation.saturating_add(1);
        self.keyhole.write(&opened.body, &opened.master)?;
        Ok(done)
    }

    fn named(&self, body: &Body, name: &SecretName) -> Result<Listed, VaultError> {
        self.listed(body.entry(name).ok_or_else(|| VaultError::NoSuch(name.clone()))?)
    }

    fn listed(&self, entry: &Entry) -> Result<Listed, VaultError> {
        let damaged = |why| VaultError::damaged(self.path(), why);
        Ok(Listed {
            name: SecretName::new(&entry.name).map_err(damaged)?,
            version: entry.version,
            bindings: entry.bindings().map_err(damaged)?,
            created: Timestamp(entry.created),
            changed: Timestamp(entry.changed),
        })
    }

    fn mixed(&self) -> VaultError {
        VaultError::damaged(self.path(), "a secret in it does not open under its key")
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.keyhole.path()
    }

    /// The files a vault consists of: itself, how far it has come, and the lock of writers.
    pub fn files(path: &Path) -> [PathBuf; 3] {
        [path.to_owned(), files::with_suffix(path, files::MARK), files::with_suffix(path, ".lock")]
    }
}
