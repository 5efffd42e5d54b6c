use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use process::{Child, Exit};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::Instant;

use crate::support::{BINARY, BRIEF, Script, alive, eventually, line, start};

/// Starts a grandchild that leaves its session and its parent, ignores SIGTERM, and prints its process id.
const DETACHING: &str = "
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        print(os.getpid())
        time.sleep(600)
    os._exit(0)
os.wait()
";

fn pid(text: &str) -> i32 {
    text.trim().parse().unwrap()
}

fn send(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

#[tokio::test]
async fn closed_input_ends_a_well_behaved_child_at_once() {
    let child = start(&["cat"]).await;
    let begin = Instant::now();
    assert_eq!(child.stop(Duration::from_secs(10)).await, Exit::Code(0));
    assert!(begin.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_child_that_ignores_its_input_gets_sigterm() {
    let child = start(&["sleep", "600"]).await;
    assert_eq!(child.stop(BRIEF).await, Exit::Signal(15));
}

#[tokio::test]
async fn a_child_that_ignores_sigterm_gets_sigkill() {
    let script = Script::new(
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up')\ntime.sleep(600)",
    );
    let mut child = script.start().await;
    line(&mut child).await;
    let begin = Instant::now();
    assert_eq!(child.stop(BRIEF).await, Exit::Signal(9));
    assert!(begin.elapsed() >= 2 * BRIEF && begin.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn a_grandchild_that_detached_is_gone_after_a_stop() {
    let script = Script::new(&format!("{DETACHING}\nsys.stdin.read()\ntime.sleep(600)"));
    let mut child = script.start().await;
    let grandchild = pid(&line(&mut child).await);
    assert!(alive(grandchild));
    child.stop(BRIEF).await;
    assert!(!alive(grandchild));
}

#[tokio::test]
async fn a_grandchild_does_not_outlive_a_child_that_ends_by_itself() {
    let script = Script::new(&format!("{DETACHING}\nsys.exit(7)"));
    let mut child = script.start().await;
    let grandchild = pid(&line(&mut child).await);
    assert_eq!(child.handle.exit().await, Exit::Code(7));
    assert!(!alive(grandchild));
}

#[tokio::test]
async fn dropping_the_handle_ends_the_tree() {
    let script = Script::new(&format!("{DETACHING}\ntime.sleep(600)"));
    let mut child = script.start().await;
    let grandchild = pid(&line(&mut child).await);
    let main = child.handle.pid();
    drop(child);
    assert!(eventually(|| !alive(main) && !alive(grandchild)).await);
}

/// A gate of its own, its child's process id, and the first line of that child.
#[expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "the gate under test")]
fn gate(script: &Script) -> (std::process::Child, i32, i32) {
    let mut gate = std::process::Command::new(BINARY)
        .args(["gate", "python3", "-u", &script.path()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(gate.stdout.take().unwrap()).lines();
    let main = pid(&lines.next().unwrap().unwrap());
    let grandchild = pid(&lines.next().unwrap().unwrap());
    (gate, main, grandchild)
}

#[tokio::test]
async fn no_child_survives_a_gate_that_is_killed() {
    let script = Script::new(&format!("{DETACHING}\ntime.sleep(600)"));
    let (mut gate, main, grandchild) = gate(&script);
    assert!(alive(main) && alive(grandchild));
    gate.kill().unwrap();
    gate.wait().unwrap();
    assert!(eventually(|| !alive(main) && !alive(grandchild)).await);
}

#[tokio::test]
async fn a_supervisor_asked_to_end_ends_its_tree_first() {
    let script = Script::new(&format!("{DETACHING}\ntime.sleep(600)"));
    let mut child = script.start().await;
    let grandchild = pid(&line(&mut child).await);
    send(parent(child.handle.pid()), Signal::TERM);
    assert_eq!(child.handle.exit().await, Exit::Signal(15));
    assert!(!alive(grandchild));
}

#[tokio::test]
async fn a_program_dies_with_a_supervisor_that_is_killed() {
    let script = Script::new("import time\nprint('up')\ntime.sleep(600)");
    let mut child = script.start().await;
    line(&mut child).await;
    let main = child.handle.pid();
    send(parent(main), Signal::KILL);
    assert_eq!(child.handle.exit().await, Exit::Lost);
    assert!(eventually(|| !alive(main)).await);
}

#[tokio::test]
async fn a_tree_that_forks_while_it_is_ended_is_ended() {
    // Fifty generations, each forking its successor as it goes.
    let script = Script::new(
        "import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up')\nfor n in range(50):\n    os.setsid() if n else None\n    if os.fork(): time.sleep(600)\n    time.sleep(0.02)\ntime.sleep(600)",
    );
    let Child { stdin, mut stdout, handle } = script.start().await;
    stdout.next().await.unwrap();
    drop(stdin);
    assert_eq!(handle.stop(BRIEF).await, Exit::Signal(9));
    let path = script.path();
    assert!(!std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        std::fs::read_to_string(entry.path().join("cmdline")).is_ok_and(|c| c.contains(&path))
    }));
}

fn parent(pid: i32) -> i32 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit(") ").next().unwrap().split(' ').nth(1).unwrap().parse().unwrap()
}
