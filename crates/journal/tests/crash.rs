//! What the log promises when the world stops between any two steps.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may panic"
)]

mod common;
mod faulty;

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use common::{Home, ids, record, wait, write};
use faulty::{Fault, FaultyDisk};
use journal::{Journal, JournalError, RealDisk, Retention};

#[test]
fn g_audit_14_a_torn_tail_is_recognised_at_every_byte_and_nothing_else_is_lost() {
    let home = Home::new();
    let mut options = home.options();
    // Signed only at the end: everything is in the tail.
    options.checkpoint_every = Duration::from_hours(1);
    let journal = Journal::open(options, Clock::system()).unwrap().0;
    write(&journal, 1);
    while journal.stats().signed < 1 {
        std::thread::sleep(Duration::from_millis(1));
    }
    write(&journal, 3);
    // A copy of the files as they are now is what a SIGKILL leaves.
    let killed = home.copy();
    journal.close();
    let mut log = fs::read(killed.segment(1, "jsonl")).unwrap();
    let room = log.iter().rposition(|b| *b != 0).unwrap() + 1;
    assert!(room < log.len(), "room is set aside after the last record");
    log.truncate(room);
    let signed_len = log.iter().position(|b| *b == b'\n').unwrap() + 1;
    for cut in signed_len..=log.len() {
        let torn = killed.copy();
        // With and without the room after it.
        let room = [0; 50];
        fs::write(torn.segment(1, "jsonl"), [&log[..cut], &room[..cut % 2 * 50]].concat()).unwrap();
        let whole =
            log[..cut].split_inclusive(|b| *b == b'\n').filter(|l| l.ends_with(b"\n")).count()
                as u64;
        assert!(torn.verify().is_ok(), "a torn tail is no tampering: cut at {cut}");
        let (journal, recovery) = open(&torn).unwrap();
        assert_eq!(recovery.records, whole, "cut at {cut}");
        let rest = cut - log[..cut].iter().rposition(|b| *b == b'\n').unwrap() - 1;
        assert_eq!(recovery.torn_bytes, rest as u64);
        wait(journal.append(record(9))).unwrap();
        journal.close();
        let report = torn.verify();
        assert!(report.is_ok() && report.torn_bytes == 0, "cut at {cut}: {report:?}");
        let kinds: Vec<_> =
            journal::records(&torn.dir, 1).unwrap().map(|r| r.unwrap().entry.kind).collect();
        assert_eq!(kinds.iter().filter(|k| *k == "recovery").count(), usize::from(rest > 0));
    }
    // Cut below what was signed, it is no crash any more.
    for cut in 0..signed_len {
        let torn = killed.copy();
        fs::write(torn.segment(1, "jsonl"), &log[..cut]).unwrap();
        assert!(open(&torn).is_err(), "cut at {cut}");
        assert!(!torn.verify().is_ok());
    }
}

#[test]
fn blocks_that_never_reached_the_disk_are_cut_and_rubbish_between_records_is_not() {
    let home = Home::new();
    home.written(3, 1 << 20);
    let mut log = fs::read(home.segment(1, "jsonl")).unwrap();
    let line = "{\"seq\":5,\"time\":\"2026-11-21T10:00:00.000Z\",\"kind\":\"call\",\"epoch\":0}\n";
    let rubbish = home.copy();
    fs::write(rubbish.segment(1, "jsonl"), [&log[..], b"rubbish\n", line.as_bytes()].concat())
        .unwrap();
    assert!(Journal::open(rubbish.options(), Clock::system()).is_err());
    log.extend_from_slice(&[0; 100]);
    log.extend_from_slice(line.as_bytes());
    fs::write(home.segment(1, "jsonl"), &log).unwrap();
    let (journal, recovery) = Journal::open(home.options(), Clock::system()).unwrap();
    assert_eq!((recovery.records, recovery.torn_bytes), (3, 100 + line.len() as u64));
    journal.close();
    assert!(home.verify().is_ok());
}

#[test]
fn a_checkpoint_file_cut_anywhere_does_not_stop_the_log() {
    let home = Home::new();
    home.written(3, 1 << 20);
    for name in ["checkpoint", "segment-00000000000000000001.checkpoints"] {
        let len = fs::read(home.path(name)).unwrap().len();
        for cut in 0..len {
            let torn = home.copy();
            let bytes = fs::read(torn.path(name)).unwrap();
            fs::write(torn.path(name), &bytes[..cut]).unwrap();
            let opened = open(&torn);
            let whole = |n: &str| name == n && String::from_utf8(bytes[..cut].to_vec()).is_ok();
            let (journal, recovery) =
                opened.unwrap_or_else(|e| panic!("{name} cut at {cut} ({}): {e}", whole(name)));
            assert_eq!(recovery.records, 3);
            write(&journal, 2);
            journal.close();
            let report = torn.verify();
            assert!(report.is_ok(), "{name} cut at {cut}: {report:?}");
        }
    }
}

#[test]
fn g_audit_13_a_failed_sync_marks_the_log_for_good() {
    for fault in [Fault::Sync, Fault::Write] {
        let home = Home::new();
        let disk = Arc::new(FaultyDisk::default());
        let (journal, _) =
            Journal::open_with(home.options(), Clock::system(), disk.clone(), None).unwrap();
        write(&journal, 3);
        let held = journal.reserve().unwrap();
        disk.fail_records(fault);
        let failed = wait(journal.append(record(4)));
        assert!(matches!(failed, Err(JournalError::Failed(_))), "{failed:?}");
        // The disk is well again; the log is not.
        disk.heal();
        assert!(matches!(journal.reserve().err(), Some(JournalError::Failed(_))));
        assert!(matches!(wait(held.commit(record(5))), Err(JournalError::Failed(_))));
        assert!(journal.stats().failed);
        journal.close();
        drop(journal);
        let journal = home.open();
        assert!(ids(&home.dir).starts_with(&[1, 2, 3]));
        drop(journal);
        assert!(home.verify().is_ok());
    }
}

