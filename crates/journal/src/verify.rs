use std::collections::BTreeMap;
use std::path::Path;

use audit::{Entry, Hash, Tree, Verifier, hash_text, leaf_hash};

use crate::chain::{Chain, Distrust};
use crate::error::ReadError;
use crate::layout::{self, CHECKPOINT, HANDOVERS, SegmentName};
use crate::notes;
use crate::read::{self, Line, Lines};

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The first record concerned, by its place in the log; `None` if it is not about one record.
    pub record: Option<u64>,
    /// One sentence.
    pub reason: String,
}

/// What a look at the whole log found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Number of the first record that is kept.
    pub first: u64,
    /// Number of the last record.
    pub size: u64,
    /// Root of the tree at that size, in base64.
    pub root: String,
    /// Number of the last record under a checkpoint that was checked.
    pub signed: u64,
    /// Bytes after the last record that are no whole record: one that is being written, or that a crash cut short.
    pub torn_bytes: u64,
    /// Checkpoints that were checked.
    pub checkpoints: u64,
    /// The verifier key that signs now.
    pub vkey: String,
    /// Everything that is wrong, what concerns no single record first.
    pub problems: Vec<Problem>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_ok(&self) -> bool {
        self.problems.is_empty()
    }

    /// Records after the last checkpoint: they are there, and nobody signed that yet.
    pub const fn unsigned_tail(&self) -> u64 {
        self.size.saturating_sub(self.signed)
    }
}

/// Checks every record against every checkpoint. `against` is the text of one or more checkpoints that were kept
/// elsewhere; `pinned` is the verifier key that was noted when the log began, or any that it handed over to.
///
/// Without `pinned` the log's word is taken for its key: whoever can rewrite everything can also sign it anew.
pub fn verify(
    dir: &Path,
    against: Option<&str>,
    pinned: Option<&Verifier>,
) -> Result<Report, ReadError> {
    let mut patience = 3;
    loop {
        let before = moving_parts(dir)?;
        let result = look(dir, against, pinned);
        patience -= 1;
        // A key handed over or a segment removed under our eyes looks like harm: look again.
        let sound = result.as_ref().is_ok_and(Report::is_ok);
        if sound || patience == 0 || moving_parts(dir)? == before {
            return result;
        }
    }
}

/// What changes in a sound log besides growing.
fn moving_parts(dir: &Path) -> Result<(Option<Vec<u8>>, SegmentName), ReadError> {
    let path = dir.join(HANDOVERS);
    let handovers = layout::read_if_there(&path).map_err(ReadError::io(&path))?;
    Ok((handovers, read::existing(dir)?[0]))
}

/// One look. Checkpoints are read before the records they cover, so that a log that grows meanwhile does not look cut
/// short.
fn look(dir: &Path, against: Option<&str>, pinned: Option<&Verifier>) -> Result<Report, ReadError> {
    let path = dir.join(CHECKPOINT);
    let newest = layout::read_if_there(&path).map_err(ReadError::io(&path))?;
    let mut check = Check::begin(dir, pinned)?;
    check.expect_files(newest.as_deref(), against)?;
    let segments = read::existing(dir)?;
    check.report.first = segments[0].0;
    check.good = segments[0].0 - 1;
    for (n, name) in segments.iter().enumerate() {
        check.segment(*name, n + 1 == segments.len())?;
    }
    Ok(check.finish())
}

/// What a checkpoint says of one size, and where it was found.
struct Expected {
    root: Hash,
    label: &'static str,
}

struct Check<'a> {
    dir: &'a Path,
    chain: Option<Chain>,
    expected: BTreeMap<u64, Vec<Expected>>,
    tree: Tree,
    /// The last size whose root was right.
    good: u64,
    /// The first record since then whose kept hash is another.
    suspect: Option<u64>,
    /// A root was wrong: the ones after it tell nothing more.
    broken: bool,
    /// The largest `first_kept` a record announced.
    announced: u64,
    /// Records that name a next key.
    handovers: Vec<u64>,
    report: Report,
}

