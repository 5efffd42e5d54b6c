use std::path::Path;

use model::SourceName;
use packs::Code;
use policy::{Known, LoadError, PolicySet, SHIPPED, SHIPPED_NAME, about_only};

use super::rules::rules;
use super::tenants::tenants;
use crate::config::{self, ConfigError, Loaded, Origin, Source, others_may_write, prefix};

/// Names and texts of the policies in force: those of the folder, or the one that ships, and those of packs.
pub fn policy_texts(loaded: &Loaded) -> Result<Vec<(String, String)>, ConfigError> {
    let mut texts = match &loaded.config.policy.dir {
        None => vec![(SHIPPED_NAME.to_owned(), SHIPPED.to_owned())],
        Some(dir) => from_dir(&loaded.resolve(dir))?,
    };
    for source in &loaded.config.source {
        if let Some(origin) = &source.pack {
            texts.extend(of_pack(source, origin)?);
        }
    }
    Ok(texts)
}

/// What a pack says about its own source, and who is given it.
fn of_pack(source: &Source, origin: &Origin) -> Result<Vec<(String, String)>, ConfigError> {
    let name = SourceName::new(&source.name).map_err(|e| ConfigError::Policy(e.to_string()))?;
    let mut texts = Vec::new();
    if let Some(text) = pack_policy(source)? {
        texts.push((policy_file(origin), text));
    }
    if !origin.agents.iter().any(|agent| agent == "*") {
        texts.push((format!("packs/{}/agents", origin.key), given(&name, &origin.agents)));
    }
    Ok(texts)
}

/// The policy of a source's pack, which may speak of nothing but that source.
pub fn pack_policy(source: &Source) -> Result<Option<String>, ConfigError> {
    let Some(origin) = &source.pack else { return Ok(None) };
    let name = SourceName::new(&source.name).map_err(|e| ConfigError::Policy(e.to_string()))?;
    let Some(text) = origin.pack.policy(&name) else { return Ok(None) };
    about_only(&policy_file(origin), &text, &name)
        .map_err(|e| ConfigError::Policy(format!("{e} ({})", Code::Policy.as_str())))?;
    Ok(Some(text))
}

fn policy_file(origin: &Origin) -> String {
    format!("packs/{}/{}", origin.key, packs::POLICY_FILE)
}

/// Who is not given a pack has nothing of it, whatever else permits it. Ids need no escaping.
fn given(name: &SourceName, agents: &[String]) -> String {
    let all: Vec<String> = agents.iter().map(|id| format!("Principal::\"{id}\"")).collect();
    let unless = if all.is_empty() {
        String::new()
    } else {
        format!(" unless {{ [{}].contains(principal) }}", all.join(", "))
    };
    format!(
        "@id(\"{name}/given\")\nforbid (principal, action, resource in Source::\"{name}\"){unless};\n"
    )
}

fn from_dir(dir: &Path) -> Result<Vec<(String, String)>, ConfigError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |error| ConfigError::Unreadable { path, error }
    };
    others_may_write(dir)?;
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(unreadable(dir))? {
        let path = entry.map_err(unreadable(dir))?.path();
        if path.extension().is_some_and(|e| e == "cedar") {
            files.push(path);
        }
    }
    files.sort();
    let read = |path: &Path| -> Result<(String, String), ConfigError> {
        others_may_write(path)?;
        let text = std::fs::read_to_string(path).map_err(unreadable(path))?;
        Ok((path.display().to_string(), text))
    };
    files.iter().map(|path| read(path)).collect()
}

/// Compiles the policies of a configuration.
pub fn policies(loaded: &Loaded, epoch: u64) -> Result<PolicySet, ConfigError> {
    let texts = policy_texts(loaded)?;
    let rules = rules(loaded)?;
    let all: Vec<&Source> = spoken_of(loaded).collect();
    let set = PolicySet::load(&texts, &rules, &known(&all), epoch);
    let set = set.map_err(|e| placed(loaded, &e))?.with_tenants(tenants(loaded)?);
    match set.asks().filter(|_| !loaded.config.approvals.enabled) {
        Some(rule) => Err(ConfigError::Policy(format!(
            "{rule} leaves calls to a person, and `approvals.enabled = false` says that none can be asked"
        ))),
        None => Ok(set),
    }
}

/// Every source that policies may speak of: those of the configuration, and the one that comes with `[payments]`.
pub fn spoken_of(loaded: &Loaded) -> impl Iterator<Item = &Source> {
    loaded.config.source.iter().chain(config::built_in(&loaded.config))
}

/// The names that policies may speak of. What a source calls its tools is only known when it is asked, so where names
/// do not begin with the source's own name nothing can be called unknown here.
pub fn known(sources: &[&Source]) -> Known {
    let renamed = sources.iter().flat_map(|s| {
        s.names.iter().filter_map(move |(own, other)| {
            let own = model::expose(prefix(s).as_deref(), own).ok()?;
            Some((own.as_str().to_owned(), other.clone()))
        })
    });
    names_of(sources).renamed(renamed)
}

fn names_of(sources: &[&Source]) -> Known {
    if sources.iter().any(|s| prefix(s).is_none_or(|p| p != s.name)) {
        return Known::anything();
    }
    let names = sources.iter().map(|s| s.name.clone());
    Known::new(names, sources.iter().flat_map(|s| s.names.values().cloned()))
}

/// An error of the table of rules is shown at its line of the configuration; any other stands in a file of its own.
fn placed(loaded: &Loaded, error: &LoadError) -> ConfigError {
    if error.file != "levels" {
        return ConfigError::Policy(error.to_string());
    }
    let quoted = |pattern: &str| error.message.contains(&format!("`{pattern}`"));
    let about = loaded.config.policy.rules.keys().find(|p| quoted(p));
    let mut path = vec!["policy".into(), "rules".into()];
    path.extend(about.map(|p| p.as_str().into()));
    ConfigError::placed(loaded, &path, &error.message)
}
