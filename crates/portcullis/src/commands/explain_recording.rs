use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::Context as _;
use convert::{Location, SchemeKind};
use har::Converted;
use serde_json::{Value, json};

use crate::cli::ExplainRecording;
use crate::config::load;
use crate::house::recorded;
use crate::say;
use crate::table::Table;

/// Shows what became of a recording: every tool with the evidence behind it, every entry that is none and why, and the
/// credentials that were seen. No recorded value is shown.
pub fn run(command: &ExplainRecording) -> anyhow::Result<ExitCode> {
    let loaded = load(&command.file.config)?;
    let name = &command.source;
    let source = loaded.config.source.iter().find(|s| s.name == *name);
    let source = source.with_context(|| format!("there is no source `{name}`"))?;
    let har = source.har.as_ref().with_context(|| format!("`{name}` is no recording"))?;
    let converted =
        recorded(&har.0, &loaded).map_err(|why| anyhow::anyhow!("source `{name}`: {why}"))?;
    if command.json {
        say::line(machines(&converted));
    } else {
        people(&converted);
    }
    Ok(ExitCode::SUCCESS)
}

fn people(converted: &Converted) {
    let mut tools = Table::new(&["TOOL", "PROPOSED", "CONFIDENCE", "CALLS", "EVIDENCE"]);
    for (tool, mark) in converted.tools.iter().zip(&converted.marks) {
        tools.row([
            tool.name.clone(),
            tool.effect.to_string(),
            mark.confidence.to_string(),
            mark.calls.to_string(),
            mark.reasons.join("; "),
        ]);
    }
    say::text(&tools);
    for (scheme, calls) in &converted.schemes {
        say::line(format_args!(
            "credential `{}`: {}, in {calls} calls",
            scheme.name,
            kind(&scheme.kind)
        ));
    }
    for (origin, calls) in &converted.others {
        say::line(format_args!("other origin {origin}: {calls} calls"));
    }
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    for skipped in &converted.skipped {
        *codes.entry(skipped.code).or_default() += 1;
    }
    for (code, n) in codes {
        say::line(format_args!("left out: {n} {code}"));
    }
    for skipped in &converted.skipped {
        let place = audit::terminal_safe(&skipped.place);
        say::line(format_args!("  {place} [{}]: {}", skipped.code, skipped.reason));
    }
}

/// What a configuration needs for it.
fn kind(kind: &SchemeKind) -> String {
    match kind {
        SchemeKind::Bearer => "a bearer token: `auth = { bearer = \"vault:NAME\" }`".to_owned(),
        SchemeKind::Basic => {
            "a user and a password: `auth = { basic = { user = …, password = … } }`".to_owned()
        }
        SchemeKind::ApiKey(place, name) => {
            let place = place_word(*place);
            format!(
                "a key in a {place}: `auth = {{ api-key = {{ value = \"vault:NAME\", in = \"{place}\", name = \"{name}\" }} }}`"
            )
        }
        SchemeKind::Other(name) if name.starts_with("aws4") => {
            "signatures of AWS: `auth = { aws = { … } }`".to_owned()
        }
        _ => "a scheme of its own: `auth = { headers = { Authorization = \"vault:NAME\" } }`"
            .to_owned(),
    }
}

const fn place_word(place: Location) -> &'static str {
    match place {
        Location::Cookie => "cookie",
        Location::Query => "query",
        Location::Header | Location::Path => "header",
    }
}

fn machines(converted: &Converted) -> Value {
    let tools = converted.tools.iter().zip(&converted.marks).map(|(tool, mark)| {
        json!({
            "tool": tool.name,
            "method": tool.recipe.method,
            "path": tool.recipe.path,
            "proposed": tool.effect.as_str(),
            "confidence": mark.confidence.as_str(),
            "calls": mark.calls,
            "evidence": mark.reasons,
        })
    });
    let skipped = converted.skipped.iter();
    json!({
        "base": converted.base,
        "entries": converted.entries,
        "calls": converted.calls,
        "tools": tools.collect::<Vec<_>>(),
        "credentials": converted.schemes.iter().map(|(s, n)| json!({"name": s.name, "configure": kind(&s.kind), "calls": n})).collect::<Vec<_>>(),
        "others": converted.others.iter().map(|(o, n)| json!({"origin": o, "calls": n})).collect::<Vec<_>>(),
        "left_out": skipped.map(|s| json!({"place": s.place, "code": s.code, "reason": s.reason})).collect::<Vec<_>>(),
    })
}
