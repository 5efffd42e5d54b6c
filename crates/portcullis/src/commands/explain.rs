use std::io::BufRead as _;
use std::process::ExitCode;

use anyhow::Context as _;
use bytes::Bytes;
use gate::{Explained, STAGES};
use protocol::json::{Limits, Object};
use protocol::mcp::Version;
use serde::Deserialize;
use serde_json::{Value, json};

use super::look::{self, Look};
use super::serve::small_runtime;
use crate::cli::{ExplainCall, RoleName, Who};
use crate::say;

/// One line of a batch.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(default)]
    id: Value,
    #[serde(default = "anonymous")]
    principal: String,
    #[serde(default = "default_tenant")]
    tenant: String,
    #[serde(default)]
    role: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    tool: String,
    #[serde(default, alias = "args")]
    arguments: Option<Value>,
}

fn anonymous() -> String {
    "anonymous".to_owned()
}

fn default_tenant() -> String {
    "default".to_owned()
}

/// Says what would become of a call. Exit code 1 where it would not be made.
pub fn run(command: &ExplainCall) -> anyhow::Result<ExitCode> {
    small_runtime()?.block_on(async {
        let look = Look::open(&command.file.config)?;
        let code = if command.batch { batch(&look).await } else { single(&look, command).await };
        look.close().await;
        code
    })
}

async fn single(look: &Look, command: &ExplainCall) -> anyhow::Result<ExitCode> {
    let tool = command.tool.as_deref().context("name the tool with `--tool`")?;
    let explained = ask(look, &command.who, tool, &command.args).await?;
    if command.json {
        say::line(serde_json::to_string_pretty(&as_json(&explained))?);
    } else {
        people(&explained);
    }
    Ok(ExitCode::from(u8::from(explained.verdict != "allow")))
}

async fn batch(look: &Look) -> anyhow::Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let answer = match serde_json::from_str::<Case>(&line) {
            Ok(case) => answer(look, case).await,
            Err(e) => {
                code = ExitCode::from(1);
                json!({ "id": null, "verdict": "load-error", "rule": "case", "reason": e.to_string() })
            }
        };
        say::line(answer);
    }
    Ok(code)
}

async fn answer(look: &Look, case: Case) -> Value {
    let role = match case.role.as_deref() {
        Some("operator") => RoleName::Operator,
        _ => RoleName::Agent,
    };
    let who = Who { principal: case.principal, tenant: case.tenant, role, scopes: case.scopes };
    let arguments = case.arguments.unwrap_or_else(|| json!({})).to_string();
    match ask(look, &who, &case.tool, &arguments).await {
        Ok(e) => {
            json!({ "id": case.id, "verdict": e.verdict, "rule": rule(&e), "reason": e.reason })
        }
        Err(e) => {
            json!({ "id": case.id, "verdict": "load-error", "rule": "case", "reason": format!("{e:#}") })
        }
    }
}

async fn ask(look: &Look, who: &Who, tool: &str, arguments: &str) -> anyhow::Result<Explained> {
    let client = look::client(who, Version::MODERN)?;
    let text = Bytes::copy_from_slice(arguments.as_bytes());
    let arguments = Object::parse(text, Limits::REQUEST)
        .map_err(|e| anyhow::anyhow!("the arguments are no JSON object: {e}"))?;
    Ok(look.gate.explain(&client, tool, &arguments).await)
}

/// The rule of policy that decided, or the stage that did.
fn rule(explained: &Explained) -> String {
    let by_policy = explained.policy.as_ref().filter(|_| explained.stage == "decide");
    by_policy.map_or_else(
        || explained.stage.replace(' ', "-"),
        |policy| policy.verdict.rule().to_owned(),
    )
}

fn people(e: &Explained) {
    let name = |(name, _): &(&str, &str)| {
        if *name == e.stage { format!("[{name}]") } else { (*name).to_owned() }
    };
    let way: Vec<String> = STAGES.iter().map(name).collect();
    say::line(format_args!("the way:  {}", way.join(" → ")));
    say::line(format_args!("verdict:  {} at `{}`", e.verdict, e.stage));
    say::line(format_args!("reason:   {}", audit::terminal_safe(&e.reason)));
    if let Some(tool) = &e.tool {
        let accepted =
            if tool.accepted { "accepted" } else { "not accepted, so it counts as destructive" };
        say::line(format_args!(
            "tool:     {}/{}, effect {} ({accepted})",
            tool.source, tool.upstream, tool.effect
        ));
    }
    if let Some(policy) = &e.policy {
        for applies in &policy.satisfied {
            say::line(format_args!(
                "applies:  {} {} ({})",
                applies.says, applies.rule, applies.location
            ));
        }
        for failure in &policy.errors {
            say::line(format_args!(
                "fails:    {} ({}): {}",
                failure.rule, failure.location, failure.reason
            ));
        }
    }
    if let Some(allow) = e.allow.as_ref().filter(|_| e.verdict != "allow") {
        say::line(format_args!("to allow: {allow}"));
    }
}

fn as_json(e: &Explained) -> Value {
    json!({
        "stages": STAGES.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        "stage": e.stage,
        "verdict": e.verdict,
        "rule": rule(e),
        "reason": e.reason,
        "allow": e.allow.as_ref().filter(|_| e.verdict != "allow"),
        "tool": e.tool.as_ref().map(|t| json!({
            "source": t.source, "upstream": t.upstream, "effect": t.effect.as_str(), "accepted": t.accepted,
        })),
    })
}
