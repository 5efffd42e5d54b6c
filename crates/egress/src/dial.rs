use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use url::Host;

use crate::egress::Shared;
use crate::own::is_own;
use crate::resolve::Resolver;
use crate::stream::Stream;
use crate::target::{Limits, Origin};
use crate::tls::Tls;
use crate::{
    Deadline, EgressError, Kind, Phase, Policy, Proxy, ProxyKind, Refusal, Rule, guard, names,
};

/// Everything needed to open a connection to one origin, and to no other.
pub(crate) struct Dialer {
    pub(crate) origin: Origin,
    pub(crate) policy: Policy,
    pub(crate) tls: Tls,
    pub(crate) proxy: Option<Arc<Proxy>>,
}

impl Dialer {
    /// Refuses what can be refused before any name is resolved: hosts written as an address, names that say where they
    /// lead, and what is not on the list of hosts.
    pub(crate) fn vet_host(&self) -> Result<(), EgressError> {
        Ok(guard::host(&self.origin.host, self.origin.port, &self.policy)?)
    }

    /// The dialer for another origin, under the same rules and by the same proxy, but as nobody.
    pub(crate) fn elsewhere(&self, origin: Origin) -> Self {
        let (policy, proxy) = (self.policy.clone(), self.proxy.clone());
        Self { origin, policy, tls: self.tls.elsewhere(), proxy }
    }

    /// The proxy that requests are shown to whole, because it makes no tunnel for them.
    pub(crate) fn absolute(&self) -> Option<&Proxy> {
        self.proxy.as_deref().filter(|p| !self.origin.tls && p.kind() == ProxyKind::Http)
    }

    /// Opens a connection within `limits.connect`, and within `deadline`.
    pub(crate) async fn dial(
        &self,
        shared: &Shared,
        limits: &Limits,
        deadline: Deadline,
    ) -> Result<Stream, EgressError> {
        let until = deadline.or_after(limits.connect).0;
        match timeout_at(until, self.dial_within(shared, until)).await {
            Ok(done) => done,
            Err(_) => Err(self.error(Kind::Timeout(Phase::Connect), "no connection in time")),
        }
    }

    async fn dial_within(&self, shared: &Shared, until: Instant) -> Result<Stream, EgressError> {
        let Origin { host, port, tls, .. } = &self.origin;
        let stream = match self.proxy.as_deref() {
            None => self.reach(shared, (host, *port), &self.policy, until).await?,
            Some(proxy) => {
                let place = (proxy.host(), proxy.port());
                let mut stream = self.reach(shared, place, &proxy.policy(), until).await?;
                if self.absolute().is_none() {
                    proxy.tunnel(&mut stream, host, *port, &*shared.options.secrets).await?;
                }
                stream
            }
        };
        if !tls {
            return Ok(Stream::Plain(stream));
        }
        let tls = self.tls.handshake(shared, &self.origin, stream).await?;
        Ok(Stream::Tls(Box::new(tls)))
    }

    /// Resolves, vets every answer and connects to one that is left.
    async fn reach(
        &self,
        shared: &Shared,
        (host, port): (&Host<String>, u16),
        policy: &Policy,
        until: Instant,
    ) -> Result<TcpStream, EgressError> {
        let found = self.addresses(&shared.options.resolver, host).await?;
        let mut vetted = guard::vet(host, port, &found, policy)?;
        vetted.retain(|ip| !is_own(&shared.options.own, *ip, port));
        if vetted.is_empty() {
            let reason = format!("{host}:{port} is where this gate itself listens");
            return Err(Refusal::new(Rule::Own, reason).into());
        }
        let stream = self.connect(&vetted, port, until).await?;
        // Small messages both ways: with Nagle's algorithm on, each could wait 40 ms for a delayed acknowledgement.
        stream.set_nodelay(true).map_err(|e| self.error(Kind::Connect, &e.to_string()))?;
        Ok(stream)
    }

