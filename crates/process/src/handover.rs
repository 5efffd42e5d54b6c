//! What the supervisor and the stage that becomes a confined program hand each other, over a socket that is the
//! latter's standard input at first: the program's own standard input one way, the listener of its filter the other.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

use crate::descriptors;

/// A byte, for descriptors do not travel alone.
const BYTE: [u8; 1] = [0];

/// Both ends of the socket.
pub(crate) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?)
}

/// Hands over a descriptor, or that there is none.
pub(crate) fn give(to: impl AsFd, fd: Option<BorrowedFd<'_>>) -> io::Result<()> {
    descriptors::send(to, &BYTE, fd.as_slice()).map(drop)
}

/// Waits for what the other end hands over.
pub(crate) fn take(from: impl AsFd) -> io::Result<Option<OwnedFd>> {
    loop {
        match descriptors::receive(&from, &mut BYTE.clone()) {
            Ok((0, _)) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok((_, fds)) => return Ok(fds.into_iter().next()),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// For the stage that becomes the program: gives it the standard input that was handed over, and returns the socket.
pub(crate) fn begin() -> io::Result<OwnedFd> {
    let socket = rustix::io::fcntl_dupfd_cloexec(io::stdin(), 3)?;
    let stdin = take(&socket)?.ok_or_else(|| io::Error::other("no standard input came"))?;
    rustix::stdio::dup2_stdin(&stdin)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    #[test]
    fn what_is_handed_over_arrives_and_so_does_that_there_is_nothing() {
        let (ours, theirs) = pair().unwrap();
        let (mut reader, writer) = io::pipe().unwrap();
        give(&ours, Some(writer.as_fd())).unwrap();
        drop(writer);
        let mut sent = std::fs::File::from(take(&theirs).unwrap().unwrap());
        sent.write_all(b"hello").unwrap();
        drop(sent);
        let mut said = String::new();
        reader.read_to_string(&mut said).unwrap();
        assert_eq!(said, "hello");
        give(&theirs, None).unwrap();
        assert!(take(&ours).unwrap().is_none());
    }

    #[test]
    fn an_end_that_is_gone_is_an_error_and_no_wait() {
        let (ours, theirs) = pair().unwrap();
        drop(theirs);
        assert_eq!(take(&ours).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
