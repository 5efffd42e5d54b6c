use std::io::Read as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use packs::{Code, Digest, Files, MAX_BYTES, MAX_FILE, MAX_FILES, Pack, PackError};

use crate::config::Loaded;

/// Most entries of a folder that are looked at, folders among them.
const MOST: usize = 4 * MAX_FILES;

/// The files of a folder, links refused, read once: what is read here is what is used.
pub(super) fn read(dir: &Path) -> Result<Files, PackError> {
    let mut walk = Walk { root: dir, files: Vec::new(), bytes: 0, looked: 0 };
    walk.folder(dir, "", 0)?;
    Files::new(walk.files)
}

struct Walk<'a> {
    root: &'a Path,
    files: Vec<(String, Vec<u8>)>,
    bytes: usize,
    looked: usize,
}

impl Walk<'_> {
    fn folder(&mut self, dir: &Path, within: &str, depth: usize) -> Result<(), PackError> {
        let unreadable = |e| missing(dir, &e);
        for entry in std::fs::read_dir(dir).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            self.looked += 1;
            if self.looked > MOST || depth > 8 {
                return Err(self.wrong("", "holds more than a pack may"));
            }
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                return Err(self.wrong(&name.to_string_lossy(), "is no name of a file of a pack"));
            };
            let name = if within.is_empty() { name.to_owned() } else { format!("{within}/{name}") };
            let kind = entry.file_type().map_err(unreadable)?;
            if kind.is_dir() {
                self.folder(&entry.path(), &name, depth + 1)?;
            } else if kind.is_file() {
                self.file(&entry.path(), name)?;
            } else {
                return Err(self.wrong(&name, "is a link, or no file"));
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, name: String) -> Result<(), PackError> {
        let unreadable = |e| missing(path, &e);
        // Neither a link nor a pipe that took the place of the file meanwhile.
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        let flags = i32::try_from(flags.bits()).unwrap_or_default();
        let file = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path);
        let file = file.map_err(unreadable)?;
        if !file.metadata().map_err(unreadable)?.is_file() {
            return Err(self.wrong(&name, "is a link, or no file"));
        }
        let mut content = Vec::new();
        file.take(MAX_FILE as u64 + 1).read_to_end(&mut content).map_err(unreadable)?;
        self.bytes += content.len();
        if content.len() > MAX_FILE || self.bytes > MAX_BYTES {
            return Err(self.wrong(&name, "makes the pack larger than one may be"));
        }
        self.files.push((name, content));
        Ok(())
    }

    fn wrong(&self, name: &str, what: &str) -> PackError {
        let at = self.root.join(name);
        PackError::new(Code::File, format!("`{}` {what}", at.display()))
    }
}

fn missing(path: &Path, error: &std::io::Error) -> PackError {
    PackError::new(Code::Missing, format!("{} cannot be read: {error}", path.display()))
}

/// The copy of a pack that was approved earlier, if there is one and it still is that pack.
pub fn kept(loaded: &Loaded, digest: Digest) -> Option<Pack> {
    let pack = Pack::read(read(&copy(loaded, digest)).ok()?).ok()?;
    (pack.digest == digest).then_some(pack)
}

/// Keeps a copy of an approved pack, so that what changes later can be told.
///
/// # Errors
/// The state folder cannot be written.
pub fn keep(loaded: &Loaded, pack: &Pack) -> std::io::Result<()> {
    if kept(loaded, pack.digest).is_some() {
        return Ok(());
    }
    let place = copy(loaded, pack.digest);
    for (name, content) in pack.files().iter() {
        let path = place.join(name);
        if let Some(dir) = path.parent() {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        }
        std::fs::write(path, content)?;
    }
    Ok(())
}

fn copy(loaded: &Loaded, digest: Digest) -> PathBuf {
    loaded.state_dir().join("packs").join(digest.hex())
}