impl<'a> Check<'a> {
    fn begin(dir: &'a Path, pinned: Option<&Verifier>) -> Result<Self, ReadError> {
        let report = Report {
            first: 1,
            size: 0,
            root: String::new(),
            signed: 0,
            torn_bytes: 0,
            checkpoints: 0,
            vkey: String::new(),
            problems: Vec::new(),
        };
        let chain = Chain::load(dir).map_err(ReadError::io(dir))?;
        let mut check = Self {
            dir,
            chain: None,
            expected: BTreeMap::new(),
            tree: Tree::default(),
            good: 0,
            suspect: None,
            broken: false,
            announced: 1,
            handovers: Vec::new(),
            report,
        };
        match chain {
            Ok(chain) => check.chain = Some(chain),
            Err(reason) => check.problem(None, reason),
        }
        check.compare_key(pinned);
        Ok(check)
    }

    fn compare_key(&mut self, pinned: Option<&Verifier>) {
        let current = self.chain.as_ref().map(|chain| chain.current().clone());
        self.report.vkey = current.as_ref().map(ToString::to_string).unwrap_or_default();
        let (Some(chain), Some(current), Some(pinned)) = (&self.chain, current, pinned) else {
            return;
        };
        if !chain.contains(pinned) {
            let (is, wanted) = (current.id_text(), pinned.id_text());
            self.problem(
                None,
                format!("the log is signed by key {is}, not by the pinned key {wanted}"),
            );
        }
    }

    /// Checkpoints that lie beside the records.
    fn expect_files(
        &mut self,
        newest: Option<&[u8]>,
        against: Option<&str>,
    ) -> Result<(), ReadError> {
        for note in Chain::handover_notes(self.dir).map_err(ReadError::io(self.dir))? {
            self.expect(&note, "a handover between keys");
        }
        match newest {
            Some(note) => self.expect(&String::from_utf8_lossy(note), "the newest checkpoint"),
            None => self.problem(None, format!("`{CHECKPOINT}` is missing")),
        }
        if let Some(against) = against {
            // One note, or the history that a sink keeps.
            let history = format!("{against}\n");
            let (notes, _) = notes::split(&history);
            if notes.is_empty() {
                self.problem(None, "there is no checkpoint to compare with".to_owned());
            }
            for note in notes {
                self.expect(note, AGAINST);
            }
        }
        Ok(())
    }

    fn expect(&mut self, note: &str, label: &'static str) {
        let Some(chain) = &self.chain else { return };
        match chain.open(note) {
            Ok(checkpoint) => {
                let expected = Expected { root: checkpoint.root, label };
                self.expected.entry(checkpoint.size).or_default().push(expected);
                self.report.checkpoints += 1;
            }
            // A crash may have cut it short; the history before it is whole.
            Err(Distrust::Malformed) if label != AGAINST => {}
            Err(reason) => self.problem(None, format!("{label}: {reason}")),
        }
    }

    fn segment(&mut self, name: SegmentName, last: bool) -> Result<(), ReadError> {
        for note in notes::read(&name.notes(self.dir)).map_err(ReadError::io(self.dir))? {
            self.expect(&note, "the history of checkpoints");
        }
        if !self.begin_segment(name)? {
            return Ok(());
        }
        let path = name.leaves(self.dir);
        let leaves =
            layout::read_if_there(&path).map_err(ReadError::io(&path))?.unwrap_or_default();
        let mut leaves = leaves.chunks_exact(32);
        let mut in_order = true;
        let mut lines = Lines::open(&name.log(self.dir))?;
        while let Some(line) = lines.next()? {
            match line {
                Line::Whole(line) => self.record(line, leaves.next(), &mut in_order),
                Line::Torn(bytes) if last => self.report.torn_bytes = bytes,
                Line::Torn(_) => {
                    let reason = "this record is cut short, and others follow it".to_owned();
                    self.problem(Some(self.tree.size() + 1), reason);
                }
            }
        }
        Ok(())
    }

    /// Compares where a segment begins with where the one before ended. False: nothing in it can be checked.
    fn begin_segment(&mut self, name: SegmentName) -> Result<bool, ReadError> {
        let path = name.tree(self.dir);
        let stored = layout::read_if_there(&path).map_err(ReadError::io(&path))?;
        let start: Option<Tree> = stored.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let start = start.filter(|tree| tree.size() == name.0 - 1);
        let is_first = name.0 == self.report.first;
        if self.tree.size() + 1 != name.0 && !is_first {
            let reason = format!("the next segment begins with record {}", name.0);
            self.problem(Some(self.tree.size() + 1), reason);
            self.broken = true;
        } else if start.is_none() || (!is_first && start.as_ref() != Some(&self.tree)) {
            self.problem(Some(name.0), format!("`{}` was changed or is missing", path.display()));
        }
        if self.tree.size() + 1 != name.0 {
            let Some(start) = start else { return Ok(false) };
            self.tree = start;
        }
        self.compare_root();
        if self.good != self.tree.size() && !self.broken {
            self.broken = true;
            let record = self.suspect.unwrap_or(self.good + 1);
            let reason =
                format!("no checkpoint covers the end of its segment, at record {}", name.0 - 1);
            self.problem(Some(record), reason);
        }
        Ok(true)
    }

