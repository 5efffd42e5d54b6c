use std::fmt;
use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// `har`: an HTTP API, as recorded traffic shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Har(pub Recording);

/// What is said of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Recording {
    /// The recording: a HAR 1.2 file.
    pub file: PathBuf,
    /// The origin whose calls become tools, where the recording has calls of several.
    pub origin: Option<String>,
    /// The server to call in its place.
    pub server: Option<String>,
    /// Most entries that are read; 2,000 when not set.
    #[schemars(range(min = 1, max = 20_000))]
    pub entries: Option<usize>,
    /// How sure it must be of a tool: what is less sure becomes none.
    #[serde(default)]
    pub confidence: Confidence,
}

/// How sure it is of a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// All of them.
    #[default]
    Low,
    /// From three different calls on.
    Medium,
    /// From five different calls on, with nothing guessed.
    High,
}

impl From<Confidence> for har::Confidence {
    fn from(confidence: Confidence) -> Self {
        match confidence {
            Confidence::Low => Self::Low,
            Confidence::Medium => Self::Medium,
            Confidence::High => Self::High,
        }
    }
}

impl<'de> Deserialize<'de> for Har {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

/// Reads one file name or a table, so that an error in the table is about what is in it.
struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Har;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a file, or a table such as `{ file = \"shop.har\", confidence = \"medium\" }`")
    }

    fn visit_str<E: Error>(self, file: &str) -> Result<Har, E> {
        Ok(Har(Recording { file: file.into(), ..Recording::default() }))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Har, A::Error> {
        Recording::deserialize(MapAccessDeserializer::new(map)).map(Har)
    }
}

impl JsonSchema for Har {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Har".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<Recording>();
        schemars::json_schema!({
            "description": "`har`: an HTTP API, as recorded traffic shows it: a HAR 1.2 file, or a table.",
            "oneOf": [{ "type": "string" }, table]
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::parse;

    use super::*;

    fn read(har: &str) -> Result<Recording, String> {
        let text = format!("[[source]]\nname = \"a\"\nhar = {har}\n");
        let loaded = parse(Path::new("portcullis.toml"), text).map_err(|e| e.to_string())?;
        loaded.config.source[0].har.clone().map(|har| har.0).ok_or_else(String::new)
    }

    #[test]
    fn a_recording_is_a_file_name_or_a_table() {
        let plain = read("\"shop.har\"").unwrap();
        assert_eq!((plain.file.as_path(), plain.entries), (Path::new("shop.har"), None));
        let table =
            read("{ file = \"shop.har\", origin = \"https://a.example\", confidence = \"high\" }")
                .unwrap();
        assert_eq!(table.origin.as_deref(), Some("https://a.example"));
        assert_eq!(table.confidence, Confidence::High);
        for bad in [
            "7",
            "{}",
            "{ file = \"x\", sure = 1 }",
            "{ file = \"x\", confidence = \"sure\" }",
            "{ file = \"x\", entries = 0 }",
            "{ file = \"x\", entries = 20001 }",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
