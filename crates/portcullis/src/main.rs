//! One guarded doorway between AI agents and everything they call.
//!
//! This is the command line, the configuration and the wiring; what the words mean stands in the rooms below.

#![expect(unreachable_pub, reason = "a program has no outside: `pub` is for the rest of it")]

mod cli;
mod commands;
mod config;
mod house;
mod say;
mod table;

use std::process::ExitCode;

use clap::Parser as _;
// Linked in, it is `malloc`: for what is written in C, too, and for the standard library without a detour.
use mimalloc as _;

fn main() -> ExitCode {
    // A supervisor of a child program, not a gate.
    if let Some(code) = process::take_over(std::env::args_os()) {
        return code;
    }
    if let Err(e) = process::keep_memory() {
        say::problem(&format!("crash dumps of this process cannot be switched off: {e}"));
        return ExitCode::from(1);
    }
    let cli = cli::Cli::parse();
    match commands::run(cli) {
        Ok(code) => code,
        Err(e) => {
            say::problem(&format!("{e:#}"));
            ExitCode::from(1)
        }
    }
}
