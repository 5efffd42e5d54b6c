//! Files that only their owner may see, written so that a crash leaves the old or the new and nothing between.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;
use zeroize::Zeroizing;

use crate::error::VaultError;

/// How often a lock is tried before another writer counts as stuck, and the pause between.
const TRIES: u32 = 200;
const PAUSE: Duration = Duration::from_millis(50);

/// What tells one state of a file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    inode: (u64, u64),
    size: u64,
    changed: (i64, i64),
}

/// The stamp of the file as it stands now; `None` if there is none.
pub(crate) fn stamp(path: &Path) -> Result<Option<Stamp>, VaultError> {
    match path.symlink_metadata() {
        Ok(found) => Ok(Some(Stamp {
            inode: (found.dev(), found.ino()),
            size: found.size(),
            changed: (found.ctime(), found.ctime_nsec()),
        })),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(VaultError::io(path, "read", e)),
    }
}

/// Reads a file that belongs to us and that nobody else may see; `None` if there is none. Links are not followed.
pub(crate) fn read_private(
    path: &Path,
    max: u64,
) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
    let file = match open(path, OpenOptions::new().read(true)) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(refused(path, "read", e)),
    };
    // Of the open file: nobody can put another in its place between the look and the reading.
    private(path, &file)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    let read = file.take(max + 1).read_to_end(&mut bytes);
    read.map_err(|e| VaultError::io(path, "read", e))?;
    if bytes.len() as u64 > max {
        return Err(VaultError::damaged(path, format!("it has more than {max} bytes")));
    }
    Ok(Some(bytes))
}

/// Writes a new file (0600). One that is there already is never touched.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let dir = folder(path)?;
    let written = |error| VaultError::io(path, "written", error);
    let temporary = beside(path, bytes)?;
    // A link, not a rename: it never replaces a file that another program has made meanwhile.
    let linked = std::fs::hard_link(&temporary, path);
    let _ = std::fs::remove_file(&temporary);
    match linked {
        Ok(()) => sync(&dir).map_err(written),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            Err(VaultError::Exists(path.to_owned()))
        }
        Err(e) => Err(written(e)),
    }
}

/// Puts new contents in the place of a file, whole or not at all.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let dir = folder(path)?;
    let written = |error| VaultError::io(path, "written", error);
    let temporary = beside(path, bytes)?;
    if let Err(e) = std::fs::rename(&temporary, path) {
        let _ = std::fs::remove_file(&temporary);
        return Err(written(e));
    }
    sync(&dir).map_err(written)
}

/// A lock that one writer holds until it is dropped. Readers need none.
pub(crate) struct Lock {
    _file: File,
}

/// Waits for the lock beside `path`, and clears away what a writer before left unfinished.
pub(crate) fn lock(path: &Path) -> Result<Lock, VaultError> {
    folder(path)?;
    for _ in 0..TRIES {
        if let Some(lock) = try_lock(path)? {
            sweep(path);
            return Ok(lock);
        }
        std::thread::sleep(PAUSE);
    }
    Err(VaultError::Busy(path.to_owned()))
}

/// The lock beside `path`, if nobody holds it.
pub(crate) fn try_lock(path: &Path) -> Result<Option<Lock>, VaultError> {
    let beside = with_suffix(path, ".lock");
    let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).clone();
    let file = open(&beside, &options).map_err(|e| refused(&beside, "locked", e))?;
    private(&beside, &file)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(Lock { _file: file })),
        Err(Errno::WOULDBLOCK) => Ok(None),
        Err(e) => Err(VaultError::io(&beside, "locked", e)),
    }
}

/// The name of a file that stands beside another.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The folder of a file: made if need be (0700), and nobody else's to write.
fn folder(path: &Path) -> Result<PathBuf, VaultError> {
    let dir = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = |error| VaultError::io(dir, "written", error);
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(written)?;
    let found = dir.metadata().map_err(written)?;
    if found.mode() & 0o022 != 0 {
        let mode = found.mode() & 0o7777;
        let why = format!(
            "has mode {mode:04o}, so others could put another file there: run `chmod go-w {}`",
            dir.display()
        );
        return Err(VaultError::exposed(dir, why));
    }
    Ok(dir.to_owned())
}

fn open(path: &Path, options: &OpenOptions) -> io::Result<File> {
    // A pipe in the place of the file must not hold anybody up.
    let flags = OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    options.clone().mode(0o600).custom_flags(flags.bits().cast_signed()).open(path)
}

