use std::path::Path;

use super::clients::{Found, Place};

/// The confinement proposed for an imported program.
pub struct Proposal {
    /// What its command names by absolute path.
    pub read: Vec<String>,
    /// Whether it fetches what it runs.
    pub network: bool,
}

/// What can be told from the command alone: nothing is proposed that it does not name. `None` for a server on the
/// network.
pub fn proposal(found: &Found) -> Option<Proposal> {
    let Place::Program { command, .. } = &found.place else { return None };
    let (program, args) = command.split_first()?;
    let value = |arg: &String| match arg.split_once('=') {
        Some((name, value)) if name.starts_with('-') => value.to_owned(),
        _ => arg.clone(),
    };
    // A whole machine, or a home, is never proposed: that is for the operator to write.
    let is_place = |p: &String| {
        p.starts_with('/')
            && p != "/"
            && ambient::env("HOME").is_none_or(|home| !Path::new(&home).starts_with(p))
    };
    let mut read: Vec<String> = args.iter().map(value).filter(is_place).collect();
    read.dedup();
    Some(Proposal { read, network: process::fetches_programs(program) })
}

impl Proposal {
    /// For people.
    pub fn shown(&self) -> String {
        let read = if self.read.is_empty() { "nothing".to_owned() } else { self.read.join(", ") };
        let network = if self.network { "the network" } else { "no network" };
        format!("confined: may read {read} besides itself, change nothing, and use {network}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(command: &[&str]) -> (Vec<String>, bool) {
        let command = command.iter().map(|w| (*w).to_owned()).collect();
        let found = Found {
            name: "a".to_owned(),
            original: "a".to_owned(),
            place: Place::Program { command, cwd: None },
            values: Vec::new(),
            notes: Vec::new(),
        };
        let proposal = proposal(&found).unwrap();
        (proposal.read, proposal.network)
    }

    #[test]
    fn only_what_a_command_names_is_proposed() {
        assert_eq!(of(&["npx", "-y", "server", "/srv/a b"]), (vec!["/srv/a b".to_owned()], true));
        assert_eq!(of(&["/opt/server", "--root=/srv"]), (vec!["/srv".to_owned()], false));
        for nothing in [&["uvx", "x", "/"][..], &["npx", "x", "relative"]] {
            assert_eq!(of(nothing), (Vec::new(), true));
        }
    }
}
