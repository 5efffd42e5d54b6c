use std::fs;
use std::time::Duration;

use ambient::Clock;
use process::{Caps, Launcher, SpawnError};

use crate::support::{BINARY, BRIEF, alive, eventually, launcher, spec};

fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Processes whose parent is this one, zombies included.
fn own_children() -> usize {
    let me = std::process::id().to_string();
    let is_mine = |stat: String| {
        stat.rsplit(") ").next().is_some_and(|r| r.split(' ').nth(1) == Some(me.as_str()))
    };
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries.filter(|e| fs::read_to_string(e.path().join("stat")).is_ok_and(is_mine)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_starts_and_kills_leave_no_process_file_or_task() {
    let launcher = launcher();
    let metrics = tokio::runtime::Handle::current().metrics();
    // One round first, for what is set up once and stays (the signal driver).
    launcher.spawn(&spec(&["cat"])).await.unwrap().stop(BRIEF).await;
    assert!(eventually(|| metrics.num_alive_tasks() == 0).await);
    let before = (open_files(), own_children());
    let mut pids = Vec::new();
    for round in 0..500 {
        let child = launcher.spawn(&spec(&["cat"])).await.unwrap();
        pids.push(child.handle.pid());
        match round % 3 {
            0 => drop(child),
            1 => {
                child.stop(Duration::from_secs(5)).await;
            }
            _ => {
                let pid = rustix::process::Pid::from_raw(child.handle.pid()).unwrap();
                rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
                child.handle.exit().await;
            }
        }
    }
    assert!(eventually(|| launcher.children().live() == 0).await, "{}", launcher.children().live());
    assert!(
        eventually(|| metrics.num_alive_tasks() == 0).await,
        "{} tasks",
        metrics.num_alive_tasks()
    );
    assert!(
        eventually(|| (open_files(), own_children()) == before).await,
        "{:?} {before:?}",
        (open_files(), own_children())
    );
    assert!(!pids.into_iter().any(alive));
}

#[tokio::test]
async fn a_thousand_children_are_not_started_where_three_are_allowed() {
    let caps = Caps { total: 3, per_source: 3 };
    let launcher = Launcher::new(caps, Clock::system()).with_binary(BINARY);
    let mut running = Vec::new();
    for _ in 0..3 {
        running.push(launcher.spawn(&spec(&["cat"])).await.unwrap());
    }
    for _ in 0..1000 {
        let error = launcher.spawn(&spec(&["cat"])).await.unwrap_err();
        assert!(
            matches!(error, SpawnError::TooMany { limit: "children.total", cap: 3 }),
            "{error}"
        );
    }
    assert_eq!(launcher.children().live(), 3);
    for child in running {
        child.stop(BRIEF).await;
    }
    assert!(eventually(|| launcher.children().live() == 0).await);
}
