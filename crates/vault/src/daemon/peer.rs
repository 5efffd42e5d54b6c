/// Who is at the other end of a connection, by what the kernel says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Peer {
    pub(super) uid: u32,
    pub(super) pid: u32,
    /// When the process was started, in ticks since the machine was: process ids are used again.
    pub(super) started: u64,
}

impl Peer {
    /// The peer with these credentials, if its process is still there.
    pub(super) fn new(uid: u32, pid: u32) -> Option<Self> {
        Some(Self { uid, pid, started: started(pid)? })
    }

    /// Whether its process is still there.
    pub(super) fn lives(self) -> bool {
        started(self.pid) == Some(self.started)
    }
}

/// Field 22 of `/proc/PID/stat`. The name of the program stands before it in parentheses, and may have any in it.
fn started(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after) = stat.rsplit_once(") ")?;
    after.split(' ').nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_living_process_has_a_start_and_one_that_never_was_has_none() {
        let me = Peer::new(0, std::process::id()).unwrap();
        assert!(me.lives() && me.started > 0);
        assert!(Peer::new(0, u32::MAX).is_none());
        assert!(!Peer { started: me.started + 1, ..me }.lives());
    }
}
