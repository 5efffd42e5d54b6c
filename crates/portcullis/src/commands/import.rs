mod clients;
mod confine;
mod recordings;
mod write;

use std::fs::OpenOptions;
use std::io::{BufRead as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;

use self::clients::{Found, read};
use crate::cli::Import;
use crate::config;
use crate::say;

/// Reads what other programs know of MCP servers, and recordings of traffic, shows all of it, and writes a configuration.
pub fn run(command: &Import) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        !command.out.exists(),
        "{} is there already, and is not overwritten: name another file with `--out`",
        command.out.display()
    );
    let mut found: Vec<Found> = Vec::new();
    for file in &command.files {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("{} cannot be read", file.display()))?;
        if har::is_har(text.as_bytes()) {
            let one = recordings::read(file, text.as_bytes(), &command.out);
            take_in(one.with_context(|| format!("{}", file.display()))?, file, &mut found);
            continue;
        }
        for one in read(&text).with_context(|| format!("{}", file.display()))? {
            take_in(one, file, &mut found);
        }
    }
    anyhow::ensure!(!found.is_empty(), "no servers were found in these files");
    found.iter().for_each(describe);
    let text = write::configuration(&found);
    // What is written is what a start would read: nothing is left to be found out later.
    config::parse(&command.out, text.clone())
        .map_err(|e| anyhow::anyhow!("these servers make no good configuration:\n{e}"))?;
    if !command.yes && !agreed(&command.out)? {
        say::note("nothing was written");
        return Ok(ExitCode::from(1));
    }
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&command.out);
    let mut file = made.with_context(|| format!("{} cannot be written", command.out.display()))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    let sources = say::count(found.len(), "source", "sources");
    say::line(format_args!("wrote {} with {sources}", command.out.display()));
    say::note(
        "next: `portcullis check`, `portcullis tools` to see what they offer, `portcullis keys create NAME`",
    );
    Ok(ExitCode::SUCCESS)
}

/// The same server in two files is one source; two servers of one name get two names.
fn take_in(mut new: Found, file: &Path, found: &mut Vec<Found>) {
    if found.iter().any(|f| f.is_same(&new)) {
        say::note(format_args!("{}: {} is there already", file.display(), new.original));
        return;
    }
    let wanted = new.name.clone();
    let mut n = 2;
    while found.iter().any(|f| f.name == new.name) {
        let end = format!("-{n}");
        let keep = wanted.len().min(32 - end.len());
        new.name = format!("{}{end}", wanted[..keep].trim_end_matches('-'));
        n += 1;
    }
    found.push(new);
}

/// Everything that would be started or called, in full: this is the moment to see it.
fn describe(found: &Found) {
    say::line(format_args!("{}  (was {})", found.name, audit::terminal_safe(&found.original)));
    say::line(format_args!("    {}", audit::terminal_safe(&found.shown())));
    if let Some(proposal) = confine::proposal(found) {
        say::line(format_args!("    {}", audit::terminal_safe(&proposal.shown())));
    }
    for (name, value) in &found.values {
        let secret = config::Value::from(value.as_str()).looks_secret(name);
        let mark =
            if secret { "  ! a plain secret: put it into the environment instead" } else { "" };
        let shown = if secret { "•••" } else { value.as_str() };
        say::line(format_args!(
            "    {} = {}{mark}",
            audit::terminal_safe(name),
            audit::terminal_safe(shown)
        ));
    }
    for note in &found.notes {
        say::line(format_args!("    ! {}", audit::terminal_safe(note)));
    }
}

fn agreed(out: &Path) -> anyhow::Result<bool> {
    say::text(format_args!("write {}? [y/N] ", out.display()));
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
