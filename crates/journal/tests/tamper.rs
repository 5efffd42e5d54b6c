//! Whatever is changed behind the log's back shows, and the first changed record is named.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may panic"
)]

mod common;

use std::fs;

use ambient::Clock;
use audit::Verifier;
use common::{Home, first, record, wait, write};
use journal::{Journal, OpenError};

/// Opening refuses what `verify` refuses, and names the same record.
fn refused(home: &Home) -> Option<u64> {
    match Journal::open(home.options(), Clock::system()) {
        Err(OpenError::Changed { record, .. }) => record,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("a changed log was opened"),
    }
}

#[test]
fn g_audit_01_an_inserted_record_is_named_by_its_place() {
    let home = Home::new();
    home.written(1000, 1 << 30);
    home.edit(1, |lines| lines.insert(500, lines[499].replace("\"seq\":500", "\"seq\":501")));
    let report = home.verify();
    assert_eq!(first(&report).record, Some(501), "{report:?}");
    assert_eq!(refused(&home), Some(501));
}

#[test]
fn an_inserted_record_with_everything_after_it_renumbered_is_named_too() {
    let home = Home::new();
    home.written(1000, 1 << 30);
    home.edit(1, |lines| {
        lines.insert(500, lines[499].clone());
        for (n, line) in lines.iter_mut().enumerate().skip(500) {
            let rest = line.split_once(',').unwrap().1.to_owned();
            *line = format!("{{\"seq\":{},{rest}", n + 1);
        }
    });
    let report = home.verify();
    assert_eq!(first(&report).record, Some(501), "{report:?}");
    // Without the kept hashes the last good checkpoint is as near as it gets.
    fs::remove_file(home.segment(1, "leaves")).unwrap();
    let near = first(&home.verify()).record.unwrap();
    assert!((401..=501).contains(&near), "{near}");
}

#[test]
fn g_audit_02_swapped_records_are_named_by_the_first() {
    let home = Home::new();
    home.written(1000, 1 << 30);
    home.edit(1, |lines| lines.swap(499, 500));
    assert_eq!(first(&home.verify()).record, Some(500));
    assert_eq!(refused(&home), Some(500));
}

#[test]
fn g_audit_03_exchanged_segments_show() {
    let home = Home::new();
    home.written(400, 4000);
    let segments = home.segments();
    let (a, b) = (segments[1], segments[2]);
    for extension in ["jsonl", "leaves", "checkpoints"] {
        let (a, b, aside) =
            (home.segment(a, extension), home.segment(b, extension), home.path("aside"));
        fs::rename(&a, &aside).unwrap();
        fs::rename(&b, &a).unwrap();
        fs::rename(&aside, &b).unwrap();
    }
    let report = home.verify();
    assert_eq!(first(&report).record, Some(a), "{report:?}");
}

#[test]
fn g_audit_04_a_log_rewritten_under_a_new_key_is_not_the_pinned_one() {
    let (honest, forged) = (Home::new(), Home::new());
    let pinned = honest.written(20, 1 << 20);
    let other = forged.written(20, 1 << 20);
    assert!(forged.verify().is_ok(), "by its own word it is sound");
    let report = journal::verify(&forged.dir, None, Some(&pinned)).unwrap();
    let reason = &report.problems[0].reason;
    assert!(reason.contains(&other.id_text()) && reason.contains(&pinned.id_text()), "{reason}");
    // The key file of the honest log in its place does not make it sound either.
    fs::copy(honest.path("key.pub"), forged.path("key.pub")).unwrap();
    assert!(!journal::verify(&forged.dir, None, Some(&pinned)).unwrap().is_ok());
    fs::copy(honest.path("key"), forged.path("key")).unwrap();
    assert!(matches!(
        Journal::open(forged.options(), Clock::system()),
        Err(OpenError::Changed { .. })
    ));
}

