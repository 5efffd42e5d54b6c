use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::{StartError, Tls};

/// TLS as it is spoken here: 1.2 and 1.3, HTTP/2 before HTTP/1.1.
pub(crate) fn config(tls: &Tls) -> Result<Arc<ServerConfig>, StartError> {
    let bad = |what: &str, e: &dyn std::fmt::Display| StartError::Tls(format!("{what}: {e}"));
    let chain = CertificateDer::pem_slice_iter(&tls.chain)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| bad("the certificate chain is not valid PEM", &e))?;
    if chain.is_empty() {
        return Err(StartError::Tls("the certificate chain holds no certificate".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_slice(tls.key.reveal())
        .map_err(|e| bad("the private key is not valid PEM", &e))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| bad("no protocol versions", &e))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|e| bad("certificate and key", &e))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
