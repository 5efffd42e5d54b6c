//! Stands in for the product's binary in this crate's tests: the supervisor of child programs.

use std::process::ExitCode;

fn main() -> ExitCode {
    process::take_over(std::env::args_os()).unwrap_or(ExitCode::FAILURE)
}
