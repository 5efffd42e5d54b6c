use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use url::Url;

use crate::{Deadline, Retry};

/// Whether redirects are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Redirects {
    /// Any redirect is an error.
    #[default]
    Refuse,
    /// Followed, at most five, each held against the same rules as the first target.
    Follow,
}

/// What becomes of a reply that is longer than it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Beyond {
    /// It is an error.
    #[default]
    Refuse,
    /// It is cut there, and [`Whole::truncated`] says so.
    Cut,
}

/// How one exchange is made. The default is the strictest: no redirect, no second try, nothing compressed.
#[derive(Debug, Clone)]
pub struct ExchangeOptions {
    /// Whether redirects are followed.
    pub redirects: Redirects,
    /// Whether it is tried again.
    pub retry: Retry,
    /// Whether the reply may be compressed (gzip, deflate).
    pub accept_compressed: bool,
    /// Largest body, in bytes and unpacked. The target's own limit holds besides.
    pub max_body: usize,
    /// What becomes of a longer one.
    pub beyond: Beyond,
    /// Longest pause while the body is read; the target's own limit holds besides.
    pub idle: Duration,
    /// Says of the body so far whether it is enough: it is read no further then, its connection is closed, and
    /// [`Whole::truncated`] says so. For streams that are asked for one thing. Not asked of compressed replies.
    pub until: Option<fn(&[u8]) -> bool>,
    /// The end of everything: redirects, second tries and the whole body included.
    pub deadline: Deadline,
}

impl Default for ExchangeOptions {
    fn default() -> Self {
        Self::by(Deadline::none())
    }
}

impl ExchangeOptions {
    /// The strictest, with an end.
    pub const fn by(deadline: Deadline) -> Self {
        Self {
            redirects: Redirects::Refuse,
            retry: Retry::never(),
            accept_compressed: false,
            max_body: usize::MAX,
            beyond: Beyond::Refuse,
            idle: Duration::MAX,
            until: None,
            deadline,
        }
    }
}

/// A whole reply.
#[derive(Debug)]
pub struct Whole {
    /// 2xx, 304, 4xx or 5xx.
    pub status: StatusCode,
    /// Header fields, within the target's limits; of an unpacked body without `Content-Encoding` and `Content-Length`.
    pub headers: HeaderMap,
    /// The body, unpacked.
    pub body: Bytes,
    /// Where it came from in the end, without any credential.
    pub url: Url,
    /// Whether the body was cut, at the limit or where it was enough.
    pub truncated: bool,
}
