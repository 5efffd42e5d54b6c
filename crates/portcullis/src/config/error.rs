use std::fmt;
use std::path::{Path, PathBuf};

use super::place::{Problem, Shown};

/// Why a configuration cannot be used. Nothing starts, and nothing that runs is changed.
#[derive(Debug)]
pub enum ConfigError {
    /// The file cannot be read.
    Unreadable {
        /// Where.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Somebody else could have written it.
    Ownership(String),
    /// Something in it is wrong; each with its place.
    Wrong {
        /// The file as it was named.
        file: String,
        /// Its text.
        text: String,
        /// At least one.
        problems: Vec<Problem>,
    },
    /// A policy cannot be loaded: the text says where.
    Policy(String),
    /// The gate may not listen or start like this.
    Start(String),
}

impl ConfigError {
    /// Problems of the text of a file.
    pub fn wrong(path: &Path, text: &str, problems: Vec<Problem>) -> Self {
        Self::Wrong { file: path.display().to_string(), text: text.to_owned(), problems }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, error } if error.kind() == std::io::ErrorKind::NotFound => {
                write!(
                    f,
                    "there is no configuration {}: write one, make one with `portcullis import FILE`, or name another with `--config`",
                    path.display()
                )
            }
            Self::Unreadable { path, error } => {
                write!(f, "the configuration {} cannot be read: {error}", path.display())
            }
            Self::Ownership(text) | Self::Policy(text) | Self::Start(text) => f.write_str(text),
            Self::Wrong { file, text, problems } => {
                for (n, problem) in problems.iter().enumerate() {
                    let gap = if n > 0 { "\n" } else { "" };
                    write!(f, "{gap}{}", Shown { file, text, problem })?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for ConfigError {}

impl ConfigError {
    /// One problem at a place of a configuration that was read.
    pub fn placed(loaded: &super::Loaded, path: &[super::place::Step], message: &str) -> Self {
        let span =
            super::place::nearest_place(&loaded.text, &loaded.config.place_of(path.to_vec()));
        let problem = Problem { message: message.to_owned(), span };
        Self::wrong(&loaded.path, &loaded.text, vec![problem])
    }
}
