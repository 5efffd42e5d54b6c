//! Connections: accepted within bounds, served until they end, drained when the gate stops.

use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::Poll;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use identity::Concurrency;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;

use crate::address::is_trusted;
use crate::conversation::Conversation;
use crate::date::Dates;
use crate::door::Door;
use crate::gauges::Counted;
use crate::line::{Line, Told};
use crate::rounds::Rounds;
use crate::upload::Upload;
use crate::wire::Wire;

/// How a listener ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Served {
    /// Connections that were accepted.
    pub connections: u64,
    /// Connections whose requests were not done when the grace was over.
    pub cut_off: usize,
}

pub(crate) struct Listener {
    pub(crate) door: Arc<Door>,
    pub(crate) tls: Option<Arc<ServerConfig>>,
    pub(crate) dates: Dates,
}

impl Listener {
    pub(crate) async fn run(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
    ) -> Served {
        let me = Arc::new(self);
        let limits = &me.door.base.limits;
        let per_address = Concurrency::new(limits.connections_per_address);
        let rounds = Arc::new(Rounds::new(limits));
        let tasks = TaskTracker::new();
        let accepted = AtomicU64::new(0);
        let accepting = async {
            loop {
                let Some((stream, peer)) = accept(&listener).await else { continue };
                let proxy = is_trusted(&me.door.trusted, peer);
                let permit = per_address.try_enter(&peer);
                if tasks.len() >= limits.connections || (permit.is_none() && !proxy) {
                    me.door.base.gauges.refuse();
                    continue;
                }
                accepted.fetch_add(1, Relaxed);
                let (one, place) = (me.clone(), rounds.place(peer));
                tasks.spawn(async move {
                    let _permit = permit;
                    let mut connection = pin!(one.connection(stream, peer, &place.line));
                    poll_fn(|cx| match place.line.poll_end(cx) {
                        Poll::Ready(()) => Poll::Ready(()),
                        Poll::Pending => connection.as_mut().poll(cx),
                    })
                    .await;
                });
            }
        };
        let mut walk = pin!(rounds.walk());
        tokio::select! {
            () = accepting => {}
            () = shutdown => {}
            never = &mut walk => match never {},
        }
        drop(listener);
        me.door.base.closing.cancel();
        rounds.tell(Told::Finish);
        tasks.close();
        let drained = tokio::select! {
            () = tasks.wait() => true,
            () = tokio::time::sleep(limits.grace) => false,
            never = walk => match never {},
        };
        let cut_off = if drained { 0 } else { tasks.len() };
        rounds.tell(Told::End);
        tasks.wait().await;
        Served { connections: accepted.load(Relaxed), cut_off }
    }

    async fn connection(&self, stream: TcpStream, peer: IpAddr, line: &Arc<Line>) {
        let _counted = Counted::connection(&self.door.base.gauges);
        let line = line.clone();
        let served = match &self.tls {
            None => self.plain(stream, peer, line).await,
            Some(config) => self.secure(config.clone(), stream, peer, line).await,
        };
        if let Err(e) = served {
            tracing::debug!(%peer, "connection ended: {e}");
        }
    }

    async fn plain(&self, stream: TcpStream, peer: IpAddr, line: Arc<Line>) -> io::Result<()> {
        let mut wire = Wire::new(stream, line.clone());
        let time = self.door.base.limits.header_time;
        let told = tokio::time::timeout(time, wire.tell_version()).await;
        let h2 = told.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        self.serve(wire, peer, line, h2).await
    }

    async fn secure(
        &self,
        config: Arc<ServerConfig>,
        stream: TcpStream,
        peer: IpAddr,
        line: Arc<Line>,
    ) -> io::Result<()> {
        let time = self.door.base.limits.header_time;
        let shaken = tokio::time::timeout(time, TlsAcceptor::from(config).accept(stream)).await;
        let stream = shaken.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        if h2 {
            line.speaks_h2();
        }
        self.serve(Wire::new(stream, line.clone()), peer, line, h2).await
    }

    async fn serve<S>(
        &self,
        wire: Wire<S>,
        peer: IpAddr,
        line: Arc<Line>,
        h2: bool,
    ) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        if !h2 {
            return Conversation::new(self, line, peer, wire).run().await;
        }
        let (door, shared) = (self.door.clone(), line.clone());
        let service = service_fn(move |request: Request<Incoming>| {
            let (head, body) = request.into_parts();
            let body = Upload::Stream(body);
            // Boxed, so that a stream that waits carries no room for the work on a request.
            let answer = Box::pin(door.clone().handle(shared.clone(), peer, Box::new(head), body));
            async { Ok::<_, std::convert::Infallible>(answer.await) }
        });
        let connection = self.http2().serve_connection(TokioIo::new(wire), service);
        let mut connection = pin!(connection);
        let mut finishing = false;
        let served = poll_fn(|cx| {
            if !finishing && line.is_closing() {
                connection.as_mut().graceful_shutdown();
                finishing = true;
            }
            connection.as_mut().poll(cx)
        });
        served.await.map_err(io::Error::other)
    }

    fn http2(&self) -> http2::Builder<TokioExecutor> {
        let limits = &self.door.base.limits;
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
            .max_concurrent_streams(limits.streams.max(100))
            .keep_alive_interval(limits.stall)
            .keep_alive_timeout(limits.stall);
        builder
    }
}

/// One connection. A failure to accept is waited out: mostly there are no descriptors left for a moment.
async fn accept(listener: &TcpListener) -> Option<(TcpStream, IpAddr)> {
    match listener.accept().await {
        Ok((stream, peer)) => {
            // Small pieces of a stream must not wait for acknowledgements of those before them.
            if let Err(e) = stream.set_nodelay(true) {
                tracing::debug!("TCP_NODELAY: {e}");
            }
            Some((stream, peer.ip().to_canonical()))
        }
        Err(e) => {
            tracing::warn!("a connection could not be accepted: {e}");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}
