use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::sync::{OnceCell, oneshot};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::Host;

use crate::{EgressError, Kind};

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
    connector: OnceCell<TlsConnector>,
}

impl Tls {
    /// Takes further authorities as PEM.
    pub(crate) fn new(extra: Option<&[u8]>) -> Result<Self, EgressError> {
        let broken = |what: &str| EgressError::new(Kind::Tls, false, what.to_owned());
        let Some(pem) = extra else { return Ok(Self::default()) };
        let extra = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| broken("the extra root certificates are not valid PEM"))?;
        if extra.is_empty() {
            return Err(broken("the extra root certificates hold no certificate"));
        }
        Ok(Self { extra, connector: OnceCell::new() })
    }

    /// Completes the handshake on `stream` for `host`, which is verified and sent as SNI.
    pub(crate) async fn handshake(
        &self,
        roots: &Roots,
        host: &Host<String>,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, EgressError> {
        let failed = |what: String| EgressError::new(Kind::Tls, false, what);
        let name = match host {
            Host::Domain(name) => ServerName::try_from(name.trim_end_matches('.').to_owned())
                .map_err(|_| failed(format!("`{name}` is no name a certificate can have")))?,
            Host::Ipv4(ip) => ServerName::from(std::net::IpAddr::V4(*ip)),
            Host::Ipv6(ip) => ServerName::from(std::net::IpAddr::V6(*ip)),
        };
        let connector = self.connector.get_or_try_init(|| self.build(roots)).await?;
        connector.connect(name, stream).await.map_err(|e| failed(format!("{host}: {e}")))
    }

    async fn build(&self, roots: &Roots) -> Result<TlsConnector, EgressError> {
        let failed = |what: String| EgressError::new(Kind::Tls, false, what);
        let mut store = RootCertStore::clone(roots.get().await?);
        for certificate in &self.extra {
            store
                .add(certificate.clone())
                .map_err(|e| failed(format!("an extra root certificate is unusable: {e}")))?;
        }
        if store.is_empty() {
            return Err(failed("this machine has no root certificates".to_owned()));
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| failed(e.to_string()))?
            .with_root_certificates(store)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsConnector::from(Arc::new(config)))
    }
}
