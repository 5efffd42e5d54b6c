//! HTTP/2: one connection, and many exchanges on it at once.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ambient::{Clock, Instant};
use bytes::Bytes;
use http::header::HOST;
use http::{Request, Response, Uri, Version};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::error::unprocessed;
use crate::fault::Fault;
use crate::link::{Failed, Framed};
use crate::stream::Stream;
use crate::target::Limits;

/// Most exchanges on one connection at a time; a peer may allow fewer.
const MOST_STREAMS: u32 = 64;
/// Most bytes of one reply that wait to be read.
const STREAM_WINDOW: u32 = 128 << 10;
/// The same of all replies on one connection: whoever reads slowly keeps nobody else waiting.
const CONNECTION_WINDOW: u32 = MOST_STREAMS * STREAM_WINDOW;
/// Most bytes of requests that wait to be written, for each exchange.
const SEND_BUFFER: usize = 128 << 10;
/// How long a connection with exchanges on it may be silent before its peer is asked for a sign of life. Half of what an
/// unused one is kept for, if that is less; the sign has as long as a new connection would.
const SILENCE: Duration = Duration::from_secs(30);
/// How long a connection that nobody uses any more gets to say goodbye.
const FAREWELL: Duration = Duration::from_secs(2);

/// One HTTP/2 connection. It closes once nothing holds it any more.
pub(crate) struct Trunk {
    sender: http2::SendRequest<Full<Bytes>>,
    /// Exchanges on it right now.
    used: AtomicUsize,
    /// How many the peer allows, as far as is known.
    allowed: Arc<AtomicUsize>,
    /// When the last exchange ended.
    since: AtomicU64,
    clock: Clock,
    _held: oneshot::Sender<()>,
}

impl Trunk {
    /// Begins to speak HTTP/2 on a connection whose handshake agreed on it.
    pub(crate) async fn open(
        stream: Stream,
        limits: &Limits,
        clock: Clock,
    ) -> Result<Arc<Self>, hyper::Error> {
        let crew = Crew::default();
        let mut builder = http2::Builder::new(crew.clone());
        builder
            .timer(TokioTimer::new())
            .keep_alive_interval((limits.keep / 2).min(SILENCE).max(Duration::from_millis(50)))
            .keep_alive_timeout(limits.connect)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_send_buf_size(SEND_BUFFER)
            .max_header_list_size(u32::try_from(limits.max_head).unwrap_or(u32::MAX));
        let (sender, mut driver) = builder.handshake(TokioIo::new(stream)).await?;
        let (held, released) = oneshot::channel();
        let allowed = Arc::new(AtomicUsize::new(driver.current_max_send_streams()));
        let known = allowed.clone();
        tokio::spawn(async move {
            let driven = std::future::poll_fn(|cx| {
                let over = Pin::new(&mut driver).poll(cx);
                known.store(driver.current_max_send_streams(), Ordering::Relaxed);
                over
            });
            // Its error, if any, reaches those who wait for replies.
            let _ = driven.await;
            drop(driver);
            // What was begun on it goes on until nobody holds it.
            let _ = released.await;
            crew.disband().await;
        });
        let since = AtomicU64::new(clock.instant().0);
        let used = AtomicUsize::new(0);
        Ok(Arc::new(Self { sender, used, allowed, since, clock, _held: held }))
    }

    /// A place for one more exchange, if there is one.
    pub(crate) fn lane(self: &Arc<Self>) -> Option<Lane> {
        if self.sender.is_closed() {
            return None;
        }
        let most = self.allowed.load(Ordering::Relaxed).clamp(1, MOST_STREAMS as usize);
        let taken = self.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, |used| {
            (used < most).then_some(used + 1)
        });
        taken.is_ok().then(|| Lane(self.clone()))
    }

    /// Whether it takes no more requests.
    pub(crate) fn is_over(&self) -> bool {
        self.sender.is_closed()
    }

    /// Whether nobody has used it for this long.
    pub(crate) fn is_stale(&self, now: Instant, keep: Duration) -> bool {
        let since = Instant(self.since.load(Ordering::Relaxed));
        self.is_unused() && now.since(since) >= keep
    }

    /// Whether there is no exchange on it.
    pub(crate) fn is_unused(&self) -> bool {
        self.used.load(Ordering::Acquire) == 0
    }
}

/// The place of one exchange on a connection. Held until the reply has been read, or is wanted no more.
pub(crate) struct Lane(Arc<Trunk>);

impl Lane {
    /// Sends a request and waits for the head of its reply. Dropped half-way, it resets its own stream and no other.
    pub(crate) async fn exchange(&self, request: Framed) -> Result<Response<Incoming>, Failed> {
        let Some(whole) = addressed(request.clone()) else {
            return Err(Failed::Broken(Fault::reset("the request cannot be sent as HTTP/2")));
        };
        let mut failed = match self.0.sender.clone().try_send_request(whole).await {
            Ok(reply) => return Ok(reply),
            Err(failed) => failed,
        };
        let unsent = failed.take_message().is_some();
        let error = failed.into_error();
        // Where the peer says that it has not looked at a request, and will not, that is as good as unsent.
        Err(if unsent || unprocessed(&error) {
            Failed::Unsent(Box::new(request))
        } else {
            Failed::Broken((&error).into())
        })
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.0.since.store(self.0.clock.instant().0, Ordering::Relaxed);
        self.0.used.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The request as HTTP/2 writes it: its place is in the URL, and there is no `Host`.
fn addressed(request: Framed) -> Option<Request<Full<Bytes>>> {
    let mut request = request.map(Full::new);
    let authority = request.headers_mut().remove(HOST)?;
    let path = request.uri().path_and_query()?.clone();
    let uri = Uri::builder().scheme("https").authority(authority.as_bytes()).path_and_query(path);
    *request.uri_mut() = uri.build().ok()?;
    *request.version_mut() = Version::HTTP_2;
    Some(request)
}

/// The tasks of one connection, so that none outlives it.
#[derive(Clone, Default)]
struct Crew(Arc<Mutex<JoinSet<()>>>);

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Crew {
    fn execute(&self, task: F) {
        let mut set = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while set.try_join_next().is_some() {}
        set.spawn(task);
    }
}

impl Crew {
    /// Lets every task come to its end, and ends those that take too long.
    async fn disband(self) {
        let mut set = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let all = async { while set.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(FAREWELL, all).await;
    }
}
