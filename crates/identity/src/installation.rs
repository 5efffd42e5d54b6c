use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ambient::{Clock, NoEntropy};
use model::{Secret, Timestamp};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::key_file::{KeyFile, derive};
use crate::seal::{SealError, Sealer};

const FILE: &str = "installation.key";
/// More than any lawful key file has, in bytes.
const MAX_FILE: u64 = 4096;

/// One installation of Portcullis: its key file, and the keys derived from it.
///
/// The file is made with fresh random keys on first start and never again: where one is that cannot be read, nothing
/// starts. There is no default key. The integrity of the store and the fingerprint hang on the root key, which stays;
/// sealed tokens hang on the sealing key, which can be rotated.
pub struct Installation {
    path: PathBuf,
    keys: KeyFile,
    fingerprint: Fingerprint,
}

/// A public name for an installation: 16 hexadecimal characters derived from its key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fingerprint(String);

/// The installation key cannot be had. Nothing may start.
#[derive(Debug, Error)]
pub enum InstallationError {
    /// The file is there and cannot be read.
    #[error("the installation key {path} cannot be read: {error}")]
    Unreadable {
        /// Where.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The file cannot be written, or its folder not made.
    #[error("the installation key {path} cannot be written: {error}")]
    Unwritable {
        /// Where.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Others may read or change it.
    #[error(
        "{path} has mode {mode:04o}, which lets others at the installation key: run `chmod {wanted} {path}`"
    )]
    Exposed {
        /// The file, or its folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// What to give to `chmod`.
        wanted: &'static str,
    },
    /// It belongs to somebody else.
    #[error("{path} belongs to user {uid}, who could have put any key there")]
    Owner {
        /// Where.
        path: PathBuf,
        /// Whose it is.
        uid: u32,
    },
    /// Its text is not that of a key file.
    #[error("the installation key {path} is damaged: {why}; restore it from a backup")]
    Corrupt {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        why: &'static str,
    },
    /// No randomness to make one.
    #[error("no installation key can be made: {0}")]
    NoEntropy(#[from] NoEntropy),
    /// The cryptographic library failed.
    #[error("a key could not be derived from the installation key")]
    Derivation,
}

impl Installation {
    /// Reads the key file in `dir`, or makes it (and `dir`) if there is none.
    ///
    /// Two programs that start at once end up with one and the same key.
    pub fn load_or_create(dir: &Path) -> Result<Self, InstallationError> {
        let path = dir.join(FILE);
        let unwritable = |error| InstallationError::Unwritable { path: path.clone(), error };
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(unwritable)?;
        match Self::load(dir) {
            Err(InstallationError::Unreadable { error, .. })
                if error.kind() == io::ErrorKind::NotFound && !is_link(&path) => {}
            found => return found,
        }
        let keys = KeyFile::generate()?;
        let temporary = write_beside(&path, &keys.to_text())?;
        // A link, not a rename: it never replaces a key that another program has made meanwhile.
        let linked = std::fs::hard_link(&temporary, &path);
        let _ = std::fs::remove_file(&temporary);
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(unwritable(error)),
            _ => {
                sync_dir(dir).map_err(unwritable)?;
                Self::load(dir)
            }
        }
    }

    /// Reads the key file in `dir`, which must be there.
    pub fn load(dir: &Path) -> Result<Self, InstallationError> {
        let path = dir.join(FILE);
        let keys = read(dir, &path)?;
        let name =
            derive(&keys.root, "portcullis fingerprint").ok_or(InstallationError::Derivation)?;
        let fingerprint = Fingerprint(hex(&name[..8]));
        Ok(Self { path, keys, fingerprint })
    }

    /// What seals tokens for clients. Make a new one after a rotation.
    pub fn sealer(&self, clock: Clock) -> Result<Sealer, SealError> {
        let previous = self.keys.previous.as_ref().map(|(key, until)| (key, *until));
        Sealer::new(&self.keys.sealing, previous, clock)
    }

