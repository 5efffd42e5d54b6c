//! Finding the file a command means.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use crate::SpawnError;

/// The file that `program` names: itself if absolute, else the first match in `path`. Never anything relative to where
/// the gate or the child happens to stand.
pub(crate) fn find(program: &str, path: &str) -> Result<PathBuf, SpawnError> {
    if program.starts_with('/') {
        let file = PathBuf::from(program);
        return if runnable(&file) { Ok(file) } else { Err(not_found(program)) };
    }
    if program.contains('/') {
        return Err(SpawnError::Relative { program: program.to_owned() });
    }
    path.split(':')
        .filter(|dir| dir.starts_with('/'))
        .map(|dir| Path::new(dir).join(program))
        .find(|file| runnable(file))
        .ok_or_else(|| not_found(program))
}

fn runnable(file: &Path) -> bool {
    file.is_file() && access(file, Access::EXEC_OK).is_ok()
}

fn not_found(program: &str) -> SpawnError {
    SpawnError::NotFound { program: program.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn place(dir: &Path, name: &str, mode: u32) -> PathBuf {
        fs::create_dir_all(dir).unwrap();
        let file = dir.join(name);
        fs::write(&file, "#!/bin/true\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        file
    }

    #[test]
    fn the_first_runnable_file_in_path_is_meant() {
        let root = tempfile::tempdir().unwrap();
        let (a, b, c) = (root.path().join("a"), root.path().join("b"), root.path().join("c"));
        place(&a, "npx", 0o644);
        fs::create_dir_all(b.join("npx")).unwrap();
        let right = place(&c, "npx", 0o755);
        let path = format!("{}:{}:{}", a.display(), b.display(), c.display());
        assert_eq!(find("npx", &path).unwrap(), right);
        assert!(matches!(find("nothing", &path), Err(SpawnError::NotFound { .. })));
    }

    #[test]
    fn nothing_relative_is_ever_found() {
        for (program, path) in
            [("./npx", "/usr/bin"), ("src/program.rs", "/usr/bin"), ("../x", "/")]
        {
            assert!(matches!(find(program, path), Err(SpawnError::Relative { .. })), "{program}");
        }
        for path in [".", "", "src", ":.:", "./"] {
            assert!(matches!(find("sh", path), Err(SpawnError::NotFound { .. })), "{path}");
        }
    }
}
