use std::path::Path;

use policy::{Known, LoadError, PolicySet, SHIPPED, SHIPPED_NAME};

use super::rules::rules;
use crate::config::{Config, ConfigError, Loaded, others_may_write, prefix};

/// Names and texts of the policies in force: those of the folder, or the one that ships.
pub fn policy_texts(loaded: &Loaded) -> Result<Vec<(String, String)>, ConfigError> {
    match &loaded.config.policy.dir {
        None => Ok(vec![(SHIPPED_NAME.to_owned(), SHIPPED.to_owned())]),
        Some(dir) => from_dir(&loaded.resolve(dir)),
    }
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
    PolicySet::load(&texts, &rules, &known(&loaded.config), epoch).map_err(|e| placed(loaded, &e))
}

/// The names that policies may speak of. What a source calls its tools is only known when it is asked, so where names
/// do not begin with the source's own name nothing can be called unknown here.
fn known(config: &Config) -> Known {
    let renamed = config.source.iter().flat_map(|s| {
        s.names.iter().filter_map(move |(own, other)| {
            let own = model::expose(prefix(s).as_deref(), own).ok()?;
            Some((own.as_str().to_owned(), other.clone()))
        })
    });
    names_of(config).renamed(renamed)
}

fn names_of(config: &Config) -> Known {
    if config.source.iter().any(|s| prefix(s).is_none_or(|p| p != s.name)) {
        return Known::anything();
    }
    let sources = config.source.iter().map(|s| s.name.clone());
    Known::new(sources, config.source.iter().flat_map(|s| s.names.values().cloned()))
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
