//! Bodies, read whole.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use url::Url;

use crate::body::Body;
use crate::inflate::{Coding, Halt, Inflate};
use crate::{
    Beyond, Client, Deadline, EgressError, ExchangeOptions, Kind, Packed, Phase, Response, Whole,
};

/// Reads a reply to its end or its limit.
pub(crate) async fn read(
    response: Response,
    client: &Client,
    url: Url,
    options: &ExchangeOptions,
    deadline: Deadline,
) -> Result<Whole, EgressError> {
    let Response { status, mut headers, body } = response;
    let max = options.max_body.min(client.limits().max_body);
    let reader = Reader { client, options, deadline, max };
    let (body, truncated) = match coding(&mut headers) {
        Some(coding) => reader.unpack(body, coding).await?,
        // The quick way: a body of one piece is handed on without a copy.
        None if reader.takes_all() => (body.collect(max).await?, false),
        None => reader.plain(body).await?,
    };
    Ok(Whole { status, headers, body, url, truncated })
}

/// How the body is packed. What says so is true no longer once it is unpacked.
fn coding(headers: &mut HeaderMap) -> Option<Coding> {
    let coding = Coding::of(headers)?;
    headers.remove(CONTENT_ENCODING);
    headers.remove(CONTENT_LENGTH);
    Some(coding)
}

struct Reader<'a> {
    client: &'a Client,
    options: &'a ExchangeOptions,
    deadline: Deadline,
    max: usize,
}

impl Reader<'_> {
    /// Whether nothing but the end, the limit or the deadline ends the reading.
    fn takes_all(&self) -> bool {
        let ExchangeOptions { beyond, idle, until, .. } = self.options;
        let patient = *idle == Duration::MAX || *idle >= self.deadline.left();
        *beyond == Beyond::Refuse && until.is_none() && patient
    }

    async fn plain(&self, mut body: Body) -> Result<(Bytes, bool), EgressError> {
        let mut whole = BytesMut::new();
        while let Some(piece) = self.piece(&mut body).await? {
            let room = self.max - whole.len();
            whole.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.len() > room {
                self.beyond()?;
                return Ok((whole.freeze(), true));
            }
            if self.options.until.is_some_and(|enough| enough(&whole)) {
                return Ok((whole.freeze(), true));
            }
        }
        Ok((whole.freeze(), false))
    }

    /// Bounds what comes over the wire by the target's limit, and what comes out of it by the caller's.
    async fn unpack(&self, mut body: Body, coding: Coding) -> Result<(Bytes, bool), EgressError> {
        let mut inflate = Inflate::new(coding, self.max);
        let mut wire = 0;
        while let Some(piece) = self.piece(&mut body).await? {
            wire += piece.len();
            if wire > self.client.limits().max_body {
                self.beyond()?;
                return Ok((inflate.out().into(), true));
            }
            match inflate.push(&piece) {
                Ok(()) => {}
                Err(Halt::Full) => {
                    self.beyond()?;
                    return Ok((inflate.out().into(), true));
                }
                Err(Halt::Bad(why)) => return Err(self.packed(why)),
            }
        }
        match inflate.end() {
            Ok(()) => Ok((inflate.out().into(), false)),
            Err(Halt::Full) => {
                self.beyond()?;
                Ok((inflate.out().into(), true))
            }
            Err(Halt::Bad(why)) => Err(self.packed(why)),
        }
    }

    /// The next piece, within the idle limits and the deadline of the exchange.
    async fn piece(&self, body: &mut Body) -> Result<Option<Bytes>, EgressError> {
        let left = self.deadline.left();
        let idle = self.options.idle.min(self.client.limits().idle);
        let piece = body.next_chunk(Some(idle.min(left))).await;
        match piece {
            Err(error) if error.kind() == Kind::Timeout(Phase::Idle) && left <= idle => {
                let kind = Kind::Timeout(Phase::Total);
                Err(self.client.error(kind, true, "the reply was not whole in time"))
            }
            other => other,
        }
    }

    fn beyond(&self) -> Result<(), EgressError> {
        match self.options.beyond {
            Beyond::Cut => Ok(()),
            Beyond::Refuse => {
                let detail = format!("more than {} bytes", self.max);
                Err(self.client.error(Kind::TooLarge, true, &detail))
            }
        }
    }

    fn packed(&self, why: Packed) -> EgressError {
        let detail = match why {
            Packed::Damaged => "sent a compressed reply that cannot be unpacked",
            Packed::Ratio => {
                "sent a compressed reply that unpacks to more than a hundred times its size"
            }
        };
        self.client.error(Kind::Decoding(why), true, detail)
    }
}
