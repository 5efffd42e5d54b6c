//! How much a tree of processes uses.

use std::fs;

use rustix::process::Pid;

/// What a tree uses at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Usage {
    /// Processes and threads.
    pub(crate) tasks: u64,
    /// Bytes of memory that lie in no file.
    pub(crate) memory: u64,
}

/// Adds up what these processes use; those that are gone use nothing.
pub(crate) fn of(tree: &[Pid]) -> Usage {
    tree.iter().fold(Usage::default(), |sum, pid| {
        let one = one(*pid).unwrap_or_default();
        Usage { tasks: sum.tasks + one.tasks, memory: sum.memory.saturating_add(one.memory) }
    })
}

fn one(pid: Pid) -> Option<Usage> {
    let path = format!("/proc/{}/status", pid.as_raw_nonzero());
    Some(read(&fs::read_to_string(path).ok()?))
}

/// Threads and anonymous memory in the text of `/proc/N/status`; swap counts, or a limit would only move things there.
fn read(status: &str) -> Usage {
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok())
    };
    let kib = [number("RssAnon:"), number("RssShmem:"), number("VmSwap:")];
    Usage {
        tasks: number("Threads:").unwrap_or(1),
        memory: kib.into_iter().flatten().sum::<u64>().saturating_mul(1024),
    }
}

/// Processes and threads of this user, of the whole machine.
pub(crate) fn tasks_of_user() -> u64 {
    let me = rustix::process::getuid().as_raw().to_string();
    let Ok(entries) = fs::read_dir("/proc") else { return 0 };
    let mut tasks = 0;
    for entry in entries.flatten() {
        let Ok(status) = fs::read_to_string(entry.path().join("status")) else { continue };
        let uid = status.lines().find_map(|line| line.strip_prefix("Uid:"));
        if uid.and_then(|u| u.split_whitespace().next()) == Some(&*me) {
            tasks += read(&status).tasks;
        }
    }
    tasks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_and_memory_are_read_from_what_the_kernel_says() {
        let status = "Name:\ta Threads: 9\nUid:\t0\t0\nRssAnon:\t    10 kB\nRssFile:\t 900 kB\nRssShmem:\t2 kB\nVmSwap:\t 1 kB\nThreads:\t3\n";
        assert_eq!(read(status), Usage { tasks: 3, memory: 13 * 1024 });
        assert_eq!(read(""), Usage { tasks: 1, memory: 0 });
    }

    #[test]
    fn this_process_uses_something() {
        let usage = of(&[rustix::process::getpid()]);
        assert!(usage.tasks >= 1 && usage.memory > 0, "{usage:?}");
        assert!(tasks_of_user() >= usage.tasks);
    }
}
