use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::process::Pid;

use crate::confine::defaults::DEVICES;
use crate::confine::plan::Plan;
use crate::refused::Wall;

/// What Landlock is to grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// To read it, or list it.
    Read,
    /// To change what is in it.
    Write,
    /// To run it.
    Run,
    /// To make its name in its folder, or take it out.
    Name,
}

impl Need {
    /// What stands in the way where that is not granted.
    pub(super) const fn wall(self) -> Wall {
        match self {
            Self::Read => Wall::Read,
            Self::Write | Self::Name => Wall::Write,
            Self::Run => Wall::Run,
        }
    }
}

/// The terminal of whoever opens it. A program in a session of its own has none, and shells look for it all the same.
const TERMINAL: &str = "/dev/tty";
/// Where it stands how much memory and time a program may use. Node and Java look at each start, and do without.
const SHARES: &str = "/sys/fs/cgroup";

/// What a plan grants, as Landlock holds it: folders with all that is in them, and single files.
pub(super) struct Bounds {
    read: Vec<PathBuf>,
    write: Vec<PathBuf>,
}

impl Bounds {
    /// The bounds of the program whose process is `main`.
    pub(super) fn new(plan: &Plan, main: Pid) -> Self {
        let own = PathBuf::from(format!("/proc/{}", main.as_raw_nonzero()));
        // Rules are on what a path led to when the program was started.
        let real = |path: &PathBuf| match path.strip_prefix("/proc/self") {
            Ok(rest) => Some(own.join(rest)),
            Err(_) => path.canonicalize().ok(),
        };
        let mut read: Vec<_> = plan.read.iter().filter_map(real).collect();
        read.push(own.clone());
        let write = plan.write.iter().chain(&plan.temp).filter_map(real).collect();
        Self { read, write }
    }

    /// Whether `path`, links followed, may be had.
    pub(super) fn allow(&self, need: Need, path: &Path) -> bool {
        let device = || DEVICES.iter().any(|device| path == Path::new(device));
        match need {
            Need::Read => under(&self.read, path) || under(&self.write, path) || device(),
            Need::Run => under(&self.read, path) || under(&self.write, path),
            Need::Write => under(&self.write, path) || device(),
            Need::Name => path.parent().is_some_and(|folder| under(&self.write, folder)),
        }
    }
}

/// Whether this is refused to so many programs that mean nothing by it that it is not worth telling.
pub(super) fn is_usual(need: Need, path: &Path) -> bool {
    let name = path.file_name().map(OsStr::as_bytes).unwrap_or_default();
    let of_a_share = || name.starts_with(b"memory.") || name.starts_with(b"cpu.");
    path == Path::new(TERMINAL) || (need == Need::Read && path.starts_with(SHARES) && of_a_share())
}

fn under(roots: &[PathBuf], path: &Path) -> bool {
    let path = path.as_os_str().as_bytes();
    roots.iter().any(|root| {
        let rest = path.strip_prefix(root.as_os_str().as_bytes());
        rest.is_some_and(|rest| rest.is_empty() || rest[0] == b'/' || root.parent().is_none())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_granted_is_a_folder_with_all_that_is_in_it_and_not_its_neighbour() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().canonicalize().unwrap();
        for folder in ["read", "write", "write-too", "temp"] {
            std::fs::create_dir(root.join(folder)).unwrap();
        }
        std::os::unix::fs::symlink(root.join("read"), root.join("link")).unwrap();
        std::fs::write(root.join("file"), "").unwrap();
        let plan = Plan {
            read: vec![root.join("link"), "/no/such/thing".into()],
            write: vec![root.join("write"), root.join("file")],
            temp: Some(root.join("temp")),
            ..Plan::default()
        };
        let bounds = Bounds::new(&plan, Pid::from_raw(7).unwrap());
        let allow = |need, path: &str| bounds.allow(need, &root.join(path));
        for (path, read, write, name) in [
            ("read", true, false, false),
            ("read/a/b", true, false, false),
            ("reads", false, false, false),
            ("write", true, true, false),
            ("write/a", true, true, true),
            ("write-too/a", false, false, false),
            ("temp/a", true, true, true),
            ("file", true, true, false),
            ("other", false, false, false),
            ("/dev/null", true, true, false),
            ("/proc/7/status", true, false, false),
            ("/proc/77/status", false, false, false),
            ("/", false, false, false),
        ] {
            let got =
                [Need::Read, Need::Run, Need::Write, Need::Name].map(|need| allow(need, path));
            assert_eq!(got, [read, read && path != "/dev/null", write, name], "{path}");
        }
    }

    #[test]
    fn only_what_everybody_does_without_meaning_anything_by_it_is_usual() {
        let usual = |need, path| is_usual(need, Path::new(path));
        assert!(usual(Need::Write, "/dev/tty"));
        assert!(usual(Need::Read, "/sys/fs/cgroup/a/memory.max"));
        assert!(usual(Need::Read, "/sys/fs/cgroup/cpu.max"));
        for path in
            ["/sys/fs/cgroup", "/sys/fs/cgroup/a/cgroup.procs", "/home/memory.max", "/dev/tty1"]
        {
            assert!(!usual(Need::Read, path), "{path}");
        }
        assert!(!usual(Need::Write, "/sys/fs/cgroup/a/memory.max"));
    }

    #[test]
    fn the_whole_machine_can_be_granted() {
        let plan = Plan { read: vec!["/".into()], ..Plan::default() };
        let bounds = Bounds::new(&plan, Pid::from_raw(7).unwrap());
        assert!(bounds.allow(Need::Read, Path::new("/etc/shadow")));
        assert!(!bounds.allow(Need::Write, Path::new("/etc/shadow")));
    }
}
