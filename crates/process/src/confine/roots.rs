//! What a command itself is made of: the program's file, what that leads to, and the script it is told to run. A
//! confined program can read these without being granted anything, or it could not start.

use std::fs;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use super::plan::Ground;
use crate::interpreters::{base_name, is_interpreter, is_wrapper};
use crate::program;

/// Longest chain of links, and of interpreters of interpreters.
const DEPTH: usize = 8;
/// How far up a project's own file is looked for.
const UP: usize = 6;
/// Folders that belong to nobody in particular: that a program lies in one is no reason to read all of it.
const SHARED: &[&str] = &[
    "/",
    "/boot",
    "/dev",
    "/dev/shm",
    "/etc",
    "/home",
    "/media",
    "/mnt",
    "/opt",
    "/proc",
    "/root",
    "/run",
    "/srv",
    "/sys",
    "/tmp",
    "/usr",
    "/usr/local",
    "/var",
    "/var/lib",
    "/var/tmp",
];
/// Where version managers keep programs, below a home, and nothing else.
const MANAGERS: &[&str] = &[
    ".asdf", ".bun", ".deno", ".n", ".nodenv", ".nvm", ".pyenv", ".rbenv", ".rustup", ".sdkman",
    ".volta",
];

/// The folders (or single files) the command is made of.
pub(super) fn made_of(ground: &Ground<'_>) -> Vec<PathBuf> {
    let mut found = Found { ground, paths: Vec::new() };
    found.program(ground.file, DEPTH);
    found.arguments();
    found.paths.sort();
    found.paths.dedup();
    found.paths
}

struct Found<'a> {
    ground: &'a Ground<'a>,
    paths: Vec<PathBuf>,
}

impl Found<'_> {
    /// A file that is run: each link on the way to it, and the interpreter it names.
    fn program(&mut self, file: &Path, depth: usize) {
        let mut at = file.to_path_buf();
        for _ in 0..depth {
            self.paths.push(self.root(&at));
            let Ok(target) = fs::read_link(&at) else { break };
            at = at.parent().unwrap_or(Path::new("/")).join(target);
        }
        let Ok(real) = at.canonicalize() else { return };
        self.paths.push(self.root(&real));
        if let (Some(interpreter), Some(depth)) =
            (shebang(&real, self.ground.path), depth.checked_sub(1))
        {
            self.program(&interpreter, depth);
        }
    }

    /// The script that an interpreter is told to run, also behind wrappers (`env`, `timeout`).
    fn arguments(&mut self) {
        let mut words = self.ground.command.iter();
        let Some(mut name) = words.next().map(|w| base_name(w)) else { return };
        if is_wrapper(&name) {
            let Some(inner) = words.find(|w| self.inner(w).is_some()) else { return };
            if let Some(file) = self.inner(inner) {
                self.program(&file, DEPTH);
            }
            name = base_name(inner);
        }
        if !is_interpreter(&name) {
            return;
        }
        let file = |word: &String| Some(self.ground.dir.join(word)).filter(|f| f.is_file());
        if let Some(script) = words.find_map(file) {
            self.program(&script, DEPTH);
        }
    }

    /// The program that a wrapper's argument names, if it names one.
    fn inner(&self, word: &str) -> Option<PathBuf> {
        let is_option = word.starts_with('-') || word.contains('=');
        if is_option { None } else { program::find(word, self.ground.path).ok() }
    }

    /// How much around `file` belongs to it: the packages it was installed with, the folder above a `bin`, its project,
    /// or at least its folder. Never a folder that everybody uses, a home, or one that holds the gate's own state: then
    /// it is the file alone.
    fn root(&self, file: &Path) -> PathBuf {
        let file = plain(file);
        let candidates = [packages(&file), above_bin(&file), project(&file)];
        let folder = file.parent().map(Path::to_path_buf);
        let mut all = candidates.into_iter().chain([folder]).flatten();
        all.find(|folder| self.may_have(folder)).unwrap_or(file)
    }

    fn may_have(&self, folder: &Path) -> bool {
        let real = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
        let covers = |kept: &Path| kept.starts_with(folder) || kept.starts_with(&real);
        let shared = |folder: &Path| {
            SHARED.iter().any(|s| folder == Path::new(s)) || folder == std::env::temp_dir()
        };
        let in_home = |home: &Path| {
            let direct = real.parent() == Some(home) || folder.parent() == Some(home);
            let hidden = real.file_name().is_some_and(|n| n.as_bytes().starts_with(b"."));
            let manager = real.file_name().is_some_and(|n| MANAGERS.iter().any(|m| n == *m));
            covers(home) || (direct && hidden && !manager)
        };
        !shared(folder)
            && !shared(&real)
            && !self.ground.home.is_some_and(in_home)
            && !self.ground.withheld.iter().any(|kept| covers(kept))
    }
}

/// The same path without `.` and `..`, which links in it may make mean another; those are looked at on their own.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                out.pop();
            }
            Component::CurDir => {}
            part => out.push(part),
        }
    }
    out
}

/// The outermost `node_modules` on the way to the file.
fn packages(file: &Path) -> Option<PathBuf> {
    let mut out = PathBuf::new();
    for part in file.components() {
        out.push(part);
        if part.as_os_str() == "node_modules" {
            return Some(out);
        }
    }
    None
}