fn refused(path: &Path, what: &'static str, error: io::Error) -> VaultError {
    if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) {
        return VaultError::exposed(
            path,
            "is a symbolic link, which is not followed: name the file itself",
        );
    }
    VaultError::io(path, what, error)
}

fn private(path: &Path, file: &File) -> Result<(), VaultError> {
    let found = file.metadata().map_err(|e| VaultError::io(path, "read", e))?;
    if !found.is_file() {
        return Err(VaultError::exposed(path, "is not a plain file"));
    }
    let mode = found.mode() & 0o7777;
    if mode & 0o077 != 0 {
        let why = format!(
            "has mode {mode:04o}, which lets others at it: run `chmod 600 {}`",
            path.display()
        );
        return Err(VaultError::exposed(path, why));
    }
    if found.uid() != rustix::process::geteuid().as_raw() {
        let why =
            format!("belongs to user {}: run as that user, or use a file of your own", found.uid());
        return Err(VaultError::exposed(path, why));
    }
    Ok(())
}

/// Writes a temporary file beside `path` and makes it durable.
fn beside(path: &Path, bytes: &[u8]) -> Result<PathBuf, VaultError> {
    let mut tag = [0; 8];
    ambient::random(&mut tag).map_err(crate::KeyError::from)?;
    let temporary = with_suffix(path, &format!("{UNFINISHED}{:016x}", u64::from_be_bytes(tag)));
    let write = || {
        let mut file = open(&temporary, OpenOptions::new().write(true).create_new(true))?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|error| {
        let _ = std::fs::remove_file(&temporary);
        VaultError::io(path, "written", error)
    })?;
    Ok(temporary)
}

/// What the names of unfinished files go on with; 16 hexadecimal digits follow.
const UNFINISHED: &str = ".new-";

/// Removes what writers that were killed have left. Called with the lock held.
fn sweep(path: &Path) {
    let (Some(dir), Some(name)) = (path.parent(), path.file_name().and_then(|n| n.to_str())) else {
        return;
    };
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let found = entry.file_name();
        let Some(tag) = found.to_str().and_then(|n| n.strip_prefix(name)) else { continue };
        // Also of the mark beside it.
        let tag = tag.strip_prefix(MARK).unwrap_or(tag).strip_prefix(UNFINISHED);
        if tag.is_some_and(|t| t.len() == 16 && t.bytes().all(|b| b.is_ascii_hexdigit())) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// What the name of the file that remembers the generation ends with.
pub(crate) const MARK: &str = ".mark";

fn sync(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_link_a_pipe_and_a_file_that_others_may_read_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        create(&file, b"x").unwrap();
        assert_eq!(read_private(&file, 8).unwrap().unwrap().as_slice(), b"x");
        symlink(&file, &link).unwrap();
        assert!(read_private(&link, 8).unwrap_err().to_string().contains("symbolic link"));
        for mode in [0o644, 0o640, 0o602, 0o611] {
            std::fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            assert_eq!(read_private(&file, 8).unwrap_err().code(), "vault_exposed", "{mode:o}");
        }
        let pipe = dir.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0)
            .unwrap();
        assert!(read_private(&pipe, 8).unwrap_err().to_string().contains("not a plain file"));
        assert!(read_private(&dir.path().join("none"), 8).unwrap().is_none());
    }

    #[test]
    fn nothing_is_written_into_a_folder_that_others_may_write() {
        let dir = tempfile::tempdir().unwrap();
        let shared = dir.path().join("shared");
        std::fs::create_dir(&shared).unwrap();
        std::fs::set_permissions(&shared, Permissions::from_mode(0o777)).unwrap();
        let error = create(&shared.join("vault"), b"x").unwrap_err();
        assert_eq!(error.code(), "vault_exposed");
        assert!(std::fs::read_dir(&shared).unwrap().next().is_none());
    }

    #[test]
    fn a_file_larger_than_its_bound_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        create(&file, &[0; 9]).unwrap();
        assert_eq!(read_private(&file, 8).unwrap_err().code(), "vault_damaged");
    }

    #[test]
    fn a_writer_clears_away_what_a_killed_one_left_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("vault");
        for name in [
            "vault.new-0123456789abcdef",
            "vault.mark.new-0123456789abcdef",
            "vault.new-old",
            "other.new-0123456789abcdef",
        ] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        drop(lock(&path).unwrap());
        let entries = std::fs::read_dir(dir.path()).unwrap();
        let mut left: Vec<_> =
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        assert_eq!(left, ["other.new-0123456789abcdef", "vault.lock", "vault.new-old"]);
    }
}
