//! What a path of another process leads to, links followed.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use nix::libc;
use rustix::process::Pid;

/// Most links on one way, as the kernel has it.
const LINKS: usize = 40;

/// Where a path leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The path without any links but, unless they were to be followed, one at its end.
    pub(super) path: PathBuf,
    /// Whether something is there.
    pub(super) there: bool,
}

/// Where `path` leads a thread, from the folder of the descriptor `base`. `None` if it leads nowhere, or to something
/// that is no file.
pub(super) fn find(thread: Pid, base: i32, path: &Path, follow: bool) -> Option<Place> {
    let start = if path.is_absolute() { PathBuf::from("/") } else { folder(thread, base)? };
    if path.as_os_str().is_empty() {
        // The descriptor itself, for calls that take it so; nothing for the others.
        return (base != libc::AT_FDCWD).then_some(Place { path: start, there: true });
    }
    Walk { at: start, left: parts(path), links: 0, thread }.walk(follow)
}

/// The process that a thread belongs to.
pub(super) fn process(thread: Pid) -> Option<Pid> {
    let status = fs::read_to_string(format!("/proc/{}/status", thread.as_raw_nonzero())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Tgid:"))?;
    Pid::from_raw(line.trim().parse().ok()?)
}

/// The folder that a descriptor is open on, or the working directory.
fn folder(thread: Pid, base: i32) -> Option<PathBuf> {
    let thread = thread.as_raw_nonzero();
    let link = match base {
        libc::AT_FDCWD => format!("/proc/{thread}/cwd"),
        fd => format!("/proc/{thread}/fd/{fd}"),
    };
    fs::read_link(link).ok().filter(|folder| folder.is_absolute())
}

/// The parts of a path, the last one first.
fn parts(path: &Path) -> Vec<OsString> {
    let mut parts: Vec<OsString> = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => parts.push(part.to_owned()),
            Component::ParentDir => parts.push("..".into()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    parts.reverse();
    parts
}

/// A walk along a path, one part at a time.
struct Walk {
    /// Where it stands: a real folder.
    at: PathBuf,
    /// What is still to go, the next part last.
    left: Vec<OsString>,
    links: usize,
    /// Whose walk it is.
    thread: Pid,
}

impl Walk {
    fn walk(mut self, follow: bool) -> Option<Place> {
        while let Some(part) = self.left.pop() {
            if part == ".." {
                self.at.pop();
                continue;
            }
            let next = if self.is_own(&part) { self.own(&part)? } else { self.at.join(&part) };
            let is_last = self.left.is_empty();
            match fs::read_link(&next) {
                Ok(_) if is_last && !follow => return Some(Place { path: next, there: true }),
                Ok(target) => self.turn(&target)?,
                Err(e) if e.raw_os_error() == Some(libc::EINVAL) => self.at = next,
                Err(e) if e.kind() == io::ErrorKind::NotFound && is_last => {
                    return Some(Place { path: next, there: false });
                }
                // Nobody of this user gets further: the caller is refused as well.
                Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
                    let path = self.left.iter().rev().fold(next, |path, part| path.join(part));
                    return Some(Place { path, there: true });
                }
                Err(_) => return None,
            }
        }
        Some(Place { path: self.at, there: true })
    }

    /// Whether this is one of two names in `/proc` that are links to another place for everybody who looks.
    fn is_own(&self, name: &OsStr) -> bool {
        self.at == Path::new("/proc") && (name == "self" || name == "thread-self")
    }

    /// What it means to whoever walks; `None` if that one is gone.
    fn own(&self, name: &OsStr) -> Option<PathBuf> {
        let process = self.at.join(process(self.thread)?.as_raw_nonzero().to_string());
        let task = format!("task/{}", self.thread.as_raw_nonzero());
        Some(if name == "self" { process } else { process.join(task) })
    }

    /// Goes where a link leads. What lies in `/proc` and is no path leads to no file.
    fn turn(&mut self, target: &Path) -> Option<()> {
        self.links += 1;
        if self.links > LINKS || (!target.is_absolute() && self.at.ends_with("fd")) {
            return None;
        }
        if target.is_absolute() {
            self.at = PathBuf::from("/");
        }
        self.left.append(&mut parts(target));
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn me() -> Pid {
        rustix::process::getpid()
    }

    fn found(path: &Path, follow: bool) -> Option<(PathBuf, bool)> {
        find(me(), libc::AT_FDCWD, path, follow).map(|place| (place.path, place.there))
    }

    #[test]
    fn a_path_is_what_it_leads_to() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("a/b")).unwrap();
        fs::write(root.join("a/file"), "").unwrap();
        symlink("../a/file", root.join("a/near")).unwrap();
        symlink(root.join("a"), root.join("far")).unwrap();
        symlink("missing", root.join("dangling")).unwrap();
        symlink("round", root.join("round")).unwrap();
        for (path, follow, want) in [
            ("a/file", true, Some(("a/file", true))),
            ("a/../a/./b//", true, Some(("a/b", true))),
            ("a/near", true, Some(("a/file", true))),
            ("a/near", false, Some(("a/near", true))),
            ("far/near", true, Some(("a/file", true))),
            ("far/../far/b", false, Some(("a/b", true))),
            ("a/new", true, Some(("a/new", false))),
            ("dangling", true, Some(("missing", false))),
            ("no/such", true, None),
            ("a/file/under", true, None),
            ("round", true, None),
        ] {
            let want = want.map(|(path, there)| (root.join(path), there));
            assert_eq!(found(&root.join(path), follow), want, "{path}");
        }
        assert_eq!(found(Path::new("/../.."), true), Some(("/".into(), true)));
    }

    #[test]
    fn a_relative_path_begins_where_its_descriptor_is() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().canonicalize().unwrap();
        fs::write(root.join("file"), "").unwrap();
        let folder = fs::File::open(&root).unwrap();
        let fd = std::os::fd::AsRawFd::as_raw_fd(&folder);
        let at = |fd, path| find(me(), fd, Path::new(path), true).map(|place| place.path);
        assert_eq!(at(fd, "file"), Some(root.join("file")));
        assert_eq!(at(fd, ""), Some(root.clone()));
        assert_eq!(at(fd, "/etc/hosts"), Some("/etc/hosts".into()));
        assert_eq!(at(9999, "file"), None);
        assert_eq!(at(libc::AT_FDCWD, ""), None);
        let here = std::env::current_dir().unwrap().canonicalize().unwrap();
        assert_eq!(at(libc::AT_FDCWD, "src"), Some(here.join("src")));
    }

    #[test]
    fn itself_is_whoever_asks_and_not_whoever_looks() {
        let mut child = crate::tree::tests::sleeper();
        let pid = Pid::from_child(&child);
        let at = |path| find(pid, libc::AT_FDCWD, Path::new(path), true).map(|place| place.path);
        let own = PathBuf::from(format!("/proc/{}", pid.as_raw_nonzero()));
        assert_eq!(at("/proc/self/status"), Some(own.join("status")));
        assert_eq!(
            at("/proc/thread-self"),
            Some(own.join(format!("task/{}", pid.as_raw_nonzero())))
        );
        assert_eq!(at("/etc/../proc/./self/../self"), Some(own));
        assert_eq!(at("/dev/fd/0"), None, "a pipe is no file");
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(at("/proc/self/status"), None);
    }
}