#[test]
fn a_record_that_was_moved_to_another_tenant_is_named() {
    let home = Home::new();
    let journal = home.open();
    for n in 0..5 {
        let tenant = Some(model::TenantId::new("acme"));
        wait(journal.append(audit::Record { tenant, ..record(n) })).unwrap();
    }
    journal.close();
    drop(journal);
    home.edit(1, |lines| lines[2] = lines[2].replace("\"acme\"", "\"globex\""));
    assert_eq!(first(&home.verify()).record, Some(3));
    assert_eq!(refused(&home), Some(3));
}

#[test]
fn any_change_of_any_record_is_named() {
    let home = Home::new();
    home.written(30, 1500);
    for n in 1..=30_u64 {
        let harmed = home.copy();
        let start = *harmed.segments().iter().rfind(|s| **s <= n).unwrap();
        harmed.edit(start, |lines| {
            let line = &mut lines[usize::try_from(n - start).unwrap()];
            *line = line.replace("alice", "mario").replace("bob", "eve");
        });
        assert_eq!(first(&harmed.verify()).record, Some(n));
        let deleted = home.copy();
        deleted.edit(start, |lines| drop(lines.remove(usize::try_from(n - start).unwrap())));
        let report = deleted.verify();
        assert!(
            !report.is_ok() && report.problems.iter().any(|p| p.record == Some(n)),
            "{n}: {report:?}"
        );
    }
}

#[test]
fn a_changed_tail_that_was_cut_to_size_shows_against_a_checkpoint_kept_elsewhere() {
    let home = Home::new();
    let key = home.written(10, 1 << 20);
    let kept = fs::read_to_string(home.path("checkpoint")).unwrap();
    // The log of a liar who holds the key: shorter, and signed again.
    let liar = home.copy();
    liar.edit(1, |lines| lines.truncate(6));
    fs::write(liar.path("checkpoint"), first_note(&liar, 6)).unwrap();
    fs::write(liar.segment(1, "checkpoints"), format!("{}\n", first_note(&liar, 6))).unwrap();
    fs::remove_file(liar.segment(1, "leaves")).unwrap();
    assert!(journal::verify(&liar.dir, None, Some(&key)).unwrap().is_ok());
    let report = journal::verify(&liar.dir, Some(&kept), Some(&key)).unwrap();
    assert_eq!(first(&report).record, Some(7), "{report:?}");
    // Grown again to the old size, it is another log.
    let journal = Journal::open(liar.options(), Clock::system()).unwrap().0;
    write(&journal, 10);
    journal.close();
    assert!(liar.verify().is_ok());
    let report = journal::verify(&liar.dir, Some(&kept), Some(&key)).unwrap();
    assert!(!report.is_ok() && first(&report).record <= Some(10), "{report:?}");
    assert!(journal::verify(&home.dir, Some(&kept), Some(&key)).unwrap().is_ok());
}

/// A checkpoint of the first `size` records, signed with the log's own key.
fn first_note(home: &Home, size: usize) -> String {
    let seed = audit::parse_hash(fs::read_to_string(home.path("key")).unwrap().trim()).unwrap();
    let signer = audit::Signer::from_seed("gate.example/audit", &seed).unwrap();
    let mut tree = audit::Tree::default();
    for line in fs::read_to_string(home.segment(1, "jsonl")).unwrap().lines().take(size) {
        tree.push(audit::leaf_hash(line.as_bytes()));
    }
    audit::Checkpoint::of("gate.example/audit", &tree).sign(&signer)
}

#[test]
fn a_log_cut_short_shows_against_its_own_checkpoint_and_is_not_opened() {
    let home = Home::new();
    home.written(10, 1 << 20);
    home.edit(1, |lines| lines.truncate(8));
    assert_eq!(first(&home.verify()).record, Some(9));
    assert_eq!(refused(&home), Some(9));
    fs::remove_file(home.segment(1, "jsonl")).unwrap();
    assert!(journal::verify(&home.dir, None, None).is_err());
    assert_eq!(refused(&home), Some(1));
}

