//! Requests of modern clients, whatever door they came through.

mod check;
mod listen;

use std::sync::Arc;

use bytes::Bytes;
use gate::port::Link;
use gate::{Arrival, Incoming, SERVER_INFO};
use http::HeaderMap;
use protocol::mcp::headers::PARAM_PREFIX;
use protocol::mcp::open::DiscoverResult;
use protocol::mcp::translate::Caching;
use protocol::mcp::{Era, Level, Method, Version};
use protocol::rpc::{Id, Request};

pub(crate) use check::{Origin, check, is_modern, unknown_method};
pub(crate) use listen::listen;

use crate::base::Base;
use crate::capabilities::list_of;
use crate::clients::Known;
use crate::link::{Wanted, Way};
use crate::said::Said;
use crate::track::Track;

/// What an answer needs beside the request.
pub(crate) struct Scene {
    pub(crate) base: Arc<Base>,
    pub(crate) known: Arc<Known>,
    /// Where messages before the answer go.
    pub(crate) track: Arc<Track>,
    /// Whether there may be any.
    pub(crate) events: bool,
    pub(crate) at: Arrival,
    /// From which level on log messages are wanted.
    pub(crate) level: Option<Level>,
    /// `Mcp-Param-*`, on doors that have headers.
    pub(crate) param_headers: Option<Vec<(String, String)>>,
}

impl Scene {
    /// Answers one request that has been checked. `token` is what its progress is told under.
    pub(crate) async fn answer(self, request: Request, token: Option<Bytes>) -> Said {
        let client = &self.known.client;
        let Request { id, method, params } = request;
        if !self.known.is_offered(&self.base, &method).await {
            let (refusal, who) = (unknown_method(&method), Some(&*client.principal));
            return self.base.refuse(refusal, Era::Modern, Some(&id), &self.at, who).await;
        }
        if method == Method::Discover {
            return Box::pin(self.discover(&id)).await;
        }
        if let Some(kind) = list_of(&method) {
            let vetted = Box::pin(self.base.list(client, kind, &params, &self.at)).await;
            return Said::vetted(vetted, Era::Modern, Some(&id));
        }
        let progress = token.is_some();
        let link: Arc<dyn Link> = Arc::new(Way {
            track: self.track,
            desk: None,
            token,
            level: Wanted::From(self.level),
            events: self.events,
            patience: self.base.limits.ask,
        });
        let incoming = Incoming {
            id: id.clone(),
            method,
            params,
            param_headers: self.param_headers,
            progress,
            level: self.level,
            arrival: self.at,
        };
        let vetted = self.base.gate.call(client, incoming, link).await;
        Said::vetted(vetted, Era::Modern, Some(&id))
    }

    async fn discover(&self, id: &Id) -> Said {
        let welcome = self.known.greet(&self.base.gate, self.base.clock.now_millis()).await;
        let result = DiscoverResult {
            versions: versions().iter().map(|v| v.as_str().to_owned()).collect(),
            capabilities: welcome.capabilities,
            server_info: Some(Bytes::from_static(SERVER_INFO.as_bytes())),
            instructions: welcome.instructions,
            // What a principal sees is its own, and may change with any reload.
            caching: Caching { ttl_ms: 0, public: false },
        };
        Said::own(id, result.write())
    }
}

/// Every version that is spoken here, newest first.
pub(crate) fn versions() -> Vec<Version> {
    Version::ALL.into_iter().rev().collect()
}

/// Headers that mirror arguments, as they came. What is no text is left out, and so missing where it is needed.
pub(crate) fn param_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    // In a header map all names are in lower case.
    let is_param = |name: &str| {
        name.starts_with('m')
            && name.get(..PARAM_PREFIX.len()).is_some_and(|p| p.eq_ignore_ascii_case(PARAM_PREFIX))
    };
    let mut found = Vec::new();
    for (name, value) in headers {
        if is_param(name.as_str())
            && let Ok(value) = value.to_str()
        {
            found.push((name.as_str().to_owned(), value.to_owned()));
        }
    }
    found
}
