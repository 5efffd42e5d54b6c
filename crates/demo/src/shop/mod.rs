//! A shop that sells by L402, and a wallet in the dialect of LNbits, over one play ledger: no network, no money.
//!
//! The invoices are real ones (BOLT 11, regtest), signed by the shop's own node key; the preimages are real, too. What
//! stands in for Lightning is that wallet and shop share a table of hashes.

mod ledger;
mod sell;
mod wallet;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::Value;
use tokio::net::TcpListener;

pub use ledger::Ledger;

/// The key of the play wallet.
pub const WALLET_KEY: &str = "play-wallet-key";

/// The description of the shop, for a gate: where it is stands in `place`, as `host:port`.
pub fn description(place: &str) -> String {
    let paths = sell::SHELF.map(|(path, id, what)| {
        format!(
            "  {path}:\n    get:\n      operationId: {id}\n      summary: {what}\n      responses: {{ \"200\": {{ description: ok, content: {{ application/json: {{}} }} }} }}\n"
        )
    });
    format!(
        "openapi: 3.1.0\ninfo: {{ title: Shop, version: \"1\" }}\nservers: [{{ url: \"http://{place}\" }}]\npaths:\n{}",
        paths.concat()
    )
}

/// Serves shop and wallet until the future is dropped.
pub async fn shop(listener: TcpListener, ledger: Arc<Ledger>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let ledger = ledger.clone();
        tokio::spawn(async move {
            let answer = service_fn(move |request| {
                let ledger = ledger.clone();
                async move { Ok::<_, Infallible>(serve(&ledger, request).await) }
            });
            let served = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), answer);
            // Whoever goes away in the middle is no concern of anybody.
            let _ = served.await;
        });
    }
}

async fn serve(ledger: &Ledger, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, 1 << 16).collect().await else {
        return reply(StatusCode::PAYLOAD_TOO_LARGE, &Value::Null);
    };
    let body = body.to_bytes();
    if head.uri.path().starts_with("/api/v1/") {
        wallet::answer(ledger, &head, &body)
    } else {
        sell::answer(ledger, &head)
    }
}

fn reply(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = status;
    let kind = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
