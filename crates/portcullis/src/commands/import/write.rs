use std::fmt::Write as _;
use std::path::Path;

use url::Url;

use super::clients::{Found, Place};
use super::confine::proposal;
use crate::config::Value;

/// The configuration for these servers. Written as text, so that it can say what to think about.
pub fn configuration(found: &[Found]) -> String {
    let mut out = String::from(HEAD);
    for one in found {
        // Writing to a String cannot fail.
        let _ = source(one, &mut out);
    }
    out
}

const HEAD: &str = r#"# Made by `portcullis import`. Every key is explained in docs/portcullis.schema.json.

[server]
listen = "127.0.0.1:8402"
auth = "keys"             # make one with `portcullis keys create NAME`
"#;

fn source(found: &Found, out: &mut String) -> std::fmt::Result {
    writeln!(out, "\n[[source]]\nname = {}", text(&found.name))?;
    writeln!(
        out,
        "# prefix = false        # tools are called `{}__NAME` unless this says otherwise",
        found.name
    )?;
    writeln!(
        out,
        "# Until an effect is set here, or accepted with `portcullis pins accept --effect proposed`, each tool"
    )?;
    writeln!(out, "# counts as destructive. `portcullis tools` shows what is proposed.")?;
    writeln!(out, "# effects = {{ \"get_*\" = \"read\", \"list_*\" = \"read\" }}")?;
    for note in &found.notes {
        writeln!(out, "# NOTE: {}", note.replace(char::is_control, " "))?;
    }
    let table = match &found.place {
        Place::Program { command, cwd } => {
            confinement(found, out)?;
            let words: Vec<String> = command.iter().map(|w| text(w)).collect();
            writeln!(out, "[source.mcp]\ncommand = [{}]", words.join(", "))?;
            if let Some(cwd) = cwd {
                writeln!(out, "cwd = {}", text(cwd))?;
            }
            "env"
        }
        Place::Remote { url, sse } => {
            if let Some(place) = private(url) {
                writeln!(
                    out,
                    "private = [{}]        # this machine, or a network of yours",
                    text(&place)
                )?;
            }
            writeln!(out, "[source.mcp]\nurl = {}", text(url))?;
            if *sse {
                writeln!(out, "transport = \"sse\"")?;
            }
            "headers"
        }
        Place::Recording { file, origin } => return recording(file, origin, out),
    };
    if !found.values.is_empty() {
        writeln!(out, "[source.mcp.{table}]")?;
    }
    for (name, value) in &found.values {
        if Value::from(value.as_str()).looks_secret(name) {
            writeln!(
                out,
                "# A plain secret: better kept in the environment, as \"${{env:NAME}}\"."
            )?;
        }
        writeln!(out, "{} = {}", text(name), text(value))?;
    }
    Ok(())
}

/// A recording. Credentials are the operator's to add.
fn recording(file: &Path, origin: &str, out: &mut String) -> std::fmt::Result {
    if let Some(place) = private(origin) {
        writeln!(out, "private = [{}]        # this machine, or a network of yours", text(&place))?;
    }
    let file = file.to_string_lossy();
    writeln!(
        out,
        "# `portcullis explain recording` shows what became of it, and how sure it is of each tool; see docs/har.md."
    )?;
    writeln!(out, "har = {{ file = {}, origin = {} }}", text(&file), text(origin))
}

/// What the program may reach, proposed; it stands before the table of the command.
fn confinement(found: &Found, out: &mut String) -> std::fmt::Result {
    let Some(proposal) = proposal(found) else { return Ok(()) };
    let read: Vec<String> = proposal.read.iter().map(|path| text(path)).collect();
    writeln!(
        out,
        "# What it may reach besides itself. `write = [...]` lets it change files; see docs/confinement.md."
    )?;
    writeln!(out, "confine = {{ read = [{}], network = {} }}", read.join(", "), proposal.network)
}

/// The place an operator who already uses this URL has named by using it.
fn private(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let (host, port) = (url.host()?, url.port_or_known_default()?);
    let class = match &host {
        url::Host::Ipv4(ip) => egress::classify((*ip).into()),
        url::Host::Ipv6(ip) => egress::classify((*ip).into()),
        url::Host::Domain(name) if *name == "localhost" => egress::Class::Loopback,
        url::Host::Domain(_) => return None,
    };
    (class != egress::Class::Public && class.nameable()).then(|| format!("{host}:{port}"))
}

/// A basic string of TOML: JSON's escapes are a part of its own, but for the one that JSON need not escape.
fn text(value: &str) -> String {
    serde_json::Value::String(value.to_owned()).to_string().replace('\u{7f}', "\\u007f")
}
