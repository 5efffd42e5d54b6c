//! The file of a vault, and the key that opens it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::body::Body;
use crate::contents::Master;
use crate::envelope::{self, Malformed, TITLE};
use crate::error::VaultError;
use crate::files::{self, MARK, with_suffix};
use crate::keys::KeySource;

/// The largest vault file, in bytes.
pub(crate) const MAX_FILE: u64 = 16 << 20;
/// The largest mark, in bytes.
const MAX_MARK: u64 = 256;

/// A vault that was read and proven.
pub(crate) struct Opened {
    pub(crate) master: Arc<Master>,
    pub(crate) body: Body,
}

/// Where a vault is, and what opens it.
pub(crate) struct Keyhole {
    path: PathBuf,
    source: Arc<dyn KeySource>,
    /// The master key that opened it last; stretching a passphrase takes its time.
    held: Mutex<Option<Arc<Master>>>,
}

/// What is remembered beside a vault: how far it has come. It shows that an older copy was put in its place, unless
/// whoever did it has removed this file, too.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    id: String,
    generation: u64,
}

impl Keyhole {
    pub(crate) fn new(path: &Path, source: Arc<dyn KeySource>) -> Self {
        Self { path: path.to_owned(), source, held: Mutex::new(None) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn source(&self) -> &dyn KeySource {
        &*self.source
    }

    /// Reads the vault as it stands now. Nothing is waited for: a writer puts whole files in place.
    pub(crate) fn read(&self) -> Result<Opened, VaultError> {
        // The mark first: a writer changes it last, so that it never runs ahead of what is read here.
        let mark = read_mark(&self.path)?;
        let file = read_file(&self.path)?;
        let opened = self.prove(file)?;
        if let Some(mark) = mark {
            held_against(&self.path, &mark, &opened.body)?;
        }
        Ok(opened)
    }

    fn prove(&self, file: envelope::Unproven) -> Result<Opened, VaultError> {
        let held = self.held().clone();
        if let Some(master) = held.filter(|master| file.fits(&master.mac)) {
            return Ok(Opened { master, body: file.body });
        }
        let master = Master::unwrap(&file.body, &*self.source)?;
        if !file.fits(&master.mac) {
            return Err(VaultError::Forged(self.path.clone()));
        }
        let master = Arc::new(master);
        self.hold(&master);
        Ok(Opened { master, body: file.body })
    }

    /// Puts a changed vault in place. The caller holds the lock.
    pub(crate) fn write(&self, body: &Body, master: &Arc<Master>) -> Result<(), VaultError> {
        let text = text(body, master)?;
        files::replace(&self.path, &text)?;
        self.hold(master);
        write_mark(&self.path, body)
    }

    pub(crate) fn hold(&self, master: &Arc<Master>) {
        *self.held() = Some(master.clone());
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<Arc<Master>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes a vault where there is none. The caller holds the lock.
pub(crate) fn begin(path: &Path, body: &Body, master: &Master) -> Result<(), VaultError> {
    let text = text(body, master)?;
    // What an earlier vault of this name has left must not stand against the new one.
    if files::stamp(path)?.is_none() {
        forget_mark(path)?;
    }
    files::create(path, &text)?;
    write_mark(path, body)
}

fn text(body: &Body, master: &Master) -> Result<Vec<u8>, VaultError> {
    let text = envelope::write(body, &master.mac).ok_or(crate::KeyError::Library)?;
    if text.len() as u64 > MAX_FILE {
        return Err(VaultError::Unlawful(format!("a vault has at most {MAX_FILE} bytes")));
    }
    Ok(text)
}

fn read_file(path: &Path) -> Result<envelope::Unproven, VaultError> {
    let bytes = files::read_private(path, MAX_FILE)?;
    let bytes = bytes.ok_or_else(|| VaultError::Missing(path.to_owned()))?;
    envelope::read(&bytes).map_err(|why| match why {
        Malformed::Version => VaultError::Version { path: path.to_owned(), known: TITLE },
        Malformed::Damaged(why) => VaultError::damaged(path, why),
    })
}

fn read_mark(path: &Path) -> Result<Option<Mark>, VaultError> {
    let mark = with_suffix(path, MARK);
    let Some(bytes) = files::read_private(&mark, MAX_MARK)? else { return Ok(None) };
    let read = serde_json::from_slice(&bytes).map(Some);
    read.map_err(|_| {
        VaultError::damaged(
            &mark,
            "it does not say how far the vault has come; if the vault is the right one, remove it",
        )
    })
}

fn write_mark(path: &Path, body: &Body) -> Result<(), VaultError> {
    let mark = Mark { id: crate::body::encode(&body.id.0), generation: body.generation };
    let text = serde_json::to_vec(&mark).map_err(|_| crate::KeyError::Library)?;
    files::replace(&with_suffix(path, MARK), &text)
}

fn forget_mark(path: &Path) -> Result<(), VaultError> {
    let mark = with_suffix(path, MARK);
    match std::fs::remove_file(&mark) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(VaultError::io(&mark, "written", e))
        }
        _ => Ok(()),
    }
}

fn held_against(path: &Path, mark: &Mark, body: &Body) -> Result<(), VaultError> {
    let (path, file) = (path.to_owned(), with_suffix(path, MARK));
    if mark.id != crate::body::encode(&body.id.0) {
        return Err(VaultError::Another { path, mark: file });
    }
    if body.generation < mark.generation {
        let (found, seen) = (body.generation, mark.generation);
        return Err(VaultError::RolledBack { path, found, seen, mark: file });
    }
    Ok(())
}