#[test]
fn a_full_disk_refuses_calls_keeps_what_was_promised_and_loses_nothing() {
    for supported in [true, false] {
        let home = Home::new();
        let disk = Arc::new(FaultyDisk::default());
        disk.set_allocation(supported);
        let (journal, _) =
            Journal::open_with(home.options(), Clock::system(), disk.clone(), None).unwrap();
        write(&journal, 10);
        disk.fill();
        let mut slots = Vec::new();
        let error = loop {
            match journal.reserve() {
                Ok(slot) => slots.push(slot),
                Err(error) => break error,
            }
        };
        assert_eq!(error, JournalError::Full);
        assert!(!slots.is_empty(), "room was set aside ahead");
        // Every promise is kept, whatever is written.
        let promised = slots.len() as u64;
        let commits: Vec<_> = slots
            .into_iter()
            .map(|slot| {
                let mut big = record(11);
                big.args_masked = Some("x".repeat(40_000));
                slot.commit(big)
            })
            .collect();
        wait(async {
            for commit in commits {
                commit.await.unwrap();
            }
        });
        assert!(!journal.stats().failed);
        disk.heal();
        wait(journal.append(record(12))).unwrap();
        journal.close();
        assert_eq!(ids(&home.dir).len() as u64, 10 + promised + 1);
        assert!(home.verify().is_ok());
    }
}

#[test]
fn a_full_disk_at_rotation_lets_the_old_segment_go_on() {
    let home = Home::new();
    let disk = Arc::new(FaultyDisk::default());
    let mut options = home.options();
    options.segment_bytes = 1000;
    let (journal, _) = Journal::open_with(options, Clock::system(), disk.clone(), None).unwrap();
    write(&journal, 2);
    disk.fill();
    for n in 0..20 {
        wait(journal.append(record(n))).unwrap();
    }
    let segments = home.segments().len();
    disk.heal();
    write(&journal, 100);
    journal.close();
    assert!(home.segments().len() > segments);
    let report = home.verify();
    assert!(report.is_ok() && report.size == 122, "{report:?}");
}

/// Opens without waiting for the real disk.
fn open(home: &Home) -> Result<(Journal, journal::Recovery), journal::OpenError> {
    Journal::open_with(home.options(), Clock::system(), Arc::new(FaultyDisk::default()), None)
}

/// Plays one story, stopping the world at step `k`. Gives the ids that were acknowledged, and whether the story ended.
fn play(home: &Home, k: u64, lose: u64) -> (Vec<u64>, bool) {
    let disk = Arc::new(FaultyDisk::stopping_at(k));
    let mut options = home.options();
    options.segment_bytes = 1200;
    options.retain = Retention { segments: Some(3), ..Retention::default() };
    let mut acknowledged = Vec::new();
    if let Ok((journal, _)) = Journal::open_with(options, Clock::system(), disk.clone(), None) {
        wait(async {
            for n in 1..=24 {
                if n == 9 {
                    let _ = journal.rotate_key().await;
                }
                if journal.append(record(n)).await.is_ok() {
                    acknowledged.push(n);
                }
            }
        });
        journal.close();
    }
    let ended = !disk.stopped();
    disk.lose_unsynced(lose);
    (acknowledged, ended)
}

#[test]
fn stopped_at_any_step_no_acknowledged_record_is_lost_and_the_log_goes_on() {
    for lose in [0, 40, 100] {
        for k in 1.. {
            let home = Home::quick();
            let (acknowledged, ended) = play(&home, k, lose);
            let disk = Arc::new(FaultyDisk::default());
            let opened = Journal::open_with(home.options(), Clock::system(), disk, None);
            let (journal, recovery) =
                opened.unwrap_or_else(|e| panic!("step {k}, {lose} % lost: {e}"));
            wait(journal.append(record(99))).unwrap();
            journal.close();
            let report = home.verify();
            assert!(report.is_ok(), "step {k}, {lose} % lost: {report:?}");
            let there = ids(&home.dir);
            let kept = |n: &u64| there.contains(n) || report.first > *n;
            let lost: Vec<_> = acknowledged.iter().filter(|n| !kept(n)).collect();
            assert!(
                lost.is_empty(),
                "step {k}, {lose} % lost: {lost:?} of {acknowledged:?}, {recovery:?}"
            );
            assert!(there.contains(&99));
            if ended {
                assert!(k > 60, "the story is longer than {k} steps");
                break;
            }
        }
    }
}

#[test]
fn the_real_disk_sets_room_aside_and_gives_it_back() {
    use std::os::unix::fs::MetadataExt;

    use journal::Disk;
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("file");
    let file = RealDisk.open(&path).unwrap();
    file.write_at(b"record\n", 0).unwrap();
    if file.allocate(7, 1 << 20).unwrap() {
        assert!(fs::metadata(&path).unwrap().blocks() * 512 >= 1 << 20);
        assert!(fs::read(&path).unwrap()[7..].iter().all(|b| *b == 0));
        file.truncate(7).unwrap();
        assert!(fs::metadata(&path).unwrap().blocks() * 512 < 1 << 20);
    }
    assert_eq!(fs::read(&path).unwrap(), b"record\n");
    assert!(RealDisk.free(home.path()).unwrap() > 0);
}
