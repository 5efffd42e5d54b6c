//! What gate and supervisor say to each other over their socket.
//!
//! Gate to supervisor: one order (with the program's three descriptors), then stops. End of file means: stop now.
//! Supervisor to gate: started or failed, what is seen meanwhile, then how it ended; by then nothing of the tree is left.

use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use crate::descriptors;
use crate::refused::{LONGEST, Refused, Wall};

/// Longest order in bytes: well below what the kernel takes for `execve`, and within one socket buffer.
pub(crate) const MAX_ORDER: usize = 128 << 10;

/// What the supervisor is to start.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) dir: String,
    /// The program's file, then its name, then its arguments.
    pub(crate) command: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    /// What it is confined to, as words (see [`crate::confine::plan::Plan`]).
    pub(crate) confine: Vec<String>,
    /// Its folder for temporary files, which the supervisor clears away; empty for none.
    pub(crate) temp: String,
    /// The name of the group that counts its processes; empty for none.
    pub(crate) group: String,
}

impl Order {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = vec![0; 4];
        put(&mut out, &self.dir);
        count(&mut out, self.command.len());
        self.command.iter().for_each(|a| put(&mut out, a));
        count(&mut out, self.env.len());
        for (name, value) in &self.env {
            put(&mut out, name);
            put(&mut out, value);
        }
        count(&mut out, self.confine.len());
        self.confine.iter().for_each(|word| put(&mut out, word));
        put(&mut out, &self.temp);
        put(&mut out, &self.group);
        let length = u32::try_from(out.len() - 4).unwrap_or(u32::MAX);
        out[..4].copy_from_slice(&length.to_le_bytes());
        out
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut at = bytes;
        let dir = text(&mut at)?;
        let command = (0..number(&mut at)?).map(|_| text(&mut at)).collect::<Option<_>>()?;
        let env = (0..number(&mut at)?)
            .map(|_| Some((text(&mut at)?, text(&mut at)?)))
            .collect::<Option<_>>()?;
        let confine = (0..number(&mut at)?).map(|_| text(&mut at)).collect::<Option<_>>()?;
        let (temp, group) = (text(&mut at)?, text(&mut at)?);
        at.is_empty().then_some(Self { dir, command, env, confine, temp, group })
    }

    /// Sends the order with the program's standard input, output and error.
    pub(crate) fn send(
        bytes: &[u8],
        mut to: &UnixStream,
        stdio: [BorrowedFd<'_>; 3],
    ) -> io::Result<()> {
        let sent = descriptors::send(to, bytes, &stdio)?;
        to.write_all(&bytes[sent..])
    }

    /// Receives an order and the three descriptors.
    pub(crate) fn receive(from: BorrowedFd<'_>) -> io::Result<(Self, [OwnedFd; 3])> {
        let mut head = [0; 4];
        let (got, stdio) = descriptors::receive(from, &mut head)?;
        let stdio = stdio.try_into().map_err(|_| io::Error::other("not three descriptors"))?;
        read_exact(from, &mut head[got..])?;
        let length = u32::from_le_bytes(head) as usize;
        if length > MAX_ORDER {
            return Err(io::Error::other("the order is too long"));
        }
        let mut body = vec![0; length];
        read_exact(from, &mut body)?;
        let order =
            Self::decode(&body).ok_or_else(|| io::Error::other("the order is malformed"))?;
        Ok((order, stdio))
    }
}

/// What the supervisor reports: a letter and a number, and for what was refused so many bytes besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Report {
    /// The program's process id.
    Started(i32),
    /// The operating system's error number.
    Failed(i32),
    /// Exit status.
    Exited(i32),
    /// The signal that ended it.
    Killed(i32),
    /// It is being ended, for it used more than it may: which limit, see [`crate::Limit`].
    Over(i32),
    /// So many of its processes were still there when the program itself had ended.
    Left(i32),
    /// It was refused something.
    Refused(Refused),
    /// What it is refused is not seen: why, see [`crate::Blind`].
    Blind(i32),
}

impl Report {
    /// Length of the letter and the number.
    pub(crate) const HEAD: usize = 5;

    pub(crate) fn encode(&self) -> Vec<u8> {
        let (letter, n) = match self {
            Self::Started(n) => (b'S', *n),
            Self::Failed(n) => (b'F', *n),
            Self::Exited(n) => (b'E', *n),
            Self::Killed(n) => (b'K', *n),
            Self::Over(n) => (b'O', *n),
            Self::Left(n) => (b'L', *n),
            Self::Blind(n) => (b'B', *n),
            Self::Refused(refused) => return refused_bytes(refused),
        };
        head(letter, n).to_vec()
    }

    /// How many bytes follow these; `None` if this is no report.
    pub(crate) fn tail([letter, n @ ..]: [u8; Self::HEAD]) -> Option<usize> {
        match letter {
            b'R' => usize::try_from(i32::from_le_bytes(n)).ok().filter(|n| *n <= 5 + LONGEST),
            _ => Some(0),
        }
    }

