//! How a request gets onto a connection: one at rest, one that is shared, or a new one.

use std::sync::Arc;

use http::{HeaderMap, StatusCode};
use tokio::time::timeout_at;

use crate::body::Held;
use crate::client::Inner;
use crate::fault::Fault;
use crate::link::{Failed, Framed, Link};
use crate::trunk::{Lane, Trunk};
use crate::{Client, Deadline, EgressError, Kind, Phase};

/// The head of a reply, and what the rest of it comes on.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) held: Held,
}

/// What came of a request on one connection.
enum Exchanged {
    Reply(Reply),
    /// Nothing of it was sent, or the peer has promised that it did not look at it.
    Unsent(Box<Framed>),
}

impl Client {
    /// Sends a request and waits for the head of its reply.
    pub(crate) async fn carried(
        &self,
        request: Framed,
        deadline: Deadline,
    ) -> Result<Reply, EgressError> {
        let pool = &self.0.pool;
        let done = match pool.take() {
            Some(link) => self.on_link(link, request, deadline).await?,
            None => match self.0.dialer.tls.offers_http2().then(|| pool.lane()).flatten() {
                Some(lane) => Box::pin(self.on_lane(lane, request, deadline)).await?,
                None => Exchanged::Unsent(Box::new(request)),
            },
        };
        match done {
            Exchanged::Reply(reply) => Ok(reply),
            // Apart: dialling is rare, and large to carry room for.
            Exchanged::Unsent(request) => Box::pin(self.on_fresh(*request, deadline)).await,
        }
    }

    async fn on_fresh(
        &self,
        mut request: Framed,
        deadline: Deadline,
    ) -> Result<Reply, EgressError> {
        let Inner { dialer, pool, limits, .. } = &*self.0;
        let mut turn = None;
        if dialer.tls.offers_http2() {
            // Where many can share a connection, one of them opens it.
            let until = deadline.or_after(limits.connect);
            turn = timeout_at(until.0, pool.trunks().turn()).await.map_err(|_| {
                self.error(Kind::Timeout(Phase::Connect), false, "no connection in time")
            })?;
            if let Some(lane) = pool.lane() {
                drop(turn.take());
                match self.on_lane(lane, request, deadline).await? {
                    Exchanged::Reply(reply) => return Ok(reply),
                    Exchanged::Unsent(unsent) => request = *unsent,
                }
            }
        }
        let opened = self.open(deadline).await?;
        drop(turn);
        let done = match opened {
            Opened::Link(link) => self.on_link(link, request, deadline).await?,
            Opened::Lane(lane) => self.on_lane(lane, request, deadline).await?,
        };
        match done {
            Exchanged::Reply(reply) => Ok(reply),
            Exchanged::Unsent(_) => {
                let detail = "closed, or refused the request, as soon as it was opened";
                Err(self.error(Kind::Reset, false, detail))
            }
        }
    }

    /// Opens a connection, which is shared with others where its handshake agreed on HTTP/2.
    async fn open(&self, deadline: Deadline) -> Result<Opened, EgressError> {
        let Inner { shared, dialer, pool, limits, .. } = &*self.0;
        let broken = |e: hyper::Error| EgressError::fault(&Fault::from(&e), false, self.origin());
        let stream = dialer.dial(shared, limits, deadline).await?;
        pool.count_dial();
        pool.trunks().agreed(stream.speaks_http2());
        if !stream.speaks_http2() {
            return Ok(Opened::Link(Box::new(Link::new(stream, limits))));
        }
        let opening = Trunk::open(stream, limits, pool.clock().clone());
        let until = deadline.or_after(limits.connect);
        let trunk: Arc<Trunk> = match timeout_at(until.0, opening).await {
            Ok(opened) => opened.map_err(broken)?,
            Err(_) => {
                return Err(self.error(
                    Kind::Timeout(Phase::Connect),
                    false,
                    "no connection in time",
                ));
            }
        };
        let over = || self.error(Kind::Reset, false, "closed as soon as it was opened");
        let lane = trunk.lane().ok_or_else(over)?;
        pool.share(trunk);
        Ok(Opened::Lane(lane))
    }

    async fn on_link(
        &self,
        mut link: Box<Link>,
        request: Framed,
        deadline: Deadline,
    ) -> Result<Exchanged, EgressError> {
        let until = deadline.or_after(self.0.limits.first_byte);
        let reply = timeout_at(until.0, link.exchange(request)).await;
        self.came_to(reply, |(status, headers)| Reply { status, headers, held: Held::Link(link) })
    }

    async fn on_lane(
        &self,
        lane: Lane,
        request: Framed,
        deadline: Deadline,
    ) -> Result<Exchanged, EgressError> {
        let until = deadline.or_after(self.0.limits.first_byte);
        let reply = timeout_at(until.0, lane.exchange(request)).await;
        self.came_to(reply, |reply| {
            let (head, body) = reply.into_parts();
            let held = Held::Lane(lane, Box::new(body));
            Reply { status: head.status, headers: head.headers, held }
        })
    }

    fn came_to<H, T>(
        &self,
        reply: Result<Result<H, Failed>, T>,
        held: impl FnOnce(H) -> Reply,
    ) -> Result<Exchanged, EgressError> {
        match reply {
            Ok(Ok(head)) => Ok(Exchanged::Reply(held(head))),
            Ok(Err(Failed::Unsent(request))) => Ok(Exchanged::Unsent(request)),
            Ok(Err(Failed::Broken(fault))) => Err(EgressError::fault(&fault, true, self.origin())),
            Err(_) => Err(self.error(Kind::Timeout(Phase::FirstByte), true, "no reply in time")),
        }
    }
}

/// A connection that was just opened.
enum Opened {
    Link(Box<Link>),
    Lane(Lane),
}
