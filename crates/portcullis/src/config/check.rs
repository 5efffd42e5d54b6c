//! What a configuration says wrong although every key and type is right.

mod source;
mod tenants;
mod way;

pub use source::host_port;
pub use tenants::undeclared;

use std::collections::HashMap;
use std::time::Duration;

use gate::Audience;
use model::TenantId;

use super::place::{Problem, Step, nearest_place};
use super::{Config, Limits, Prefix, Vault};

/// Bounds of how long a passphrase may be remembered.
const SHORTEST_MEMORY: Duration = Duration::from_secs(1);
const LONGEST_MEMORY: Duration = Duration::from_hours(24);

/// Everything that is wrong but the URLs and the packs, which were looked at before.
pub fn check(config: &Config, text: &str) -> Vec<Problem> {
    let mut found = Findings { config, text, problems: Vec::new() };
    if !config.admin.listen.ip().to_canonical().is_loopback() {
        found.at(
            ["admin".into(), "listen".into()],
            "the admin listener asks nobody who they are, so it listens on loopback only: use 127.0.0.1",
        );
    }
    if config.server.threads == Some(0) {
        found.at(["server".into(), "threads".into()], "with no thread nothing runs: use 1 or more");
    }
    limits(&config.limits, &mut found);
    vault(&config.vault, &mut found);
    for (n, source) in config.source.iter().enumerate() {
        source::check(n, source, &mut found);
    }
    tenants::check(config, &mut found);
    twice(config, &mut found);
    built_in(config, &mut found);
    found.problems
}

/// Collects problems with their places.
pub(super) struct Findings<'a> {
    config: &'a Config,
    text: &'a str,
    problems: Vec<Problem>,
}

impl Findings<'_> {
    pub(super) fn at(&mut self, path: impl IntoIterator<Item = Step>, message: impl Into<String>) {
        let span = nearest_place(self.text, &self.config.place_of(path));
        self.problems.push(Problem { message: message.into(), span });
    }
}

/// A limit of nothing would be a gate that is shut without saying so.
fn limits(limits: &Limits, found: &mut Findings<'_>) {
    let zero = [
        ("per-principal", limits.per_principal.is_some_and(|f| f.0.limit() == 0)),
        ("per-tool", limits.per_tool.is_some_and(|f| f.0.limit() == 0)),
        ("concurrency", limits.concurrency == Some(0)),
        ("page-size", limits.page_size == Some(0)),
        ("children", limits.children == Some(0)),
        ("children-per-source", limits.children_per_source == Some(0)),
    ];
    for (key, _) in zero.into_iter().filter(|(_, zero)| *zero) {
        found.at(
            ["limits".into(), key.into()],
            format!("`{key}` of nothing would refuse everything: use 1 or more"),
        );
    }
}

/// What is never typed cannot be remembered, and what is remembered for ever is as good as written down.
fn vault(vault: &Vault, found: &mut Findings<'_>) {
    let Some(life) = vault.remember else { return };
    let mut wrong = |message: &str| found.at(["vault".into(), "remember".into()], message);
    if vault.key.is_some() {
        wrong(
            "with `key` nobody types a passphrase that could be remembered: take one of the two out",
        );
    }
    if life.0 < SHORTEST_MEMORY || life.0 > LONGEST_MEMORY {
        wrong("a passphrase is remembered for 1s to 24h");
    }
}

/// Two sources of one name, two things of one exposed name, two sources without any prefix that could tell them apart.
fn twice(config: &Config, found: &mut Findings<'_>) {
    let mut names: HashMap<&str, usize> = HashMap::new();
    let mut exposed: HashMap<&str, Vec<(&super::Source, &str)>> = HashMap::new();
    for (n, source) in config.source.iter().enumerate() {
        let path = |key: &str| [Step::from("source"), n.into(), key.into()];
        if let Some(first) = names.insert(&source.name, n) {
            let message = format!(
                "the name `{}` is taken by source {}: each source needs a name of its own",
                source.name,
                first + 1
            );
            found.at(path("name"), message);
        }
        for (upstream, name) in &source.names {
            let holders = exposed.entry(name).or_default();
            if let Some((other, its)) = holders.iter().find(|(other, _)| meet(other, source)) {
                let (this, other) =
                    (format!("{}/{upstream}", source.name), format!("{}/{its}", other.name));
                let at = [Step::from("source"), n.into(), "names".into(), upstream.as_str().into()];
                found.at(at, format!("`{this}` and `{other}` would both be called `{name}`"));
            }
            holders.push((source, upstream));
        }
    }
}

/// Where something may be paid there is a source of that name already, and nothing else may look like a part of it.
fn built_in(config: &Config, found: &mut Findings<'_>) {
    let Some(own) = super::built_in(config) else { return };
    for (n, source) in config.source.iter().enumerate() {
        let path = |key: &str| [Step::from("source"), n.into(), key.into()];
        let name = &own.name;
        if source.name == *name {
            let message = format!(
                "the name `{name}` is taken by the built-in source of `[payments]`: give this one another"
            );
            found.at(path("name"), message);
        } else if prefix(source).as_ref() == Some(name) {
            let message = format!(
                "the prefix `{name}` is taken by the built-in source of `[payments]`: use another"
            );
            found.at(path("prefix"), message);
        }
        let begin = format!("{name}__");
        for (upstream, alias) in source.names.iter().filter(|(_, to)| to.starts_with(&begin)) {
            let at = [Step::from("source"), n.into(), "names".into(), upstream.as_str().into()];
            found.at(
                at,
                format!("`{alias}` would look like a tool of the built-in source `{name}`"),
            );
        }
    }
}

/// Whether somebody may see both sources.
pub fn meet(one: &super::Source, other: &super::Source) -> bool {
    audience(one).meets(&audience(other))
}

/// For whom a source is there.
pub fn audience(source: &super::Source) -> Audience {
    match &source.tenants {
        None => Audience::Everyone,
        Some(tenants) => Audience::only(tenants.iter().map(TenantId::new)),
    }
}

/// The prefix of a source's names, as the gate takes it.
pub fn prefix(source: &super::Source) -> Option<String> {
    match &source.prefix {
        Prefix::Own(true) => Some(source.name.clone()),
        Prefix::Own(false) => None,
        Prefix::Text(text) => Some(text.clone()),
    }
}
