//! What the source of a pack may say at all, and how far it may reach by itself.

use packs::{Code, Manifest, Pack, PackError, Program};
use process::Limits;

use super::origin::{parsed, place};
use crate::config::confine::{Confinement, Reachable};
use crate::config::{
    ApiAuth, GraphQl, Mcp, OpenApi, Pins, Prefix, Results, Source, UnknownMethods,
};

/// Holds a source as it is written against the manifest of its pack.
pub(super) fn check(source: &Source, pack: &Pack) -> Result<(), PackError> {
    guards(source)?;
    files(source, pack)?;
    hosts(source, &pack.manifest)?;
    program(source, &pack.manifest)
}

/// What is the operator's alone to decide. Every key of a source is named here, so that a new one is a decision too.
fn guards(source: &Source) -> Result<(), PackError> {
    #[rustfmt::skip]
    let Source {
        // What it is and does: held to the manifest elsewhere, or no guard.
        name: _, mcp, openapi: _, graphql: _, discovery: _, auth: _, shape: _, paging: _, cache: _, redirects: _,
        era: _, effects: _, stateless: _, timeout: _, max_result: _, max_sessions: _, pack: _, http2: _,
        // The operator's.
        arazzo, har, tls, proxy, tenants, url_env, confine, prefix, names, pins, detectors, results, check_arguments,
        private, unknown_methods,
    } = source;
    let nothing = Mcp::default();
    #[rustfmt::skip]
    let Mcp {
        command: _, env: _, pass_env: _, url: _, headers: _, transport: _,
        cwd,
    } = mcp.as_ref().unwrap_or(&nothing);
    let said = [
        ("arazzo", arazzo.is_some()),
        ("har", har.is_some()),
        ("tls", tls.is_some()),
        ("proxy", proxy.is_some()),
        ("tenants", tenants.is_some()),
        ("url-env", !url_env.is_empty()),
        ("mcp.cwd", cwd.is_some()),
        ("confine = \"off\"", matches!(confine, Some(Confinement::Off))),
        ("prefix", *prefix != Prefix::default()),
        ("names", !names.is_empty()),
        ("pins", *pins != Pins::default()),
        ("detectors", !detectors),
        ("results", *results != Results::default()),
        ("check-arguments", !check_arguments),
        ("private", !private.is_empty()),
        ("unknown-methods", *unknown_methods != UnknownMethods::default()),
    ];
    match said.iter().find(|(_, said)| *said) {
        Some((key, _)) => Err(PackError::new(
            Code::Guard,
            format!("it says `{key}`, which is the operator's alone"),
        )),
        None => Ok(()),
    }
}

/// Everything it reads is its own.
fn files(source: &Source, pack: &Pack) -> Result<(), PackError> {
    let mut wanted = Vec::new();
    if let Some(OpenApi {
        spec,
        overlays,
        server: _,
        variables: _,
        select: _,
        parameters: _,
        max_size: _,
    }) = &source.openapi
    {
        wanted.push(spec.clone());
        wanted.extend(overlays.iter().map(|path| path.display().to_string()));
    }
    if let Some(GraphQl { schema, documents, endpoint: _, max_depth: _, max_fields: _ }) =
        &source.graphql
    {
        let all = documents.iter().chain(schema);
        wanted.extend(all.map(|path| path.display().to_string()));
    }
    wanted.iter().try_for_each(|name| pack.files().text(name).map(drop))
}

/// Every URL that it states itself.
fn hosts(source: &Source, manifest: &Manifest) -> Result<(), PackError> {
    let mut stated = Vec::new();
    if let Some(server) = source.openapi.as_ref().and_then(|o| o.server.as_ref()) {
        stated.push(("`openapi.server`", server.as_str()));
    }
    if let Some(graphql) = &source.graphql {
        stated.push(("`graphql.endpoint`", &graphql.endpoint));
    }
    if let Some(url) = source.mcp.as_ref().and_then(|m| m.url.as_ref()) {
        stated.push(("`mcp.url`", url));
    }
    for (what, url) in stated {
        secure(what, url, manifest)?;
    }
    let Some(auth) = &source.auth else { return Ok(()) };
    auth.schemes
        .values()
        .chain(auth.tenants.values())
        .chain([auth])
        .try_for_each(|own| tokens(own, manifest))
}

/// A token endpoint: it is asked with POST.
fn tokens(auth: &ApiAuth, manifest: &Manifest) -> Result<(), PackError> {
    let Some(oauth2) = &auth.oauth2 else { return Ok(()) };
    let what = "the token endpoint";
    secure(what, &oauth2.token_url, manifest)?;
    manifest.allows_method(what, "POST")
}

fn secure(what: &str, text: &str, manifest: &Manifest) -> Result<(), PackError> {
    let url = parsed(what, text)?;
    let place = place(what, &url)?;
    manifest.allows_place(what, &place)?;
    if url.scheme() == "https" {
        return Ok(());
    }
    Err(PackError::new(Code::Host, format!("{what} leads to `{place}` without TLS")))
}

/// The program it starts, and what that is granted.
fn program(source: &Source, manifest: &Manifest) -> Result<(), PackError> {
    let Some(Mcp { command: Some(command), env, pass_env, .. }) = &source.mcp else {
        return Ok(());
    };
    let program = manifest.allows_command(command)?;
    let nothing = Reachable::default();
    let granted = match &source.confine {
        Some(Confinement::To(granted)) => granted,
        _ => &nothing,
    };
    let Reachable { read, write, network, sockets, memory, processes, open_files, file_size } =
        granted;
    let texts = |paths: &[std::path::PathBuf]| {
        paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>()
    };
    let wanted = Program {
        command: command.clone(),
        env: env.keys().chain(pass_env).cloned().collect(),
        read: texts(read),
        write: texts(write),
        network: *network,
        sockets: *sockets,
    };
    program.allows(&wanted)?;
    let usual = Limits::default();
    let wide = memory.is_some_and(|size| size.0 > usual.memory)
        || file_size.is_some_and(|size| size.0 > usual.file_size)
        || processes.is_some_and(|n| n > usual.processes)
        || open_files.is_some_and(|n| n > usual.open_files);
    if wide {
        let message =
            "it raises a limit of its program above the usual one, which is the operator's alone";
        return Err(PackError::new(Code::Guard, message));
    }
    Ok(())
}
