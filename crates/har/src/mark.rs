//! How sure it is that a tool is what it seems.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::group::Group;
use crate::learned::Learned;
use crate::place::Place;

/// How sure it is that a tool is what it seems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Confidence {
    /// Few calls, or something that had to be guessed or left out.
    #[default]
    Low,
    /// Three different calls at least, and nothing left out that a call needs.
    Medium,
    /// Five different calls at least, every place of the path with several values, and answers that were looked into.
    High,
}

impl Confidence {
    /// In a word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Confidence {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Low, Self::Medium, Self::High]
            .into_iter()
            .find(|c| c.as_str() == text)
            .ok_or_else(|| format!("`{text}` is no confidence: use low, medium or high"))
    }
}

/// What is known of how a tool came to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The tool.
    pub tool: String,
    /// How sure it is.
    pub confidence: Confidence,
    /// Recorded calls of it.
    pub calls: usize,
    /// The evidence, for people.
    pub reasons: Vec<String>,
}

/// Different calls from which on a mark is medium, and high.
const ENOUGH: (usize, usize) = (3, 5);

/// Judges a tool that is still without a name.
pub(crate) fn judge(group: &Group<'_>, places: &[Place], learned: &Learned) -> Mark {
    let calls = group.samples.len();
    let different = group.samples.iter().map(|s| s.digest).collect::<BTreeSet<_>>().len();
    let mut reasons = vec![counted(calls, different)];
    for place in places {
        let values = if place.values == 1 {
            "1 value".to_owned()
        } else {
            format!("{} values", place.values)
        };
        let how = if place.guessed { "only because words differ" } else { "by its form" };
        reasons.push(format!("`{}` is a place {how}: {}, {values} seen", place.name, place.told()));
    }
    let broken = !learned.needed.is_empty();
    for (what, name) in &learned.needed {
        reasons.push(format!(
            "the {what} `{name}` held a secret and is left out: calls may fail without it"
        ));
    }
    let shown = learned.answers > 0;
    if !shown {
        reasons.push("no answer was recorded that could be looked into".to_owned());
    }
    let settled = places.iter().all(|p| p.values > 1 && !p.guessed);
    // The same call again proves nothing, unless there is nothing that could differ.
    let weight = if learned.has_arguments { different } else { calls };
    let confidence = if broken || weight < ENOUGH.0 {
        Confidence::Low
    } else if weight >= ENOUGH.1 && settled && shown {
        Confidence::High
    } else {
        Confidence::Medium
    };
    Mark { tool: String::new(), confidence, calls, reasons }
}

fn counted(calls: usize, different: usize) -> String {
    match (calls, different) {
        (1, _) => "1 recorded call".to_owned(),
        (n, 1) => format!("{n} recorded calls, all the same"),
        (n, m) if n == m => format!("{n} recorded calls"),
        (n, m) => format!("{n} recorded calls, {m} of them different"),
    }
}
