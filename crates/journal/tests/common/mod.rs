//! What the tests of the log share.
#![allow(dead_code, reason = "each test file uses its part")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use ambient::Clock;
use audit::{Kind, Record, Text, Verifier};
use journal::{Journal, Options, Problem, Report};
use model::Timestamp;

/// A log in a directory that goes away.
pub(crate) struct Home {
    pub(crate) dir: PathBuf,
    _temporary: tempfile::TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self::at(tempfile::tempdir().unwrap())
    }

    /// In memory where the system can, for tests that open a log a thousand times.
    pub(crate) fn quick() -> Self {
        Self::at(tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap())
    }

    fn at(temporary: tempfile::TempDir) -> Self {
        Self { dir: temporary.path().join("audit"), _temporary: temporary }
    }

    /// Signs after every batch, so that what was written is signed.
    pub(crate) fn options(&self) -> Options {
        let mut options = Options::new(&self.dir, "gate.example/audit");
        options.checkpoint_every = Duration::ZERO;
        options
    }

    pub(crate) fn open(&self) -> Journal {
        Journal::open(self.options(), Clock::system()).unwrap().0
    }

    /// A closed log of `count` records, in segments of about `segment` bytes. Gives the verifier key.
    pub(crate) fn written(&self, count: u64, segment: u64) -> Verifier {
        let mut options = self.options();
        options.segment_bytes = segment;
        let (journal, recovery) = Journal::open(options, Clock::system()).unwrap();
        write(&journal, count);
        journal.close();
        Verifier::parse(&recovery.vkey).unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    pub(crate) fn segment(&self, first: u64, extension: &str) -> PathBuf {
        self.path(&format!("segment-{first:020}.{extension}"))
    }

    /// Numbers of the first records of all segments.
    pub(crate) fn segments(&self) -> Vec<u64> {
        let names = std::fs::read_dir(&self.dir)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap());
        let mut found: Vec<u64> = names
            .filter_map(|n| n.strip_prefix("segment-")?.strip_suffix(".jsonl")?.parse().ok())
            .collect();
        found.sort_unstable();
        found
    }

    pub(crate) fn verify(&self) -> Report {
        journal::verify(&self.dir, None, None).unwrap()
    }

    /// Changes the lines of a segment.
    pub(crate) fn edit(&self, first: u64, change: impl FnOnce(&mut Vec<String>)) {
        let path = self.segment(first, "jsonl");
        let mut lines: Vec<String> =
            std::fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
        change(&mut lines);
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    }

    /// A copy, to do harm to.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::quick();
        std::fs::create_dir(&copy.dir).unwrap();
        for entry in std::fs::read_dir(&self.dir).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), copy.dir.join(entry.file_name())).unwrap();
        }
        copy
    }
}

pub(crate) fn record(n: u64) -> Record {
    let mut record = Record::new(Kind::Call, Timestamp(1_795_255_200_000 + n));
    record.request_id = Some(Text::from(n.to_string()));
    record.tool = Some("files__read_file".into());
    record.principal =
        Some(model::PrincipalId::new(if n.is_multiple_of(2) { "alice" } else { "bob" }));
    record
}

pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Writes records and waits for each hundredth, so that there are many batches.
pub(crate) fn write(journal: &Journal, count: u64) {
    wait(async {
        for n in 1..=count {
            let commit = journal.append(record(n));
            if n % 100 == 0 || n == count {
                commit.await.unwrap();
            } else {
                drop(commit);
            }
        }
    });
}

/// Each request id in the log, in order.
pub(crate) fn ids(dir: &Path) -> Vec<u64> {
    journal::records(dir, 1)
        .unwrap()
        .filter_map(|r| r.unwrap().entry.request_id?.parse().ok())
        .collect()
}

pub(crate) fn first(report: &Report) -> &Problem {
    report.problems.iter().find(|p| p.record.is_some()).expect("a problem with a record")
}
