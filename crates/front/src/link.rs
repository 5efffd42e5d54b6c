use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gate::Client;
use gate::port::{Ask, Boxed, Link, Notice};
use protocol::json::{Edit, Limits, Object};
use protocol::mcp::{Level, Method};
use protocol::rpc::{RpcError, notification};

use crate::desk::Desk;
use crate::track::Track;

/// The way back to the client of one request.
pub(crate) struct Way {
    /// Where its messages go.
    pub(crate) track: Arc<Track>,
    /// Where its answers come in; modern clients are not asked this way.
    pub(crate) desk: Option<Arc<Desk>>,
    /// The client's own progress token, if it gave one.
    pub(crate) token: Option<Bytes>,
    /// Which log messages it wants.
    pub(crate) level: Wanted,
    /// Whether it takes anything but one JSON answer.
    pub(crate) events: bool,
    /// How long it may take over an answer.
    pub(crate) patience: Duration,
}

/// Which log messages a client wants.
pub(crate) enum Wanted {
    /// From that level on, or none: a modern request says so itself.
    From(Option<Level>),
    /// What its session says; everything if it never said.
    Session(Arc<Client>),
}

impl Wanted {
    fn wants(&self, level: Level) -> bool {
        match self {
            Self::From(least) => least.is_some_and(|least| level >= least),
            Self::Session(client) => client.level().is_none_or(|least| level >= least),
        }
    }

    pub(crate) fn least(&self) -> Option<Level> {
        match self {
            Self::From(least) => *least,
            Self::Session(client) => client.level(),
        }
    }
}

impl Way {
    fn text(&self, notice: Notice) -> Option<Bytes> {
        match notice {
            Notice::Progress(params) => {
                let token = self.token.as_ref()?;
                let params = Object::parse(params, Limits::REPLY).ok()?;
                let params = Edit::new().set("progressToken", &token[..]).apply(&params);
                Some(notification(Method::Progress.as_str(), &params))
            }
            Notice::Log(level, params) => {
                self.level.wants(level).then(|| notification(Method::LogMessage.as_str(), &params))
            }
            Notice::Other(method, params) => Some(notification(method.as_str(), &params)),
        }
    }
}

impl Link for Way {
    fn notify(&self, notice: Notice) -> Boxed<'_, ()> {
        let text = if self.events { self.text(notice) } else { None };
        Box::pin(async move {
            if let Some(text) = text {
                self.track.send(text).await;
            }
        })
    }

    fn ask(&self, ask: Ask) -> Boxed<'_, Result<Bytes, RpcError>> {
        Box::pin(async move {
            match (&self.desk, self.events) {
                (Some(desk), true) => desk.ask(&self.track, ask, self.patience).await,
                _ => Err(RpcError::new(-32603, "this client cannot be asked here")),
            }
        })
    }
}

/// The way to a legacy client outside any request: its GET stream, its pipe.
pub(crate) struct Outside {
    pub(crate) track: Arc<Track>,
    pub(crate) desk: Arc<Desk>,
    pub(crate) patience: Duration,
}

impl Link for Outside {
    fn notify(&self, notice: Notice) -> Boxed<'_, ()> {
        let text = match notice {
            Notice::Progress(_) => None,
            Notice::Log(_, params) => Some(notification(Method::LogMessage.as_str(), &params)),
            Notice::Other(method, params) => Some(notification(method.as_str(), &params)),
        };
        Box::pin(async move {
            if let Some(text) = text {
                self.track.send(text).await;
            }
        })
    }

    fn ask(&self, ask: Ask) -> Boxed<'_, Result<Bytes, RpcError>> {
        Box::pin(self.desk.ask(&self.track, ask, self.patience))
    }
}
