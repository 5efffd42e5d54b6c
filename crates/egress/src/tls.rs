use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::sync::{OnceCell, oneshot};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::Host;

use crate::egress::Shared;
use crate::identity::certificates;
use crate::target::{Origin, Target};
use crate::{EgressError, Identity, Kind};

/// The machine's root certificates, read when the first `https` target is dialled and kept.
#[derive(Debug, Default)]
pub(crate) struct Roots(OnceCell<Arc<RootCertStore>>);

impl Roots {
    async fn get(&self) -> Result<&Arc<RootCertStore>, EgressError> {
        self.0.get_or_try_init(load).await
    }
}

/// Reads the roots on a thread of its own: it is file I/O, and some 140 certificates take milliseconds to parse.
async fn load() -> Result<Arc<RootCertStore>, EgressError> {
    let (done, loaded) = oneshot::channel();
    let work = move || {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!(%error, "a root certificate could not be read");
        }
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(found.certs);
        let _ = done.send(Arc::new(store));
    };
    let lost = |what: String| EgressError::new(Kind::Tls, false, what);
    std::thread::Builder::new()
        .name("root-certificates".to_owned())
        .spawn(work)
        .map_err(|e| lost(format!("no thread to read root certificates: {e}")))?;
    loaded.await.map_err(|_| lost("reading root certificates failed".to_owned()))
}

/// One target's TLS: its roots, and its own session cache (sessions are not shared between targets).
#[derive(Default)]
pub(crate) struct Tls {
    extra: Vec<CertificateDer<'static>>,
    /// Whether the machine's own roots are left out.
    extra_only: bool,
    /// Whether HTTP/2 is offered.
    http2: bool,
    identity: Option<Arc<Identity>>,
    connector: OnceCell<TlsConnector>,
}

impl Tls {
    /// Takes the authorities of a target, and an identity.
    pub(crate) fn new(
        target: &Target,
        identity: Option<Arc<Identity>>,
    ) -> Result<Self, EgressError> {
        let extra = target.extra_roots.as_deref().map(authorities).transpose()?;
        let extra_only = target.extra_roots_only;
        if extra_only && extra.is_none() {
            return Err(failed("without the machine's authorities there are none"));
        }
        let extra = extra.unwrap_or_default();
        let http2 = target.http2;
        Ok(Self { extra, extra_only, http2, identity, connector: OnceCell::new() })
    }

    /// The same authorities for another origin, to which no identity is shown.
    pub(crate) fn elsewhere(&self) -> Self {
        let Self { extra, extra_only, http2, .. } = self;
        let (extra, extra_only, http2) = (extra.clone(), *extra_only, *http2);
        Self { extra, extra_only, http2, ..Self::default() }
    }

    /// Whether HTTP/2 is offered.
    pub(crate) fn offers_http2(&self) -> bool {
        self.http2
    }

    /// Completes the handshake on `stream` for `origin`, whose host is verified and sent as SNI.
    pub(crate) async fn handshake(
        &self,
        shared: &Shared,
        origin: &Origin,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, EgressError> {
        let host = &origin.host;
        let name = match host {
            Host::Domain(name) => ServerName::try_from(name.trim_end_matches('.').to_owned())
                .map_err(|_| failed(format!("`{name}` is no name a certificate can have")))?,
            Host::Ipv4(ip) => ServerName::from(std::net::IpAddr::V4(*ip)),
            Host::Ipv6(ip) => ServerName::from(std::net::IpAddr::V6(*ip)),
        };
        let connector = self.connector.get_or_try_init(|| self.build(shared, origin)).await?;
        connector.connect(name, stream).await.map_err(|e| failed(format!("{host}: {e}")))
    }

    async fn build(&self, shared: &Shared, origin: &Origin) -> Result<TlsConnector, EgressError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| failed(e.to_string()))?
            .with_root_certificates(self.store(&shared.roots).await?);
        let mut config = match &self.identity {
            None => config.with_no_client_auth(),
            Some(identity) => {
                let key = identity.key(origin, &*shared.options.secrets).await?;
                config.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(key)))
            }
        };
        let offered: &[&[u8]] = if self.http2 { &[b"h2", b"http/1.1"] } else { &[b"http/1.1"] };
        config.alpn_protocols = offered.iter().map(|name| name.to_vec()).collect();
        Ok(TlsConnector::from(Arc::new(config)))
    }

    /// Every authority that is trusted.
    async fn store(&self, roots: &Roots) -> Result<RootCertStore, EgressError> {
        let mut store = if self.extra_only {
            RootCertStore::empty()
        } else {
            RootCertStore::clone(roots.get().await?)
        };
        for certificate in &self.extra {
            store
                .add(certificate.clone())
                .map_err(|e| failed(format!("an extra root certificate is unusable: {e}")))?;
        }
        if store.is_empty() {
            return Err(failed("this machine has no root certificates"));
        }
        Ok(store)
    }
}

fn failed(what: impl Into<String>) -> EgressError {
    EgressError::new(Kind::Tls, false, what)
}

fn authorities(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, EgressError> {
    certificates(pem).map_err(|e| failed(format!("extra root certificates: {e}")))
}
