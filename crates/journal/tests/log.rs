//! What the log promises while nothing goes wrong.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may panic"
)]

mod common;

use std::time::Duration;

use ambient::Clock;
use audit::{Record, Verifier};
use common::{Home, ids, record, wait, write};
use journal::{Filter, Format, Journal, JournalError, OpenError, Retention};

#[test]
fn a_record_is_numbered_written_signed_and_proven() {
    let home = Home::new();
    let journal = home.open();
    wait(async {
        for n in 1..=5 {
            assert_eq!(journal.append(record(n)).await, Ok(n));
        }
    });
    journal.close();
    let report = home.verify();
    assert!(report.is_ok(), "{report:?}");
    assert_eq!((report.first, report.size, report.signed, report.torn_bytes), (1, 5, 5, 0));
    let key = Verifier::parse(&report.vkey).unwrap();
    for seq in 1..=5 {
        let proof = journal::prove(&home.dir, seq).unwrap();
        assert!(proof.holds(&key));
        assert!(proof.text().starts_with(&format!("c2sp.org/tlog-proof@v1\nindex {}\n", seq - 1)));
        let other = journal::Proof { line: proof.line.replace("call", "coll"), ..proof };
        assert!(!other.holds(&key));
    }
    assert!(journal::prove(&home.dir, 6).is_err());
}

#[test]
fn a_log_goes_on_where_it_ended() {
    let home = Home::new();
    let key = home.written(7, 1 << 20);
    let (journal, recovery) = Journal::open(home.options(), Clock::system()).unwrap();
    assert_eq!((recovery.records, recovery.signed, recovery.torn_bytes), (7, 7, 0));
    assert_eq!(recovery.vkey, key.to_string());
    assert_eq!(wait(journal.append(record(8))), Ok(8));
    drop(journal);
    assert_eq!(ids(&home.dir), (1..=8).collect::<Vec<_>>());
    let report = journal::verify(&home.dir, None, Some(&key)).unwrap();
    assert!(report.is_ok(), "{report:?}");
}

#[test]
fn segments_are_closed_at_their_size_and_every_record_stays_provable() {
    let home = Home::new();
    let key = home.written(300, 2000);
    assert!(home.segments().len() > 2, "{:?}", home.segments());
    let report = home.verify();
    assert!(report.is_ok() && report.size == 300, "{report:?}");
    for seq in [1, 2, 99, 100, 101, 299, 300] {
        assert!(journal::prove(&home.dir, seq).unwrap().holds(&key), "{seq}");
    }
    let found = |from| {
        journal::records(&home.dir, from).unwrap().map(|r| r.unwrap().entry.seq).collect::<Vec<_>>()
    };
    assert_eq!(found(150), (150..=300).collect::<Vec<_>>());
    let last: Vec<_> = journal::tail(&home.dir, 3).unwrap().map(|r| r.unwrap().entry.seq).collect();
    assert_eq!(last, [298, 299, 300]);
}

#[test]
fn retention_removes_the_oldest_and_what_stays_is_still_proven() {
    let home = Home::new();
    let mut options = home.options();
    options.segment_bytes = 2000;
    options.retain = Retention { segments: Some(3), ..Retention::default() };
    let (journal, recovery) = Journal::open(options, Clock::system()).unwrap();
    write(&journal, 1000);
    journal.close();
    let segments = home.segments();
    // Three, the one being written when the log was closed, and one that could not be announced any more.
    assert!(segments[0] > 1 && segments.len() <= 5, "{segments:?}");
    let key = Verifier::parse(&recovery.vkey).unwrap();
    let report = journal::verify(&home.dir, None, Some(&key)).unwrap();
    assert!(report.is_ok(), "{report:?}");
    assert_eq!(report.first, segments[0]);
    for seq in [segments[0], report.size - 1, report.size] {
        assert!(journal::prove(&home.dir, seq).unwrap().holds(&key));
    }
    assert!(journal::prove(&home.dir, segments[0] - 1).is_err());
    drop(journal);
    let again = Journal::open(home.options(), Clock::system()).unwrap().0;
    assert_eq!(wait(again.append(record(1))), Ok(report.size + 1));
}

#[test]
fn retention_goes_by_age_and_by_bytes_too() {
    for retain in [
        Retention { age: Some(Duration::from_secs(1)), ..Retention::default() },
        Retention { bytes: Some(40_000), ..Retention::default() },
    ] {
        let home = Home::new();
        let mut options = home.options();
        (options.segment_bytes, options.retain) = (2000, retain);
        // By this clock, every file was written long ago.
        let journal = Journal::open(options, Clock::manual(4_000_000_000_000)).unwrap().0;
        write(&journal, 1000);
        journal.close();
        let report = home.verify();
        assert!(report.is_ok() && report.first > 1, "{report:?}");
    }
}

