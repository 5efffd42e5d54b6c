use std::collections::HashMap;
use std::io::BufRead as _;
use std::net::IpAddr;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use egress::{Judgement, Policy, Resolver};
use serde::Deserialize;
use serde_json::{Value, json};

use super::serve::small_runtime;
use crate::cli::ExplainUrl;
use crate::config;
use crate::house::named;
use crate::say;

/// The longest line of a batch, in bytes.
const MAX_LINE: usize = 1 << 20;

/// One line of a batch: the parts of a row about targets.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(default)]
    id: Value,
    url: String,
    /// What the resolver answers: `A 93.184.215.14, AAAA 2600::1`, or `first A …, then A …`.
    dns: Option<List>,
    /// The only hosts that are allowed; `any` or nothing for all.
    hosts: Option<List>,
    /// Private targets that are named.
    #[serde(alias = "private")]
    allow: Option<List>,
    /// Whether redirects are followed: `on`, or else not.
    follow: Option<Value>,
    /// Where redirects lead to, one after the other.
    #[serde(alias = "redirect", alias = "redirects")]
    location: Option<Locations>,
    /// What kind of source it is for, and what is said for people: they change nothing.
    #[serde(rename = "source")]
    _source: Option<Value>,
    #[serde(rename = "area")]
    _area: Option<Value>,
    #[serde(rename = "expected")]
    _expected: Option<Value>,
    #[serde(rename = "note")]
    _note: Option<Value>,
}

/// Parts joined by commas, or as a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum List {
    Text(String),
    Parts(Vec<String>),
}

impl List {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Parts(parts) => parts.join(","),
        }
    }
}

/// One URL, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Locations {
    One(String),
    Many(Vec<String>),
}

/// Says whether a URL would be dialled. Exit code 1 where it would not.
pub fn run(command: &ExplainUrl) -> anyhow::Result<ExitCode> {
    small_runtime()?.block_on(async {
        if command.batch {
            return batch().await;
        }
        let url = command.url.as_deref().context("name the URL")?;
        let policy = policy(command)?;
        let said = match egress::unresolved(url, &policy) {
            None => egress::judge(url, &[], &policy),
            Some(name) => {
                let given = given(&command.resolve)?.remove(&name);
                judged(url, &name, given, &policy).await
            }
        };
        show(&said, command.json)?;
        Ok(ExitCode::from(u8::from(!said.allowed)))
    })
}

/// Where the source may go.
fn policy(command: &ExplainUrl) -> anyhow::Result<Policy> {
    let Some(name) = &command.source else { return Ok(Policy::default()) };
    let loaded = config::load(&command.file.config)?;
    let source = loaded.config.source.iter().find(|source| source.name == *name);
    let source = source.with_context(|| format!("the configuration has no source `{name}`"))?;
    Ok(named(source))
}

/// Reads what `--resolve` says.
fn given(resolve: &[String]) -> anyhow::Result<HashMap<String, Vec<IpAddr>>> {
    let mut names = HashMap::<_, Vec<_>>::new();
    for text in resolve {
        let wrong = || anyhow!("`{text}` is not `NAME=ADDRESS`");
        let (name, list) = text.split_once('=').ok_or_else(wrong)?;
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        for ip in list.split(',') {
            let ip = ip.trim().parse().map_err(|_| anyhow!("`{ip}` is no address"))?;
            names.entry(name.clone()).or_default().push(ip);
        }
    }
    Ok(names)
}

/// Judges a URL by the addresses that are given for its name, or else by those that the system knows.
async fn judged(url: &str, name: &str, given: Option<Vec<IpAddr>>, policy: &Policy) -> Judgement {
    let found = match given {
        Some(given) => given,
        None => Resolver::system().lookup(name).await.unwrap_or_default(),
    };
    egress::judge(url, &[found], policy)
}

async fn batch() -> anyhow::Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let (id, answer) = match read(&line) {
            Ok(case) => (case.id.clone(), answer(case).await),
            Err(e) => (Value::Null, Err(e)),
        };
        say::line(match answer {
            Ok(said) => {
                json!({ "id": id, "verdict": verdict(&said), "rule": said.rule, "reason": said.reason })
            }
            Err(reason) => {
                code = ExitCode::from(1);
                json!({ "id": id, "verdict": "load-error", "rule": "case", "reason": reason })
            }
        });
    }
    Ok(code)
}

fn read(line: &str) -> Result<Case, String> {
    if line.len() > MAX_LINE {
        return Err(format!("the line has more than {MAX_LINE} bytes"));
    }
    serde_json::from_str(line).map_err(|e| e.to_string())
}

async fn answer(case: Case) -> Result<Judgement, String> {
    let mut policy = Policy::default();
    if let Some(hosts) = case.hosts.map(List::text).filter(|hosts| hosts != "any") {
        policy = policy.only_hosts(hosts.split(',').map(str::trim));
    }
    if let Some(allow) = case.allow {
        policy = egress::read_allowed(&allow.text(), policy)?;
    }
    let rounds = match case.dns {
        Some(dns) => egress::read_answers(&dns.text())?,
        None => match egress::unresolved(&case.url, &policy) {
            Some(name) => vec![Resolver::system().lookup(&name).await.unwrap_or_default()],
            None => Vec::new(),
        },
    };
    let follows = matches!(&case.follow, Some(Value::Bool(true)))
        || case.follow.as_ref().and_then(Value::as_str) == Some("on");
    let locations = match case.location {
        None => Vec::new(),
        Some(Locations::One(one)) => vec![one],
        Some(Locations::Many(many)) => many,
    };
    if !follows && !locations.is_empty() {
        return Ok(Judgement {
            allowed: false,
            rule: "redirect_refused",
            reason: "redirects are not followed unless the source allows them".to_owned(),
            addresses: Vec::new(),
        });
    }
    Ok(egress::judge_hops(&case.url, &locations, &rounds, &policy))
}

fn verdict(said: &Judgement) -> &'static str {
    if said.allowed { "allow" } else { "deny" }
}

fn show(said: &Judgement, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let addresses = said.addresses.iter().map(|a| {
            json!({ "address": a.ip.to_string(), "class": a.class.to_string(), "dialled": a.dialled })
        });
        let whole = json!({
            "verdict": verdict(said),
            "rule": said.rule,
            "reason": said.reason,
            "addresses": addresses.collect::<Vec<_>>(),
        });
        say::line(serde_json::to_string_pretty(&whole)?);
        return Ok(());
    }
    say::line(format_args!("verdict:  {}", verdict(said)));
    say::line(format_args!("rule:     {}", said.rule));
    say::line(format_args!("reason:   {}", audit::terminal_safe(&said.reason)));
    for a in &said.addresses {
        let what = if a.dialled { "dialled" } else { "never dialled" };
        say::line(format_args!("address:  {}, {}: {what}", a.ip, a.class));
    }
    Ok(())
}
