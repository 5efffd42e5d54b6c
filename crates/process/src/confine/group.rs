//! A control group that counts the processes of one program, where the gate may make one: as root, or where the system
//! has delegated a group to it. The limit on processes per user does not bind root, and counts what else the user runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

const LIMIT: &str = "pids.max";
const MEMBERS: &str = "cgroup.procs";
/// How long a group is given to become empty.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(5);

/// Makes a group for at most `most` processes and threads. `None` where that is not for us to do.
pub(crate) fn make(tag: &str, most: u32) -> Option<PathBuf> {
    let path = place()?.join(tag);
    fs::create_dir(&path).ok()?;
    // One more: the stage that becomes the program is counted while it joins.
    if fs::write(path.join(LIMIT), most.saturating_add(1).to_string()).is_ok() {
        return Some(path);
    }
    let _ = fs::remove_dir(&path);
    None
}

/// Moves this process into the group.
pub(super) fn join(group: &Path) -> Result<(), String> {
    fs::write(group.join(MEMBERS), "0").map_err(|e| e.to_string())
}

/// Whether the group has refused a process since it was made.
pub(crate) fn was_full(group: &Path) -> bool {
    fs::read_to_string(group.join("pids.events")).is_ok_and(|text| {
        let count = text.lines().find_map(|line| line.strip_prefix("max "));
        count.is_some_and(|n| n.trim() != "0")
    })
}

/// From now on nothing in the group can start anything: what is being ended cannot outrun its end.
pub(crate) fn close(group: &Path) {
    let _ = fs::write(group.join(LIMIT), "0");
}

/// The group of this name, if it is there.
pub(crate) fn existing(tag: &str) -> Option<PathBuf> {
    Some(place()?.join(tag)).filter(|path| path.exists())
}

/// Ends whatever is in the group and removes it. A process that has been ended is a member until somebody has
/// collected it, so this is tried for a moment.
pub(crate) fn clear(group: &Path) {
    close(group);
    for _ in 0..TRIES {
        for pid in members(group) {
            let _ = kill_process(pid, Signal::KILL);
        }
        if fs::remove_dir(group).is_ok() || !group.exists() {
            return;
        }
        std::thread::sleep(PAUSE);
    }
}

fn members(group: &Path) -> Vec<Pid> {
    let text = fs::read_to_string(group.join(MEMBERS)).unwrap_or_default();
    text.lines().filter_map(|line| Pid::from_raw(line.trim().parse().ok()?)).collect()
}

/// The folder of the group that this process is in, in whichever hierarchy counts processes.
fn place() -> Option<PathBuf> {
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    let named = |wanted: fn(&str) -> bool| {
        own.lines().find_map(|line| {
            let (_, rest) = line.split_once(':')?;
            let (controllers, path) = rest.split_once(':')?;
            wanted(controllers).then(|| path.trim_start_matches('/').to_owned())
        })
    };
    let (root, path) = match named(|c| c.split(',').any(|c| c == "pids")) {
        Some(path) => ("/sys/fs/cgroup/pids", path),
        None => ("/sys/fs/cgroup", named(str::is_empty)?),
    };
    let place = Path::new(root).join(path);
    place.join(MEMBERS).exists().then_some(place)
}
