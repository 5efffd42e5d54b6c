use std::sync::Arc;

use model::Secret;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
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
    identity: Option<Identity>,
    connector: OnceCell<TlsConnector>,
}

/// What this side proves itself by.
struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    fn read(pem: &Secret<Vec<u8>>) -> Result<Self, EgressError> {
        let broken =
            |what: &str| EgressError::new(Kind::Tls, false, format!("client identity: {what}"));
        let chain = CertificateDer::pem_slice_iter(pem.reveal())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| broken("the certificates are not valid PEM"))?;
        if chain.is_empty() {
            return Err(broken("there is no certificate"));
        }
        let key = PrivateKeyDer::from_pem_slice(pem.reveal())
            .map_err(|_| broken("there is no private key as PEM"))?;
        Ok(Self { chain, key })
    }
}

impl Tls {
    /// Takes further authorities, and an identity, as PEM.
    pub(crate) fn new(
        extra: Option<&[u8]>,
        identity: Option<&Secret<Vec<u8>>>,
    ) -> Result<Self, EgressError> {
        let identity = identity.map(Identity::read).transpose()?;
        let extra = extra.map(authorities).transpose()?.unwrap_or_default();
        Ok(Self { extra, identity, connector: OnceCell::new() })
    }

    /// The same authorities for another origin, to which no identity is shown.
    pub(crate) fn elsewhere(&self) -> Self {
        Self { extra: self.extra.clone(), ..Self::default() }
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
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| failed(e.to_string()))?
            .with_root_certificates(store);
        let mut config = match &self.identity {
            None => config.with_no_client_auth(),
            Some(Identity { chain, key }) => config
                .with_client_auth_cert(chain.clone(), key.clone_key())
                .map_err(|e| failed(format!("client identity: {e}")))?,
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsConnector::from(Arc::new(config)))
    }
}

fn authorities(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, EgressError> {
    let broken = |what: &str| EgressError::new(Kind::Tls, false, what.to_owned());
    let extra = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| broken("the extra root certificates are not valid PEM"))?;
    if extra.is_empty() {
        return Err(broken("the extra root certificates hold no certificate"));
    }
    Ok(extra)
}