    pub(crate) fn decode([letter, n @ ..]: [u8; Self::HEAD], tail: &[u8]) -> Option<Self> {
        let n = i32::from_le_bytes(n);
        match letter {
            b'S' => Some(Self::Started(n)),
            b'F' => Some(Self::Failed(n)),
            b'E' => Some(Self::Exited(n)),
            b'K' => Some(Self::Killed(n)),
            b'O' => Some(Self::Over(n)),
            b'L' => Some(Self::Left(n)),
            b'B' => Some(Self::Blind(n)),
            b'R' => {
                let ([wall, times @ ..], what) = tail.split_first_chunk::<5>()?;
                let what = String::from_utf8(what.to_vec()).ok()?;
                let times = u32::from_le_bytes(*times);
                Some(Self::Refused(Refused { by: Wall::from_number(*wall)?, what, times }))
            }
            _ => None,
        }
    }
}

fn head(letter: u8, n: i32) -> [u8; Report::HEAD] {
    let mut bytes = [letter; Report::HEAD];
    bytes[1..].copy_from_slice(&n.to_le_bytes());
    bytes
}

/// The wall's number, how often, and what: never more than [`LONGEST`] of that.
fn refused_bytes(Refused { by, what, times }: &Refused) -> Vec<u8> {
    let tail = [&[by.number()][..], &times.to_le_bytes(), what.as_bytes()].concat();
    let length = i32::try_from(tail.len()).unwrap_or(i32::MAX);
    [&head(b'R', length)[..], &tail].concat()
}

/// Fills `out` from a blocking descriptor.
pub(crate) fn read_exact(from: impl AsFd, mut out: &mut [u8]) -> io::Result<()> {
    while !out.is_empty() {
        match rustix::io::read(&from, &mut *out) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => out = &mut out[n..],
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn count(out: &mut Vec<u8>, n: usize) {
    out.extend_from_slice(&u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes());
}

fn put(out: &mut Vec<u8>, text: &str) {
    count(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

fn number(at: &mut &[u8]) -> Option<usize> {
    let (n, rest) = at.split_first_chunk::<4>()?;
    *at = rest;
    usize::try_from(u32::from_le_bytes(*n)).ok()
}

fn text(at: &mut &[u8]) -> Option<String> {
    let length = number(at)?;
    let (text, rest) = at.split_at_checked(length)?;
    *at = rest;
    String::from_utf8(text.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_order_arrives_as_it_was_given(
            dir: String,
            command: Vec<String>,
            env: Vec<(String, String)>,
            confine: Vec<String>,
            temp: String,
            group: String,
        ) {
            let order = Order { dir, command, env, confine, temp, group };
            let bytes = order.encode();
            prop_assert_eq!(Order::decode(&bytes[4..]), Some(order));
        }

        #[test]
        fn no_bytes_make_the_decoder_fail_badly(bytes: Vec<u8>) {
            let _ = Order::decode(&bytes);
        }

        #[test]
        fn reports_arrive_as_they_were_given(n: i32, times: u32, what in ".{0,200}") {
            for report in [
                Report::Started(n), Report::Failed(n), Report::Exited(n), Report::Killed(n),
                Report::Over(n), Report::Left(n), Report::Blind(n),
                Report::Refused(Refused { by: Wall::Socket, what, times }),
            ] {
                let bytes = report.encode();
                let (head, tail) = bytes.split_first_chunk().unwrap();
                prop_assert_eq!(Report::tail(*head), Some(tail.len()));
                prop_assert_eq!(Report::decode(*head, tail), Some(report));
            }
        }

        #[test]
        fn no_bytes_are_taken_for_a_report_without_end(head: [u8; 5], tail: Vec<u8>) {
            prop_assert!(Report::tail(head).is_none_or(|n| n <= 5 + LONGEST));
            let _ = Report::decode(head, &tail);
        }
    }

    #[test]
    fn an_order_and_its_descriptors_cross_a_socket() {
        let (gate, supervisor) = UnixStream::pair().unwrap();
        let (read, mut write) = io::pipe().unwrap();
        let order = Order {
            dir: "/".into(),
            command: vec!["x".repeat(60_000)],
            env: Vec::new(),
            confine: vec!["off".into()],
            temp: String::new(),
            group: String::new(),
        };
        Order::send(&order.encode(), &gate, [read.as_fd(), read.as_fd(), write.as_fd()]).unwrap();
        let (got, [stdin, ..]) = Order::receive(supervisor.as_fd()).unwrap();
        assert_eq!(got, order);
        write.write_all(b"hello").unwrap();
        let mut out = [0; 5];
        read_exact(stdin, &mut out).unwrap();
        assert_eq!(&out, b"hello");
    }
}
