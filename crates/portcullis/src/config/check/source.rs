//! One source.

use model::{ExposedName, SourceName};

use super::{Findings, way};
use crate::config::place::Step;
use crate::config::{Era, Mcp, Prefix, Source, Transport};

/// Checks the source at place `n`.
pub fn check(n: usize, source: &Source, found: &mut Findings<'_>) {
    let path = |key: &str| [Step::from("source"), n.into(), key.into()];
    if let Err(e) = SourceName::new(&source.name) {
        found.at(path("name"), e.to_string());
    }
    if let Prefix::Text(text) = &source.prefix {
        let lawful = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
        if text.is_empty() || text.len() > 32 || !text.bytes().all(lawful) {
            let message =
                format!("`{text}` is no prefix: use 1 to 32 of A-Z, a-z, 0-9, _ and -, or false");
            found.at(path("prefix"), message);
        }
    }
    for (upstream, name) in &source.names {
        if let Err(e) = ExposedName::new(name) {
            found.at(
                [Step::from("source"), n.into(), "names".into(), upstream.as_str().into()],
                e.to_string(),
            );
        }
    }
    for pattern in source.effects.keys() {
        if pattern.is_empty()
            || pattern.trim_end_matches('*').contains('*')
            || pattern.ends_with("**")
        {
            let message = format!(
                "`{pattern}` is no pattern: use a name, or the beginning of one followed by one `*`"
            );
            found.at(
                [Step::from("source"), n.into(), "effects".into(), pattern.as_str().into()],
                message,
            );
        }
    }
    if source.confine.is_some() && source.mcp.as_ref().is_none_or(|mcp| mcp.command.is_none()) {
        found.at(
            path("confine"),
            "`confine` is for programs: leave it out of a source without `mcp.command`",
        );
    }
    let entries = source.har.as_ref().and_then(|har| har.0.entries);
    if entries.is_some_and(|n| !(1..=20_000).contains(&n)) {
        let path = [Step::from("source"), n.into(), "har".into(), "entries".into()];
        found.at(path, "from 1 to 20,000 entries can be read");
    }
    reach(n, source, found);
    way::check(n, source, found);
    private(n, source, found);
}

/// What kind of source it is: exactly one of them.
fn reach(n: usize, source: &Source, found: &mut Findings<'_>) {
    let kinds = [
        ("mcp", source.mcp.is_some()),
        ("openapi", source.openapi.is_some()),
        ("graphql", source.graphql.is_some()),
        ("har", source.har.is_some()),
        ("arazzo", source.arazzo.is_some()),
    ];
    let named: Vec<&str> = kinds.iter().filter(|(_, is)| *is).map(|(name, _)| *name).collect();
    match (named.as_slice(), &source.mcp) {
        ([_], Some(own)) => server(n, own, source, found),
        ([_], None) => {}
        ([], _) => found.at(
            [Step::from("source"), n.into(), "name".into()],
            "what is it? Say `mcp`, `openapi`, `graphql`, `har` or `arazzo`",
        ),
        ([first, rest @ ..], _) => found.at(
            [Step::from("source"), n.into(), rest[0].into()],
            format!("a source is one thing: it has `{first}` already"),
        ),
    }
}

fn private(n: usize, source: &Source, found: &mut Findings<'_>) {
    for (at, place) in source.private.iter().enumerate() {
        if host_port(place).is_none() {
            let path = [Step::from("source"), n.into(), "private".into(), at.into()];
            found.at(path, format!("`{place}` is no place: write it as `host:port`"));
        }
    }
}

fn server(n: usize, own: &Mcp, source: &Source, found: &mut Findings<'_>) {
    let mcp = |key: &str| [Step::from("source"), n.into(), "mcp".into(), key.into()];
    if source.auth.is_some() {
        let path = [Step::from("source"), n.into(), "auth".into()];
        found.at(path, "an MCP server has its credentials in `mcp.headers` or `mcp.env`");
    }
    match (&own.command, &own.url) {
        (None, None) => {
            found.at(mcp("command"), "`mcp` needs a `command` to start or a `url` to call");
        }
        (Some(_), Some(_)) => {
            found.at(mcp("url"), "`mcp` has both `command` and `url`: keep the one that is meant");
        }
        (Some(command), None) => program(n, command, own, found),
        (None, Some(_)) => remote(n, own, source, found),
    }
}

fn program(n: usize, command: &[String], own: &Mcp, found: &mut Findings<'_>) {
    let mcp = |key: &str| [Step::from("source"), n.into(), "mcp".into(), key.into()];
    if command.is_empty() {
        found.at(mcp("command"), "the command is empty: name the program and its arguments");
    }
    if !own.headers.is_empty() {
        found.at(mcp("headers"), "a program has no headers: leave `headers` out");
    }
    if own.transport != Transport::Auto {
        found.at(
            mcp("transport"),
            "a program is spoken to over its standard streams: leave `transport` out",
        );
    }
}

fn remote(n: usize, own: &Mcp, source: &Source, found: &mut Findings<'_>) {
    let mcp = |key: &str| [Step::from("source"), n.into(), "mcp".into(), key.into()];
    if !own.env.is_empty() || !own.pass_env.is_empty() || own.cwd.is_some() {
        found.at(
            mcp("env"),
            "`env`, `pass-env` and `cwd` are for programs: leave them out beside `url`",
        );
    }
    if own.transport == Transport::Sse && source.era == Era::Modern {
        found.at(mcp("transport"), "HTTP+SSE knows only the legacy era: leave `era` out");
    }
}

/// `host:port`, with brackets around an IPv6 address.
pub fn host_port(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let bare = host.trim_matches(['[', ']']);
    let bracketed = host.starts_with('[') && host.ends_with(']');
    let lawful = !bare.is_empty() && (bracketed || !bare.contains(':'));
    lawful.then_some((host.to_owned(), port.parse().ok()?))
}
