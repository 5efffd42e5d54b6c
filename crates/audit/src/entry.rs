use model::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::instant::parse_rfc3339;
use crate::payment::PaymentEntry;

/// A record as it is read back. Members this version does not know are skipped.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "each member is documented at `Record`")]
pub struct Entry {
    /// Number of the record, from 1.
    pub seq: u64,
    /// RFC 3339, UTC.
    pub time: String,
    pub kind: String,
    pub principal: Option<String>,
    pub tenant: Option<String>,
    pub credential: Option<String>,
    pub session: Option<String>,
    pub request_id: Option<String>,
    pub trace_id: Option<String>,
    pub front: Option<String>,
    pub client: Option<String>,
    pub user_agent: Option<String>,
    pub source: Option<String>,
    pub tool: Option<String>,
    pub upstream_name: Option<String>,
    pub action: Option<String>,
    pub effect: Option<String>,
    pub args_digest: Option<String>,
    pub args_masked: Option<String>,
    pub verdict: Option<String>,
    pub rule: Option<String>,
    pub epoch: u64,
    pub outcome: Option<String>,
    pub code: Option<String>,
    pub upstream_status: Option<i64>,
    pub duration_us: Option<u64>,
    pub bytes_in: Option<u64>,
    pub bytes_out: Option<u64>,
    pub payment: Option<PaymentEntry>,
    pub ledger: Option<String>,
    pub note: Option<String>,
    pub next_key: Option<String>,
    pub first_kept: Option<u64>,
    /// By how many milliseconds the wall clock had stepped back since the record before.
    pub clock_back_ms: Option<u64>,
}

/// The line is no record.
#[derive(Debug, Error)]
#[error("not a record: {0}")]
pub struct EntryError(String);

impl Entry {
    /// Reads one line, with or without its line break.
    pub fn parse(line: &[u8]) -> Result<Self, EntryError> {
        // Members may be left out, so serde would take a list of a few values for a record too.
        if line.trim_ascii_start().first() != Some(&b'{') {
            return Err(EntryError("not a JSON object".to_owned()));
        }
        // Members that are not known are skipped unread, so what is in them has to be looked at first.
        let text = std::str::from_utf8(line).map_err(|e| EntryError(e.to_string()))?;
        let entry: Self = serde_json::from_str(text).map_err(|e| EntryError(e.to_string()))?;
        if entry.seq == 0 || entry.kind.is_empty() || parse_rfc3339(&entry.time).is_none() {
            return Err(EntryError("`seq`, `time` or `kind` is missing".to_owned()));
        }
        Ok(entry)
    }

    /// When the record was made.
    pub fn timestamp(&self) -> Timestamp {
        parse_rfc3339(&self.time).unwrap_or_default()
    }
}
