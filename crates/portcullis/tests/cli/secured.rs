//! Servers behind TLS that want to know who is calling, and proxies in front of them. They end with the test.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;

/// An authority made for one test.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, as PEM.
pub struct Certified {
    pub chain: String,
    pub key: String,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    pub fn certify(&self, name: &str) -> Certified {
        self.certify_until(name, 2100)
    }

    /// One that ends with the beginning of a year.
    pub fn certify_until(&self, name: &str, year: i32) -> Certified {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 1, 1);
        let chain = params.signed_by(&key, &self.0).unwrap().pem();
        Certified { chain, key: key.serialize_pem() }
    }

    /// What a server with a certificate for `name` needs, which lets in whom this authority has certified; others, too,
    /// where `anybody` is set.
    fn server(&self, name: &str, anybody: bool) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let leaf = params.signed_by(&key, &self.0).unwrap();
        let mut store = RootCertStore::empty();
        store.add(self.0.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let clients = WebPkiClientVerifier::builder_with_provider(store.into(), provider.clone());
        let clients = if anybody { clients.allow_unauthenticated() } else { clients };
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(clients.build().unwrap())
            .with_single_cert(vec![leaf.der().clone()], key);
        Arc::new(config.unwrap())
    }
}

/// Answers one request as [`Secured`] does, over HTTP/2 and nothing else; it writes down the request lines.
pub fn modern(authority: &Authority) -> (u16, Arc<Mutex<Vec<String>>>) {
    let mut config = (*authority.server("127.0.0.1", true)).clone();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = asked.clone();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            listener.set_nonblocking(true).unwrap();
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, seen) = (acceptor.clone(), seen.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let mut connection = h2::server::handshake(stream).await.unwrap();
                    while let Some(Ok((request, respond))) = connection.accept().await {
                        tokio::spawn(over_http2(request, respond, seen.clone()));
                    }
                });
            }
        });
    });
    (port, asked)
}

async fn over_http2(
    request: http::Request<h2::RecvStream>,
    mut respond: h2::server::SendResponse<bytes::Bytes>,
    seen: Arc<Mutex<Vec<String>>>,
) {
    let line = format!("{} {} {:?}", request.method(), request.uri().path(), request.version());
    seen.lock().unwrap().push(line.clone());
    let mut from = request.into_body();
    let mut body = Vec::new();
    while let Some(Ok(part)) = from.data().await {
        body.extend_from_slice(&part);
    }
    let asked: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let (status, said) = if line.contains(" /mcp ") {
        super::upstream::reply(&asked, line.starts_with("POST"), "")
    } else {
        (200, json!({ "asked": line }).to_string())
    };
    let head = http::Response::builder().status(status).header("content-type", "application/json");
    if let Ok(mut stream) = respond.send_response(head.body(()).unwrap(), false) {
        let _ = stream.send_data(said.into(), true);
    }
}

/// A server behind TLS. It answers MCP as [`super::upstream`] does, and everything else with the request line and how
/// many certificates it was shown.
pub struct Secured {
    pub port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Secured {
    pub fn start(authority: &Authority, name: &str, anybody: bool) -> Self {
        let config = authority.server(name, anybody);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = asked.clone();
        each(listener, move |stream| {
            let session = ServerConnection::new(config.clone()).unwrap();
            let mut stream = StreamOwned::new(session, stream);
            while answer(&mut stream, &seen).is_some() {}
        });
        Self { port, asked }
    }

    /// The request lines so far, each with the number of certificates.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// Hands each connection to a thread of its own.
fn each(listener: TcpListener, serve: impl Fn(TcpStream) + Send + Sync + 'static) {
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            std::thread::spawn(move || serve(stream));
        }
    });
}

/// A head, its line ends with it.
fn head(stream: &mut impl Read) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    String::from_utf8(head).ok()
}

fn answer(
    stream: &mut StreamOwned<ServerConnection, TcpStream>,
    seen: &Mutex<Vec<String>>,
) -> Option<()> {
    let head = head(stream)?;
    let shown = stream.conn.peer_certificates().map_or(0, <[_]>::len);
    let line = head.lines().next()?.to_owned();
    seen.lock().unwrap().push(format!("{line} {shown}"));
    let length =
        head.lines().find_map(|l| l.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    let asked: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let (status, said) = if asked["jsonrpc"] == "2.0" || line.contains(" /mcp") {
        super::upstream::reply(&asked, line.starts_with("POST"), "")
    } else {
        (200, json!({ "asked": line, "shown": shown }).to_string())
    };
    let head = format!("HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n");
    write!(stream, "{head}Content-Length: {}\r\n\r\n{said}", said.len()).ok()?;
    stream.flush().ok()
}

/// A proxy that leads every name to this machine, and writes down whom it was asked for, and by whom.
pub struct Proxy {
    pub port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// One that speaks HTTP and wants this `Proxy-Authorization`.
    pub fn http(login: &'static str) -> Self {
        Self::start(move |client, seen| {
            let head = head(client)?;
            let wanted = format!("proxy-authorization: {}", login.to_lowercase());
            let place = head.split(' ').nth(1)?.to_owned();
            if !head.to_lowercase().contains(&wanted) {
                client.write_all(b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n").ok()?;
                return None;
            }
            seen.lock().unwrap().push(place.clone());
            client.write_all(b"HTTP/1.1 200 Fine\r\n\r\n").ok()?;
            place.rsplit_once(':')?.1.parse().ok()
        })
    }

    /// One that speaks SOCKS5, without a login.
    pub fn socks() -> Self {
        Self::start(|client, seen| {
            let mut greeting = [0; 3];
            client.read_exact(&mut greeting).ok()?;
            client.write_all(&[5, 0]).ok()?;
            let mut ask = [0; 5];
            client.read_exact(&mut ask).ok()?;
            assert_eq!(ask[3], 3, "a name is asked for as a name");
            let mut rest = vec![0; usize::from(ask[4]) + 2];
            client.read_exact(&mut rest).ok()?;
            let port = u16::from_be_bytes([rest[rest.len() - 2], rest[rest.len() - 1]]);
            let name = String::from_utf8_lossy(&rest[..rest.len() - 2]).into_owned();
            seen.lock().unwrap().push(format!("{name}:{port}"));
            client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).ok()?;
            Some(port)
        })
    }

    fn start(
        shake: impl Fn(&mut TcpStream, &Mutex<Vec<String>>) -> Option<u16> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = asked.clone();
        each(listener, move |mut client| {
            let Some(port) = shake(&mut client, &seen) else { return };
            let target = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let (mut from, mut to) = (target.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            let mut target = target;
            let _ = std::io::copy(&mut client, &mut target);
        });
        Self { port, asked }
    }

    /// The places so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}
