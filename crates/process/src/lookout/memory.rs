//! What lies in the memory of another process.

use std::ffi::OsString;
use std::io::IoSliceMut;
use std::os::unix::ffi::OsStringExt as _;

use nix::errno::Errno;
use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use rustix::process::Pid;

/// The longest path that the kernel takes, in bytes, with its end.
const LONGEST: usize = 4096;
/// No page is smaller.
const PAGE: usize = 4096;

/// The memory could not be read at all.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unread;

/// The path at an address; `None` if there is none that the kernel would take.
pub(super) fn path(thread: Pid, address: u64) -> Result<Option<OsString>, Unread> {
    let mut bytes = [0; LONGEST];
    let got = read(thread, address, &mut bytes)?;
    let end = bytes[..got].iter().position(|b| *b == 0);
    Ok(end.map(|end| OsString::from_vec(bytes[..end].to_vec())))
}

/// Eight bytes at an address as a number.
pub(super) fn number(thread: Pid, address: u64) -> Result<Option<u64>, Unread> {
    let mut bytes = [0; 8];
    let got = read(thread, address, &mut bytes)?;
    Ok((got == bytes.len()).then(|| u64::from_ne_bytes(bytes)))
}

/// Reads as much as there is, page by page: the next may not be there.
fn read(thread: Pid, address: u64, out: &mut [u8]) -> Result<usize, Unread> {
    let Ok(base) = usize::try_from(address) else { return Ok(0) };
    let first = out.len().min(PAGE - base % PAGE);
    let parts = [
        RemoteIoVec { base, len: first },
        RemoteIoVec { base: base.saturating_add(first), len: out.len() - first },
    ];
    let parts = if parts[1].len == 0 { &parts[..1] } else { &parts[..] };
    let process = nix::unistd::Pid::from_raw(thread.as_raw_nonzero().get());
    match process_vm_readv(process, &mut [IoSliceMut::new(out)], parts) {
        Ok(got) => Ok(got),
        // There is nothing at this address, or nobody any more.
        Err(Errno::EFAULT | Errno::ESRCH | Errno::EINVAL) => Ok(0),
        Err(_) => Err(Unread),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn me() -> Pid {
        rustix::process::getpid()
    }

    #[test]
    fn a_path_is_read_up_to_its_end_wherever_it_lies() {
        // Long enough that one of these begins shortly before the end of a page.
        let mut text = vec![b'x'; 3 * PAGE];
        text.extend_from_slice(b"\0");
        let address = text.as_ptr().addr();
        let to_page = PAGE - address % PAGE;
        for start in [0, to_page - 1, to_page, to_page - 3] {
            let mut text = text.clone();
            text[start..start + 6].copy_from_slice(b"/a/bc\0");
            let address = text.as_ptr().addr() + start;
            assert_eq!(path(me(), address as u64), Ok(Some("/a/bc".into())), "{start}");
        }
        assert_eq!(path(me(), address as u64), Ok(None), "longer than any path");
    }

    #[test]
    fn what_is_not_there_is_no_path_and_no_number() {
        for address in [0, 1, u64::MAX, u64::MAX - PAGE as u64] {
            assert_eq!(path(me(), address), Ok(None), "{address}");
            assert_eq!(number(me(), address), Ok(None), "{address}");
        }
        let there = 77_u64;
        assert_eq!(number(me(), (&raw const there).addr() as u64), Ok(Some(77)));
    }
}
