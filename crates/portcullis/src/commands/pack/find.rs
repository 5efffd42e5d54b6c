//! Which pack is meant.

use std::path::Path;

use anyhow::{Context as _, bail};
use packs::{BUILTIN, Pack};

use crate::config::{self, ConfigError, Loaded, Opened, PackEntry};

/// A pack, and the table it stands in or would stand in.
pub struct Found {
    /// The name of the table.
    pub key: String,
    /// The table: that of the configuration, or the one that would install it.
    pub entry: PackEntry,
    /// The pack, read.
    pub opened: Opened,
    /// Whether the configuration has the table.
    pub installed: bool,
}

/// The configuration as it is written, its packs not looked at; an empty one if there is none.
pub fn configuration(path: &Path) -> anyhow::Result<Loaded> {
    match config::load_written(path) {
        Ok(loaded) => Ok(loaded),
        Err(ConfigError::Unreadable { error, .. })
            if error.kind() == std::io::ErrorKind::NotFound =>
        {
            Ok(config::read(path, String::new())?)
        }
        Err(error) => Err(error.into()),
    }
}

/// A pack of the configuration, one that ships, or a folder.
pub fn find(name: &str, loaded: &Loaded) -> anyhow::Result<Found> {
    if let Some(entry) = loaded.config.packs.get(name) {
        return open(name.to_owned(), entry.clone(), loaded, true);
    }
    let bare = name.strip_prefix(BUILTIN).unwrap_or(name);
    let ships = packs::builtin_names().any(|own| own == bare);
    let folder = std::path::absolute(name).unwrap_or_else(|_| name.into());
    if !ships && !folder.is_dir() {
        let all: Vec<&str> = packs::builtin_names().collect();
        bail!(
            "there is no pack `{name}`: it is none of the configuration, no folder, and none of those that ship (`{}`)",
            all.join("`, `")
        );
    }
    let from = if ships { format!("{BUILTIN}{bare}") } else { folder.display().to_string() };
    let entry = PackEntry { from, agents: vec!["*".to_owned()], ..PackEntry::default() };
    let mut found = open(String::new(), entry, loaded, false)?;
    found.key = found.opened.pack.name.to_string();
    Ok(found)
}

fn open(key: String, entry: PackEntry, loaded: &Loaded, installed: bool) -> anyhow::Result<Found> {
    let opened = config::open(&entry, loaded).map_err(|(_, error)| error);
    let opened = opened.with_context(|| format!("the pack of `{}`", entry.from))?;
    let mut entry = entry;
    complete(&key, &mut entry, &opened.pack);
    Ok(Found { key, entry, opened, installed })
}

/// Proposes a value for whatever the manifest names and the table does not give.
fn complete(key: &str, entry: &mut PackEntry, pack: &Pack) {
    let key = if key.is_empty() { pack.name.as_str() } else { key };
    for name in pack.manifest.secrets.keys() {
        let proposed = format!("vault:{key}-{name}");
        entry.secrets.entry(name.clone()).or_insert_with(|| proposed.as_str().into());
    }
    for name in pack.manifest.settings.keys() {
        entry.settings.entry(name.clone()).or_insert_with(|| format!("…{name}…"));
    }
}
