use nix::libc;

use super::bounds::Need;
use super::memory::Unread;

/// What a call wants of one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked {
    /// The descriptor at whose folder a relative path begins; `AT_FDCWD` for the working directory.
    pub(super) base: i32,
    /// Where the path is in the caller's memory.
    pub(super) path: u64,
    /// Whether a link at its end is followed.
    pub(super) follow: bool,
    /// What is needed if something is there; nothing if that is an error before anything is refused.
    pub(super) there: Option<Need>,
    /// What is needed if nothing is there.
    pub(super) missing: Option<Need>,
}

type Arguments = [u64; 6];

const CWD: u64 = libc::AT_FDCWD.cast_unsigned() as u64;

/// What a call wants of the paths in it. `number` reads eight bytes of the caller's memory.
pub(super) fn asked(
    call: i64,
    arguments: Arguments,
    number: impl Fn(u64) -> Result<Option<u64>, Unread>,
) -> Result<[Option<Asked>; 2], Unread> {
    let (call, with) = modern(call, arguments);
    let run = Some(Need::Run);
    let one = |asked| Ok([Some(asked), None]);
    match call {
        libc::SYS_openat => one(open(with[0], with[1], with[2])),
        libc::SYS_openat2 => match number(with[2])? {
            Some(flags) => one(open(with[0], with[1], flags)),
            None => Ok([None, None]),
        },
        libc::SYS_execve => one(Asked { there: run, ..at(CWD, with[0], true) }),
        libc::SYS_execveat => {
            let follow = !has(with[4], libc::AT_SYMLINK_NOFOLLOW);
            one(Asked { there: run, ..at(with[0], with[1], follow) })
        }
        libc::SYS_truncate => one(Asked { there: Some(Need::Write), ..at(CWD, with[0], true) }),
        libc::SYS_mkdirat | libc::SYS_mknodat => one(made(with[0], with[1])),
        libc::SYS_symlinkat => one(made(with[1], with[2])),
        libc::SYS_unlinkat => one(moved(with[0], with[1])),
        libc::SYS_renameat | libc::SYS_renameat2 => {
            let onto = Asked { missing: Some(Need::Name), ..moved(with[2], with[3]) };
            Ok([Some(moved(with[0], with[1])), Some(onto)])
        }
        libc::SYS_linkat => {
            let follow = has(with[4], libc::AT_SYMLINK_FOLLOW);
            let from = Asked { follow, ..moved(with[0], with[1]) };
            Ok([Some(from), Some(made(with[2], with[3]))])
        }
        _ => Ok([None, None]),
    }
}

/// The same in the words of the newer call that can do as much.
#[cfg(target_arch = "x86_64")]
const fn modern(call: i64, arguments: Arguments) -> (i64, Arguments) {
    let [first, second, third, ..] = arguments;
    let whole = (libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC).cast_unsigned() as u64;
    match call {
        libc::SYS_open => (libc::SYS_openat, [CWD, first, second, third, 0, 0]),
        libc::SYS_creat => (libc::SYS_openat, [CWD, first, whole, second, 0, 0]),
        libc::SYS_unlink | libc::SYS_rmdir => (libc::SYS_unlinkat, [CWD, first, 0, 0, 0, 0]),
        libc::SYS_mkdir | libc::SYS_mknod => (libc::SYS_mkdirat, [CWD, first, 0, 0, 0, 0]),
        libc::SYS_symlink => (libc::SYS_symlinkat, [first, CWD, second, 0, 0, 0]),
        libc::SYS_link => (libc::SYS_linkat, [CWD, first, CWD, second, 0, 0]),
        libc::SYS_rename => (libc::SYS_renameat2, [CWD, first, CWD, second, 0, 0]),
        _ => (call, arguments),
    }
}

#[cfg(not(target_arch = "x86_64"))]
const fn modern(call: i64, arguments: Arguments) -> (i64, Arguments) {
    (call, arguments)
}

fn open(base: u64, path: u64, flags: u64) -> Asked {
    let writes = flags & bits(libc::O_ACCMODE) != 0 || has(flags, libc::O_TRUNC);
    let makes = has(flags, libc::O_CREAT);
    let need = if writes { Need::Write } else { Need::Read };
    // A mere handle is nothing that Landlock refuses, and what must not be there is no file that is opened.
    let is_none = has(flags, libc::O_PATH) || (makes && has(flags, libc::O_EXCL));
    Asked {
        there: (!is_none).then_some(need),
        missing: makes.then_some(Need::Name),
        ..at(base, path, !has(flags, libc::O_NOFOLLOW))
    }
}

/// A name that must not be there yet.
fn made(base: u64, path: u64) -> Asked {
    Asked { missing: Some(Need::Name), ..at(base, path, false) }
}

