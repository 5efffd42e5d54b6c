use std::path::PathBuf;
use std::sync::Arc;

use ambient::Clock;
use front::{Gauges, Limits, Network, RestBase, Settings, StartError, Tls};
use model::Secret;

use super::hooks;
use crate::config::{Auth, ConfigError, Loaded, Server};

/// The settings of the HTTP door, checked: whether a gate may listen like this. Webhooks stay shut until they are
/// opened with [`hooks::open_hooks`].
pub fn door(loaded: &Loaded, clock: &Clock, gauges: &Arc<Gauges>) -> Result<Settings, ConfigError> {
    let server = &loaded.config.server;
    let mut settings = Settings::new(server.listen);
    settings.allowed_hosts.clone_from(&server.allowed_hosts);
    settings.allowed_origins.clone_from(&server.allowed_origins);
    settings.tls = tls(loaded)?;
    settings.behind_proxy = proxies(loaded)?;
    settings.public_url.clone_from(&server.public_url);
    settings.hsts.clone_from(&server.hsts);
    settings.sse = server.sse;
    settings.rest = rest(loaded)?;
    settings.webhooks = hooks::shut(loaded)?;
    settings.authenticated = server.auth == Auth::Keys;
    settings.limits = limits(server);
    settings.clock = clock.clone();
    settings.gauges = gauges.clone();
    settings.check().map_err(|e| wrong(loaded, &e))?;
    Ok(settings)
}

/// Where tools are offered over plain HTTP, if they are. A base that is none is wrong even while the door is shut.
fn rest(loaded: &Loaded) -> Result<Option<RestBase>, ConfigError> {
    let rest = &loaded.config.rest;
    let base = RestBase::new(&rest.base).map_err(|e| {
        ConfigError::placed(loaded, &["rest".into(), "base".into()], &e.to_string())
    })?;
    Ok(rest.enabled.then_some(base))
}

/// Certificate and key of the configuration, if TLS ends here.
pub fn tls_paths(loaded: &Loaded) -> Option<(PathBuf, PathBuf)> {
    let tls = loaded.config.server.tls.as_ref()?;
    Some((loaded.resolve(&tls.cert), loaded.resolve(&tls.key)))
}

fn tls(loaded: &Loaded) -> Result<Option<Tls>, ConfigError> {
    let Some((cert, key)) = tls_paths(loaded) else { return Ok(None) };
    let read = |key: &str, path: PathBuf| {
        std::fs::read(&path).map_err(|e| {
            let path_in = ["server".into(), "tls".into(), key.into()];
            ConfigError::placed(
                loaded,
                &path_in,
                &format!("{} cannot be read: {e}", path.display()),
            )
        })
    };
    Ok(Some(Tls { chain: read("cert", cert)?, key: Secret::new(read("key", key)?) }))
}

fn proxies(loaded: &Loaded) -> Result<Option<Vec<Network>>, ConfigError> {
    let Some(proxy) = &loaded.config.server.behind_proxy else { return Ok(None) };
    let each = proxy.trusted.iter().enumerate().map(|(n, text)| {
        text.parse().map_err(|e| {
            let path = ["server".into(), "behind-proxy".into(), "trusted".into(), n.into()];
            ConfigError::placed(loaded, &path, &format!("{e}"))
        })
    });
    each.collect::<Result<Vec<Network>, _>>().map(Some)
}

fn limits(server: &Server) -> Limits {
    let mut limits = Limits::default();
    if let Some(size) = server.max_body {
        limits.body = usize::try_from(size.0).unwrap_or(usize::MAX);
    }
    limits.connections = server.max_connections.unwrap_or(limits.connections);
    limits.connections_per_address =
        server.max_connections_per_address.unwrap_or(limits.connections_per_address);
    limits.sessions = server.max_sessions.unwrap_or(limits.sessions);
    limits.streams = server.max_streams.unwrap_or(limits.streams);
    limits.session_idle = server.session_idle.map_or(limits.session_idle, |s| s.0);
    limits.session_life = server.session_life.map_or(limits.session_life, |s| s.0);
    limits.grace = server.grace.map_or(limits.grace, |s| s.0);
    limits
}

/// What the door refuses, at the line that says it.
fn wrong(loaded: &Loaded, error: &StartError) -> ConfigError {
    if let StartError::Webhook(_) = error {
        return ConfigError::placed(loaded, &["webhook".into()], &error.to_string());
    }
    let key = match error {
        StartError::Open(_) if loaded.config.server.auth == Auth::None => "auth",
        StartError::Host(_) => "allowed-hosts",
        StartError::Origin(_) => "allowed-origins",
        StartError::PublicUrl(_) => "public-url",
        StartError::Hsts => "hsts",
        StartError::Tls(_) => "tls",
        StartError::NoProxy => "behind-proxy",
        _ => "listen",
    };
    ConfigError::placed(loaded, &["server".into(), key.into()], &error.to_string())
}
