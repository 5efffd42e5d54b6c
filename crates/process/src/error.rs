use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a program was not started. Names programs, never arguments or values of variables.
#[derive(Debug, Error)]
pub enum SpawnError {
    /// There is no program to start.
    #[error("the command is empty")]
    Empty,
    /// A NUL byte, which no argument or variable can hold.
    #[error("the {what} holds a NUL byte")]
    Nul {
        /// Where.
        what: String,
    },
    /// No name a variable can have.
    #[error("`{name}` is no name for an environment variable")]
    VariableName {
        /// The name as given.
        name: String,
    },
    /// An interpreter is given its program on the command line.
    #[error(
        "`{program} {flag}` runs code written in the command itself; put the code into a file and run that"
    )]
    InlineCode {
        /// The interpreter.
        program: String,
        /// The option that carries the code.
        flag: String,
    },
    /// An interpreter would take its program from standard input, which is what callers send.
    #[error("`{program}` without a file to run would execute what callers send to it")]
    CodeFromStdin {
        /// The interpreter.
        program: String,
    },
    /// A path that depends on where the gate was started.
    #[error(
        "`{program}` is a relative path; use an absolute path, or a name that is found in PATH"
    )]
    Relative {
        /// The program as given.
        program: String,
    },
    /// No such program.
    #[error("`{program}` was not found in PATH, or is not executable")]
    NotFound {
        /// The program as given.
        program: String,
    },
    /// The working directory is not an absolute path to a directory.
    #[error("{dir:?} is not an absolute path to a directory")]
    Directory {
        /// The directory as given.
        dir: PathBuf,
    },
    /// Command and environment together are too long.
    #[error("command and environment take {bytes} bytes; the limit is {limit}")]
    TooLong {
        /// Their length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// This machine cannot confine programs.
    #[error(
        "programs are run confined, and this machine cannot do that: {why}; `confine = \"off\"` in the configuration of the source runs it all the same, with everything the gate's own user may do"
    )]
    Unconfinable {
        /// What is missing.
        why: &'static str,
    },
    /// A path in `confine` that cannot be granted.
    #[error("`confine`: {} {why}", path.display())]
    ConfinePath {
        /// The path as given.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Too many paths in `confine`.
    #[error("`confine` names more than {limit} paths: name the folders above them")]
    ConfinePaths {
        /// The limit.
        limit: usize,
    },
    /// A cap is reached.
    #[error("{limit} allows {cap} running children")]
    TooMany {
        /// `children.total` or `children.per_source`.
        limit: &'static str,
        /// Its value.
        cap: usize,
    },
    /// The operating system refused.
    #[error("{what}: {error}")]
    System {
        /// What was tried.
        what: &'static str,
        /// Its answer.
        error: io::Error,
    },
    /// The supervisor did not do its part in time.
    #[error("the supervisor did not report that the program was started")]
    NoReport,
}

impl SpawnError {
    pub(crate) fn system(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::System { what, error }
    }

    /// A stable name for programs and tables.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "command_empty",
            Self::Nul { .. } => "command_nul",
            Self::VariableName { .. } => "variable_name",
            Self::InlineCode { .. } => "inline_code",
            Self::CodeFromStdin { .. } => "code_from_stdin",
            Self::Relative { .. } => "program_relative",
            Self::NotFound { .. } => "program_not_found",
            Self::Directory { .. } => "working_directory",
            Self::TooLong { .. } => "command_too_long",
            Self::Unconfinable { .. } => "confine_unsupported",
            Self::ConfinePath { .. } => "confine_path",
            Self::ConfinePaths { .. } => "confine_paths",
            Self::TooMany { .. } => "children_limit",
            Self::System { .. } => "start_failed",
            Self::NoReport => "start_timeout",
        }
    }

    /// Whether only a change of configuration can help.
    pub const fn is_configuration(&self) -> bool {
        !matches!(self, Self::TooMany { .. } | Self::System { .. } | Self::NoReport)
    }
}
