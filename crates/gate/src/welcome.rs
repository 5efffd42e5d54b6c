//! What the gate says of itself to a client: all its sources in one.

use std::sync::Arc;

use futures_util::future::join_all;
use inspect::Context;
use protocol::mcp::ServerCapabilities;

use crate::Client;
use crate::catalogue::Shelf;
use crate::gate::Gate;
use crate::port::{Greeting, Trouble};

/// All sources' greetings, merged.
#[derive(Debug, Clone, Default)]
pub struct Welcome {
    /// What any of the sources offers, in the words of the client's version.
    pub capabilities: ServerCapabilities,
    /// The sources' instructions, each under its source's name; those in quarantine are withheld.
    pub instructions: Option<String>,
    /// Sources that could not be reached.
    pub warnings: Vec<String>,
}

impl Gate {
    /// What the gate says of itself to this client. A source that fails is left out and named.
    pub async fn greet(&self, client: &Arc<Client>) -> Welcome {
        let shelves: Vec<&Shelf> = self.catalogue().in_view(client).collect();
        let greetings = join_all(shelves.iter().map(|s| greeting(self, client, s))).await;
        let mut welcome = Welcome::default();
        let mut offered = Vec::new();
        let mut instructions = Vec::new();
        for (shelf, greeting) in shelves.iter().zip(greetings) {
            let name = shelf.source.name();
            match greeting {
                Ok(greeting) => {
                    instructions.extend(self.instructions(shelf, &greeting));
                    offered.push(greeting.capabilities.clone());
                }
                Err(trouble) => {
                    tracing::warn!(source = %name, "left out of the greeting: {trouble}");
                    self.metrics().source_missing(name);
                    welcome.warnings.push(format!("{name} is not available"));
                }
            }
        }
        welcome.capabilities = ServerCapabilities::merge(&offered);
        if !instructions.is_empty() {
            welcome.instructions = Some(instructions.join("\n\n"));
        }
        welcome
    }

    /// A source's instructions, if nothing is wrong with them.
    fn instructions(&self, shelf: &Shelf, greeting: &Greeting) -> Option<String> {
        let text = greeting.instructions.as_deref().filter(|t| !t.is_empty())?;
        let name = shelf.source.name();
        let judge = || {
            let neighbours = self.catalogue().neighbours(name);
            let context = Context::definition(name.as_str(), &neighbours);
            let mut findings = inspect::scan_instructions(text, &context);
            findings.retain(|f| shelf.counts(f));
            let book = self.catalogue().book();
            book.instructions(name, shelf.source.identity(), shelf.settings.pins, text, &findings)
        };
        if !self.judged_instructions(name, text, judge) {
            tracing::warn!(source = %name, "its instructions are withheld: portcullis pins list");
            return None;
        }
        Some(match &shelf.settings.prefix {
            Some(_) => format!("[{name}] {text}"),
            None => text.to_owned(),
        })
    }
}

async fn greeting(
    gate: &Gate,
    client: &Arc<Client>,
    shelf: &Shelf,
) -> Result<Arc<Greeting>, Trouble> {
    let deadline = gate.settings().list_deadline;
    tokio::time::timeout(deadline, shelf.source.greet(client)).await.unwrap_or_else(|_| {
        Err(Trouble::Failed {
            code: model::Code::UpstreamTimeout,
            detail: format!("no greeting within {deadline:?}"),
            status: None,
            unknown: false,
        })
    })
}
