use std::process::ExitCode;

use model::Effect;

use super::card::Card;
use super::find::{configuration, find};
use super::lines::{commands, lines};
use crate::cli::ShowPack;
use crate::say;
use crate::table::Table;

/// Shows a pack, what approving it grants, and the lines that install it.
pub fn run(command: &ShowPack) -> anyhow::Result<ExitCode> {
    let loaded = configuration(&command.file.config)?;
    let card = Card::new(find(&command.pack, &loaded)?, &loaded)?;
    if command.json {
        say::line(serde_json::to_string_pretty(&card.to_json())?);
        return Ok(ExitCode::SUCCESS);
    }
    people(&card);
    let after = if card.found.installed { "In the configuration it is" } else { "To install it" };
    say::line(format_args!("\n{after}:\n"));
    say::text(safe(&lines(&card.found)));
    if !card.found.installed {
        for command in commands(&card.found) {
            say::line(format_args!("\n{}", audit::terminal_safe(&command)));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The pack for people: what it is, what it is granted, what it offers, what it permits.
pub fn people(card: &Card) {
    let pack = card.pack();
    say::line(format_args!("{} {}: {}", pack.name, pack.version, pack.summary));
    say::line(format_args!("digest: {}", pack.digest));
    say::line(format_args!("state:  {}", card.state));
    for change in &card.changes {
        say::line(format_args!("        {}", audit::terminal_safe(change)));
    }
    let mut granted = Table::new(&["GRANTED", "WHICH"]);
    for (what, which) in card.grants() {
        granted.row([what.to_owned(), which]);
    }
    say::line("");
    say::text(granted);
    let mut tools = Table::new(&["TOOL", "EFFECT", "REQUEST"]);
    for tool in &card.tools {
        // What the pack does not speak of counts as the worst.
        let effect = tool.effect.unwrap_or(Effect::Destructive);
        tools.row([tool.name.clone(), effect.to_string(), tool.request.clone()]);
    }
    say::line("");
    say::text(tools);
    if !card.policy.is_empty() {
        say::line("");
        say::text(safe(&card.policy));
    }
}

/// Safe for a terminal, line breaks kept.
fn safe(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(audit::terminal_safe).collect();
    lines.join("\n") + "\n"
}
