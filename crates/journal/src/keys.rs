use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use audit::{Signer, hash_text, parse_hash};

use crate::disk::{Disk, replace};
use crate::error::OpenError;
use crate::layout::{self, KEY, KEY_NEXT, PUBLIC_KEY};

/// The key that signs, and the one that takes over if a handover was cut short.
pub(crate) struct Keys {
    pub(crate) signer: Signer,
    pub(crate) next: Option<Signer>,
}

/// Loads the key of a log, or makes one for a log that has no records.
pub(crate) fn load_or_create(
    disk: &dyn Disk,
    dir: &Path,
    origin: &str,
    has_records: bool,
) -> Result<Keys, OpenError> {
    let path = dir.join(KEY);
    let signer = match load(&path, origin)? {
        Some(signer) => signer,
        None if has_records => return Err(OpenError::KeyMissing(path)),
        None => create(disk, &path, origin)?,
    };
    check_origin(dir, origin)?;
    publish(disk, dir, &signer)?;
    Ok(Keys { signer, next: load(&dir.join(KEY_NEXT), origin)? })
}

/// Makes a new key and stores it at `path`, readable by its owner only.
pub(crate) fn create(disk: &dyn Disk, path: &Path, origin: &str) -> Result<Signer, OpenError> {
    let mut seed = [0_u8; 32];
    ambient::random(&mut seed)?;
    let signer = Signer::from_seed(origin, &seed)?;
    let text = format!("{}\n", hash_text(&seed));
    replace(disk, path, text.as_bytes(), true).map_err(OpenError::io("write", path))?;
    Ok(signer)
}

/// Puts the next key in the place of the one that signed until now.
pub(crate) fn promote(disk: &dyn Disk, dir: &Path, signer: &Signer) -> io::Result<()> {
    disk.rename(&dir.join(KEY_NEXT), &dir.join(KEY))?;
    disk.sync_dir(dir)?;
    write_public(disk, dir, signer)
}

/// Writes the public half, if it is not there already.
fn publish(disk: &dyn Disk, dir: &Path, signer: &Signer) -> Result<(), OpenError> {
    let path = dir.join(PUBLIC_KEY);
    let there = layout::read_if_there(&path).map_err(OpenError::io("read", &path))?;
    if there.as_deref() == Some(public_text(signer).as_bytes()) {
        return Ok(());
    }
    write_public(disk, dir, signer).map_err(OpenError::io("write", &path))
}

fn write_public(disk: &dyn Disk, dir: &Path, signer: &Signer) -> io::Result<()> {
    replace(disk, &dir.join(PUBLIC_KEY), public_text(signer).as_bytes(), true)
}

fn public_text(signer: &Signer) -> String {
    format!("{}\n", signer.verifier())
}

fn check_origin(dir: &Path, wanted: &str) -> Result<(), OpenError> {
    let path = dir.join(PUBLIC_KEY);
    let there = layout::read_if_there(&path).map_err(OpenError::io("read", &path))?;
    let text = String::from_utf8_lossy(there.as_deref().unwrap_or_default()).into_owned();
    match text.split_once('+') {
        Some((found, _)) if found != wanted => {
            Err(OpenError::Origin { found: found.to_owned(), wanted: wanted.to_owned() })
        }
        _ => Ok(()),
    }
}

fn load(path: &PathBuf, origin: &str) -> Result<Option<Signer>, OpenError> {
    let Some(bytes) = layout::read_if_there(path).map_err(OpenError::io("read", path))? else {
        return Ok(None);
    };
    let mode = std::fs::metadata(path).map_err(OpenError::io("read", path))?.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(OpenError::KeyMode { path: path.clone(), mode });
    }
    let seed = parse_hash(String::from_utf8_lossy(&bytes).trim());
    let seed = seed.ok_or(OpenError::Key(audit::KeyError::Seed))?;
    Ok(Some(Signer::from_seed(origin, &seed)?))
}
