use std::process::ExitCode;

use gate::Tool;
use protocol::mcp::Version;
use serde_json::{Value, json};

use super::look::{self, Look};
use super::serve::small_runtime;
use crate::cli::Who;
use crate::say;
use crate::table::Table;

/// Asks every source what it offers, and shows it.
pub fn run(command: &crate::cli::Tools) -> anyhow::Result<ExitCode> {
    let (tools, silent) = small_runtime()?.block_on(async {
        let look = Look::open(&command.file.config)?;
        let tenant = command.tenant.as_deref();
        let operator = look::operator();
        let who = Who { tenant: tenant.map_or(operator.tenant, str::to_owned), ..operator };
        let client = look::client(&who, Version::MODERN)?;
        let mut tools = look.gate.tools(&client).await;
        if tenant.is_some() {
            tools.retain(|t| t.audience.has(&client.principal.tenant));
        }
        let silent = silent(&look, &tools);
        for (name, holder, newcomer) in look.gate.collisions() {
            say::note(format_args!(
                "{newcomer} would be called {name}, which is {holder}: it is left out"
            ));
        }
        look.close().await;
        anyhow::Ok((tools, silent))
    })?;
    if command.json {
        let all: Vec<Value> = tools.iter().map(as_json).collect();
        say::line(serde_json::to_string_pretty(&all)?);
    } else {
        say::text(table(&tools));
        hint(&tools);
    }
    for (source, trouble) in &silent {
        say::note(format_args!("{source} offers nothing: {trouble}"));
    }
    Ok(ExitCode::from(u8::from(!silent.is_empty())))
}

/// Sources without tools, and why.
fn silent(look: &Look, tools: &[Tool]) -> Vec<(String, String)> {
    let all = look.gate.sources();
    let without = all.iter().filter(|s| tools.iter().all(|t| t.source != s.name().as_str()));
    without.filter_map(|s| Some((s.name().to_string(), s.status().last_trouble?))).collect()
}

fn table(tools: &[Tool]) -> Table {
    let mut table = Table::new(&["TOOL", "SOURCE", "TENANTS", "EFFECT", "STATE", "FINDINGS"]);
    for tool in tools {
        table.row([
            tool.exposed.clone(),
            tool.source.clone(),
            tenants(tool).map_or_else(|| "all".to_owned(), |all| all.join(" ")),
            effect(tool),
            tool.quarantined
                .as_ref()
                .map_or("live".to_owned(), |why| format!("quarantined: {why}")),
            tool.findings.join(", "),
        ]);
    }
    table.leave_out("TENANTS", |tenants| tenants == "all");
    table
}

/// The tenants it is there for; none if it is there for all.
fn tenants(tool: &Tool) -> Option<Vec<String>> {
    Some(tool.audience.tenants()?.iter().map(ToString::to_string).collect())
}

fn effect(tool: &Tool) -> String {
    if tool.accepted {
        tool.effect.to_string()
    } else {
        format!("destructive (not accepted; {} proposed)", tool.proposed)
    }
}

fn hint(tools: &[Tool]) {
    let open = tools.iter().filter(|t| !t.accepted).count();
    if open > 0 {
        let open = say::count(
            open,
            "tool has no effect set or accepted, so it counts",
            "tools have no effect set or accepted, so they count",
        );
        say::note(format_args!(
            "{open} as destructive: set `effects` in the configuration, or run `portcullis pins accept --all --effect proposed`"
        ));
    }
}

fn as_json(tool: &Tool) -> Value {
    json!({
        "exposed": tool.exposed,
        "source": tool.source,
        "tenants": tenants(tool),
        "upstream": tool.upstream,
        "effect": tool.effect.as_str(),
        "accepted": tool.accepted,
        "proposed": tool.proposed.as_str(),
        "state": if tool.quarantined.is_some() { "quarantined" } else { "live" },
        "why": tool.quarantined,
        "findings": tool.findings,
    })
}
