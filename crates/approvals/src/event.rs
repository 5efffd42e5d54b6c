use model::Timestamp;
use serde::{Deserialize, Serialize};

/// Something that happened to a question. Each becomes one record of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What.
    pub what: What,
    /// When, in milliseconds since the epoch.
    pub at: u64,
    /// Who did it: `os:ada`, `opal`; empty where time or the gate did.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
}

impl Event {
    pub(crate) fn new(what: What, at: Timestamp, by: impl Into<String>) -> Self {
        Self { what, at: at.as_millis(), by: by.into() }
    }
}

/// What can happen to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It was put.
    Asked,
    /// A person said yes, and another person is still needed.
    Seconded,
    /// A person said yes, and that was enough.
    Granted,
    /// A person said no.
    Refused,
    /// A call used it up.
    Used,
    /// The call that used it ended before anything was done, and it counts again.
    Returned,
    /// Its time ran out.
    Expired,
    /// The policy or the definition it was asked under is no longer the one in force.
    Void,
}

impl What {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Asked,
        Self::Seconded,
        Self::Granted,
        Self::Refused,
        Self::Used,
        Self::Returned,
        Self::Expired,
        Self::Void,
    ];

    /// The name used in records, metrics and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Seconded => "seconded",
            Self::Granted => "granted",
            Self::Refused => "refused",
            Self::Used => "used",
            Self::Returned => "returned",
            Self::Expired => "expired",
            Self::Void => "void",
        }
    }
}
