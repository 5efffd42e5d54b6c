//! The one place from which results reach a person or a pipe.

use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _, stderr, stdout};

/// A line of the result, to standard output. A reader that went away ends the program quietly.
pub fn line(text: impl Display) {
    if writeln!(stdout().lock(), "{text}").is_err() {
        std::process::exit(0);
    }
}

/// A result that brings its own line breaks.
pub fn text(text: impl Display) {
    if write!(stdout().lock(), "{text}").and_then(|()| stdout().flush()).is_err() {
        std::process::exit(0);
    }
}

/// `1 tool`, `2 tools`.
pub fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

/// Something a person should know that is no part of the result.
pub fn note(text: impl Display) {
    let _ = writeln!(stderr().lock(), "{text}");
}

/// Why the program ends without a result.
pub fn problem(text: &str) {
    let mark = if stderr().is_terminal() { "\u{1b}[31merror\u{1b}[0m" } else { "error" };
    let _ = writeln!(stderr().lock(), "{mark}: {text}");
}
