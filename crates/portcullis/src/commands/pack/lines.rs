//! The lines of a configuration that install a pack.

use packs::Pack;
use toml::Value;

use super::find::Found;
use crate::config::PackEntry;

/// `[packs.NAME]` with everything that it needs, ready to be put into a configuration.
pub fn lines(found: &Found) -> String {
    let PackEntry {
        from,
        approved: _,
        secrets,
        settings,
        name,
        agents,
        server,
        private,
        tenants,
        ca,
    } = &found.entry;
    let mut out = vec![format!("[packs.{}]", found.key), format!("from = {}", text(from))];
    out.push(format!("approved = {}", text(&found.opened.pack.digest.to_string())));
    if let Some(name) = name {
        out.push(format!("as = {}", text(name)));
    }
    let secrets = secrets.iter().map(|(name, value)| (name, value.shown()));
    table("secrets", secrets, &mut out);
    table("settings", settings.iter().map(|(name, value)| (name, value.clone())), &mut out);
    list("agents", agents, &mut out);
    if let Some(server) = server {
        out.push(format!("server = {}", text(server)));
    }
    list("private", private, &mut out);
    if let Some(tenants) = tenants {
        let each: Vec<String> = tenants.iter().map(|tenant| text(tenant)).collect();
        out.push(format!("tenants = [{}]", each.join(", ")));
    }
    if let Some(ca) = ca {
        out.push(format!("ca = {}", text(&ca.display().to_string())));
    }
    out.join("\n") + "\n"
}

/// The commands that put what it needs into the vault.
pub fn commands(found: &Found) -> Vec<String> {
    let hosts = hosts(&found.opened.pack);
    let named = found.entry.secrets.values().map(crate::config::Value::shown);
    let named = named.filter_map(|shown| shown.strip_prefix("vault:").map(str::to_owned));
    named.map(|name| format!("portcullis vault set {name} {hosts}")).collect()
}

fn hosts(pack: &Pack) -> String {
    let each = pack.manifest.hosts.iter().map(|place| match place.port {
        443 => format!("--host {}", place.host),
        _ => format!("--host {place}"),
    });
    let all: Vec<String> = each.collect();
    if all.is_empty() { "--program PATH".to_owned() } else { all.join(" ") }
}

fn text(text: &str) -> String {
    Value::from(text).to_string()
}

fn table<'a>(key: &str, pairs: impl Iterator<Item = (&'a String, String)>, out: &mut Vec<String>) {
    let all: Vec<String> =
        pairs.map(|(name, value)| format!("{name} = {}", text(&value))).collect();
    if !all.is_empty() {
        out.push(format!("{key} = {{ {} }}", all.join(", ")));
    }
}

fn list(key: &str, all: &[String], out: &mut Vec<String>) {
    if !all.is_empty() {
        let all: Vec<String> = all.iter().map(|entry| text(entry)).collect();
        out.push(format!("{key} = [{}]", all.join(", ")));
    }
}
