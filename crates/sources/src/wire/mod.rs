//! The ways to a server: what each of them sends, and what comes back for it.

mod endpoint;
mod events;
mod exchange;
mod http;
mod pipe;
mod sse;
mod status;
mod stdio;

use std::sync::Arc;

use bytes::Bytes;
use egress::Deadline;
use protocol::json::Raw;
use protocol::mcp::Method;
use protocol::rpc::Message;

use crate::desk::{Desk, Ticket};
use crate::fault::Fault;

pub(crate) use endpoint::Endpoint;
pub(crate) use events::EventStream;
pub(crate) use exchange::HttpExchange;
pub(crate) use http::HttpWire;
pub(crate) use pipe::{Pipe, PipeExchange};
pub(crate) use sse::dial;
pub(crate) use stdio::start;

/// The way to one server, in one era, for one session.
#[derive(Clone)]
pub(crate) enum Wire {
    /// Streamable HTTP.
    Http(Arc<HttpWire>),
    /// One pipe for everything: a child's standard streams, or HTTP+SSE.
    Pipe(Arc<Pipe>),
}

/// A request, ready to leave.
pub(crate) struct Outgoing {
    /// Our id of it.
    pub(crate) id: u64,
    pub(crate) method: Method,
    /// For `Mcp-Name` and `Mcp-Param-*`; modern HTTP only.
    pub(crate) headers: http_types::HeaderMap,
    /// The whole message.
    pub(crate) body: Bytes,
    /// Whether the server may ask the client something during it.
    pub(crate) asks: bool,
}

use ::http as http_types;

impl Wire {
    /// Begins an exchange; nothing is sent before the first [`Exchange::next`].
    pub(crate) fn request(&self, out: Outgoing, desk: &Arc<Desk>, deadline: Deadline) -> Exchange {
        match self {
            Self::Http(wire) => {
                // Only where something can come by another way than the answer's own stream is there a desk to ask.
                let ticket = wire.listens().then(|| desk.open(out.id, out.asks));
                Exchange::Http(HttpExchange::new(wire, out, deadline), ticket)
            }
            Self::Pipe(pipe) => Exchange::Pipe(pipe.request(out, desk)),
        }
    }

    /// Sends a notification or an answer to a request of the server.
    pub(crate) async fn tell(&self, message: Bytes) -> Result<(), Fault> {
        match self {
            // Apart: rare, and an exchange of its own is large to carry room for.
            Self::Http(wire) => Box::pin(wire.tell(message)).await,
            Self::Pipe(pipe) => pipe.tell(message).await,
        }
    }

    /// Says good-bye and stops what was started.
    pub(crate) async fn close(&self) {
        match self {
            Self::Http(wire) => wire.end_session().await,
            Self::Pipe(pipe) => pipe.close().await,
        }
    }

    /// Whether a connection closed by us means to the server that the request is cancelled.
    pub(crate) fn closing_cancels(&self) -> bool {
        matches!(self, Self::Http(wire) if wire.is_modern())
    }
}

/// One request under way: what comes back for it.
pub(crate) enum Exchange {
    Http(HttpExchange, Option<Ticket>),
    Pipe(PipeExchange),
}

impl Exchange {
    /// The next message that belongs to the request; its answer is the last. Nothing is lost when the future is
    /// dropped.
    pub(crate) async fn next(&mut self) -> Result<Message, Fault> {
        match self {
            Self::Http(http, None) => http.next().await,
            Self::Http(http, Some(ticket)) => tokio::select! {
                biased;
                Some(extra) = ticket.next_extra() => Ok(extra),
                message = http.next() => message,
            },
            Self::Pipe(pipe) => pipe.next().await,
        }
    }

    /// Says that the answer may be this one again, which saves reading it once more.
    pub(crate) fn may_repeat(&mut self, known: Option<Raw>) {
        if let Self::Http(http, _) = self {
            http.may_repeat(known);
        }
    }

    /// Ends an exchange whose answer has come: its connection is kept if nothing more is on it.
    pub(crate) fn done(self) {
        if let Self::Http(http, _) = self {
            http.done();
        }
    }
}
