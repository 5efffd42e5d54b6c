//! CPU time of one exchange on the client's thread: this crate's client beside hyper-util's pooled client.
//!
//! `cargo run --release -p egress --example cost`. Server and client have a thread each; rounds alternate.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::thread;

use ambient::Clock;
use bytes::Bytes;
use egress::{Deadline, Egress, Options, Policy, Target};
use http::{HeaderMap, HeaderValue, Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use url::Url;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const EXCHANGES: u32 = 20_000;

fn main() -> Outcome<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    for size in [1 << 10, 64 << 10] {
        let address = serve(size)?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..5 {
            ours.push(measure(&runtime, exchange_ours(address))?);
            theirs.push(measure(&runtime, exchange_theirs(address))?);
        }
        let best = |list: &[f64]| list.iter().copied().fold(f64::INFINITY, f64::min);
        let (ours, theirs) = (best(&ours), best(&theirs));
        writeln!(
            std::io::stdout(),
            "{size:>6} bytes: egress {ours:.1} us, hyper-util {theirs:.1} us, ratio {:.2}",
            ours / theirs
        )?;
    }
    Ok(())
}

/// Microseconds of CPU time of this thread for one exchange.
fn measure(runtime: &Runtime, work: impl Future<Output = Outcome<()>>) -> Outcome<f64> {
    let before = cpu()?;
    runtime.block_on(work)?;
    Ok((cpu()? - before) / 1000.0 / f64::from(EXCHANGES))
}

/// Nanoseconds this thread has run.
fn cpu() -> Outcome<f64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(text.split(' ').next().unwrap_or_default().parse()?)
}

async fn exchange_ours(address: SocketAddr) -> Outcome<()> {
    let url = Url::parse(&format!("http://{address}/mcp"))?;
    let target = Target { policy: Policy::naming(&url), ..Target::new(url) };
    let client = Egress::new(Options::default(), Clock::system()).client(&target)?;
    for _ in 0..EXCHANGES {
        let deadline = Deadline::after(target.limits.total);
        let reply = client.send(Method::POST, None, headers(), body(), deadline).await?;
        reply.body.collect(1 << 20).await?;
    }
    Ok(())
}

async fn exchange_theirs(address: SocketAddr) -> Outcome<()> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build(connector);
    let uri: http::Uri = format!("http://{address}/mcp").parse()?;
    for _ in 0..EXCHANGES {
        let mut request = Request::new(Full::new(body()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri.clone();
        *request.headers_mut() = headers();
        let exchange = async {
            let reply = client.request(request).await?;
            Outcome::Ok(reply.into_body().collect().await?.to_bytes())
        };
        tokio::time::timeout(std::time::Duration::from_mins(1), exchange).await??;
    }
    Ok(())
}

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("accept", HeaderValue::from_static("application/json, text/event-stream"));
    headers
}

fn body() -> Bytes {
    Bytes::from_static(&[b'x'; 1024])
}

/// Answers every request of about 1 KB with `size` bytes, on a thread of its own.
fn serve(size: usize) -> Outcome<SocketAddr> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let mut reply = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
    )
    .into_bytes();
    reply.resize(reply.len() + size, b'y');
    let runtime = Builder::new_current_thread().enable_all().build()?;
    thread::spawn(move || {
        runtime.block_on(async move {
            let listener = TcpListener::from_std(listener)?;
            loop {
                let (mut stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                let reply = reply.clone();
                tokio::spawn(async move {
                    let mut seen = vec![0; 64 << 10];
                    let mut length = 0;
                    while let Ok(n @ 1..) = stream.read(&mut seen[length..]).await {
                        length += n;
                        let head = seen[..length].windows(4).position(|w| w == b"\r\n\r\n");
                        if head.is_some_and(|head| length >= head + 4 + 1024) {
                            length = 0;
                            stream.write_all(&reply).await?;
                        }
                    }
                    std::io::Result::Ok(())
                });
            }
            #[expect(unreachable_code, reason = "names the type of the loop's errors")]
            std::io::Result::Ok(())
        })
    });
    Ok(address)
}
