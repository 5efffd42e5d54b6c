use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};

use crate::{Manifest, Pack, Program};

/// What is other in `after` than in `before`, each as a line for people; what reaches further comes first.
pub fn changes(before: &Pack, after: &Pack) -> Vec<String> {
    let mut out = Vec::new();
    if before.name != after.name {
        out.push(format!("name {} → {}", before.name, after.name));
    }
    if before.version != after.version {
        out.push(format!("version {} → {}", before.version, after.version));
    }
    manifest(&before.manifest, &after.manifest, &mut out);
    files(before, after, &mut out);
    if out.is_empty() {
        out.push("nothing".to_owned());
    }
    out
}

fn manifest(before: &Manifest, after: &Manifest, out: &mut Vec<String>) {
    sets("hosts", &before.hosts, &after.hosts, out);
    sets("methods", &before.methods, &after.methods, out);
    tables("secrets", &before.secrets, &after.secrets, out);
    tables("settings", &before.settings, &after.settings, out);
    if before.program != after.program {
        let shown = |p: &Option<Program>| p.as_ref().map_or("none".to_owned(), ToString::to_string);
        out.push(format!("program {} → {}", shown(&before.program), shown(&after.program)));
    }
}

/// A program with what it may reach, in a line.
impl Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { command, env, read, write, network, sockets } = self;
        let mut parts = vec![format!("`{}`", command.join(" "))];
        for (what, paths) in [("gets", env), ("reads", read), ("writes", write)] {
            if !paths.is_empty() {
                parts.push(format!("{what} {}", paths.join(", ")));
            }
        }
        let switches = [("network", network), ("local sockets", sockets)];
        parts.extend(switches.iter().filter(|(_, is)| **is).map(|(what, _)| (*what).to_owned()));
        f.write_str(&parts.join(", "))
    }
}

fn sets<T: Ord + Display>(
    what: &str,
    before: &BTreeSet<T>,
    after: &BTreeSet<T>,
    out: &mut Vec<String>,
) {
    let more = after.difference(before).map(|item| format!("+{item}"));
    let less = before.difference(after).map(|item| format!("−{item}"));
    let all: Vec<String> = more.chain(less).collect();
    if !all.is_empty() {
        out.push(format!("{what} {}", all.join(" ")));
    }
}

/// Names that came and went, and those whose purpose is another.
fn tables(
    what: &str,
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
    out: &mut Vec<String>,
) {
    let names = |all: &BTreeMap<String, String>| all.keys().cloned().collect::<BTreeSet<_>>();
    sets(what, &names(before), &names(after), out);
    for (name, purpose) in after {
        if before.get(name).is_some_and(|old| old != purpose) {
            out.push(format!("the purpose of `{name}` is another"));
        }
    }
}

fn files(before: &Pack, after: &Pack, out: &mut Vec<String>) {
    let names = |pack: &Pack| pack.files().iter().map(|(n, _)| n.to_owned()).collect();
    sets("files", &names(before), &names(after), out);
    let differs: Vec<String> = after
        .files()
        .iter()
        .filter(|(name, content)| before.files().get(name).is_some_and(|old| old != *content))
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    if !differs.is_empty() {
        out.push(format!("changed {}", differs.join(", ")));
    }
}
