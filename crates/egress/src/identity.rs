use std::fmt;
use std::sync::Arc;

use model::{Secret, Secrets, Template, Usage};
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::target::Origin;
use crate::{EgressError, Kind};

/// What this side proves itself by in a TLS handshake: a chain of certificates, its own first, and the key to it.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: Key,
}

enum Key {
    /// It was read, and fits.
    Known(Arc<CertifiedKey>),
    /// It is a secret, taken when the first connection needs it.
    Sealed(Template),
}

impl Identity {
    /// Takes certificates and their key, both as PEM.
    ///
    /// # Errors
    /// One of them cannot be read, or the key is not that of the first certificate. No key is shown.
    pub fn new(chain: &[u8], key: &Secret<Vec<u8>>) -> Result<Self, EgressError> {
        let chain = certificates(chain).map_err(|e| broken(&e))?;
        let key = Key::Known(fitting(&chain, key.reveal())?);
        Ok(Self { chain, key })
    }

    /// Takes certificates as PEM, and where their key will come from: it is asked for when the first connection needs it,
    /// for the very host and port, and held against the certificate then.
    ///
    /// # Errors
    /// The certificates cannot be read.
    pub fn sealed(chain: &[u8], key: Template) -> Result<Self, EgressError> {
        let chain = certificates(chain).map_err(|e| broken(&e))?;
        Ok(Self { chain, key: Key::Sealed(key) })
    }

    /// What a handshake with `origin` signs with.
    pub(crate) async fn key(
        &self,
        origin: &Origin,
        secrets: &dyn Secrets,
    ) -> Result<Arc<CertifiedKey>, EgressError> {
        let template = match &self.key {
            Key::Known(key) => return Ok(key.clone()),
            Key::Sealed(template) => template,
        };
        let host = origin.host.to_string();
        let filled = template.fill(secrets, Usage::Host(&host, origin.port)).await;
        let filled = filled
            .map_err(|e| EgressError::secret(format!("the key of the client certificate: {e}")))?;
        fitting(&self.chain, filled.reveal().as_bytes())
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("certificates", &self.chain.len()).finish_non_exhaustive()
    }
}

/// Certificates written as PEM, at least one.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    match found {
        Ok(found) if found.is_empty() => Err("there is no certificate".to_owned()),
        Ok(found) => Ok(found),
        Err(_) => Err("the certificates are not valid PEM".to_owned()),
    }
}

/// The key with its certificates, if it is theirs.
fn fitting(
    chain: &[CertificateDer<'static>],
    pem: &[u8],
) -> Result<Arc<CertifiedKey>, EgressError> {
    let key =
        PrivateKeyDer::from_pem_slice(pem).map_err(|_| broken("there is no private key as PEM"))?;
    let provider: CryptoProvider = default_provider();
    let certified = CertifiedKey::from_der(chain.to_vec(), key, &provider);
    certified.map(Arc::new).map_err(|e| match e {
        rustls::Error::InconsistentKeys(_) => broken("the key is not that of the certificate"),
        // What is said of a key that cannot be used may not quote it.
        _ => broken("the certificate or its key cannot be used"),
    })
}

fn broken(what: &str) -> EgressError {
    EgressError::new(Kind::Tls, false, format!("client certificate: {what}"))
}