#[test]
fn a_missing_segment_shows_wherever_it_was() {
    let home = Home::new();
    home.written(400, 4000);
    let segments = home.segments();
    for first_record in segments {
        if fs::metadata(home.segment(first_record, "jsonl")).unwrap().len() == 0 {
            continue;
        }
        let harmed = home.copy();
        for extension in ["jsonl", "leaves", "checkpoints", "tree"] {
            fs::remove_file(harmed.segment(first_record, extension)).unwrap();
        }
        let report = harmed.verify();
        assert_eq!(first(&report).record, Some(first_record), "{report:?}");
    }
}

#[test]
fn every_file_of_the_proof_is_missed_or_found_changed() {
    let home = Home::new();
    home.written(400, 4000);
    let second = home.segments()[1];
    let changed = |path: &dyn Fn(&Home) -> std::path::PathBuf, change: &dyn Fn(&mut Vec<u8>)| {
        let harmed = home.copy();
        let mut bytes = fs::read(path(&harmed)).unwrap();
        change(&mut bytes);
        fs::write(path(&harmed), bytes).unwrap();
        !harmed.verify().is_ok()
    };
    assert!(changed(&|h| h.segment(second, "tree"), &|b| b[20] ^= 1));
    assert!(changed(&|h| h.segment(second, "leaves"), &|b| b[40] ^= 1));
    // The checkpoints on both sides of a segment still cover it.
    assert!(!changed(&|h| h.segment(second, "checkpoints"), &|b| b.clear()));
    assert!(changed(&|h| h.segment(second, "checkpoints"), &|b| {
        let n = b.iter().rposition(|c| *c == b' ').unwrap();
        b[n + 12] = if b[n + 12] == b'A' { b'B' } else { b'A' };
    }));
    assert!(changed(&|h| h.path("key.pub"), &|b| b[30] ^= 1));
    let missing = home.copy();
    fs::remove_file(missing.path("checkpoint")).unwrap();
    assert!(!missing.verify().is_ok());
}

#[test]
fn a_checkpoint_of_another_log_or_none_at_all_is_no_comparison() {
    let (home, other) = (Home::new(), Home::new());
    home.written(5, 1 << 20);
    other.written(5, 1 << 20);
    let foreign = fs::read_to_string(other.path("checkpoint")).unwrap();
    for against in [foreign.as_str(), "", "nonsense\n", "a\n\nb\n"] {
        assert!(!journal::verify(&home.dir, Some(against), None).unwrap().is_ok(), "{against:?}");
    }
}

#[test]
fn records_removed_without_a_word_in_the_log_are_missed() {
    let home = Home::new();
    home.written(400, 4000);
    let report = home.verify();
    assert!(report.is_ok());
    let gone = home.segments()[0];
    fs::remove_file(home.segment(gone, "jsonl")).unwrap();
    let report = home.verify();
    assert!(report.problems.iter().any(|p| p.reason.contains("missing")), "{report:?}");
}

#[test]
fn a_deleted_key_stops_the_log_and_makes_no_new_one() {
    let home = Home::new();
    home.written(5, 1 << 20);
    fs::remove_file(home.path("key")).unwrap();
    assert!(matches!(
        Journal::open(home.options(), Clock::system()),
        Err(OpenError::KeyMissing(_))
    ));
    assert!(!home.path("key").exists());
}

#[test]
fn g_audit_20_a_key_that_others_can_read_is_refused_with_its_mode() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    home.written(1, 1 << 20);
    assert_eq!(fs::metadata(home.path("key")).unwrap().permissions().mode() & 0o7777, 0o600);
    for mode in [0o640, 0o604, 0o644, 0o660, 0o602] {
        fs::set_permissions(home.path("key"), fs::Permissions::from_mode(mode)).unwrap();
        let refused = Journal::open(home.options(), Clock::system()).err().unwrap();
        assert!(refused.to_string().contains(&format!("mode {mode:04o}")), "{refused}");
    }
    fs::set_permissions(home.path("key"), fs::Permissions::from_mode(0o400)).unwrap();
    assert!(Journal::open(home.options(), Clock::system()).is_ok());
}

