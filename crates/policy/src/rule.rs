use cedar_policy::Policy;

use crate::reads::Reads;

/// One policy, compiled.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// Its name in verdicts and records.
    pub(crate) id: String,
    /// The file it is in, or `levels`.
    pub(crate) file: String,
    /// The line it begins on; the number of the entry, for a level.
    pub(crate) line: usize,
    pub(crate) kind: Kind,
    pub(crate) reads: Reads,
    /// What Cedar evaluates. Its Cedar id is the place of the rule in the list.
    pub(crate) policy: Policy,
}

/// What a policy says when it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Allow,
    Ask,
    Forbid,
}

impl Kind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "permit",
            Self::Ask => "ask",
            Self::Forbid => "forbid",
        }
    }
}

impl Rule {
    /// `file:line`.
    pub(crate) fn location(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}
