use std::fmt;

use thiserror::Error;

/// What is wrong with a document, in a stable word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LoadCode {
    /// Neither JSON nor YAML, or with the same member twice.
    Unreadable,
    /// Larger or deeper than a document may be.
    TooLarge,
    /// A version of Arazzo that is not read here.
    UnsupportedVersion,
    /// A member is missing or of the wrong kind.
    Malformed,
    /// A member that this version of Arazzo does not have: a typing error would switch a check off.
    UnknownMember,
    /// A name that means something to programs (`__proto__`), or that is not spelt as names are.
    BadName,
    /// The same name twice.
    Duplicate,
    /// A step, workflow, source or component that is not there.
    UnknownReference,
    /// A value that nothing provides at that point.
    Unreachable,
    /// Steps or workflows that wait for each other.
    Cycle,
    /// No runtime expression.
    BadExpression,
    /// A condition, pattern or path that cannot be read.
    BadCondition,
    /// Part of Arazzo, but not done here.
    Unsupported,
}

impl LoadCode {
    /// The stable text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "arazzo_unreadable",
            Self::TooLarge => "arazzo_too_large",
            Self::UnsupportedVersion => "arazzo_unsupported_version",
            Self::Malformed => "arazzo_malformed",
            Self::UnknownMember => "arazzo_unknown_member",
            Self::BadName => "arazzo_bad_name",
            Self::Duplicate => "arazzo_duplicate",
            Self::UnknownReference => "arazzo_unknown_reference",
            Self::Unreachable => "arazzo_unreachable",
            Self::Cycle => "arazzo_cycle",
            Self::BadExpression => "arazzo_bad_expression",
            Self::BadCondition => "arazzo_bad_condition",
            Self::Unsupported => "arazzo_unsupported",
        }
    }
}

impl fmt::Display for LoadCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a document does not load: what, where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}{message} ({code})", at(place))]
pub struct LoadError {
    /// The stable word.
    pub code: LoadCode,
    /// Where in the document, as a JSON Pointer; empty for the whole of it.
    pub place: String,
    /// A sentence.
    pub message: String,
}

fn at(place: &str) -> String {
    if place.is_empty() { String::new() } else { format!("{place}: ") }
}

/// Most errors that are told of one document.
const MOST: usize = 50;

/// Errors as they are found: all of them are told at once, up to a limit.
#[derive(Debug, Default)]
pub(crate) struct Errors(Vec<LoadError>);

impl Errors {
    pub(crate) fn add(&mut self, code: LoadCode, place: &str, message: impl Into<String>) {
        if self.0.len() < MOST {
            self.0.push(LoadError { code, place: place.to_owned(), message: message.into() });
        }
    }

    pub(crate) fn into_result<T>(self, value: T) -> Result<T, Vec<LoadError>> {
        if self.0.is_empty() { Ok(value) } else { Err(self.0) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
