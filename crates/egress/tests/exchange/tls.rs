use std::net::IpAddr;
use std::sync::{Arc, LazyLock, Mutex};

use ambient::Clock;
use egress::{Client, Egress, Identity, Kind, Options, Policy, Resolver, Route, Target};
use model::{Given, NoSecret, Secret, SecretName, Secrets, Template, Usage};
use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoClientAuth, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use url::Url;

use crate::server::{Server, ask};

/// An authority made for one test.
pub(crate) struct Authority(pub(crate) CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn certify(&self, name: &str) -> (Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.0).unwrap(), key)
    }
}

type Seen = Arc<Mutex<Vec<String>>>;

/// An authority, and a server with a certificate from it for `name`.
pub(crate) async fn secured(name: &str, seen: Seen) -> (Server, String) {
    secured_on(TcpListener::bind("127.0.0.1:0").await.unwrap(), name, seen)
}

pub(crate) fn secured_on(listener: TcpListener, name: &str, seen: Seen) -> (Server, String) {
    let authority = Authority::new();
    let anybody = Arc::new(NoClientAuth);
    (serving(listener, &authority, anybody, name, seen), authority.0.pem())
}

fn serving(
    listener: TcpListener,
    authority: &Authority,
    clients: Arc<dyn ClientCertVerifier>,
    name: &str,
    seen: Seen,
) -> Server {
    let acceptor = acceptor(authority, clients, name, &["h2", "http/1.1"]);
    Server::start_on(listener, move |stream, _| {
        let (acceptor, seen) = (acceptor.clone(), seen.clone());
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let session = stream.get_ref().1;
            let alpn =
                String::from_utf8_lossy(session.alpn_protocol().unwrap_or_default()).into_owned();
            let shown = session.peer_certificates().map_or(0, <[_]>::len);
            seen.lock().unwrap().push(format!("{:?} {alpn} {shown}", session.server_name()));
            while matches!(stream.read(&mut [0; 4096]).await, Ok(n) if n > 0) {
                let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
                if stream.write_all(ok).await.is_err() {
                    return;
                }
            }
        }
    })
}

/// What takes handshakes for `name` and agrees on one of these protocols.
pub(crate) fn acceptor(
    authority: &Authority,
    clients: Arc<dyn ClientCertVerifier>,
    name: &str,
    protocols: &[&str],
) -> TlsAcceptor {
    let (leaf, key) = authority.certify(name);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_single_cert(
            vec![leaf.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|p| p.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
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
    Egress::new(Options { resolver, ..Options::default() }, Clock::system())
        .client(&target)
        .unwrap()
}

#[tokio::test]
async fn an_extra_authority_is_trusted_and_the_name_goes_out_as_sni() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (server, root) = secured("files.example", seen.clone()).await;
    let client = client(&server, "files.example", Some(root));
    for _ in 0..3 {
        assert_eq!(ask(&client).await.unwrap(), "ok");
    }
    assert_eq!(*seen.lock().unwrap(), ["Some(\"files.example\") http/1.1 0"]);
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

fn by(server: &Server, roots: String, identity: Option<Identity>) -> Client {
    let url = Url::parse(&format!("https://127.0.0.1:{}/", server.address.port())).unwrap();
    let target = Target {
        policy: Policy::naming(&url),
        extra_roots: Some(roots.into_bytes()),
        ..Target::new(url)
    };
    let route = Route { proxy: None, client_identity: identity.map(Arc::new) };
    let options = Options { secrets: Arc::new(OneKey), ..Options::default() };
    Egress::new(options, Clock::system()).client_by(&target, &route).unwrap()
}

fn identity((chain, key): &(Certificate, KeyPair)) -> Identity {
    Identity::new(chain.pem().as_bytes(), &Secret::new(key.serialize_pem().into_bytes())).unwrap()
}

/// A key that one authority of the tests certified, given out for this machine alone.
struct OneKey;

static KEY: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate().unwrap());

impl Secrets for OneKey {
    fn secret<'a>(&'a self, name: &'a SecretName, usage: Usage<'a>) -> Given<'a> {
        let given = match usage {
            Usage::Host("127.0.0.1", _) if name.as_str() == "key" => {
                Ok(Secret::new(KEY.serialize_pem()))
            }
            _ => Err(NoSecret::Missing(name.clone())),
        };
        Box::pin(std::future::ready(given))
    }
}

