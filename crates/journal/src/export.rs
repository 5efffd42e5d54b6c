use std::io::Write;
use std::path::Path;
use std::str::FromStr;

use audit::{cef, ocsf};

use crate::error::ReadError;
use crate::read::{Filter, search};

/// How records leave the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The lines of the log, as they are.
    JsonLines,
    /// OCSF 1.3 API Activity, one JSON object a line.
    Ocsf,
    /// ArcSight Common Event Format, one event a line.
    Cef,
}

impl FromStr for Format {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        match s {
            "jsonl" => Ok(Self::JsonLines),
            "ocsf" => Ok(Self::Ocsf),
            "cef" => Ok(Self::Cef),
            other => Err(format!("unknown format `{other}`: use jsonl, ocsf or cef")),
        }
    }
}

/// Writes every record that `filter` looks for; says how many there were.
pub fn export(
    dir: &Path,
    filter: Filter,
    format: Format,
    out: &mut dyn Write,
) -> Result<u64, ReadError> {
    let mut count = 0;
    for stored in search(dir, filter)? {
        let stored = stored?;
        let line = match format {
            Format::JsonLines => stored.line,
            Format::Ocsf => ocsf(&stored.entry).to_string(),
            Format::Cef => cef(&stored.entry),
        };
        writeln!(out, "{line}").map_err(ReadError::Write)?;
        count += 1;
    }
    out.flush().map_err(ReadError::Write)?;
    Ok(count)
}
