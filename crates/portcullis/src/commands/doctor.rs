mod certificates;
mod confinement;
mod settings;
mod standing;
mod vault;

use std::process::ExitCode;

use serde_json::json;

use super::serve::small_runtime;
use crate::cli::Doctor;
use crate::config;
use crate::say;

/// Something an operator should look at.
pub struct Advice {
    /// A stable code.
    pub rule: &'static str,
    /// What is risky.
    pub what: String,
    /// What to do about it.
    pub fix: String,
    /// How bad it is.
    pub level: Level,
}

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Worth knowing.
    Info,
    /// It may turn out wrong.
    Risk,
    /// It is wrong already.
    Error,
}

impl Advice {
    fn new(rule: &'static str, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { rule, what: what.into(), fix: fix.into(), level: Level::Risk }
    }

    const fn level(&self) -> &'static str {
        match self.level {
            Level::Info => "info",
            Level::Risk => "risk",
            Level::Error => "error",
        }
    }

    /// The same, as an error.
    fn error(mut self) -> Self {
        self.level = Level::Error;
        self
    }

    /// Something worth knowing that needs no mending.
    fn info(rule: &'static str, what: impl Into<String>) -> Self {
        Self { rule, what: what.into(), fix: String::new(), level: Level::Info }
    }
}

/// Lists what is risky, each with its fix, and how far programs are confined. Exit code 1 if anything is risky.
pub fn run(command: &Doctor) -> anyhow::Result<ExitCode> {
    let bad = |advice: &Advice| advice.level != Level::Info;
    let path = &command.file.config;
    let mut found = Vec::new();
    match config::load(path) {
        Err(e) => {
            found.push(Advice::new("config", e.to_string(), "mend it: see `portcullis check`"));
        }
        Ok(loaded) => {
            settings::look(&loaded, &mut found);
            confinement::look(&loaded, &mut found);
            certificates::look(&loaded, &mut found);
            standing::files(&loaded, &mut found);
            standing::log(&loaded, &mut found);
            standing::store(&loaded, &mut found);
            standing::ledger(&loaded, &mut found);
            vault::look(&loaded, &mut found);
            if !command.offline {
                small_runtime()?.block_on(standing::tools(path, &mut found));
            }
        }
    }
    if command.json {
        let all: Vec<_> = found
            .iter()
            .map(|a| json!({ "rule": a.rule, "level": a.level(), "what": a.what, "fix": a.fix }))
            .collect();
        say::line(serde_json::to_string_pretty(&all)?);
    } else {
        for advice in &found {
            let [what, fix] = [&advice.what, &advice.fix].map(|t| safe(t));
            let error = if advice.level == Level::Error { "error: " } else { "" };
            if advice.level == Level::Info {
                say::line(format_args!("· {what}"));
            } else {
                say::line(format_args!("✗ {error}{what} ({})\n    fix: {fix}", advice.rule));
            }
        }
        if !found.iter().any(bad) {
            say::line("✓ nothing risky was found");
        }
    }
    Ok(ExitCode::from(u8::from(found.iter().any(bad))))
}

/// Safe for a terminal, line breaks kept.
fn safe(text: &str) -> String {
    text.lines()
        .map(|line| audit::terminal_safe(line).into_owned())
        .collect::<Vec<_>>()
        .join("\n  ")
}
