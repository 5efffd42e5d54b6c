use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use crate::stream::Stream;
use crate::target::Limits;

/// Header fields that the HTTP library takes where nothing else is said.
const USUAL_HEADERS: usize = 100;

/// A request as it is sent: its body is whole.
pub(crate) type Framed = Request<Full<Bytes>>;

/// One HTTP/1.1 connection, driven by whoever uses it.
///
/// hyper splits a connection into a sender and a driver meant for a task of its own. Here both stay together and the
/// driver is polled by the task that waits for the reply, so an exchange costs no task switch. The sender's and the
/// body's channels make progress only when the driver does, so they are polled without a waker.
pub(crate) struct Link {
    sender: http1::SendRequest<Full<Bytes>>,
    /// `None` once the connection is over.
    driver: Option<http1::Connection<TokioIo<Stream>, Full<Bytes>>>,
    bell: Arc<Bell>,
}

/// What the driver calls whoever uses the connection by.
#[derive(Default)]
struct Bell {
    user: AtomicWaker,
    silent: AtomicBool,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.silent.load(Ordering::Relaxed) {
            self.user.wake();
        }
    }
}

/// Why an exchange did not give a reply.
pub(crate) enum Failed {
    /// The connection was already over; here is the request, of which nothing was written.
    Unsent(Box<Framed>),
    /// The connection failed with the request under way; what is known of the reason.
    Broken(Option<hyper::Error>),
}

impl Link {
    pub(crate) async fn new(stream: Stream, limits: &Limits) -> Result<Self, hyper::Error> {
        let mut builder = http1::Builder::new();
        builder.max_header_size(limits.max_head);
        // Its own bound needs no setting, and costs less: a list of that length stands on the stack. A lower one is held
        // when the head is vetted.
        if limits.max_headers > USUAL_HEADERS {
            builder.max_headers(limits.max_headers);
        }
        let (sender, driver) = builder.handshake(TokioIo::new(stream)).await?;
        Ok(Self { sender, driver: Some(driver), bell: Arc::default() })
    }

    /// Sends a request and waits for the head of its reply. Dropped half-way, the connection must be dropped too.
    pub(crate) async fn exchange(&mut self, request: Framed) -> Result<Response<Incoming>, Failed> {
        let mut reply = pin!(self.sender.try_send_request(request));
        let (driver, bell) = (&mut self.driver, &self.bell);
        let outcome = poll_fn(|cx| {
            drive(driver, bell, cx);
            match reply.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
                Poll::Pending if driver.is_none() => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        });
        match outcome.await {
            Some(Ok(response)) => Ok(response),
            Some(Err(mut failed)) => Err(match failed.take_message() {
                Some(request) => Failed::Unsent(Box::new(request)),
                None => Failed::Broken(Some(failed.into_error())),
            }),
            None => Err(Failed::Broken(None)),
        }
    }

    /// Lets the connection do what it can; `false` once it is over.
    pub(crate) fn drive(&mut self, cx: &mut Context<'_>) -> bool {
        drive(&mut self.driver, &self.bell, cx);
        self.driver.is_some()
    }

    /// Asks the body for what has come of it. Asking wakes the driver, which is the task that asks: that would be one
    /// more turn for nothing, as whoever gets nothing here drives next. So the bell is silent meanwhile; no call from
    /// elsewhere is lost, for the same reason.
    pub(crate) fn ask<T>(&self, body: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        self.bell.silent.store(true, Ordering::Relaxed);
        let asked = body(&mut Context::from_waker(Waker::noop()));
        self.bell.silent.store(false, Ordering::Relaxed);
        asked
    }

    /// Whether the connection is open and between exchanges. Also lets go of the wakers of its last user.
    pub(crate) fn is_idle(&mut self) -> bool {
        self.drive(&mut Context::from_waker(Waker::noop())) && self.sender.is_ready()
    }
}

fn drive(
    driver: &mut Option<http1::Connection<TokioIo<Stream>, Full<Bytes>>>,
    bell: &Arc<Bell>,
    cx: &mut Context<'_>,
) {
    bell.user.register(cx.waker());
    let waker = Waker::from(bell.clone());
    let cx = &mut Context::from_waker(&waker);
    // Its error, if any, reaches the sender or the body.
    if driver.as_mut().is_some_and(|d| Pin::new(d).poll(cx).is_ready()) {
        *driver = None;
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "a connection of the test's own")]
    async fn a_request_to_a_connection_that_is_over_comes_back_unsent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let mut link = Link::new(Stream::Plain(stream), &Limits::default()).await.unwrap();
        drop(listener.accept().await.unwrap());
        poll_fn(|cx| if link.drive(cx) { Poll::Pending } else { Poll::Ready(()) }).await;
        assert!(!link.is_idle());
        let request = Request::post("/x").body(Full::new(Bytes::from_static(b"body"))).unwrap();
        match link.exchange(request).await {
            Err(Failed::Unsent(request)) => assert_eq!(request.uri().path(), "/x"),
            _ => panic!("the request was taken for sent"),
        }
    }
}