fn above_bin(file: &Path) -> Option<PathBuf> {
    let folder = file.parent()?;
    let name = folder.file_name()?.to_str()?;
    let is_bin = ["bin", "sbin", ".bin", "shims", "scripts", "Scripts"].contains(&name);
    is_bin.then(|| folder.parent().map(Path::to_path_buf))?
}

/// The nearest folder above the file that says it is a project.
fn project(file: &Path) -> Option<PathBuf> {
    let marked = |f: &&Path| ["package.json", "pyproject.toml"].iter().any(|m| f.join(m).is_file());
    file.ancestors().skip(1).take(UP).find(marked).map(Path::to_path_buf)
}

/// The interpreter that the first line of a script names.
fn shebang(file: &Path, path: &str) -> Option<PathBuf> {
    let mut head = [0; 256];
    let got = fs::File::open(file).ok()?.read(&mut head).ok()?;
    let line = head[..got].strip_prefix(b"#!")?.split(|b| *b == b'\n').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split_whitespace();
    let named = words.next()?;
    if base_name(named) != "env" {
        return Some(named.into()).filter(|p: &PathBuf| p.is_absolute());
    }
    let inner = words.find(|w| !w.starts_with('-') && !w.contains('='))?;
    program::find(inner, path).ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn root(&self) -> PathBuf {
            self.0.path().canonicalize().unwrap()
        }

        fn file(&self, name: &str, text: &str) -> PathBuf {
            let file = self.root().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
            file
        }

        /// What is readable for `command`, whose program is `file`, relative to this place.
        fn made_of(&self, command: &[&str], file: &Path, withheld: &[PathBuf]) -> Vec<String> {
            let (root, home) = (self.root(), self.root().join("home"));
            let command: Vec<String> = command.iter().map(|w| (*w).to_owned()).collect();
            let path = format!("{}:/usr/bin", root.join("bin").display());
            let ground = Ground {
                command: &command,
                file,
                dir: &root,
                path: &path,
                home: Some(&home),
                withheld,
                cache: None,
            };
            let inside = |p: PathBuf| Some(p.strip_prefix(&root).ok()?.to_str()?.to_owned());
            made_of(&ground).into_iter().filter_map(inside).collect()
        }
    }

    #[test]
    fn a_program_brings_its_installation_and_the_interpreter_it_names() {
        let place = Place::new();
        let python = place.file("pyenv/versions/3/bin/python3", "ELF");
        fs::create_dir_all(place.root().join("venv/bin")).unwrap();
        symlink(&python, place.root().join("venv/bin/python")).unwrap();
        let head = format!("#!{}/venv/bin/python\n", place.root().display());
        let server = place.file("venv/bin/server", &head);
        assert_eq!(place.made_of(&["server"], &server, &[]), ["pyenv/versions/3", "venv"]);
    }

    #[test]
    fn a_script_brings_its_packages_or_its_project_or_its_folder() {
        let place = Place::new();
        let node = Path::new("/usr/bin/env");
        place.file("app/node_modules/@a/server/dist/index.js", "");
        place.file("project/package.json", "{}");
        place.file("project/dist/server.js", "");
        place.file("alone/server.js", "");
        for (script, want) in [
            ("app/node_modules/@a/server/dist/index.js", "app/node_modules"),
            ("project/dist/server.js", "project"),
            ("alone/server.js", "alone"),
        ] {
            let whole = place.root().join(script);
            for command in [
                &["node", whole.to_str().unwrap()][..],
                &["node", "--enable-source-maps", script, "alone/server.js"],
                &["env", "A=1", "node", script],
            ] {
                place.file("bin/node", "ELF");
                let found = place.made_of(command, node, &[]);
                assert!(found.contains(&want.to_owned()), "{command:?}: {found:?}");
                assert!(want == "alone" || !found.contains(&"alone".to_owned()), "{found:?}");
            }
        }
    }

    #[test]
    fn neither_a_home_nor_what_is_withheld_comes_with_a_program() {
        let place = Place::new();
        for (file, want) in [
            ("home/server", "home/server"),
            ("home/.local/bin/uvx", "home/.local/bin"),
            ("home/.cargo/bin/server", "home/.cargo/bin"),
            ("home/bin/server", "home/bin"),
            ("home/.pyenv/shims/python3", "home/.pyenv"),
            ("home/.nvm/versions/node/v1/bin/node", "home/.nvm/versions/node/v1"),
            ("gate/server", "gate/server"),
            ("gate/tools/server", "gate/tools"),
        ] {
            let path = place.file(file, "");
            let withheld = [place.root().join("gate/state")];
            assert_eq!(place.made_of(&["x"], &path, &withheld), [want], "{file}");
        }
    }

    #[test]
    fn a_folder_everybody_uses_is_never_taken_whole() {
        let place = Place::new();
        let ground = Ground {
            command: &[],
            file: Path::new("/usr/bin/env"),
            dir: &place.root(),
            path: "/usr/bin",
            home: None,
            withheld: &[],
            cache: None,
        };
        let found = Found { ground: &ground, paths: Vec::new() };
        for file in ["/tmp/x", "/etc/x", "/x", "/srv/x", "/var/lib/x", "/home/x", "/dev/shm/x"] {
            assert_eq!(found.root(Path::new(file)), Path::new(file));
        }
    }
}
