use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::{Map, Value};

/// One server of another program's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The name it gets here.
    pub name: String,
    /// The name it had.
    pub original: String,
    /// Where it is.
    pub place: Place,
    /// Variables, or headers.
    pub values: Vec<(String, String)>,
    /// What the operator should know.
    pub notes: Vec<String>,
}

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A program and its arguments.
    Program {
        /// The words of the command.
        command: Vec<String>,
        /// The folder it starts in.
        cwd: Option<String>,
    },
    /// An endpoint.
    Remote {
        /// Its URL.
        url: String,
        /// Whether it is HTTP+SSE.
        sse: bool,
    },
    /// An API, as a recording shows it.
    Recording {
        /// The recording.
        file: PathBuf,
        /// Whose calls become tools.
        origin: String,
    },
}

impl Found {
    /// Whether it is the same server, whatever it is called.
    pub fn is_same(&self, other: &Self) -> bool {
        self.place == other.place && self.values == other.values
    }

    /// The whole command or URL, or the recording.
    pub fn shown(&self) -> String {
        match &self.place {
            Place::Program { command, .. } => {
                command.iter().map(|w| word(w)).collect::<Vec<_>>().join(" ")
            }
            Place::Remote { url, .. } => url.clone(),
            Place::Recording { file, origin } => {
                format!("{origin}, as {} shows it", file.display())
            }
        }
    }
}

/// As a person would type it.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+%".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { format!("{text:?}") }
}

/// Every server of a file of Claude Desktop or Cursor (`mcpServers`), VS Code (`servers`, or `mcp.servers` in its
/// settings). Comments and trailing commas are allowed, as VS Code does.
pub fn read(text: &str) -> anyhow::Result<Vec<Found>> {
    let root: Value = serde_json::from_str(&plain_json(text)).context("this is no JSON")?;
    let tables = [&root["mcpServers"], &root["servers"], &root["mcp"]["servers"]];
    let servers = tables.into_iter().find_map(Value::as_object);
    let servers = servers.context("there is neither `mcpServers` nor `servers` in it")?;
    servers.iter().map(|(name, server)| one(name, server)).collect()
}

fn one(original: &str, server: &Value) -> anyhow::Result<Found> {
    let server = server.as_object().with_context(|| format!("`{original}` is no object"))?;
    let mut notes = Vec::new();
    if server.get("disabled") == Some(&Value::Bool(true)) {
        notes.push("it was disabled there".to_owned());
    }
    let (place, table) =
        match (server.get("command"), server.get("url").or(server.get("serverUrl"))) {
            (Some(Value::String(command)), _) => (program(original, command, server)?, "env"),
            (_, Some(Value::String(url))) => {
                let sse = server.get("type").and_then(Value::as_str) == Some("sse");
                (Place::Remote { url: url.clone(), sse }, "headers")
            }
            _ => anyhow::bail!("`{original}` has neither a `command` nor a `url`"),
        };
    if server.contains_key("envFile") {
        notes.push("its `envFile` is not taken over: list its variables in `pass-env`".to_owned());
    }
    let values = values(server.get(table), &mut notes);
    Ok(Found { name: source_name(original), original: original.to_owned(), place, values, notes })
}

fn program(original: &str, command: &str, server: &Map<String, Value>) -> anyhow::Result<Place> {
    let args = match server.get("args") {
        None => Vec::new(),
        Some(Value::Array(args)) => args
            .iter()
            .map(|a| a.as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()
            .with_context(|| format!("`{original}` has an argument that is no text"))?,
        Some(_) => anyhow::bail!("`{original}` has `args` that are no list"),
    };
    let command = std::iter::once(command.to_owned()).chain(args).collect();
    let cwd = server.get("cwd").and_then(Value::as_str).map(str::to_owned);
    Ok(Place::Program { command, cwd })
}

/// Variables or headers. `${env:NAME}` means here what it means there; `${input:…}` has nobody to ask.
fn values(table: Option<&Value>, notes: &mut Vec<String>) -> Vec<(String, String)> {
    let entries = table.and_then(Value::as_object).into_iter().flatten();
    entries
        .filter_map(|(name, value)| {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Null => return None,
                other => other.to_string(),
            };
            if text.contains("${") && !text.contains("${env:") {
                notes.push(format!(
                    "`{name}` was asked for by the editor: it is read from the environment here"
                ));
                return Some((name.clone(), format!("${{env:{}}}", variable(name))));
            }
            Some((name.clone(), text))
        })
        .collect()
}

