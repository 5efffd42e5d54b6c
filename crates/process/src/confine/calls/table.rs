//! System calls by what becomes of them. Numbers are the C library's, which knows them for each architecture.

#[cfg_attr(
    not(test),
    expect(
        clippy::wildcard_imports,
        reason = "a table of a hundred names, all of which say where they are from"
    )
)]
use nix::libc::*;

/// A call: its number on this architecture, and its name.
pub(crate) type Call = (i64, &'static str);

/// A list of calls, each named as it is known to everybody.
macro_rules! calls {
    ($($number:ident),* $(,)?) => { &[$(($number, name(stringify!($number)))),*] };
}

/// What the C library puts before each name.
const PREFIX: &str = "SYS_";

const fn name(constant: &'static str) -> &'static str {
    constant.split_at(PREFIX.len()).1
}

/// The same number on every architecture; the C library has it for some.
#[expect(non_upper_case_globals, reason = "named as its neighbours are")]
const SYS_fchmodat2: i64 = 452;
/// The last call looked at when this was written (`mseal`, Linux 6.10).
const LAST: i64 = 462;
/// Calls numbered up to here differ by architecture; the next ones are the same everywhere, from 424.
#[cfg(target_arch = "x86_64")]
const LAST_OWN: i64 = SYS_rseq;
#[cfg(not(target_arch = "x86_64"))]
const LAST_OWN: i64 = 294;

/// Every call we know, but for those whose refusal must look as if they did not exist: programs then use another way
/// (`clone` for `clone3`, whose flags no filter can see; plain reads and writes for rings, which pass all filters by).
pub(super) fn known() -> impl Iterator<Item = i64> {
    let absent = [SYS_clone3, SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register];
    (0..=LAST_OWN).chain(424..=LAST).filter(move |number| !absent.contains(number))
}

/// Nothing that serves tools has a use for these: a program that tries one is ended, and that is seen.
pub(super) const DEADLY: &[Call] = calls![
    SYS_acct,
    SYS_bpf,
    SYS_chroot,
    SYS_delete_module,
    SYS_finit_module,
    SYS_fsmount,
    SYS_fsopen,
    SYS_init_module,
    SYS_kexec_file_load,
    SYS_kexec_load,
    SYS_mount,
    SYS_mount_setattr,
    SYS_move_mount,
    SYS_open_by_handle_at,
    SYS_open_tree,
    SYS_pivot_root,
    SYS_ptrace,
    SYS_reboot,
    SYS_swapoff,
    SYS_swapon,
    SYS_umount2,
];

/// Refused whatever they are asked: other programs' memory and descriptors, keys, new namespaces, the clock, the
/// kernel's measurements, and what is shared by all programs of one user.
pub(super) const REFUSED: &[Call] = calls![
    SYS_add_key,
    SYS_adjtimex,
    SYS_clock_adjtime,
    SYS_clock_settime,
    SYS_fanotify_init,
    SYS_fanotify_mark,
    SYS_fsconfig,
    SYS_fspick,
    SYS_ioprio_set,
    SYS_kcmp,
    SYS_keyctl,
    SYS_lookup_dcookie,
    SYS_migrate_pages,
    SYS_move_pages,
    SYS_mq_open,
    SYS_mq_unlink,
    SYS_msgctl,
    SYS_msgget,
    SYS_msgrcv,
    SYS_msgsnd,
    SYS_nfsservctl,
    SYS_perf_event_open,
    SYS_pidfd_getfd,
    SYS_process_madvise,
    SYS_process_mrelease,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_quotactl,
    SYS_quotactl_fd,
    SYS_request_key,
    SYS_semctl,
    SYS_semget,
    SYS_semop,
    SYS_semtimedop,
    SYS_setdomainname,
    SYS_sethostname,
    SYS_setns,
    SYS_settimeofday,
    SYS_shmat,
    SYS_shmctl,
    SYS_shmget,
    SYS_syslog,
    SYS_unshare,
    SYS_userfaultfd,
    SYS_vhangup,
];

/// Of the old architecture only.
#[cfg(target_arch = "x86_64")]
pub(super) const REFUSED_OF_OLD: &[Call] = calls![
    SYS__sysctl,
    SYS_ioperm,
    SYS_iopl,
    SYS_modify_ldt,
    SYS_sysfs,
    SYS_uselib,
    SYS_ustat,
    SYS_vserver,
];
#[cfg(not(target_arch = "x86_64"))]
pub(super) const REFUSED_OF_OLD: &[Call] = calls![];

/// These change what is known about a file, given its name: Landlock does not hold them to a folder.
pub(super) const ATTRIBUTES: &[Call] = calls![
    SYS_fchmodat,
    SYS_fchmodat2,
    SYS_lremovexattr,
    SYS_lsetxattr,
    SYS_removexattr,
    SYS_setxattr
];
#[cfg(target_arch = "x86_64")]
pub(super) const ATTRIBUTES_OF_OLD: &[Call] =
    calls![SYS_chmod, SYS_futimesat, SYS_utime, SYS_utimes];
#[cfg(not(target_arch = "x86_64"))]
pub(super) const ATTRIBUTES_OF_OLD: &[Call] = calls![];

/// Who owns a file is nobody's to change.
pub(super) const OWNERS: &[Call] = calls![SYS_fchown, SYS_fchownat];
#[cfg(target_arch = "x86_64")]
pub(super) const OWNERS_OF_OLD: &[Call] = calls![SYS_chown, SYS_lchown];
#[cfg(not(target_arch = "x86_64"))]
pub(super) const OWNERS_OF_OLD: &[Call] = calls![];

/// Calls by which a socket finds its other end.
pub(super) const MEETING: &[Call] =
    calls![SYS_accept, SYS_accept4, SYS_bind, SYS_connect, SYS_listen];

/// Calls that open, run, make, move or remove what a path leads to.
pub(crate) const FILES: &[Call] = calls![
    SYS_execve,
    SYS_execveat,
    SYS_linkat,
    SYS_mkdirat,
    SYS_mknodat,
    SYS_openat,
    SYS_openat2,
    SYS_renameat,
    SYS_renameat2,
    SYS_symlinkat,
    SYS_truncate,
    SYS_unlinkat,
];
#[cfg(target_arch = "x86_64")]
pub(crate) const FILES_OF_OLD: &[Call] = calls![
    SYS_creat,
    SYS_link,
    SYS_mkdir,
    SYS_mknod,
    SYS_open,
    SYS_rename,
    SYS_rmdir,
    SYS_symlink,
    SYS_unlink,
];
#[cfg(not(target_arch = "x86_64"))]
pub(crate) const FILES_OF_OLD: &[Call] = calls![];

/// Calls of which only some are refused, depending on what they are asked.
const IN_PART: &[Call] = calls![
    SYS_clone,
    SYS_ioctl,
    SYS_personality,
    SYS_prlimit64,
    SYS_sched_setaffinity,
    SYS_sched_setattr,
    SYS_sched_setparam,
    SYS_sched_setscheduler,
    SYS_setpriority,
    SYS_socket,
    SYS_socketpair,
    SYS_utimensat,
];

/// What a call is to the confinement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It reaches for files: Landlock judges it.
    File,
    /// It opens a socket or meets another.
    Socket,
    /// It ends whoever makes it.
    Deadly,
    /// Another that is refused.
    Refused,
}

/// What a call is, and its name. Whatever the filter asks about and is nowhere else is refused.
pub(crate) fn kind(number: i64) -> (Kind, &'static str) {
    let of = |lists: &[&[Call]]| {
        let mut all = lists.iter().copied().flatten();
        all.find(|call| call.0 == number).map(|call| call.1)
    };
    if let Some(name) = of(&[FILES, FILES_OF_OLD]) {
        return (Kind::File, name);
    }
    if let Some(name) = of(&[DEADLY]) {
        return (Kind::Deadly, name);
    }
    if let Some(name) = of(&[MEETING]) {
        return (Kind::Socket, name);
    }
    let others = of(&[
        REFUSED,
        REFUSED_OF_OLD,
        ATTRIBUTES,
        ATTRIBUTES_OF_OLD,
        OWNERS,
        OWNERS_OF_OLD,
        IN_PART,
    ]);
    let name = others.unwrap_or("an unknown call");
    let is_socket = [SYS_socket, SYS_socketpair].contains(&number);
    (if is_socket { Kind::Socket } else { Kind::Refused }, name)
}
