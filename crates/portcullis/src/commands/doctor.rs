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
    /// Whether it is wrong already, and not only a risk.
    pub error: bool,
}

impl Advice {
    fn new(rule: &'static str, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { rule, what: what.into(), fix: fix.into(), error: false }
    }

    const fn level(&self) -> &'static str {
        if self.error { "error" } else { "risk" }
    }

    /// The same, as an error.
    fn error(mut self) -> Self {
        self.error = true;
        self
    }
}

/// Lists what is risky, each with its fix. Exit code 1 if there is anything.
pub fn run(command: &Doctor) -> anyhow::Result<ExitCode> {
    let path = &command.file.config;
    let mut found = Vec::new();
    match config::load(path) {
        Err(e) => {
            found.push(Advice::new("config", e.to_string(), "mend it: see `portcullis check`"));
        }
        Ok(loaded) => {
            settings::look(&loaded, &mut found);
            standing::files(&loaded, &mut found);
            standing::log(&loaded, &mut found);
            standing::store(&loaded, &mut found);
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
            let error = if advice.error { "error: " } else { "" };
            say::line(format_args!("✗ {error}{what} ({})\n    fix: {fix}", advice.rule));
        }
        if found.is_empty() {
            say::line("✓ nothing risky was found");
        }
    }
    Ok(ExitCode::from(u8::from(!found.is_empty())))
}

/// Safe for a terminal, line breaks kept.
fn safe(text: &str) -> String {
    text.lines()
        .map(|line| audit::terminal_safe(line).into_owned())
        .collect::<Vec<_>>()
        .join("\n  ")
}
