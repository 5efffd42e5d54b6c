use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use ambient::Clock;
use egress::{Client, Egress, Kind, Options, Policy, Resolver, Target};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use url::Url;

use crate::server::{Server, ask};

/// An authority made for this test, and a server with a certificate from it for `name`.
async fn secured(name: &str, seen: Arc<Mutex<Vec<String>>>) -> (Server, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf =
        CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let server = Server::start(move |stream, _| {
        let (acceptor, seen) = (acceptor.clone(), seen.clone());
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let session = stream.get_ref().1;
            let alpn =
                String::from_utf8_lossy(session.alpn_protocol().unwrap_or_default()).into_owned();
            seen.lock().unwrap().push(format!("{:?} {alpn}", session.server_name()));
            while matches!(stream.read(&mut [0; 4096]).await, Ok(n) if n > 0) {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
            }
        }
    })
    .await;
    (server, authority.pem())
}

fn client(server: &Server, name: &str, roots: Option<String>) -> Client {
    let address: IpAddr = server.address.ip();
    let resolver = Resolver::fixed([(name.to_owned(), vec![vec![address]])]);
    let url = Url::parse(&format!("https://{name}:{}/", server.address.port())).unwrap();
    let target = Target {
        policy: Policy::naming(&url),
        extra_roots: roots.map(String::into_bytes),
        ..Target::new(url)
    };
    Egress::new(Options { resolver }, Clock::system()).client(&target).unwrap()
}

#[tokio::test]
async fn an_extra_authority_is_trusted_and_the_name_goes_out_as_sni() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (server, root) = secured("files.example", seen.clone()).await;
    let client = client(&server, "files.example", Some(root));
    for _ in 0..3 {
        assert_eq!(ask(&client).await.unwrap(), "ok");
    }
    assert_eq!(*seen.lock().unwrap(), ["Some(\"files.example\") http/1.1"]);
}

#[tokio::test]
async fn an_unknown_authority_or_another_name_is_refused_before_anything_is_sent() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (server, root) = secured("files.example", seen.clone()).await;
    for client in
        [client(&server, "files.example", None), client(&server, "other.example", Some(root))]
    {
        let error = ask(&client).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Tls, "{error}");
        assert!(!error.sent());
    }
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn unreadable_extra_roots_are_refused_at_once() {
    let url = Url::parse("https://files.example/").unwrap();
    for pem in ["", "no certificate", "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n"]
    {
        let target =
            Target { extra_roots: Some(pem.as_bytes().to_vec()), ..Target::new(url.clone()) };
        let egress = Egress::new(Options::default(), Clock::system());
        assert_eq!(egress.client(&target).unwrap_err().kind(), Kind::Tls, "{pem:?}");
    }
}
