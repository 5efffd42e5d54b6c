use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use audit::Entry;
use model::Timestamp;

use crate::error::ReadError;
use crate::layout::{self, SegmentName};

/// Longest line a reader takes into memory.
const LIMIT: u64 = 1024 * 1024;

/// A record as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// What it says.
    pub entry: Entry,
    /// The line itself, without its line break.
    pub line: String,
}

/// Which records to look for; what is `None` does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Who called.
    pub principal: Option<String>,
    /// Whom the caller belongs to. Records that belong to no tenant (a start, a pin) are then left out.
    pub tenant: Option<String>,
    /// What was called.
    pub tool: Option<String>,
    /// What is behind it.
    pub source: Option<String>,
    /// How it ended.
    pub outcome: Option<String>,
    /// Why it was refused.
    pub code: Option<String>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
}

impl Filter {
    /// Whether a record is looked for.
    pub fn matches(&self, entry: &Entry) -> bool {
        let same = |wanted: &Option<String>, is: &Option<String>| wanted.is_none() || wanted == is;
        same(&self.principal, &entry.principal)
            && same(&self.tenant, &entry.tenant)
            && same(&self.tool, &entry.tool)
            && same(&self.source, &entry.source)
            && same(&self.outcome, &entry.outcome)
            && same(&self.code, &entry.code)
            && self.since.is_none_or(|since| entry.timestamp() >= since)
            && self.until.is_none_or(|until| entry.timestamp() < until)
    }
}

/// Every record from number `from` on (1 is the first; what retention removed is skipped).
pub fn records(dir: &Path, from: u64) -> Result<Records, ReadError> {
    let segments = existing(dir)?;
    let start = segments.iter().rposition(|name| name.0 <= from).unwrap_or(0);
    Ok(Records {
        dir: dir.to_owned(),
        segments: segments.into_iter().skip(start).collect(),
        lines: None,
        from,
        next: 0,
    })
}

/// The last `count` records.
pub fn tail(dir: &Path, count: u64) -> Result<Records, ReadError> {
    let last = existing(dir)?.pop().unwrap_or(SegmentName(1));
    let mut lines = Lines::open(&last.log(dir))?;
    let mut end = last.0;
    while let Some(Line::Whole(_)) = lines.next()? {
        end += 1;
    }
    records(dir, end.saturating_sub(count).max(1))
}

/// The last `count` records that `filter` looks for.
pub fn last(dir: &Path, filter: Filter, count: usize) -> Result<Vec<Stored>, ReadError> {
    let mut kept = VecDeque::new();
    for stored in search(dir, filter)? {
        if kept.len() >= count {
            kept.pop_front();
        }
        kept.push_back(stored?);
    }
    kept.truncate(count);
    Ok(kept.into())
}

/// The records that `filter` looks for.
pub fn search(
    dir: &Path,
    filter: Filter,
) -> Result<impl Iterator<Item = Result<Stored, ReadError>>, ReadError> {
    let found = records(dir, 1)?;
    Ok(found.filter(move |stored| stored.as_ref().map_or(true, |s| filter.matches(&s.entry))))
}

/// Records in their order. Ends at a line that is still being written.
#[derive(Debug)]
pub struct Records {
    dir: PathBuf,
    segments: VecDeque<SegmentName>,
    lines: Option<Lines>,
    from: u64,
    next: u64,
}

impl Iterator for Records {
    type Item = Result<Stored, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}

impl Records {
    fn step(&mut self) -> Result<Option<Stored>, ReadError> {
        loop {
            let Some(lines) = &mut self.lines else {
                let Some(name) = self.segments.pop_front() else { return Ok(None) };
                self.lines = Some(Lines::open(&name.log(&self.dir))?);
                self.next = name.0;
                continue;
            };
            let Some(Line::Whole(line)) = lines.next()? else {
                self.lines = None;
                continue;
            };
            let seq = self.next;
            self.next += 1;
            if seq < self.from {
                continue;
            }
            let bad = |reason: String| ReadError::Record { seq, reason };
            let entry = Entry::parse(line).map_err(|e| bad(e.to_string()))?;
            let line = std::str::from_utf8(line).map_err(|e| bad(e.to_string()))?.to_owned();
            return Ok(Some(Stored { entry, line }));
        }
    }
}

/// One line of a segment.
pub(crate) enum Line<'a> {
    /// A whole one, without its line break.
    Whole(&'a [u8]),
    /// So many bytes without a line break at the end of the file.
    Torn(u64),
}

/// The lines of one segment.
#[derive(Debug)]
pub(crate) struct Lines {
    path: PathBuf,
    reader: BufReader<File>,
    line: Vec<u8>,
}

impl Lines {
    pub(crate) fn open(path: &Path) -> Result<Self, ReadError> {
        let file = File::open(path).map_err(ReadError::io(path))?;
        let reader = BufReader::with_capacity(64 * 1024, file);
        Ok(Self { path: path.to_owned(), reader, line: Vec::new() })
    }

    /// The next line. Zeros at the end are room that was set aside, and nothing to read.
    pub(crate) fn next(&mut self) -> Result<Option<Line<'_>>, ReadError> {
        self.line.clear();
        let read = self.reader.by_ref().take(LIMIT).read_until(b'\n', &mut self.line);
        read.map_err(ReadError::io(&self.path))?;
        if !self.line.contains(&0) && self.line.pop_if(|last| *last == b'\n').is_some() {
            return Ok(Some(Line::Whole(&self.line)));
        }
        let torn = self.rest().map_err(ReadError::io(&self.path))?;
        Ok((torn > 0).then_some(Line::Torn(torn)))
    }

    /// Bytes from the beginning of this line up to the last that is not zero, to the end of the file.
    fn rest(&mut self) -> io::Result<u64> {
        let (mut seen, mut used) = (0, 0);
        loop {
            match without_room(&self.line) {
                0 => {}
                here => used = seen + here as u64,
            }
            seen += self.line.len() as u64;
            self.line.clear();
            if self.reader.by_ref().take(LIMIT).read_to_end(&mut self.line)? == 0 {
                return Ok(used);
            }
        }
    }
}

/// How many bytes there are before the zeros at the end. By blocks: there may be a megabyte of them.
fn without_room(bytes: &[u8]) -> usize {
    const ZEROS: [u8; 4096] = [0; 4096];
    let mut end = bytes.len();
    while end >= ZEROS.len() && bytes[end - ZEROS.len()..end] == ZEROS {
        end -= ZEROS.len();
    }
    bytes[..end].iter().rposition(|b| *b != 0).map_or(0, |last| last + 1)
}

/// Every segment; an error if there is no log.
pub(crate) fn existing(dir: &Path) -> Result<Vec<SegmentName>, ReadError> {
    match layout::segments(dir) {
        Ok(segments) if !segments.is_empty() => Ok(segments),
        Ok(_) => Err(ReadError::Missing(dir.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(ReadError::Missing(dir.to_owned()))
        }
        Err(error) => Err(ReadError::io(dir)(error)),
    }
}
