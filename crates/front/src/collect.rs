//! Reads the body of a request: bounded in bytes and in time, without copying what comes in one piece.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::upload::{Broken, Upload};

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
pub(crate) async fn collect(mut body: Upload, max: usize, time: Duration) -> Result<Bytes, NoBody> {
    let mut got = Got::default();
    let first = poll_fn(|cx| {
        Poll::Ready(match got.poll(&mut body, cx, max) {
            Poll::Ready(done) => Some(done),
            Poll::Pending => None,
        })
    });
    if let Some(done) = first.await {
        return done.map(|()| got.bytes());
    }
    let rest = poll_fn(|cx| got.poll(&mut body, cx, max));
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
        body: &mut Upload,
        cx: &mut Context<'_>,
        max: usize,
    ) -> Poll<Result<(), NoBody>> {
        loop {
            match ready!(body.poll_next(cx)) {
                None => return Poll::Ready(Ok(())),
                Some(Err(Broken)) => return Poll::Ready(Err(NoBody::Broken)),
                Some(Ok(data)) if self.len() + data.len() > max => {
                    return Poll::Ready(Err(NoBody::TooLarge));
                }
                Some(Ok(data)) => self.take(data),
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