    /// Every address of the host.
    async fn addresses(
        &self,
        resolver: &Resolver,
        host: &Host<String>,
    ) -> Result<Vec<IpAddr>, EgressError> {
        let found = match host {
            Host::Ipv4(ip) => vec![IpAddr::V4(*ip)],
            Host::Ipv6(ip) => vec![IpAddr::V6(*ip)],
            // A name server that is asked for one learns who is looked for, and its answer would be a lie.
            Host::Domain(name) if names::is_onion(name.trim_end_matches('.')) => {
                let reason =
                    format!("{name} is an onion service; name a SOCKS proxy for this source");
                return Err(Refusal::new(Rule::NoRoute, reason).into());
            }
            Host::Domain(name) => resolver.lookup(name).await.map_err(|e| {
                self.error(Kind::Dns, &format!("the name could not be resolved ({e})"))
            })?,
        };
        if found.is_empty() {
            return Err(self.error(Kind::Dns, "the name has no address"));
        }
        Ok(found)
    }

    /// Tries each vetted address in turn; each gets its share of the time that is left.
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    async fn connect(
        &self,
        addresses: &[IpAddr],
        port: u16,
        until: Instant,
    ) -> Result<TcpStream, EgressError> {
        let mut last = "no address".to_owned();
        for (tried, ip) in addresses.iter().enumerate() {
            let left = until.saturating_duration_since(Instant::now());
            let shares = u32::try_from(addresses.len() - tried).unwrap_or(1);
            let share = (left / shares).max(Duration::from_millis(1));
            let address = SocketAddr::new(*ip, port);
            match timeout_at(Instant::now() + share, TcpStream::connect(address)).await {
                // What was vetted is what is connected to: nothing on the way may have made another of it.
                Ok(Ok(stream)) => match stream.peer_addr() {
                    Ok(peer) if peer.ip() == *ip && peer.port() == port => return Ok(stream),
                    Ok(peer) => last = format!("connected to {peer} instead"),
                    Err(error) => last = error.to_string(),
                },
                Ok(Err(error)) => last = error.to_string(),
                Err(_) if shares == 1 => {
                    return Err(self.error(Kind::Timeout(Phase::Connect), "no connection in time"));
                }
                Err(_) => "no connection in time".clone_into(&mut last),
            }
        }
        Err(self.error(Kind::Connect, &last))
    }

    fn error(&self, kind: Kind, detail: &str) -> EgressError {
        EgressError::new(kind, false, format!("{}: {detail}", self.origin.authority))
    }
}

#[cfg(test)]
mod tests {
    use ambient::Clock;
    use tokio::net::TcpListener;
    use url::Url;

    use super::*;
    use crate::Options;

    fn dialer(url: &str) -> Dialer {
        let url = Url::parse(url).unwrap();
        Dialer {
            origin: Origin::of(&url).unwrap(),
            policy: Policy::naming(&url),
            tls: Tls::default(),
            proxy: None,
        }
    }

    fn shared() -> Shared {
        Shared::new(Options::default(), Clock::system())
    }

    #[tokio::test]
    async fn every_dialled_socket_has_nodelay_on() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let dialer = dialer(&format!("http://{}/", listener.local_addr().unwrap()));
        let limits = Limits::default();
        let dialled = dialer.dial(&shared(), &limits, Deadline::none()).await;
        let Ok(Stream::Plain(stream)) = dialled else { panic!("not dialled") };
        assert!(stream.nodelay().unwrap());
    }

    #[tokio::test]
    async fn a_handshake_that_hangs_ends_at_the_connect_limit() {
        // The listener's queue accepts the connection; nobody ever answers the handshake.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let dialer = dialer(&format!("https://{}/", listener.local_addr().unwrap()));
        let limits = Limits { connect: Duration::from_millis(200), ..Limits::default() };
        let dialled = dialer.dial(&shared(), &limits, Deadline::none()).await;
        let error = dialled.err().unwrap();
        assert!(matches!(error.kind(), Kind::Timeout(Phase::Connect) | Kind::Tls), "{error}");
        assert!(error.retry_safe());
    }
}
