use super::Advice;
use crate::commands::check;
use crate::config::{Auth, Loaded, PackEntry, Pins, Results, Source, UnknownMethods};
use crate::house::policy_texts;

/// What the configuration itself says.
pub fn look(loaded: &Loaded, found: &mut Vec<Advice>) {
    let config = &loaded.config;
    if let Err(e) = check::whole(loaded) {
        found.push(Advice::new(
            "config",
            e.to_string(),
            "mend it: the gate does not start like this",
        ));
    }
    if config.server.auth == Auth::None {
        found.push(Advice::new(
            "auth-none",
            "every program on this machine may call every tool that policy allows",
            "set `auth = \"keys\"` in [server], and make keys with `portcullis keys create NAME`",
        ));
    }
    if config.server.allowed_origins.iter().any(|o| o.starts_with("http://") && !local(o)) {
        found.push(Advice::new(
            "origin-in-clear",
            "pages from an origin without TLS may call: whoever is on their network can change them",
            "use https:// in `allowed-origins`",
        ));
    }
    if config.audit.checkpoint_to.is_none() {
        found.push(Advice::new(
            "no-checkpoints-elsewhere",
            "a log that was cut short, or replaced with its key, cannot be told from a whole one",
            "set `checkpoint-to` in [audit] to a file on another disk or machine",
        ));
    }
    match policy_texts(loaded) {
        Ok(texts) if texts.is_empty() => found.push(Advice::new(
            "no-policy",
            "the policy folder has no *.cedar file, so everything is refused",
            "put a policy there, or leave `dir` out of [policy] for the one that ships",
        )),
        _ => {}
    }
    for (pattern, level) in &config.policy.rules {
        if pattern == "*" && level == "allow" {
            found.push(Advice::new(
                "allow-everything",
                "the rule `\"*\" = \"allow\"` lets everybody do everything",
                "name what is meant, such as `\"files__*\" = \"allow\"`",
            ));
        }
    }
    config.source.iter().for_each(|source| of_source(source, found));
    config.packs.iter().for_each(|(key, entry)| of_pack(key, entry, found));
}

fn of_pack(key: &str, entry: &PackEntry, found: &mut Vec<Advice>) {
    if entry.agents.is_empty() {
        found.push(Advice::new(
            "pack-for-nobody",
            format!("pack `{key}`: it is given to nobody, so nobody sees anything of it"),
            "name who is given it in `agents`, or take it out",
        ));
    }
    for (name, _) in entry.secrets.iter().filter(|(_, value)| value.is_plain()) {
        found.push(
            Advice::new(
                "secret-in-config",
                format!("pack `{key}`: its secret `{name}` stands in the file"),
                format!("put it into the vault (`portcullis vault set NAME`) and write `{name} = \"vault:NAME\"`"),
            )
            .error(),
        );
    }
}

fn of_source(source: &Source, found: &mut Vec<Advice>) {
    let name = &source.name;
    // What a pack says of itself is pinned by the digest that was approved.
    if source.pins == Pins::Off && source.pack.is_none() {
        found.push(Advice::new(
            "pins-off",
            format!("source `{name}`: a definition that changes behind your back is used at once"),
            "leave `pins` out, or set it to \"ask\"",
        ));
    }
    if !source.detectors {
        found.push(Advice::new(
            "detectors-off",
            format!("source `{name}`: definitions are not scanned for instructions to the model"),
            "leave `detectors` out",
        ));
    }
    if source.results == Results::Off {
        found.push(Advice::new(
            "results-off",
            format!("source `{name}`: results are not scanned for instructions to the model"),
            "leave `results` out, or set it to \"redact\" or \"block\"",
        ));
    }
    if source.unknown_methods == UnknownMethods::Pass {
        found.push(Advice::new(
            "unknown-methods",
            format!("source `{name}`: methods that no guard knows go through"),
            "leave `unknown-methods` out",
        ));
    }
    if source.effects.get("*").is_some_and(|e| *e == model::Effect::Read) {
        found.push(Advice::new(
            "effects-all-read",
            format!("source `{name}`: whatever it offers, now or later, counts as reading"),
            "name the tools that only read in `effects`",
        ));
    }
    let Some(mcp) = &source.mcp else { return };
    if mcp.url.as_deref().is_some_and(|u| u.starts_with("http://") && !local(u)) {
        found.push(Advice::new(
            "upstream-in-clear",
            format!("source `{name}` is called without TLS: its answers can be changed on the way"),
            "use https:// in `url`",
        ));
    }
    for (table, values) in [("env", &mcp.env), ("headers", &mcp.headers)] {
        for key in values.iter().filter(|(key, value)| value.looks_secret(key)).map(|(key, _)| key)
        {
            found.push(Advice::new(
                "secret-in-config",
                format!(
                    "source `{name}`: `{table}.{key}` looks like a secret that stands in the file"
                ),
                format!("put it into the vault (`portcullis vault set NAME`) and write `{key} = \"vault:NAME\"`"),
            ).error());
        }
    }
}

fn local(url: &str) -> bool {
    let host = url::Url::parse(url).ok().and_then(|u| u.host_str().map(str::to_owned));
    host.is_some_and(|h| {
        h == "localhost"
            || h.trim_matches(['[', ']'])
                .parse::<std::net::IpAddr>()
                .is_ok_and(|ip| ip.is_loopback())
    })
}
