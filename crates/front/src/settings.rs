use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use identity::Rate;
use model::Secret;

use crate::webhook::Webhooks;
use crate::{Gauges, Network, RestBase, StartError, start};

/// What an operator can set about the HTTP doors.
pub struct Settings {
    /// Where to listen. Anything but loopback needs authentication, and TLS or a proxy in front.
    pub listen: SocketAddr,
    /// Values of `Host` that are answered, as `name` or `name:port`. Empty: derived from where it listens and from
    /// `public_url`.
    pub allowed_hosts: Vec<String>,
    /// Origins of web pages that may call, exactly as browsers send them: `https://app.example`.
    pub allowed_origins: Vec<String>,
    /// Certificate and key, if TLS ends here.
    pub tls: Option<Tls>,
    /// Addresses of the proxies in front, if there are any; only they are believed about clients.
    pub behind_proxy: Option<Vec<Network>>,
    /// What clients know this gate as: `https://gate.example`.
    pub public_url: Option<String>,
    /// `Strict-Transport-Security`, sent as it stands to whoever came over https.
    pub hsts: Option<String>,
    /// Whether HTTP+SSE, the transport of 2024-11-05, is offered at `/sse` and `/messages`.
    pub sse: bool,
    /// Where tools are offered over plain HTTP, if they are.
    pub rest: Option<RestBase>,
    /// Routes for signed requests of other services, below `/hooks/`.
    pub webhooks: Option<Webhooks>,
    /// Whether callers have to prove who they are.
    pub authenticated: bool,
    /// Bounds.
    pub limits: Limits,
    /// Time.
    pub clock: Clock,
    /// Where numbers of connections, sessions and streams are shown.
    pub gauges: Arc<Gauges>,
}

/// A certificate chain and its key, as PEM.
pub struct Tls {
    /// The chain, leaf first.
    pub chain: Vec<u8>,
    /// The private key.
    pub key: Secret<Vec<u8>>,
}

/// Bounds on what clients may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of one message.
    pub body: usize,
    /// Bytes of all headers of a request.
    pub header_bytes: usize,
    /// Headers of a request.
    pub headers: usize,
    /// How long a client may take over the headers, and over a TLS handshake.
    pub header_time: Duration,
    /// How long a client may take over a body.
    pub body_time: Duration,
    /// How long a connection may stay without a request.
    pub idle: Duration,
    /// How long a client may read nothing of what it is sent.
    pub stall: Duration,
    /// After so long without an answer a reply becomes an event stream, so that the client sees a sign of life.
    pub patience: Duration,
    /// Time between two signs of life on an event stream.
    pub keep_alive: Duration,
    /// How long a stream of unsolicited messages may stay silent.
    pub stream_idle: Duration,
    /// How long such a stream may last at all.
    pub stream_life: Duration,
    /// How long a legacy client that lost its stream may come back for it.
    pub resume: Duration,
    /// How long a client may take to answer a question.
    pub ask: Duration,
    /// Connections at once.
    pub connections: usize,
    /// Connections of one address at once; proxies are not counted.
    pub connections_per_address: u32,
    /// Sessions of one principal.
    pub sessions: usize,
    /// Streams of unsolicited messages of one principal.
    pub streams: u32,
    /// How long a session may stay unused.
    pub session_idle: Duration,
    /// How long a session may last at all.
    pub session_life: Duration,
    /// Sessions that one principal may open.
    pub opens: Rate,
    /// Streams that one principal may open or resume.
    pub reconnects: Rate,
    /// Messages of one principal that are no calls: pings, notifications, answers.
    pub small: Rate,
    /// Messages in one batch.
    pub batch: usize,
    /// How long requests in flight may go on once the gate is told to stop.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let (second, minute) = (Duration::from_secs(1), Duration::from_mins(1));
        Self {
            body: 1024 * 1024,
            header_bytes: 16 * 1024,
            headers: 100,
            header_time: 10 * second,
            body_time: 30 * second,
            idle: 75 * second,
            stall: 30 * second,
            patience: 5 * second,
            keep_alive: 15 * second,
            stream_idle: 5 * minute,
            stream_life: 60 * minute,
            resume: 2 * minute,
            ask: 10 * minute,
            connections: 4096,
            connections_per_address: 1024,
            sessions: 100,
            streams: 64,
            session_idle: 30 * minute,
            session_life: 24 * 60 * minute,
            opens: Rate::new(120, minute),
            reconnects: Rate::new(240, minute),
            small: Rate::new(6000, minute),
            batch: 50,
            grace: 10 * second,
        }
    }
}

impl Settings {
    /// Settings as they are when nothing is said but where to listen.
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            tls: None,
            behind_proxy: None,
            public_url: None,
            hsts: None,
            sse: false,
            rest: None,
            webhooks: None,
            authenticated: true,
            limits: Limits::default(),
            clock: Clock::system(),
            gauges: Arc::default(),
        }
    }

    /// Whether a gate may listen like this. To be asked at start and again on reload.
    pub fn check(&self) -> Result<(), StartError> {
        start::check(self)
    }
}
