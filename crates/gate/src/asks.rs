//! What a source may ask of a client, guarded: only what the client declared, not without end, nothing that an
//! elicitation must not ask, and always with the source's name beside it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use model::SourceName;
use protocol::json::{self, Edit, Limits, Object, quote};
use protocol::mcp::Method;
use protocol::rpc::RpcError;

use crate::Client;
use crate::gate::Gate;
use crate::port::{Ask, Boxed, Link, Notice, Source};
use crate::way::{Found, Heard};

/// The link a source gets: the front's, behind the guards.
pub(crate) struct Guarded {
    gate: Gate,
    client: Arc<Client>,
    source: Arc<dyn Source>,
    heard: Heard,
    asked: AtomicU32,
    inner: Arc<dyn Link>,
}

/// What the guards need to know of a source.
#[derive(Clone)]
pub(crate) struct SourceFace {
    pub(crate) name: String,
    pub(crate) shown: bool,
    pub(crate) hosts: Vec<String>,
}

impl Guarded {
    pub(crate) fn new(
        gate: &Gate,
        client: &Arc<Client>,
        found: &Found,
        inner: Arc<dyn Link>,
    ) -> Arc<Self> {
        Arc::new(Self {
            gate: gate.clone(),
            client: client.clone(),
            source: found.source.clone(),
            heard: found.heard.clone(),
            asked: AtomicU32::new(0),
            inner,
        })
    }
}

impl Link for Guarded {
    fn notify(&self, notice: Notice) -> Boxed<'_, ()> {
        let source = self.source.name();
        let heard = self.gate.ear(source).notice(notice);
        self.heard.add(self.gate.noted(source, "notice", &heard.seen));
        match heard.said {
            Some(notice) => self.inner.notify(notice),
            None => Box::pin(async {}),
        }
    }

    fn ask(&self, ask: Ask) -> Boxed<'_, Result<Bytes, RpcError>> {
        Box::pin(async move {
            let asked = self.asked.fetch_add(1, Ordering::Relaxed);
            let bound = self.gate.settings().asks_per_call;
            if ask.method == Method::CreateMessage && asked >= bound {
                return Err(RpcError::new(
                    -1,
                    format!("a call may ask for sampling {bound} times"),
                ));
            }
            let face = self.gate.face(&self.source);
            let admitted = admitted(&self.client, &face, ask)
                .and_then(|ask| heard(&self.gate, self.source.name(), &self.heard, ask));
            match admitted {
                Ok(ask) => self.inner.ask(ask).await,
                Err(No::Answer(answer)) => Ok(answer),
                Err(No::Error(error)) => Err(error),
            }
        })
    }
}

/// How a request to a client is refused: in the way its method has for it.
pub(crate) enum No {
    Answer(Bytes),
    Error(RpcError),
}

/// The request as it may go to the client.
pub(crate) fn admitted(client: &Client, source: &SourceFace, ask: Ask) -> Result<Ask, No> {
    let params = Object::parse(ask.params.clone(), Limits::REPLY)
        .map_err(|_| No::Error(RpcError::new(-32602, "params must be an object")))?;
    if client.capabilities.allows(&ask.method, &params).is_err() {
        let code = match ask.method {
            Method::Elicit => -32602,
            Method::CreateMessage => -1,
            _ => -32601,
        };
        return Err(No::Error(RpcError::new(code, "the client did not declare this")));
    }
    if ask.method != Method::Elicit {
        return Ok(ask);
    }
    let value = json::value(&ask.params, Limits::REPLY).map_err(|_| {
        No::Error(RpcError::new(-32602, "params must be an object without duplicate members"))
    })?;
    match inspect::scan_elicitation(&value, &source.hosts) {
        Ok(findings) => {
            for finding in findings {
                tracing::info!(
                    source = source.name,
                    rule = finding.rule,
                    "elicitation: {}",
                    finding.excerpt
                );
            }
            Ok(Ask { params: named(source, &params), ..ask })
        }
        Err(finding) => {
            tracing::warn!(
                source = source.name,
                rule = finding.rule,
                "elicitation refused: {}",
                finding.excerpt
            );
            Err(No::Answer(Bytes::from_static(b"{\"action\":\"decline\"}")))
        }
    }
}

/// What a source wants said to the client's model is looked at and labelled like a result.
pub(crate) fn heard(gate: &Gate, source: &SourceName, notes: &Heard, ask: Ask) -> Result<Ask, No> {
    if ask.method != Method::CreateMessage {
        return Ok(ask);
    }
    let said = gate.ear(source).params(ask.params);
    notes.add(gate.noted(source, "sampling", &said.seen));
    match said.said {
        Some(params) => Ok(Ask { params, ..ask }),
        None => Err(No::Error(RpcError::new(-1, "it reads like orders to a model"))),
    }
}

/// The elicitation with the source's name before its message: behind a gate the person sees one server, and must
/// know who asks.
fn named(source: &SourceFace, params: &Object) -> Bytes {
    if !source.shown {
        return params.text().clone();
    }
    let message = params.str("message").unwrap_or_default();
    let message = quote(&format!("[{}] {message}", source.name));
    Edit::new().set("message", message.into_bytes()).apply(params)
}