    /// The key under which the store authenticates its rows.
    pub fn store_key(&self) -> Result<Secret<[u8; 32]>, InstallationError> {
        let key = derive(&self.keys.root, "portcullis store integrity");
        Ok(Secret::new(*key.ok_or(InstallationError::Derivation)?))
    }

    /// The secret that the keys of the books are derived from.
    pub fn ledger_key(&self) -> Result<Secret<[u8; 32]>, InstallationError> {
        let key = derive(&self.keys.root, "portcullis ledger");
        Ok(Secret::new(*key.ok_or(InstallationError::Derivation)?))
    }

    /// A public name for this installation.
    pub const fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// Makes a fresh sealing key. What was sealed before opens for `overlap` from `now` on; what was sealed before the
    /// last rotation opens no more. A running gate takes it up when it loads the installation again.
    pub fn rotate_sealing_key(
        &mut self,
        overlap: Duration,
        now: Timestamp,
    ) -> Result<(), InstallationError> {
        let dir = self.path.parent().unwrap_or(Path::new("."));
        let unwritable = |error| InstallationError::Unwritable { path: self.path.clone(), error };
        // From the file, not from memory: another program may have rotated it since.
        let mut keys = read(dir, &self.path)?;
        keys.rotate(now.after(overlap).as_millis())?;
        let temporary = write_beside(&self.path, &keys.to_text())?;
        std::fs::rename(&temporary, &self.path).map_err(unwritable)?;
        sync_dir(dir).map_err(unwritable)?;
        self.keys = keys;
        Ok(())
    }
}

impl fmt::Debug for Installation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.fingerprint.0;
        f.debug_struct("Installation").field("fingerprint", name).finish_non_exhaustive()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn read(dir: &Path, path: &Path) -> Result<KeyFile, InstallationError> {
    let unreadable = |error| InstallationError::Unreadable { path: path.to_owned(), error };
    let file = File::open(path).map_err(unreadable)?;
    private(dir, &std::fs::metadata(dir).map_err(unreadable)?, 0o022, "700")?;
    // Of the open file: nobody can put another in its place between the look and the reading.
    private(path, &file.metadata().map_err(unreadable)?, 0o077, "600")?;
    let mut text = Zeroizing::new(String::with_capacity(4096));
    file.take(MAX_FILE).read_to_string(&mut text).map_err(unreadable)?;
    KeyFile::parse(&text).map_err(|why| InstallationError::Corrupt { path: path.to_owned(), why })
}

fn private(
    path: &Path,
    found: &std::fs::Metadata,
    forbidden: u32,
    wanted: &'static str,
) -> Result<(), InstallationError> {
    let (mode, uid) = (found.mode() & 0o7777, found.uid());
    if mode & forbidden != 0 {
        return Err(InstallationError::Exposed { path: path.to_owned(), mode, wanted });
    }
    if !trusted(uid, rustix::process::geteuid().as_raw()) {
        return Err(InstallationError::Owner { path: path.to_owned(), uid });
    }
    Ok(())
}

/// Whether what `owner` put there can be believed: we did, or root, who can do everything anyway.
pub(crate) const fn trusted(owner: u32, us: u32) -> bool {
    owner == 0 || owner == us
}

/// Writes a new file beside `path`, for its owner alone, and makes it durable.
fn write_beside(path: &Path, text: &str) -> Result<PathBuf, InstallationError> {
    let mut tag = [0; 8];
    ambient::random(&mut tag)?;
    let beside = path.with_extension(format!("new-{:016x}", u64::from_be_bytes(tag)));
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(|error| {
        let _ = std::fs::remove_file(&beside);
        InstallationError::Unwritable { path: path.to_owned(), error }
    })?;
    Ok(beside)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A link that leads nowhere is a key that cannot be read, not one that was never made.
fn is_link(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
