//! The only way out: every connection this product opens is dialled here.
//!
//! A [`Client`] belongs to one origin. It resolves the name, vets every address it gets, dials one of those that
//! may be dialled and keeps the name for `Host` and TLS. Headers, bodies and time are bounded; proxies from the environment are
//! never used. [`Client::send`] is the quick way, without redirects or compressed replies; [`Client::exchange`] makes a
//! whole exchange, with a credential, redirects, second tries and unpacking where the caller allows them. The rules for
//! targets are the pure functions of [`guard`].
//!
//! HTTP/1.1 connections are not driven by tasks of their own: whoever waits for a reply drives the connection it comes on.
//! That saves two task switches an exchange, makes back-pressure reach the peer by itself, and means that dropping a
//! reply closes its connection at once. An HTTP/2 connection is shared, and so has a task; dropping a reply resets its
//! stream.

mod address;
mod body;
mod carry;
mod client;
mod credential;
mod deadline;
mod dial;
mod egress;
mod embedded;
mod error;
mod exchange;
mod expand;
mod fault;
pub mod guard;
mod headers;
mod host;
mod identity;
mod inflate;
mod judge;
mod link;
mod masked;
mod names;
mod net;
mod options;
mod own;
mod policy;
mod pool;
mod proxy;
mod read;
mod redirect;
mod resolve;
mod retry;
mod route;
mod rule;
mod socket;
mod stream;
mod target;
mod tls;
mod trunk;
mod trunks;
mod validity;

pub use address::{Class, classify};
pub use body::Body;
pub use client::{Client, Response};
pub use credential::{Boxed, Credential, HeaderTemplates, Outgoing};
pub use deadline::Deadline;
pub use egress::{Egress, Options};
pub use error::{EgressError, Kind, Packed, Phase, Stop, Violation};
pub use expand::{expand, looks_secret};
pub use headers::{HeaderRule, MAX_VALUE, agent_header, clean, header_rule};
pub use identity::Identity;
pub use judge::{Judgement, judge, judge_hops, read_allowed, read_answers, unresolved};
pub use net::Net;
pub use options::{Beyond, ExchangeOptions, Redirects, Whole};
pub use policy::Policy;
pub use proxy::{Proxy, ProxyKind};
pub use resolve::Resolver;
pub use retry::Retry;
pub use route::Route;
pub use rule::{Refusal, Rule};
pub use socket::Socket;
pub use target::{Limits, Target};
pub use validity::validity;
