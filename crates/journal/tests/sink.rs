//! Checkpoints that are kept elsewhere.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may panic"
)]

mod common;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ambient::Clock;
use common::{Home, record, wait, write};
use journal::{Journal, RealDisk, Sink};

/// Takes one checkpoint each time it is let, and keeps them.
struct Held {
    permits: Receiver<()>,
    failing: Arc<AtomicBool>,
    got: Arc<Mutex<Vec<String>>>,
}

impl Sink for Held {
    fn deliver(&mut self, note: &str) -> io::Result<()> {
        if self.failing.load(Ordering::SeqCst) {
            return Err(io::Error::other("the sink is away"));
        }
        // Once nobody lets it any more, it takes what it gets.
        let _open = self.permits.recv();
        self.got.lock().unwrap().push(note.to_owned());
        Ok(())
    }
}

#[derive(Default)]
struct Ends {
    failing: Arc<AtomicBool>,
    got: Arc<Mutex<Vec<String>>>,
}

impl Ends {
    fn sink(&self) -> (Box<dyn Sink>, Sender<()>) {
        let (sender, permits) = channel();
        (Box::new(Held { permits, failing: self.failing.clone(), got: self.got.clone() }), sender)
    }

    fn sizes(&self) -> Vec<u64> {
        let notes = self.got.lock().unwrap();
        notes.iter().map(|n| n.lines().nth(1).unwrap().parse().unwrap()).collect()
    }
}

fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    for _ in 0..2000 {
        if is() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("never: {what}");
}

#[test]
fn g_audit_15_a_slow_sink_holds_up_no_call_and_its_backlog_is_seen_and_carried() {
    let home = Home::new();
    let ends = Ends::default();
    let (sink, permits) = ends.sink();
    let (journal, _) =
        Journal::open_with(home.options(), Clock::system(), Arc::new(RealDisk), Some(sink))
            .unwrap();
    for n in 1..=20 {
        assert_eq!(wait(journal.append(record(n))), Ok(n));
    }
    eventually("everything signed", || journal.stats().signed == 20);
    let backlog = journal.stats().sink_backlog;
    assert!(backlog >= 2, "{backlog}");
    assert!(ends.sizes().is_empty());
    drop(permits);
    eventually("the backlog is carried", || journal.stats().sink_backlog == 0);
    let sizes = ends.sizes();
    assert!(sizes.is_sorted_by(|a, b| a < b) && sizes.len() as u64 == backlog, "{sizes:?}");
    assert_eq!(sizes.last(), Some(&20));
}

#[test]
fn a_failing_sink_is_tried_again_and_what_it_missed_survives_a_restart() {
    let home = Home::new();
    let ends = Ends::default();
    ends.failing.store(true, Ordering::SeqCst);
    let mut options = home.options();
    options.segment_bytes = 1000;
    let (sink, permits) = ends.sink();
    drop(permits);
    let (journal, _) =
        Journal::open_with(options.clone(), Clock::system(), Arc::new(RealDisk), Some(sink))
            .unwrap();
    write(&journal, 300);
    journal.close();
    let missed = journal.stats().sink_backlog;
    assert!(missed > 2 && ends.sizes().is_empty(), "{missed}");
    drop(journal);
    ends.failing.store(false, Ordering::SeqCst);
    let (sink, permits) = ends.sink();
    drop(permits);
    let (journal, _) =
        Journal::open_with(options, Clock::system(), Arc::new(RealDisk), Some(sink)).unwrap();
    eventually("the backlog is carried", || journal.stats().sink_backlog == 0);
    let sizes = ends.sizes();
    assert_eq!(sizes.len() as u64, missed);
    assert!(sizes.is_sorted_by(|a, b| a < b) && sizes.last() == Some(&300), "{sizes:?}");
}

#[test]
fn the_file_sink_is_something_to_verify_against() {
    let home = Home::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let path = elsewhere.path().join("checkpoints");
    let mut options = home.options();
    options.sink = Some(path.clone());
    let (journal, _) = Journal::open(options, Clock::system()).unwrap();
    for n in 1..=3 {
        wait(journal.append(record(n))).unwrap();
        eventually("delivered", || {
            journal.stats().signed == n && journal.stats().sink_backlog == 0
        });
    }
    journal.close();
    let kept = std::fs::read_to_string(&path).unwrap();
    assert_eq!(kept.matches("gate.example/audit\n").count(), 3, "{kept}");
    let report = journal::verify(&home.dir, Some(&kept), None).unwrap();
    assert!(report.is_ok(), "{report:?}");
    home.edit(1, |lines| lines.truncate(2));
    for file in ["checkpoint", "segment-00000000000000000001.checkpoints"] {
        let first = kept.split_inclusive("\n\n").take(2).collect::<String>();
        std::fs::write(
            home.path(file),
            if file == "checkpoint" {
                first.trim_end_matches('\n').to_owned() + "\n"
            } else {
                first
            },
        )
        .unwrap();
    }
    assert!(home.verify().is_ok(), "by its own word it was never longer");
    assert!(!journal::verify(&home.dir, Some(&kept), None).unwrap().is_ok());
}
