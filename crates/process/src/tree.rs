//! Everything that came from one process.

use std::collections::HashMap;
use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// Every living descendant of `root`, nearest first. Empty where `/proc` cannot be read.
pub(crate) fn descendants(root: Pid) -> Vec<Pid> {
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    for entry in entries.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse::<i32>().ok()) else {
            continue;
        };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        if let Some(parent) = parent(&stat) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = vec![root.as_raw_nonzero().get()];
    let mut next = 0;
    while let Some(pid) = found.get(next) {
        found.extend(children.remove(pid).unwrap_or_default());
        next += 1;
    }
    found.into_iter().skip(1).filter_map(Pid::from_raw).collect()
}

/// Sends `signal` to every living descendant of `root`.
pub(crate) fn signal(root: Pid, signal: Signal) {
    for pid in descendants(root) {
        let _ = kill_process(pid, signal);
    }
}

/// The parent's id in the text of `/proc/N/stat`: `N (name) state parent ...`, where the name may hold anything.
fn parent(stat: &str) -> Option<i32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    #[test]
    fn a_name_full_of_parentheses_does_not_hide_the_parent() {
        assert_eq!(parent("12 (a) R 1 (b)) S 34 5 6"), Some(34));
        assert_eq!(parent("12 (sh) S 34 12 12 0"), Some(34));
        for broken in ["", "12", "12 (sh", "12 (sh) S", "12 (sh) S x"] {
            assert_eq!(parent(broken), None, "{broken}");
        }
    }

    /// A process that is there until its input ends.
    #[expect(
        clippy::disallowed_types,
        clippy::disallowed_methods,
        reason = "a child of the test's own"
    )]
    pub(crate) fn sleeper() -> std::process::Child {
        std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap()
    }

    #[test]
    fn a_child_is_among_the_descendants() {
        let mut child = sleeper();
        let pid = Pid::from_child(&child);
        assert!(descendants(rustix::process::getpid()).contains(&pid));
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}
