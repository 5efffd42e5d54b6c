use std::sync::Arc;

use model::SourceName;
use packs::{BUILTIN, Code, Digest, Files, Pack, PackError};

use super::{Origin, PackEntry, folder, written};
use crate::config::place::{Problem, nearest_place};
use crate::config::{Loaded, Source};

/// A pack of a configuration, read but not held to its approval.
pub struct Opened {
    /// The pack.
    pub pack: Pack,
    /// The digest that the configuration names.
    pub approved: Option<Digest>,
}

impl Opened {
    /// How it stands, in a word.
    pub fn state(&self) -> &'static str {
        match self.approved {
            Some(digest) if digest == self.pack.digest => "approved",
            Some(_) => "changed",
            None => "not approved",
        }
    }
}

/// Makes a source of every pack, behind the sources of the file; what is wrong with a pack is a problem at its table.
pub fn expand(loaded: &mut Loaded) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (key, entry) in &loaded.config.packs.clone() {
        match installed(key, entry, loaded) {
            Ok(source) => loaded.config.source.push(source),
            Err((at, error)) => {
                let path = ["packs".into(), key.as_str().into(), at.into()];
                let message = format!("pack `{key}`: {error}");
                problems.push(Problem { message, span: nearest_place(&loaded.text, &path) });
            }
        }
    }
    problems
}

/// An error, and the key of the table that it is about.
type Wrong = (&'static str, PackError);

/// The source of an approved pack.
fn installed(key: &str, entry: &PackEntry, loaded: &Loaded) -> Result<Source, Wrong> {
    let Opened { pack, approved } = open(entry, loaded)?;
    pack.held_to(approved, |digest| folder::kept(loaded, digest)).map_err(|e| ("approved", e))?;
    pack_source(key, entry, pack)
}

/// Reads the pack of a table.
///
/// # Errors
/// It is not there, cannot be read, or `approved` is no digest.
pub fn open(entry: &PackEntry, loaded: &Loaded) -> Result<Opened, Wrong> {
    let pack = files(&entry.from, loaded).and_then(Pack::read).map_err(|e| ("from", e))?;
    let approved = entry.approved.as_deref().map(str::parse::<Digest>).transpose();
    let approved = approved.map_err(|e| ("approved", PackError::new(Code::NotApproved, e)))?;
    Ok(Opened { pack, approved })
}

fn files(from: &str, loaded: &Loaded) -> Result<Files, PackError> {
    match from.strip_prefix(BUILTIN) {
        Some(name) => packs::builtin(name),
        None => folder::read(&loaded.resolve(from.as_ref())),
    }
}

/// The source that a pack makes, by what its table says, held to its manifest.
///
/// # Errors
/// It reaches further than the manifest, or the table does not fit it.
pub fn pack_source(key: &str, entry: &PackEntry, pack: Pack) -> Result<Source, Wrong> {
    let name = entry.name.as_deref().unwrap_or(key);
    let name =
        SourceName::new(name).map_err(|e| ("as", PackError::new(Code::Manifest, e.to_string())))?;
    for agent in entry.agents.iter().filter(|agent| *agent != "*") {
        let lawful = identity::principal_id(agent);
        lawful.map_err(|e| ("agents", PackError::new(Code::Policy, e.to_string())))?;
    }
    let mut source = written::read(&name, &pack).map_err(|e| ("from", e))?;
    super::held::check(&source, &pack).map_err(|e| ("from", e))?;
    let server = written::complete(&mut source, entry, &pack.manifest)?;
    let agents = entry.agents.clone();
    source.pack = Some(Arc::new(Origin { key: key.to_owned(), pack, server, agents }));
    Ok(source)
}
