//! A folder of its own for the temporary files of one program, gone when the program is.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Makes a folder below `base` that only its owner may enter.
pub(crate) fn make(base: &Path, tag: &str) -> io::Result<PathBuf> {
    let path = base.canonicalize()?.join(tag);
    DirBuilder::new().mode(0o700).create(&path)?;
    Ok(path)
}

/// Removes the folder and whatever a program has left in it. Nothing may be using it any more.
///
/// Nests of any depth are flattened rather than descended into: a program that builds one to exhaust the stack or the
/// descriptors of whoever clears up after it gains nothing. Links are removed, never followed.
pub(crate) fn clear(folder: &Path) -> io::Result<()> {
    if !folder.symlink_metadata().is_ok_and(|m| m.is_dir()) {
        return Ok(());
    }
    let mut moved = 0_u64;
    while flatten(folder, &mut moved)? {}
    fs::remove_dir(folder)
}

/// Removes the files directly in `folder` and empties the folders in it, moving their folders up; `true` while there
/// was anything.
fn flatten(folder: &Path, moved: &mut u64) -> io::Result<bool> {
    open_up(folder);
    let mut any = false;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        any = true;
        if !entry.file_type()?.is_dir() {
            fs::remove_file(entry.path())?;
            continue;
        }
        open_up(&entry.path());
        for inner in fs::read_dir(entry.path())? {
            let inner = inner?;
            if inner.file_type()?.is_dir() {
                open_up(&inner.path());
                fs::rename(inner.path(), free(folder, moved))?;
            } else {
                fs::remove_file(inner.path())?;
            }
        }
        fs::remove_dir(entry.path())?;
    }
    Ok(any)
}

/// A name in `folder` that nothing has.
fn free(folder: &Path, moved: &mut u64) -> PathBuf {
    loop {
        *moved += 1;
        let name = folder.join(format!(".{moved}"));
        if name.symlink_metadata().is_err() {
            return name;
        }
    }
}

/// A folder that its owner has locked cannot be emptied.
fn open_up(folder: &Path) {
    let _ = fs::set_permissions(folder, Permissions::from_mode(0o700));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_was_left_is_gone_and_what_links_lead_to_is_not() {
        let base = tempfile::tempdir().unwrap();
        let outside = base.path().join("outside");
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("kept"), "x").unwrap();
        let temp = make(base.path(), "mine").unwrap();
        assert_eq!(temp.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        std::os::unix::fs::symlink(&outside, temp.join("link")).unwrap();
        fs::write(temp.join(".1"), "x").unwrap();
        fs::create_dir_all(temp.join("locked/deep")).unwrap();
        fs::set_permissions(temp.join("locked"), Permissions::from_mode(0o000)).unwrap();
        clear(&temp).unwrap();
        assert!(!temp.exists() && outside.join("kept").exists());
        clear(&temp).unwrap();
    }

    #[test]
    fn a_nest_deeper_than_any_path_is_cleared() {
        let base = tempfile::tempdir().unwrap();
        let temp = make(base.path(), "mine").unwrap();
        // Built from the inside out, for no path leads to the bottom of it.
        for n in 0..3000 {
            let next = temp.join("next");
            fs::create_dir(&next).unwrap();
            if n > 0 {
                fs::rename(temp.join("nest"), next.join("nest")).unwrap();
            }
            fs::rename(&next, temp.join("nest")).unwrap();
        }
        clear(&temp).unwrap();
        assert!(!temp.exists());
    }
}