/// A name that is taken out of its folder.
fn moved(base: u64, path: u64) -> Asked {
    Asked { there: Some(Need::Name), ..at(base, path, false) }
}

fn at(base: u64, path: u64, follow: bool) -> Asked {
    // The kernel takes the lower half of the register.
    let base = u32::try_from(base & u64::from(u32::MAX)).map_or(-1, u32::cast_signed);
    Asked { base, path, follow, there: None, missing: None }
}

fn has(flags: u64, flag: i32) -> bool {
    flags & bits(flag) != 0
}

fn bits(flags: i32) -> u64 {
    flags.unsigned_abs().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(call: i64, arguments: Arguments) -> [Option<Asked>; 2] {
        asked(call, arguments, |_| Ok(Some(bits(libc::O_RDWR)))).unwrap()
    }

    fn needs(asked: Option<Asked>) -> (Option<Need>, Option<Need>) {
        asked.map(|a| (a.there, a.missing)).unwrap()
    }

    #[test]
    fn what_a_call_needs_depends_on_whether_something_is_there() {
        let (read, write, name) = (Some(Need::Read), Some(Need::Write), Some(Need::Name));
        for (flags, want) in [
            (libc::O_RDONLY, (read, None)),
            (libc::O_RDONLY | libc::O_DIRECTORY, (read, None)),
            (libc::O_WRONLY, (write, None)),
            (libc::O_RDWR | libc::O_CREAT, (write, name)),
            (libc::O_RDONLY | libc::O_CREAT, (read, name)),
            (libc::O_RDONLY | libc::O_TRUNC, (write, None)),
            (libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL, (None, name)),
            (libc::O_PATH, (None, None)),
        ] {
            let [one, none] = of(libc::SYS_openat, [CWD, 7, bits(flags), 0, 0, 0]);
            assert_eq!((needs(one), none), (want, None), "{flags:o}");
        }
        let [how, _] = of(libc::SYS_openat2, [CWD, 7, 9, 24, 0, 0]);
        assert_eq!(needs(how), (write, None));
        let [from, onto] = of(libc::SYS_renameat2, [3, 7, 4, 8, 0, 0]);
        assert_eq!((needs(from), needs(onto)), ((name, None), (name, name)));
        assert_eq!((from.unwrap().base, onto.unwrap().path), (3, 8));
        let [from, onto] = of(libc::SYS_linkat, [CWD, 7, CWD, 8, 0, 0]);
        assert_eq!((needs(from), needs(onto)), ((name, None), (None, name)));
        assert_eq!(needs(of(libc::SYS_execve, [7, 0, 0, 0, 0, 0])[0]), (Some(Need::Run), None));
        assert_eq!(of(libc::SYS_read, [0; 6]), [None, None]);
    }

    #[test]
    fn the_working_directory_is_known_in_either_width() {
        for cwd in [CWD, i64::from(libc::AT_FDCWD).cast_unsigned()] {
            let [one, _] = of(libc::SYS_unlinkat, [cwd, 7, 0, 0, 0, 0]);
            assert_eq!(one.unwrap().base, libc::AT_FDCWD);
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn an_old_call_needs_what_the_newer_one_does() {
        let flags = bits(libc::O_WRONLY);
        for (old, new) in [
            (
                (libc::SYS_open, [7, flags, 0, 0, 0, 0]),
                (libc::SYS_openat, [CWD, 7, flags, 0, 0, 0]),
            ),
            ((libc::SYS_unlink, [7, 0, 0, 0, 0, 0]), (libc::SYS_unlinkat, [CWD, 7, 0, 0, 0, 0])),
            ((libc::SYS_mkdir, [7, 1, 0, 0, 0, 0]), (libc::SYS_mkdirat, [CWD, 7, 1, 0, 0, 0])),
            ((libc::SYS_symlink, [6, 7, 0, 0, 0, 0]), (libc::SYS_symlinkat, [6, CWD, 7, 0, 0, 0])),
            ((libc::SYS_link, [7, 8, 0, 0, 0, 0]), (libc::SYS_linkat, [CWD, 7, CWD, 8, 0, 0])),
            ((libc::SYS_rename, [7, 8, 0, 0, 0, 0]), (libc::SYS_renameat, [CWD, 7, CWD, 8, 0, 0])),
        ] {
            assert_eq!(of(old.0, old.1), of(new.0, new.1), "{}", old.0);
        }
        let [made, _] = of(libc::SYS_creat, [7, 0, 0, 0, 0, 0]);
        assert_eq!(needs(made), (Some(Need::Write), Some(Need::Name)));
    }

    #[test]
    fn every_call_about_files_is_understood() {
        use crate::confine::calls::Kind;
        let known = (0..500).filter(|n| crate::confine::calls::kind(*n).0 == Kind::File);
        for call in known {
            assert!(of(call, [7; 6])[0].is_some(), "{call}");
        }
    }
}
