use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::units::{Size, Span};

/// `[audit]`: the log of every call.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Audit {
    /// What becomes of arguments in records.
    pub arguments: Arguments,
    /// Parts of member names whose values are masked, besides the usual ones (`password`, `token`, …).
    pub mask: Vec<String>,
    /// A file elsewhere that every signed checkpoint is appended to: what a log that was cut short is told by.
    pub checkpoint_to: Option<PathBuf>,
    /// What to keep. Nothing set keeps everything.
    pub retain: Retain,
    /// A file of records is closed at this size (16 MiB). A gate that starts reads the last one again.
    pub segment: Option<Size>,
}

/// What becomes of arguments in records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Arguments {
    /// Only their digest.
    #[default]
    Digest,
    /// The digest, and the arguments with secrets masked.
    Masked,
}

/// How much of the log is kept; the oldest closed files go first, and the proof over the rest stays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Retain {
    /// At most so many files.
    pub segments: Option<usize>,
    /// At least so long.
    pub age: Option<Span>,
    /// At most so much.
    pub size: Option<Size>,
}
