use std::fmt;
use std::path::{Path, PathBuf};

use process::{Confine, Grants, Limits};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Loaded;
use super::units::Size;

/// `confine`: what the program of a source may reach besides itself. Without it: nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confinement {
    /// `"off"`: it may do whatever the gate's own user may.
    Off,
    /// These.
    To(Reachable),
}

/// What a confined program may reach. Paths are absolute, begin with `~/`, or count from the folder of the
/// configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Reachable {
    /// Files and folders it may read. Its own files and the system's programs and libraries need not be named.
    pub read: Vec<PathBuf>,
    /// Files and folders it may change, too. It always has a temporary folder of its own.
    pub write: Vec<PathBuf>,
    /// Whether it may use the network.
    pub network: bool,
    /// Whether it may use local (Unix) sockets, and so every service of this machine that listens on one.
    pub sockets: bool,
    /// Most memory; 4 GiB when not set.
    pub memory: Option<Size>,
    /// Most processes and threads together; 256 when not set.
    #[schemars(range(min = 1, max = 100_000))]
    pub processes: Option<u32>,
    /// Most open files of one process; 4096 when not set.
    #[schemars(range(min = 16, max = 1_000_000))]
    pub open_files: Option<u32>,
    /// Largest file it may write; 1 GiB when not set.
    pub file_size: Option<Size>,
}

impl Default for Confinement {
    fn default() -> Self {
        Self::To(Reachable::default())
    }
}

impl Confinement {
    /// The same in the words of what starts programs.
    pub fn resolve(&self, loaded: &Loaded) -> Confine {
        let Self::To(own) = self else { return Confine::Off };
        let paths = |paths: &[PathBuf]| paths.iter().map(|p| whole(p, loaded)).collect();
        let usual = Limits::default();
        Confine::On(Grants {
            read: paths(&own.read),
            write: paths(&own.write),
            network: own.network,
            sockets: own.sockets,
            limits: Limits {
                memory: own.memory.map_or(usual.memory, |size| size.0),
                processes: own.processes.unwrap_or(usual.processes),
                open_files: own.open_files.unwrap_or(usual.open_files),
                file_size: own.file_size.map_or(usual.file_size, |size| size.0),
            },
        })
    }
}

/// A path without a shell to fill in `~`.
fn whole(path: &Path, loaded: &Loaded) -> PathBuf {
    match (path.strip_prefix("~"), ambient::env("HOME")) {
        (Ok(rest), Some(home)) => Path::new(&home).join(rest),
        _ => loaded.resolve(path),
    }
}

impl<'de> Deserialize<'de> for Confinement {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

/// Reads one word or a table, so that an error in the table is about what is in it.
struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Confinement;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`\"off\"`, or a table such as `{ read = [\"/srv/docs\"], network = false }`")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Confinement, E> {
        if word == "off" {
            Ok(Confinement::Off)
        } else {
            Err(E::invalid_value(serde::de::Unexpected::Str(word), &self))
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Confinement, A::Error> {
        Reachable::deserialize(MapAccessDeserializer::new(map)).map(Confinement::To)
    }
}

impl JsonSchema for Confinement {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Confinement".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<Reachable>();
        schemars::json_schema!({
            "description": "What the program of a source may reach besides itself; \"off\" for no confinement.",
            "oneOf": [{ "const": "off" }, table]
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::config::parse;

    use super::*;

    fn read(confine: &str) -> Result<Confine, String> {
        let text = format!("[[source]]\nname = \"a\"\nmcp = {{ command = [\"x\"] }}\n{confine}\n");
        let loaded =
            parse(Path::new("/etc/gate/portcullis.toml"), text).map_err(|e| e.to_string())?;
        Ok(loaded.config.source[0]
            .confine
            .as_ref()
            .map_or_else(Confine::default, |c| c.resolve(&loaded)))
    }

    #[test]
    fn a_source_that_says_nothing_is_confined_to_nothing() {
        assert_eq!(read(""), Ok(Confine::On(Grants::default())));
        assert_eq!(read("confine = {}"), Ok(Confine::On(Grants::default())));
    }

    #[test]
    fn only_one_word_means_no_confinement() {
        assert_eq!(read("confine = \"off\""), Ok(Confine::Off));
        for other in ["\"Off\"", "\"none\"", "\"\"", "false", "0", "[]"] {
            assert!(read(&format!("confine = {other}")).is_err(), "{other}");
        }
    }

    #[test]
    fn paths_limits_and_switches_arrive() {
        let text = "confine = { read = [\"/srv/docs\", \"docs\"], write = [\"/srv/out\"], network = true, memory = \"1 GiB\", processes = 9 }";
        let Ok(Confine::On(grants)) = read(text) else { panic!("{:?}", read(text)) };
        assert_eq!(grants.read, [Path::new("/srv/docs"), Path::new("/etc/gate/docs")]);
        assert_eq!(grants.write, [Path::new("/srv/out")]);
        assert_eq!((grants.network, grants.sockets), (true, false));
        assert_eq!((grants.limits.memory, grants.limits.processes), (1 << 30, 9));
    }

    #[test]
    fn a_misspelt_grant_is_an_error() {
        let error = read("confine = { reads = [\"/srv\"] }").unwrap_err();
        assert!(error.contains("reads"), "{error}");
    }

    #[test]
    fn a_server_on_the_network_has_nothing_to_confine() {
        let text = "[[source]]\nname = \"a\"\nmcp = { url = \"https://a.example/mcp\" }\nconfine = \"off\"\n";
        let error = parse(Path::new("x.toml"), text.to_owned()).err().map(|e| e.to_string());
        assert!(error.is_some_and(|e| e.contains("confine")));
    }
}