    fn record(&mut self, line: &[u8], kept: Option<&[u8]>, in_order: &mut bool) {
        let place = self.tree.size() + 1;
        match Entry::parse(line) {
            Ok(entry) => {
                if entry.seq != place && *in_order {
                    *in_order = false;
                    let reason =
                        format!("record {} stands in the place of record {place}", entry.seq);
                    self.problem(Some(place), reason);
                }
                self.announced = self.announced.max(entry.first_kept.unwrap_or(0));
                if entry.next_key.is_some() {
                    self.handovers.push(place);
                }
            }
            Err(error) => self.problem(Some(place), error.to_string()),
        }
        let leaf = leaf_hash(line);
        if kept.is_some_and(|kept| kept != leaf) {
            self.suspect.get_or_insert(place);
        }
        self.tree.push(leaf);
        self.compare_root();
    }

    fn compare_root(&mut self) {
        let size = self.tree.size();
        let Some(expected) = self.expected.remove(&size) else { return };
        let root = self.tree.root();
        match expected.iter().find(|e| e.root != root) {
            None => {
                self.good = size;
                self.report.signed = size;
                if let Some(record) = self.suspect.take() {
                    let reason = "its kept hash was changed; the record itself is as it was signed";
                    self.problem(Some(record), reason.to_owned());
                }
            }
            Some(wrong) if !self.broken => {
                self.broken = true;
                let record = self.suspect.unwrap_or(self.good + 1);
                let reason = if self.suspect.is_some() {
                    format!("this is not the record that {} covers", wrong.label)
                } else {
                    format!("records {record} to {size} are not those that {} covers", wrong.label)
                };
                self.problem(Some(record), reason);
            }
            Some(_) => {}
        }
    }

    fn finish(mut self) -> Report {
        let size = self.tree.size();
        (self.report.size, self.report.root) = (size, hash_text(&self.tree.root()));
        if let Some((largest, expected)) =
            self.expected.last_key_value().filter(|(s, _)| **s > size)
        {
            let label = expected.first().map_or("", |e| e.label);
            let reason = format!("the log ends after record {size}, and {label} covers {largest}");
            self.problem(Some(size + 1), reason);
        }
        let older = self.expected.range(..self.report.first.saturating_sub(1));
        if older.flat_map(|(_, expected)| expected).any(|e| e.label == AGAINST) {
            let reason = "the checkpoint to compare with is older than the first record kept";
            self.problem(None, reason.to_owned());
        }
        if let Some(record) = self.suspect.filter(|_| !self.broken) {
            self.problem(Some(record), "this is not the record whose hash was kept".to_owned());
        }
        if self.report.first > self.announced {
            let first = self.report.first;
            let reason =
                format!("records before {first} are missing, and no record says they were removed");
            self.problem(Some(self.announced), reason);
        }
        self.check_handovers();
        self.report.problems.sort_by_key(|problem| problem.record);
        self.report
    }

    /// Every record that names a key, once it is signed, must have been followed by a handover to that key.
    fn check_handovers(&mut self) {
        let Some(chain) = self.chain.clone() else { return };
        for place in std::mem::take(&mut self.handovers) {
            if place < self.report.signed && !chain.handed_over_at(place) {
                let reason = "this record names a key that the log never handed over to".to_owned();
                self.problem(Some(place), reason);
            }
        }
    }

    fn problem(&mut self, record: Option<u64>, reason: String) {
        // The first few tell what happened; a log of a million changed records needs no million sentences.
        if self.report.problems.len() < 16 {
            self.report.problems.push(Problem { record, reason });
        }
    }
}

/// Label of checkpoints that were kept elsewhere.
const AGAINST: &str = "the checkpoint kept elsewhere";