#[test]
fn records_are_found_by_who_what_and_when() {
    let home = Home::new();
    home.written(10, 1 << 20);
    let count = |filter: Filter| journal::search(&home.dir, filter).unwrap().count();
    assert_eq!(count(Filter::default()), 10);
    assert_eq!(count(Filter { principal: Some("alice".into()), ..Filter::default() }), 5);
    assert_eq!(count(Filter { tool: Some("other".into()), ..Filter::default() }), 0);
    let at = |n: u64| audit::parse_rfc3339(&audit::rfc3339(record(n).time));
    assert_eq!(count(Filter { since: at(3), until: at(5), ..Filter::default() }), 2);
}

#[test]
fn a_view_of_one_tenant_has_its_records_and_no_others() {
    let home = Home::new();
    let journal = home.open();
    for n in 0..9 {
        // The gate's own records belong to nobody.
        let tenant = ["acme", "globex"].get(usize::try_from(n % 3).unwrap());
        let tenant = tenant.map(model::TenantId::new);
        wait(journal.append(Record { tenant, ..record(n) })).unwrap();
    }
    journal.close();
    let of = |tenant: &str| Filter { tenant: Some(tenant.into()), ..Filter::default() };
    let seqs = |stored: Vec<journal::Stored>| -> Vec<u64> {
        stored.into_iter().map(|s| s.entry.seq).collect()
    };
    let found = |tenant| -> Vec<u64> {
        seqs(journal::search(&home.dir, of(tenant)).unwrap().map(Result::unwrap).collect())
    };
    assert_eq!((found("acme"), found("globex")), (vec![1, 4, 7], vec![2, 5, 8]));
    assert!(found("initech").is_empty());
    assert_eq!(seqs(journal::last(&home.dir, of("globex"), 2).unwrap()), [5, 8]);
    assert!(journal::last(&home.dir, of("globex"), 0).unwrap().is_empty());
    let mut out = Vec::new();
    journal::export(&home.dir, of("acme"), Format::Ocsf, &mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    assert!(out.lines().count() == 3 && !out.contains("globex"), "{out}");
}

#[test]
fn an_export_has_a_line_for_each_record_in_every_format() {
    let home = Home::new();
    home.written(4, 1 << 20);
    for (format, mark) in
        [("jsonl", "{\"seq\":"), ("ocsf", "\"class_uid\":6003"), ("cef", "CEF:0|")]
    {
        let mut out = Vec::new();
        let format: Format = format.parse().unwrap();
        assert_eq!(journal::export(&home.dir, Filter::default(), format, &mut out).unwrap(), 4);
        let out = String::from_utf8(out).unwrap();
        assert_eq!(out.lines().filter(|l| l.contains(mark)).count(), 4, "{out}");
    }
    assert!("xml".parse::<Format>().is_err());
}

#[test]
fn g_audit_05_a_clock_set_back_changes_no_order_and_is_recorded() {
    let home = Home::new();
    let clock = Clock::manual(1_795_255_200_000);
    let journal = Journal::open(home.options(), clock.clone()).unwrap().0;
    wait(journal.append(record(1))).unwrap();
    // The clock's counter wraps: this is five seconds back.
    clock.advance(Duration::from_millis(u64::MAX - 4999));
    wait(journal.append(record(2))).unwrap();
    wait(journal.append(record(3))).unwrap();
    journal.close();
    let entries: Vec<_> =
        journal::records(&home.dir, 1).unwrap().map(|r| r.unwrap().entry).collect();
    assert_eq!(
        entries.iter().map(|e| e.clock_back_ms).collect::<Vec<_>>(),
        [None, Some(5000), None]
    );
    assert_eq!(entries.iter().map(|e| e.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(home.verify().is_ok());
}

#[test]
fn g_audit_16_a_read_only_directory_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    std::fs::create_dir(&home.dir).unwrap();
    std::fs::set_permissions(&home.dir, std::fs::Permissions::from_mode(0o555)).unwrap();
    let refused = Journal::open(home.options(), Clock::system()).err().unwrap();
    assert!(matches!(refused, OpenError::ReadOnly(_)), "{refused}");
    std::fs::set_permissions(&home.dir, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn g_audit_17_the_record_of_a_caller_who_is_gone_is_there() {
    let home = Home::new();
    let journal = home.open();
    let slot = journal.reserve().unwrap();
    let mut gone = record(1);
    gone.outcome = Some(audit::Outcome::Cancelled);
    slot.commit_detached(gone);
    drop(journal.append(record(2)));
    journal.close();
    let entries: Vec<_> =
        journal::records(&home.dir, 1).unwrap().map(|r| r.unwrap().entry).collect();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0].outcome.as_deref(), Some("cancelled"));
}

#[test]
fn a_second_writer_is_refused_and_a_closed_log_takes_nothing() {
    let home = Home::new();
    let journal = home.open();
    let second = Journal::open(home.options(), Clock::system()).err().unwrap();
    assert!(matches!(second, OpenError::Locked(_)), "{second}");
    let slot = journal.reserve().unwrap();
    journal.close();
    assert_eq!(journal.reserve().err(), Some(JournalError::Closed));
    assert_eq!(wait(slot.commit(record(1))), Err(JournalError::Closed));
    drop(journal);
    home.open();
}

#[test]
fn no_more_records_wait_than_may_and_a_dropped_slot_is_free_again() {
    let home = Home::new();
    let mut options = home.options();
    options.queue = 3;
    let journal = Journal::open(options, Clock::system()).unwrap().0;
    let slots: Vec<_> = (0..3).map(|_| journal.reserve().unwrap()).collect();
    assert_eq!(journal.reserve().err(), Some(JournalError::Busy));
    assert_eq!(journal.stats().reserved, 3);
    drop(slots);
    assert_eq!(journal.stats().reserved, 0);
    assert_eq!(wait(journal.append(record(1))), Ok(1));
}

#[test]
fn a_caller_cannot_write_the_records_that_only_the_log_may_write() {
    let home = Home::new();
    let journal = home.open();
    let forged = Record { next_key: Some("x+y+z".into()), first_kept: Some(99), ..record(1) };
    wait(journal.append(forged)).unwrap();
    journal.close();
    let entry = journal::records(&home.dir, 1).unwrap().next().unwrap().unwrap().entry;
    assert_eq!((entry.next_key, entry.first_kept), (None, None));
}

#[test]
fn sixteen_threads_lose_nothing_and_every_number_is_given_once() {
    let home = Home::new();
    let mut options = home.options();
    (options.segment_bytes, options.checkpoint_every) = (20_000, Duration::from_millis(5));
    let (journal, _) = Journal::open(options, Clock::system()).unwrap();
    let threads: Vec<_> = (0..16_u64)
        .map(|thread| {
            let journal = journal.clone();
            std::thread::spawn(move || {
                wait(async {
                    let mut seqs = Vec::new();
                    for n in 0..50 {
                        let id = thread * 1000 + n;
                        seqs.push((journal.append(record(id)).await.unwrap(), id));
                    }
                    seqs
                })
            })
        })
        .collect();
    let mut acknowledged: Vec<_> = threads.into_iter().flat_map(|t| t.join().unwrap()).collect();
    let stats = journal.stats();
    assert_eq!((stats.records, stats.durable, stats.failed), (800, 800, false));
    assert!(stats.batches < 800, "sixteen writers share syncs: {}", stats.batches);
    journal.close();
    acknowledged.sort_unstable();
    let stored: Vec<_> = journal::records(&home.dir, 1)
        .unwrap()
        .map(|r| r.unwrap().entry)
        .map(|e| (e.seq, e.request_id.unwrap().parse::<u64>().unwrap()))
        .collect();
    assert_eq!(stored, acknowledged);
    let report = home.verify();
    assert!(report.is_ok() && report.unsigned_tail() == 0, "{report:?}");
}

#[test]
fn readers_see_a_sound_log_while_it_is_written() {
    let home = Home::new();
    let mut options = home.options();
    options.segment_bytes = 5000;
    let (journal, _) = Journal::open(options, Clock::system()).unwrap();
    wait(journal.append(record(0))).unwrap();
    let writer = journal.clone();
    let thread = std::thread::spawn(move || write(&writer, 2000));
    while !thread.is_finished() {
        let report = home.verify();
        assert!(report.is_ok(), "{report:?}");
        assert!(journal::records(&home.dir, 1).unwrap().all(|r| r.is_ok()));
    }
    thread.join().unwrap();
}

#[test]
fn what_is_no_log_is_not_read() {
    let home = Home::new();
    assert!(journal::verify(&home.dir, None, None).is_err());
    assert!(journal::records(&home.dir, 1).is_err());
}

#[test]
fn how_far_the_books_were_is_found_from_the_end_and_no_text_can_pretend_it() {
    let home = Home::new();
    assert!(journal::latest_of_ledger(&home.dir).is_err(), "there is no log yet");
    let journal = home.open();
    let forged: model::PrincipalId = model::PrincipalId::new(r#"x","ledger":"99:ff"#);
    let books = |place: &str| Record { ledger: Some(place.to_owned().into()), ..record(1) };
    wait(journal.append(record(1))).unwrap();
    assert_eq!(journal::latest_of_ledger(&home.dir).unwrap(), None);
    for place in ["1:aa", "2:bb"] {
        wait(journal.append(books(place))).unwrap();
    }
    let note = Some(r#"{"ledger":"98:ee"}"#.to_owned().into());
    wait(journal.append(Record { principal: Some(forged), note, ..record(2) })).unwrap();
    // While it is being written, there is room behind the last record.
    let found = journal::latest_of_ledger(&home.dir).unwrap().unwrap();
    assert_eq!((found.seq, found.ledger.as_deref()), (3, Some("2:bb")));
    journal.close();
    let found = journal::latest_of_ledger(&home.dir).unwrap().unwrap();
    assert_eq!(found.ledger.as_deref(), Some("2:bb"));
}
