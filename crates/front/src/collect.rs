//! Reads the body of a request: bounded in bytes and in time, without copying what comes in one piece.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use hyper::body::Incoming;

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoBody {
    /// More bytes than the bound.
    TooLarge,
    /// It did not come in time.
    Late,
    /// The client went away, or its chunks make no sense.
    Broken,
}

/// The whole body. The timer is made only if the client lets us wait.
pub(crate) async fn collect(
    mut body: Incoming,
    max: usize,
    time: Duration,
) -> Result<Bytes, NoBody> {
    let mut got = Got::default();
    let first = poll_fn(|cx| {
        Poll::Ready(match got.poll(Pin::new(&mut body), cx, max) {
            Poll::Ready(done) => Some(done),
            Poll::Pending => None,
        })
    });
    if let Some(done) = first.await {
        return done.map(|()| got.bytes());
    }
    let rest = poll_fn(|cx| got.poll(Pin::new(&mut body), cx, max));
    let mut late = pin!(tokio::time::sleep(time));
    tokio::select! {
        biased;
        done = rest => done?,
        () = &mut late => return Err(NoBody::Late),
    }
    Ok(got.bytes())
}

#[derive(Default)]
struct Got {
    one: Bytes,
    more: Option<BytesMut>,
}

impl Got {
    fn poll(
        &mut self,
        mut body: Pin<&mut Incoming>,
        cx: &mut Context<'_>,
        max: usize,
    ) -> Poll<Result<(), NoBody>> {
        loop {
            if body.is_end_stream() {
                return Poll::Ready(Ok(()));
            }
            let frame = match body.as_mut().poll_frame(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Err(NoBody::Broken)),
                Poll::Ready(Some(Ok(frame))) => frame,
            };
            if let Ok(data) = frame.into_data() {
                if self.len() + data.len() > max {
                    return Poll::Ready(Err(NoBody::TooLarge));
                }
                self.take(data);
            }
        }
    }

    fn len(&self) -> usize {
        self.more.as_ref().map_or(self.one.len(), BytesMut::len)
    }

    fn take(&mut self, data: Bytes) {
        match &mut self.more {
            Some(more) => more.extend_from_slice(&data),
            None if self.one.is_empty() => self.one = data,
            None => {
                let mut more =
                    BytesMut::with_capacity((self.one.len() + data.len()).next_power_of_two());
                more.extend_from_slice(&self.one);
                more.extend_from_slice(&data);
                self.more = Some(more);
            }
        }
    }

    fn bytes(&mut self) -> Bytes {
        match self.more.take() {
            Some(more) => more.freeze(),
            None => std::mem::take(&mut self.one),
        }
    }
}