/// A server that lets in whom `authority` has certified.
async fn strict(authority: &Authority, seen: Seen) -> Server {
    let mut store = RootCertStore::empty();
    store.add(authority.0.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(store), provider).build().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    serving(listener, authority, verifier, "127.0.0.1", seen)
}

#[tokio::test]
async fn a_server_that_asks_who_is_calling_is_shown_the_identity() {
    let (authority, seen) = (Authority::new(), Seen::default());
    let server = strict(&authority, seen.clone()).await;
    let roots = || authority.0.pem();
    let mine = identity(&authority.certify("gate.example"));
    assert_eq!(ask(&by(&server, roots(), Some(mine))).await.unwrap(), "ok");
    assert!(seen.lock().unwrap()[0].ends_with(" 1"), "{seen:?}");
    assert!(ask(&by(&server, roots(), None)).await.is_err());
    let stranger = identity(&Authority::new().certify("gate.example"));
    assert!(ask(&by(&server, roots(), Some(stranger))).await.is_err());
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_of_the_vault_is_taken_when_the_first_connection_needs_it() {
    let (authority, seen) = (Authority::new(), Seen::default());
    let server = strict(&authority, seen.clone()).await;
    let params = CertificateParams::new(vec!["gate.example".to_owned()]).unwrap();
    let pem = params.signed_by(&*KEY, &authority.0).unwrap().pem();
    let sealed = |name: &str| {
        Identity::sealed(pem.as_bytes(), Template::parse(&format!("vault:{name}")).unwrap())
    };
    let client = by(&server, authority.0.pem(), Some(sealed("key").unwrap()));
    assert_eq!(ask(&client).await.unwrap(), "ok");
    assert!(seen.lock().unwrap()[0].ends_with(" 1"), "{seen:?}");
    let client = by(&server, authority.0.pem(), Some(sealed("other").unwrap()));
    let error = ask(&client).await.unwrap_err();
    assert!(error.kind() == Kind::Secret && !error.sent(), "{error}");
    let (strange, _) = authority.certify("gate.example");
    let unfit =
        Identity::sealed(strange.pem().as_bytes(), Template::parse("vault:key").unwrap()).unwrap();
    let error = ask(&by(&server, authority.0.pem(), Some(unfit))).await.unwrap_err();
    assert!(error.kind() == Kind::Tls && error.to_string().contains("not that of"), "{error}");
}

#[tokio::test]
async fn an_identity_that_cannot_be_used_is_refused_at_once_and_not_shown() {
    let (mine, key) = Authority::new().certify("gate.example");
    let other = KeyPair::generate().unwrap();
    let (mine, key, other) = (mine.pem(), key.serialize_pem(), other.serialize_pem());
    for (chain, key) in
        [("hunter2", key.as_str()), (&mine, "hunter2"), (&key, &key), (&mine, &other)]
    {
        let error = Identity::new(chain.as_bytes(), &Secret::new(key.as_bytes().to_vec()));
        let error = error.unwrap_err();
        assert!(error.kind() == Kind::Tls && !error.to_string().contains("hunter2"), "{error}");
    }
    let mine = Identity::new(mine.as_bytes(), &Secret::new(key.clone().into_bytes())).unwrap();
    let route = Route { proxy: None, client_identity: Some(Arc::new(mine)) };
    let shown = format!("{route:?}");
    assert!(!shown.contains(&key[40..60]) && shown.contains("certificates: 1"), "{shown}");
}

#[tokio::test]
async fn where_only_the_extra_authorities_count_the_machine_has_none() {
    let seen = Seen::default();
    let (server, root) = secured("127.0.0.1", seen.clone()).await;
    let url = Url::parse(&format!("https://127.0.0.1:{}/", server.address.port())).unwrap();
    let only = |roots: Option<&str>| {
        let target = Target {
            policy: Policy::naming(&url),
            extra_roots: roots.map(|pem| pem.as_bytes().to_vec()),
            extra_roots_only: true,
            ..Target::new(url.clone())
        };
        Egress::new(Options::default(), Clock::system()).client(&target)
    };
    assert_eq!(ask(&only(Some(&root)).unwrap()).await.unwrap(), "ok");
    let stranger = Authority::new().0.pem();
    assert_eq!(ask(&only(Some(&stranger)).unwrap()).await.unwrap_err().kind(), Kind::Tls);
    assert_eq!(only(None).unwrap_err().kind(), Kind::Tls, "there is nobody left to trust");
}
