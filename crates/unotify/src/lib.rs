//! System calls that the kernel asks about (seccomp user notification, seccomp_unotify(2)): a filter that asks, and the
//! listener that hears each question and answers it.
//!
//! A process under such a filter waits in its call until it is answered, dies, or the last listener is closed: then the
//! call fails with "not implemented", so nobody waits for somebody who is gone. An answer lets the call go on, under
//! everything else that holds it, or refuses it. What stands in the caller's memory may change after it was read: going
//! on is for those who only look, and refusing for what the numbers alone decide.

mod kernel;

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::process::Pid;

/// What a filter returns to ask (`SECCOMP_RET_USER_NOTIF`).
pub const ASK: u32 = nix::libc::SECCOMP_RET_USER_NOTIF;

/// One instruction of a filter (`struct sock_filter`): code, jump if true, jump if false, value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instruction(pub u16, pub u8, pub u8, pub u32);

/// Puts a filter on the calling thread, and on all that comes from it, and returns who hears its questions. The thread
/// must have given up new privileges. Once a question was heard, only a deadly signal interrupts who asked (Linux 5.19).
///
/// # Errors
/// The kernel's. `EBUSY`: another filter on this thread has a listener, as in some containers; there can be one only.
pub fn install(filter: &[Instruction]) -> io::Result<Listener> {
    Ok(Listener(kernel::install(filter)?))
}

/// Who hears the questions of one filter. It can be sent to another process; closed with its last copy.
#[derive(Debug)]
pub struct Listener(OwnedFd);

/// A system call that waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    id: u64,
    /// The thread that asks; `None` if it lies outside of what this process can name.
    pub thread: Option<Pid>,
    /// The number of the call, on this machine's own table.
    pub call: i64,
    /// What it is asked with.
    pub arguments: [u64; 6],
}

impl Listener {
    /// The next question. Waits for one; see [`AsFd`] for how to wait for more than that.
    ///
    /// # Errors
    /// The kernel's. `ENOENT` and `EINTR`: who asked is gone already, or this wait was interrupted; hear again.
    pub fn hear(&self) -> io::Result<Question> {
        let heard = kernel::receive(self.0.as_fd())?;
        Ok(Question {
            id: heard.id,
            thread: i32::try_from(heard.pid).ok().and_then(Pid::from_raw),
            call: heard.data.nr.into(),
            arguments: heard.data.args,
        })
    }

    /// Whether who asked still waits: so long its process id is nobody else's.
    pub fn waits(&self, question: &Question) -> bool {
        kernel::is_valid(self.0.as_fd(), question.id).is_ok()
    }

    /// Lets the call go on.
    ///
    /// # Errors
    /// The kernel's. `ENOENT`: nobody waits any more, and the call was not made.
    pub fn proceed(&self, question: &Question) -> io::Result<()> {
        Ok(kernel::proceed(self.0.as_fd(), question.id)?)
    }

    /// Refuses the call with this error.
    ///
    /// # Errors
    /// As for [`Listener::proceed`].
    pub fn refuse(&self, question: &Question, error: Errno) -> io::Result<()> {
        Ok(kernel::refuse(self.0.as_fd(), question.id, error)?)
    }
}

/// Readable when there is a question, hung up when nobody is left who could ask.
impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// A descriptor that another process has sent. One that is no listener answers every operation with an error.
impl From<OwnedFd> for Listener {
    fn from(fd: OwnedFd) -> Self {
        Self(fd)
    }
}

#[cfg(test)]
mod tests;
