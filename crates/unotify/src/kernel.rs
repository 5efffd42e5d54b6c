//! The four operations as the kernel has them.
//!
//! This is the one file of the project with `unsafe`. No safe interface to these operations exists that is kept up and
//! does without C: bindings of libseccomp need that library, and the others take descriptors as bare numbers, so that
//! owning one would be `unsafe` all the same. What is here does nothing but call, with one pointer each, to a value
//! whose layout is the kernel's and which outlives the call.
#![expect(unsafe_code, reason = "the kernel's own interface, wrapped")]

use std::io;
use std::os::fd::{BorrowedFd, FromRawFd as _, OwnedFd, RawFd};

use nix::libc;
use rustix::io::Errno;
use rustix::ioctl::{Opcode, Setter, Updater, ioctl, opcode};

use crate::Instruction;

/// `struct seccomp_data`.
#[repr(C)]
#[derive(Debug, Default)]
pub(crate) struct Data {
    pub(crate) nr: i32,
    arch: u32,
    instruction_pointer: u64,
    pub(crate) args: [u64; 6],
}

/// `struct seccomp_notif`. The kernel wants it zeroed, and fills it.
#[repr(C)]
#[derive(Debug, Default)]
pub(crate) struct Notification {
    pub(crate) id: u64,
    pub(crate) pid: u32,
    flags: u32,
    pub(crate) data: Data,
}

/// `struct seccomp_notif_resp`.
#[repr(C)]
#[derive(Debug, Default)]
struct Response {
    id: u64,
    val: i64,
    error: i32,
    flags: u32,
}

/// `SECCOMP_IOC_MAGIC`.
const GROUP: u8 = b'!';
const RECEIVE: Opcode = opcode::read_write::<Notification>(GROUP, 0);
const SEND: Opcode = opcode::read_write::<Response>(GROUP, 1);
const ID_VALID: Opcode = opcode::write::<u64>(GROUP, 2);
/// `SECCOMP_USER_NOTIF_FLAG_CONTINUE`.
const CONTINUE: u32 = 1;

// What the kernel reads and writes is as long as its own structures: the length is part of the operation's number.
const _: () = assert!(size_of::<Notification>() == size_of::<libc::seccomp_notif>());
const _: () = assert!(size_of::<Response>() == size_of::<libc::seccomp_notif_resp>());

/// `seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER)`.
pub(crate) fn install(filter: &[Instruction]) -> io::Result<OwnedFd> {
    let too_long = |_| io::Error::from(Errno::INVAL);
    let len = u16::try_from(filter.len()).map_err(too_long)?;
    let mut filter: Vec<libc::sock_filter> = filter
        .iter()
        .map(|&Instruction(code, jt, jf, k)| libc::sock_filter { code, jt, jf, k })
        .collect();
    let program = libc::sock_fprog { len, filter: filter.as_mut_ptr() };
    let flags =
        libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    // SAFETY: `program` and the `len` instructions it points to live until the call returns, and the kernel only reads
    // them, and keeps a copy.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::c_long::from(libc::SECCOMP_SET_MODE_FILTER),
            flags,
            &raw const program,
        )
    };
    let fd = RawFd::try_from(fd).map_err(|_| io::Error::from(Errno::INVAL))?;
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// `SECCOMP_IOCTL_NOTIF_RECV`.
pub(crate) fn receive(listener: BorrowedFd<'_>) -> Result<Notification, Errno> {
    let mut notification = Notification::default();
    // SAFETY: this number is of an operation that fills a `Notification`.
    let operation = unsafe { Updater::<RECEIVE, Notification>::new(&mut notification) };
    // SAFETY: the operation touches nothing but the `Notification`, any bytes of which are a valid one. A descriptor
    // that is no listener knows no operation of this number.
    unsafe { ioctl(listener, operation) }?;
    Ok(notification)
}

/// `SECCOMP_IOCTL_NOTIF_ID_VALID`.
pub(crate) fn is_valid(listener: BorrowedFd<'_>, id: u64) -> Result<(), Errno> {
    // SAFETY: this number is of an operation that reads a `u64`.
    let operation = unsafe { Setter::<ID_VALID, u64>::new(id) };
    // SAFETY: the operation only reads the number.
    unsafe { ioctl(listener, operation) }
}

/// `SECCOMP_IOCTL_NOTIF_SEND`, to go on.
pub(crate) fn proceed(listener: BorrowedFd<'_>, id: u64) -> Result<(), Errno> {
    send(listener, Response { id, flags: CONTINUE, ..Response::default() })
}

/// `SECCOMP_IOCTL_NOTIF_SEND`, with an error.
pub(crate) fn refuse(listener: BorrowedFd<'_>, id: u64, error: Errno) -> Result<(), Errno> {
    send(listener, Response { id, error: -error.raw_os_error(), ..Response::default() })
}

fn send(listener: BorrowedFd<'_>, response: Response) -> Result<(), Errno> {
    // SAFETY: this number is of an operation that reads a `Response`.
    let operation = unsafe { Setter::<SEND, Response>::new(response) };
    // SAFETY: the operation only reads the `Response`, whatever its number says.
    unsafe { ioctl(listener, operation) }
}
