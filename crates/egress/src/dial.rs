use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use url::Host;

use crate::resolve::Resolver;
use crate::stream::Stream;
use crate::target::{Limits, Origin, Policy};
use crate::tls::{Roots, Tls};
use crate::{Deadline, EgressError, Kind, Phase, Rule, classify};

/// Everything needed to open a connection to one origin, and to no other.
pub(crate) struct Dialer {
    pub(crate) origin: Origin,
    pub(crate) policy: Policy,
    pub(crate) tls: Tls,
}

impl Dialer {
    /// Refuses what can be refused before any name is resolved: hosts written as an address, and loopback names.
    pub(crate) fn vet_host(&self) -> Result<(), EgressError> {
        match &self.origin.host {
            Host::Ipv4(ip) => self.vet((*ip).into()),
            Host::Ipv6(ip) => self.vet((*ip).into()),
            Host::Domain(_) => Ok(()),
        }
    }

    /// Opens a connection within `limits.connect`, and within `deadline`.
    pub(crate) async fn dial(
        &self,
        resolver: &Resolver,
        roots: &Roots,
        limits: &Limits,
        deadline: Deadline,
    ) -> Result<Stream, EgressError> {
        let until = deadline.or_after(limits.connect).0;
        match timeout_at(until, self.dial_within(resolver, roots, until)).await {
            Ok(done) => done,
            Err(_) => Err(self.error(Kind::Timeout(Phase::Connect), "no connection in time")),
        }
    }

    async fn dial_within(
        &self,
        resolver: &Resolver,
        roots: &Roots,
        until: Instant,
    ) -> Result<Stream, EgressError> {
        let addresses = self.addresses(resolver).await?;
        let stream = self.connect(&addresses, until).await?;
        // Small messages both ways: with Nagle's algorithm on, each could wait 40 ms for a delayed acknowledgement.
        stream.set_nodelay(true).map_err(|e| self.error(Kind::Connect, &e.to_string()))?;
        if !self.origin.tls {
            return Ok(Stream::Plain(stream));
        }
        let tls = self.tls.handshake(roots, &self.origin.host, stream).await?;
        Ok(Stream::Tls(Box::new(tls)))
    }

    /// Every address of the host. One that may not be dialled refuses them all: an answer that mixes public and
    /// private addresses is how rebinding begins.
    async fn addresses(&self, resolver: &Resolver) -> Result<Vec<IpAddr>, EgressError> {
        let found = match &self.origin.host {
            Host::Ipv4(ip) => vec![IpAddr::V4(*ip)],
            Host::Ipv6(ip) => vec![IpAddr::V6(*ip)],
            Host::Domain(name) => resolver.lookup(name).await.map_err(|e| {
                self.error(Kind::Dns, &format!("the name could not be resolved ({e})"))
            })?,
        };
        if found.is_empty() {
            return Err(self.error(Kind::Dns, "the name has no address"));
        }
        found.iter().try_for_each(|ip| self.vet(*ip))?;
        Ok(found)
    }

    fn vet(&self, ip: IpAddr) -> Result<(), EgressError> {
        let class = classify(ip);
        let host = self.origin.host.to_string();
        if class.allowed(self.policy.names(&host, self.origin.port)) {
            return Ok(());
        }
        let hint =
            if class.nameable() { "; name it as a private target if that is meant" } else { "" };
        Err(EgressError::refused(
            Rule::Address(class),
            format!("{host} is {ip}, a {class} address{hint}"),
        ))
    }

    /// Tries each vetted address in turn; each gets its share of the time that is left.
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    async fn connect(
        &self,
        addresses: &[IpAddr],
        until: Instant,
    ) -> Result<TcpStream, EgressError> {
        let mut last = "no address".to_owned();
        for (tried, ip) in addresses.iter().enumerate() {
            let left = until.saturating_duration_since(Instant::now());
            let shares = u32::try_from(addresses.len() - tried).unwrap_or(1);
            let share = (left / shares).max(Duration::from_millis(1));
            let address = SocketAddr::new(*ip, self.origin.port);
            match timeout_at(Instant::now() + share, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
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
    use tokio::net::TcpListener;
    use url::Url;

    use super::*;

    fn dialer(url: &str) -> Dialer {
        let url = Url::parse(url).unwrap();
        Dialer {
            origin: Origin::of(&url).unwrap(),
            policy: Policy::naming(&url),
            tls: Tls::default(),
        }
    }

    #[tokio::test]
    async fn every_dialled_socket_has_nodelay_on() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let dialer = dialer(&format!("http://{}/", listener.local_addr().unwrap()));
        let limits = Limits::default();
        let roots = Roots::default();
        let dialled = dialer.dial(&Resolver::system(), &roots, &limits, Deadline::none()).await;
        let Ok(Stream::Plain(stream)) = dialled else { panic!("not dialled") };
        assert!(stream.nodelay().unwrap());
    }

    #[tokio::test]
    async fn a_handshake_that_hangs_ends_at_the_connect_limit() {
        // The listener's queue accepts the connection; nobody ever answers the handshake.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let dialer = dialer(&format!("https://{}/", listener.local_addr().unwrap()));
        let limits = Limits { connect: Duration::from_millis(200), ..Limits::default() };
        let roots = Roots::default();
        let dialled = dialer.dial(&Resolver::system(), &roots, &limits, Deadline::none()).await;
        let error = dialled.err().unwrap();
        assert!(matches!(error.kind(), Kind::Timeout(Phase::Connect) | Kind::Tls), "{error}");
        assert!(error.retry_safe());
    }
}
