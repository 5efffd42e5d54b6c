use thiserror::Error;

/// What kind of thing is wrong with a pack: a stable word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// There is no such built-in pack, or its folder cannot be read.
    Missing,
    /// A file of it has a name, a size or a kind that no file of a pack has.
    File,
    /// A file of it cannot be read as what it should be.
    Text,
    /// Its manifest says something that cannot be.
    Manifest,
    /// Nobody has approved it.
    NotApproved,
    /// It is not what was approved.
    Changed,
    /// A host that its manifest does not name.
    Host,
    /// A method that its manifest does not name.
    Method,
    /// A secret that its manifest does not name, or that nobody gave.
    Secret,
    /// A setting that its manifest does not name, or that nobody gave.
    Setting,
    /// A program that its manifest does not name.
    Program,
    /// A path that its manifest does not name.
    Path,
    /// It switches a guard off, or decides what is the operator's alone.
    Guard,
    /// Its policy speaks of more than its own source.
    Policy,
}

impl Code {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "pack_missing",
            Self::File => "pack_file",
            Self::Text => "pack_text",
            Self::Manifest => "pack_manifest",
            Self::NotApproved => "pack_not_approved",
            Self::Changed => "pack_changed",
            Self::Host => "pack_host",
            Self::Method => "pack_method",
            Self::Secret => "pack_secret",
            Self::Setting => "pack_setting",
            Self::Program => "pack_program",
            Self::Path => "pack_path",
            Self::Guard => "pack_guard",
            Self::Policy => "pack_policy",
        }
    }
}

/// Why a pack cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message} ({})", .code.as_str())]
pub struct PackError {
    /// What kind of thing.
    pub code: Code,
    /// What is wrong, and what to do about it.
    pub message: String,
}

impl PackError {
    /// An error of this kind.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}
