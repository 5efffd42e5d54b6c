use std::sync::Arc;

use gate::Gate;
use http::HeaderValue;
use identity::{Concurrency, Limiter};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::accept::{Listener, Served};
use crate::base::{Base, random};
use crate::clients::Clients;
use crate::date::Dates;
use crate::door::Door;
use crate::hosts::Hosts;
use crate::start::public_url;
use crate::table::Table;
use crate::webhook::Routes;
use crate::{Settings, StartError, keeper, tls};

/// Principals whose rates are told apart.
const PRINCIPALS: usize = 4096;

/// Answers HTTP on `listener` until `shutdown` is done: then nothing new is accepted, streams end, and requests in
/// flight may go on for [`Limits::grace`](crate::Limits::grace).
///
/// # Errors
/// What [`Settings::check`] refuses, for the address the listener really has; nothing has been accepted then.
pub async fn serve(
    gate: Gate,
    settings: Settings,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<Served, StartError> {
    let mut settings = settings;
    settings.listen = listener.local_addr()?;
    settings.authenticated &= gate.unauthenticated().is_none();
    settings.check()?;
    let tls = settings.tls.as_ref().map(tls::config).transpose()?;
    let door = Arc::new(door(gate, settings, tls.is_some())?);
    let keeper = tokio::spawn(keeper::keep(door.clone()));
    let served =
        Listener { door: door.clone(), tls, dates: Dates::default() }.run(listener, shutdown).await;
    keeper.abort();
    if let Some(hooks) = &door.hooks {
        hooks.finish(door.base.limits.grace).await;
    }
    door.sessions.sweep(u64::MAX, 0);
    door.peers.sweep(u64::MAX, 0);
    Ok(served)
}

fn door(gate: Gate, settings: Settings, tls: bool) -> Result<Door, StartError> {
    let hosts = Hosts::new(&settings, settings.listen)?;
    let public = settings.public_url.as_deref().map(public_url).transpose()?;
    let location = |(https, authority): (bool, String)| {
        let location = HeaderValue::from_str(&format!("https://{authority}/"));
        location.ok().filter(|_| https)
    };
    let limits = settings.limits;
    let boot = random()?;
    Ok(Door {
        hosts,
        trusted: settings.behind_proxy.unwrap_or_default(),
        tls,
        public_https: public.and_then(location),
        hsts: settings.hsts.as_deref().and_then(|value| HeaderValue::from_str(value).ok()),
        sse: settings.sse,
        rest: settings.rest,
        hooks: settings.webhooks.map(Routes::new),
        boot: u64::try_from(boot & u128::from(u64::MAX)).unwrap_or_default(),
        sources: gate.source_names(),
        sessions: Table::new(limits.sessions),
        peers: Table::new(limits.sessions),
        clients: Clients::new()?,
        opens: Limiter::new(limits.opens, PRINCIPALS),
        reconnects: Limiter::new(limits.reconnects, PRINCIPALS),
        small: Limiter::new(limits.small, PRINCIPALS),
        streams: Concurrency::new(limits.streams),
        base: Arc::new(Base {
            gate,
            limits,
            clock: settings.clock,
            gauges: settings.gauges,
            closing: CancellationToken::new(),
        }),
    })
}
