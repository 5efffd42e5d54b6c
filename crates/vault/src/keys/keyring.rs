use std::path::Path;
use std::time::Duration;

use linux_keyutils::{
    Key as Entry, KeyError as Refusal, KeyPermissionsBuilder, KeyRing, KeyRingIdentifier,
    Permission,
};

use crate::crypto::Key;

/// A place in the kernel's keyring (keyrings(7)) for what the passphrase of one vault was stretched to.
///
/// It is in the keyring of the login session, or of the user's where a login makes none; only who possesses that can find
/// or read it. The kernel forgets it when its time is over or the session ends, and never writes it to a disk. Whatever
/// goes wrong here, there is nothing in it, and that is all.
#[derive(Debug, Clone)]
pub struct Keyring {
    name: String,
    life: Duration,
}

impl Keyring {
    /// The place of the vault at `path`. What is put there stays for `life`, in whole seconds and at least one.
    pub fn of(path: &Path, life: Duration) -> Self {
        let real = path.canonicalize();
        let path = real.as_deref().unwrap_or(path);
        Self { name: format!("portcullis vault {}", path.display()), life }
    }

    /// Whether the kernel has keyrings for this process.
    ///
    /// # Errors
    /// What it says instead, as in containers that are not given any.
    pub fn check() -> Result<(), String> {
        session().map(drop).map_err(|refusal| match refusal {
            Refusal::PermissionDenied => "not permitted (EPERM)".to_owned(),
            // ENOSYS.
            Refusal::Unknown(38) => "the kernel has none (ENOSYS)".to_owned(),
            other => other.to_string(),
        })
    }

    /// Forgets what is there; `false` if there was nothing.
    pub fn forget(&self) -> bool {
        self.entry().is_some_and(|entry| entry.invalidate().is_ok())
    }

    pub(super) fn find(&self) -> Option<Key> {
        let entry = self.entry()?;
        let mut key = Key::default();
        // The kernel says how long it is, which may be longer than what was read.
        (entry.read(&mut key).ok()? == key.len()).then_some(key)
    }

    /// Puts a key there, in the place of another; `false` if the kernel does not take it.
    pub(super) fn keep(&self, key: &Key) -> bool {
        self.put(key).is_ok()
    }

    /// It gets its limits in the keyring of this process, which goes with it, before anybody else can find it.
    fn put(&self, key: &Key) -> Result<(), Refusal> {
        let session = session()?;
        let entry = KeyRing::from_special_id(KeyRingIdentifier::Process, true)?
            .add_key(&self.name, key.as_slice())?;
        entry.set_perms(KeyPermissionsBuilder::builder().posessor(Permission::ALL).build())?;
        let seconds = usize::try_from(self.life.as_secs()).unwrap_or(usize::MAX);
        entry.set_timeout(seconds.max(1))?;
        session.link_key(entry)
    }

    fn entry(&self) -> Option<Entry> {
        session().ok()?.search(&self.name).ok()
    }
}

/// The keyring of this session. None is made: one of this process alone would remember nothing for the next.
fn session() -> Result<KeyRing, Refusal> {
    KeyRing::from_special_id(KeyRingIdentifier::Session, false)
}
