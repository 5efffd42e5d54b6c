use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// This process's name in the books, and the file whose lock shows that it lives. The system takes the lock away with
/// the process, however that ends.
pub(crate) struct Owner {
    pub(crate) name: String,
    path: PathBuf,
    /// Held for as long as the treasury is open.
    _lock: File,
}

impl Owner {
    /// Makes a name and its file beside the books.
    pub(crate) fn new(books: &Path) -> io::Result<Self> {
        loop {
            let mut bytes = [0; 16];
            ambient::random(&mut bytes).map_err(io::Error::other)?;
            let name = format!("{:032x}", u128::from_be_bytes(bytes));
            let path = beside(books, &name);
            let lock = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            let ours = lock.try_lock().is_ok() && is_there(&path, &lock);
            if ours {
                return Ok(Self { name, path, _lock: lock });
            }
            // Somebody took it for the file of a process that is gone, between the two steps.
        }
    }

    /// Whether the process of that name is gone. Where it cannot be told, it is not.
    pub(crate) fn is_gone(&self, books: &Path, name: &str) -> bool {
        let plain = name.len() == 32 && name.bytes().all(|c| c.is_ascii_hexdigit());
        if name == self.name || !plain {
            return name != self.name;
        }
        match File::open(beside(books, name)) {
            Err(error) => error.kind() == io::ErrorKind::NotFound,
            Ok(file) => match file.try_lock() {
                Ok(()) => true,
                Err(TryLockError::WouldBlock | TryLockError::Error(_)) => false,
            },
        }
    }

    /// Removes the file of a process that is gone and whose payments are dealt with.
    pub(crate) fn tidy(books: &Path, name: &str) {
        let _ = std::fs::remove_file(beside(books, name));
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn is_there(path: &Path, file: &File) -> bool {
    match (path.metadata(), file.metadata()) {
        (Ok(found), Ok(ours)) => (found.dev(), found.ino()) == (ours.dev(), ours.ino()),
        _ => false,
    }
}

fn beside(books: &Path, name: &str) -> PathBuf {
    let mut path = OsString::from(books);
    path.push(format!(".owner-{name}"));
    path.into()
}
