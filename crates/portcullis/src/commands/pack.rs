//! `portcullis pack …`: what packs there are, what one would be granted, and approving it.

mod approve;
mod card;
mod find;
mod lines;
mod list;
mod show;

use std::process::ExitCode;

use crate::cli::PackCommand;

/// Lists, shows and approves packs.
pub fn run(command: PackCommand) -> anyhow::Result<ExitCode> {
    match command {
        PackCommand::List { file, json } => list::run(&file.config, json),
        PackCommand::Show(show) => show::run(&show),
        PackCommand::Approve(approve) => approve::run(&approve),
    }
}
