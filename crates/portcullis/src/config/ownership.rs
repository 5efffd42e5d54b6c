use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::ConfigError;

/// Refuses a file or folder that somebody else may write, or that belongs to somebody else: whoever writes the
/// configuration or a policy decides what agents may do. Links are followed: what counts is what would be read.
pub fn others_may_write(path: &Path) -> Result<(), ConfigError> {
    let found = path
        .metadata()
        .map_err(|error| ConfigError::Unreadable { path: path.to_owned(), error })?;
    let mode = found.mode() & 0o7777;
    if mode & 0o022 != 0 {
        return Err(ConfigError::Ownership(format!(
            "{} has mode {mode:04o}, so others can write it: run `chmod go-w {}`",
            path.display(),
            path.display()
        )));
    }
    let me = own_uid();
    if found.uid() != 0 && me.is_some_and(|me| me != found.uid()) {
        return Err(ConfigError::Ownership(format!(
            "{} belongs to user {}, who could write anything there: use a file of your own",
            path.display(),
            found.uid()
        )));
    }
    Ok(())
}

/// The user this process runs as: what the kernel says owns its own entry.
fn own_uid() -> Option<u32> {
    Some(std::fs::metadata("/proc/self").ok()?.uid())
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    // g-policy-29
    #[test]
    fn a_link_to_a_file_that_others_may_write_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("theirs.toml"), dir.path().join("portcullis.toml"));
        std::fs::write(&file, "").unwrap();
        symlink(&file, &link).unwrap();
        for mode in [0o666, 0o620] {
            std::fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            let error = others_may_write(&link).unwrap_err().to_string();
            assert!(error.contains(&format!("mode 0{mode:o}")) && error.contains("chmod go-w"));
        }
        std::fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        assert!(others_may_write(&link).is_ok());
    }
}
