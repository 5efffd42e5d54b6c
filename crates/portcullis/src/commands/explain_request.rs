use std::process::ExitCode;
use std::sync::Arc;

use ambient::Clock;
use anyhow::{Context as _, bail};
use apis::Explained;
use egress::{Egress, Options};
use model::{NoVault, TenantId};
use process::{Caps, Launcher};
use serde_json::{Value, json};

use crate::cli::ExplainRequest;
use crate::config::{Loaded, audience, load};
use crate::house::{Way, Ways, api};
use crate::say;

/// Shows the exact request that a call would be. Nothing is sent, and no secret is asked for. Exit code 1 where the call
/// would be refused.
pub fn run(command: &ExplainRequest) -> anyhow::Result<ExitCode> {
    let loaded = load(&command.file.config)?;
    let arguments: Value = serde_json::from_str(&command.args).context("`--args` is no JSON")?;
    let Value::Object(arguments) = arguments else { bail!("`--args` is no JSON object") };
    let tenant = identity::tenant_id(&command.tenant)?;
    let api = named(&loaded, &command.source, &tenant)?;
    let explained = match api.explain(&tenant, &command.tool, &arguments) {
        Ok(explained) => explained,
        Err(why) => {
            if command.json {
                say::line(json!({ "verdict": "deny", "reason": why }).to_string());
            } else {
                say::line(format_args!("refused: {why}"));
            }
            return Ok(ExitCode::FAILURE);
        }
    };
    if command.json {
        machines(&explained);
    } else {
        people(&explained);
    }
    Ok(if explained.refused.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn named(loaded: &Loaded, name: &str, tenant: &TenantId) -> anyhow::Result<Arc<apis::Api>> {
    let source = loaded.config.source.iter().find(|s| s.name == name);
    let source = source.with_context(|| format!("there is no source `{name}`"))?;
    if !audience(source).has(tenant) {
        bail!("the source `{name}` is not there for the tenant `{tenant}`: see `--tenant`");
    }
    if source.mcp.is_some() {
        bail!("`{name}` is an MCP server: its calls are no requests of their own");
    }
    let clock = Clock::system();
    let ways = Ways {
        egress: Egress::new(Options::default(), clock.clone()),
        launcher: Launcher::new(Caps::default(), clock.clone()),
        clock,
        secrets: Arc::new(NoVault),
        payer: None,
    };
    let way = Way::of(source, loaded);
    let way = way.map_err(|wrong| anyhow::anyhow!("source `{name}`: {}", wrong.what))?;
    api(source, loaded, &way, &ways).map_err(|why| anyhow::anyhow!("source `{name}`: {why}"))
}

fn people(explained: &Explained) {
    say::line(format_args!("{} {}", explained.method, explained.url));
    for (name, value) in &explained.headers {
        say::line(format_args!("{name}: {value}"));
    }
    if !explained.body.is_empty() {
        say::line(format_args!("\n{}", String::from_utf8_lossy(&explained.body)));
    }
    if let Some(why) = &explained.refused {
        say::line(format_args!("\nrefused before anything is sent: {why}"));
    }
}

fn machines(explained: &Explained) {
    let headers: Vec<_> = explained.headers.iter().map(|(n, v)| json!([n, v])).collect();
    let verdict = if explained.refused.is_none() { "allow" } else { "deny" };
    let said = json!({
        "verdict": verdict,
        "reason": explained.refused,
        "method": explained.method,
        "url": explained.url,
        "headers": headers,
        "body": String::from_utf8_lossy(&explained.body),
    });
    say::line(said.to_string());
}