fn variable(name: &str) -> String {
    name.to_ascii_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}

/// A lawful name that is as near as can be.
pub fn source_name(original: &str) -> String {
    let mut name = String::new();
    for c in original.chars().flat_map(char::to_lowercase) {
        let c = if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' };
        if c != '-' || !(name.is_empty() || name.ends_with('-')) {
            name.push(c);
        }
    }
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        name.insert(0, 's');
    }
    name.truncate(32);
    name.trim_end_matches('-').to_owned()
}

/// The same text without comments and trailing commas.
fn plain_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let (mut inside, mut escaped) = (false, false);
    while let Some(c) = chars.next() {
        if inside {
            out.push(c);
            (inside, escaped) = (escaped || c != '"', c == '\\' && !escaped);
            continue;
        }
        match (c, chars.peek()) {
            ('/', Some('/')) => while chars.next_if(|c| *c != '\n').is_some() {},
            ('/', Some('*')) => {
                let mut last = ' ';
                for c in chars.by_ref().skip(1) {
                    if last == '*' && c == '/' {
                        break;
                    }
                    last = c;
                }
            }
            (']' | '}', _) => {
                let kept = out.trim_end().len();
                if out[..kept].ends_with(',') {
                    out.truncate(kept - 1);
                }
                out.push(c);
            }
            _ => {
                inside = c == '"';
                out.push(c);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_of_every_client_are_read() {
        let claude = r#"{"mcpServers":{"My Files!":{"command":"npx","args":["-y","s","/a b"],"env":{"T":"1"}}}}"#;
        let found = read(claude).unwrap();
        assert_eq!(
            (found[0].name.as_str(), found[0].shown().as_str()),
            ("my-files", "npx -y s \"/a b\"")
        );
        assert_eq!(found[0].values, [("T".to_owned(), "1".to_owned())]);
        let code = "{ // settings\n \"servers\": { \"web\": { \"type\": \"sse\", \"url\": \"https://a/\", \
                    \"headers\": {\"X-Key\": \"${input:k}\"}, }, }, }";
        let found = read(code).unwrap();
        assert_eq!(found[0].place, Place::Remote { url: "https://a/".to_owned(), sse: true });
        assert_eq!(found[0].values, [("X-Key".to_owned(), "${env:X_KEY}".to_owned())]);
    }

    #[test]
    fn comments_inside_texts_are_texts() {
        assert_eq!(plain_json(r#"{"a":"// \" /* ,}",}"#), r#"{"a":"// \" /* ,}"}"#);
        assert_eq!(plain_json("[1, /* x */ 2, // y\n]"), "[1,  2]");
    }

    #[test]
    fn every_name_becomes_a_lawful_one() {
        for (from, to) in
            [("GitHub", "github"), ("a+b", "a-b"), ("1x", "s1x"), ("é", "s"), ("__", "s")]
        {
            assert_eq!(source_name(from), to, "{from}");
            assert!(model::SourceName::new(&source_name(from)).is_ok(), "{from}");
        }
        assert!(model::SourceName::new(&source_name(&"long name ".repeat(9))).is_ok());
    }

    #[test]
    fn what_is_no_server_is_an_error_that_names_it() {
        for bad in [
            "{}",
            "[]",
            "x",
            r#"{"mcpServers":{"a":{}}}"#,
            r#"{"mcpServers":{"a":{"command":"x","args":[1]}}}"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