#[test]
fn a_log_is_not_continued_under_another_name() {
    let home = Home::new();
    home.written(1, 1 << 20);
    let mut options = home.options();
    options.origin = "other.example/audit".into();
    let refused = Journal::open(options, Clock::system()).err().unwrap();
    assert!(matches!(refused, OpenError::Origin { .. }), "{refused}");
    let mut options = Home::new().options();
    options.origin = "two words".into();
    assert!(matches!(Journal::open(options, Clock::system()), Err(OpenError::Key(_))));
}

/// A log whose key was replaced twice, with records before, between and after.
fn rotated(home: &Home) -> [Verifier; 3] {
    let (journal, recovery) = Journal::open(home.options(), Clock::system()).unwrap();
    write(&journal, 5);
    let second = wait(journal.rotate_key()).unwrap();
    write(&journal, 5);
    let third = wait(async {
        loop {
            // The first handover may still be under way.
            match journal.rotate_key().await {
                Ok(vkey) => return vkey,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    });
    write(&journal, 5);
    journal.close();
    assert_eq!(journal.vkey(), third);
    [recovery.vkey, second, third].map(|vkey| Verifier::parse(&vkey).unwrap())
}

#[test]
fn a_replaced_key_is_vouched_for_by_the_one_before_it() {
    let home = Home::new();
    let keys = rotated(&home);
    for key in &keys {
        let report = journal::verify(&home.dir, None, Some(key)).unwrap();
        assert!(report.is_ok(), "{report:?}");
        assert_eq!((report.size, report.vkey.as_str()), (17, keys[2].to_string().as_str()));
    }
    let journal = home.open();
    assert_eq!(wait(journal.append(record(1))), Ok(18));
    drop(journal);
    assert!(home.verify().is_ok());
    assert!(journal::prove(&home.dir, 3).unwrap().holds(&keys[2]));
}

#[test]
fn g_audit_18_a_checkpoint_by_a_retired_key_is_an_error() {
    let home = Home::new();
    let old_seed = {
        home.written(5, 1 << 20);
        fs::read_to_string(home.path("key")).unwrap()
    };
    let journal = home.open();
    wait(journal.rotate_key()).unwrap();
    write(&journal, 5);
    journal.close();
    drop(journal);
    assert!(home.verify().is_ok());
    let seed = audit::parse_hash(old_seed.trim()).unwrap();
    let retired = audit::Signer::from_seed("gate.example/audit", &seed).unwrap();
    let note = fs::read_to_string(home.path("checkpoint")).unwrap();
    let text = audit::Note::parse(&note).unwrap().text().to_owned();
    fs::write(home.path("checkpoint"), retired.sign(&text)).unwrap();
    let report = home.verify();
    assert!(report.problems[0].reason.contains("retired at record 6"), "{report:?}");
    assert!(matches!(
        Journal::open(home.options(), Clock::system()),
        Err(OpenError::Changed { .. })
    ));
}

#[test]
fn a_handover_that_is_taken_away_or_changed_is_missed() {
    let home = Home::new();
    let keys = rotated(&home);
    let handovers = fs::read_to_string(home.path("handovers")).unwrap();
    for harm in [
        String::new(),
        handovers.lines().next().unwrap().to_owned() + "\n",
        handovers.replacen("rotate", "rotata", 1),
        handovers.lines().rev().fold(String::new(), |all, line| all + line + "\n"),
    ] {
        let harmed = home.copy();
        fs::write(harmed.path("handovers"), harm).unwrap();
        assert!(!journal::verify(&harmed.dir, None, Some(&keys[0])).unwrap().is_ok());
        assert!(!harmed.verify().is_ok());
    }
}
