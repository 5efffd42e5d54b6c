//! From what a pack says, and what the operator says of it, to a source.

use std::collections::BTreeMap;
use std::path::PathBuf;

use model::SourceName;
use packs::{Bound, Code, Manifest, Pack, PackError, Place, SOURCE_FILE, secrets_in, settings_in};

use super::PackEntry;
use super::origin::{parsed, place};
use crate::config::confine::Confinement;
use crate::config::{Pins, Source, SourceTls};

/// An error, and the key of the table that it is about.
type Wrong = (&'static str, PackError);

/// The source as the pack has it, under the name it is given.
pub(super) fn read(name: &SourceName, pack: &Pack) -> Result<Source, PackError> {
    let text = format!("name = \"{name}\"\n{}", pack.source());
    toml::from_str(&text).map_err(|e| {
        let before = &text[..e.span().map_or(0, |span| span.start.min(text.len()))];
        // The first line is ours.
        let line = before.bytes().filter(|byte| *byte == b'\n').count().max(1);
        let message = format!("{SOURCE_FILE}:{line}: {}", e.message().trim_end());
        PackError::new(Code::Text, message)
    })
}

/// Puts in what the operator gives: secrets, settings, and another server. That server is returned.
pub(super) fn complete(
    source: &mut Source,
    entry: &PackEntry,
    manifest: &Manifest,
) -> Result<Option<Place>, Wrong> {
    let secrets = entry.secrets.iter().map(|(name, value)| (name.clone(), value.text().to_owned()));
    let secrets = given(secrets.collect(), &manifest.secrets, Code::Secret)?;
    let settings = given(entry.settings.clone(), &manifest.settings, Code::Setting)?;
    for value in source.values_mut() {
        *value = secrets_in(value.text(), &secrets).map_err(|e| ("from", e))?.as_str().into();
    }
    for text in texts(source) {
        *text = settings_in(text, &settings).map_err(|e| ("from", e))?;
    }
    if let Some(Confinement::To(reach)) = &mut source.confine {
        for path in reach.read.iter_mut().chain(&mut reach.write) {
            let text = path.display().to_string();
            *path = settings_in(&text, &settings).map(PathBuf::from).map_err(|e| ("from", e))?;
        }
    }
    source.private.clone_from(&entry.private);
    source.tenants.clone_from(&entry.tenants);
    source.tls = entry.ca.clone().map(|ca| SourceTls { ca: Some(ca), ..SourceTls::default() });
    if source.mcp.is_none() {
        // Its definitions are part of what was approved: they are pinned by the digest.
        source.pins = Pins::Off;
    }
    server(source, entry).map_err(|e| ("server", e))
}

/// A value for each name of the manifest, and for no other.
fn given(values: Bound, named: &BTreeMap<String, String>, code: Code) -> Result<Bound, Wrong> {
    let (key, what) =
        if code == Code::Secret { ("secrets", "secret") } else { ("settings", "setting") };
    if let Some(other) = values.keys().find(|name| !named.contains_key(*name)) {
        let message = format!("its manifest names no {what} `{}`", other.escape_debug());
        return Err((key, PackError::new(code, message)));
    }
    if let Some((name, purpose)) = named.iter().find(|(name, _)| !values.contains_key(*name)) {
        let message =
            format!("it needs the {what} `{name}`: {purpose} Set it in `{key}` of [packs]");
        return Err((key, PackError::new(code, message)));
    }
    Ok(values)
}

/// The texts of a source in which settings may stand.
fn texts(source: &mut Source) -> impl Iterator<Item = &mut String> {
    let command = source.mcp.iter_mut().filter_map(|mcp| mcp.command.as_mut()).flatten();
    let variables = source.openapi.iter_mut().flat_map(|openapi| openapi.variables.values_mut());
    command.chain(variables)
}

/// Another server, on the operator's word.
fn server(source: &mut Source, entry: &PackEntry) -> Result<Option<Place>, PackError> {
    let Some(server) = &entry.server else { return Ok(None) };
    let place = place("`server`", &parsed("`server`", server)?)?;
    if let Some(openapi) = &mut source.openapi {
        openapi.server = Some(server.clone());
    } else if let Some(graphql) = &mut source.graphql {
        graphql.endpoint.clone_from(server);
    } else if let Some(url) = source.mcp.as_mut().and_then(|mcp| mcp.url.as_mut()) {
        url.clone_from(server);
    } else {
        let message = "it starts a program, which has no server: leave `server` out";
        return Err(PackError::new(Code::Host, message));
    }
    Ok(Some(place))
}
