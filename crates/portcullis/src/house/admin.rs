use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use console::Console;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::time::Duration;
use store::{SqliteStore, Store as _};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::exposition::Exposition;

/// What the admin listener tells of.
pub struct AdminState {
    /// The numbers.
    pub numbers: Exposition,
    /// Read once for `/readyz`.
    pub store: Arc<SqliteStore>,
    /// The page of approvals, where there are approvals.
    pub console: Option<Console>,
    /// Host of that page, where it is reached by another name than this machine's.
    pub host: Option<String>,
}

/// Most bytes of a form.
const FORM: usize = 4096;

/// More connections than any operator's machines need.
const CONNECTIONS: usize = 64;

/// Answers `/healthz`, `/readyz`, `/metrics` and the page of approvals until the future is dropped.
pub async fn serve_admin(listener: TcpListener, state: Arc<AdminState>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        let Ok((stream, peer)) = listener.accept().await else {
            // Out of descriptors, most often: whoever waits asks again.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let state = state.clone();
        tokio::spawn(async move {
            let answer = service_fn(move |request| {
                let state = state.clone();
                async move {
                    Ok::<_, Infallible>(if is_console(&request) {
                        Box::pin(pages(&state, request, peer.ip())).await
                    } else {
                        answer(&state, &request)
                    })
                }
            });
            let served = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(Duration::from_secs(5))
                .max_buf_size(16 * 1024)
                .serve_connection(TokioIo::new(stream), answer);
            // A client that goes away in the middle is no concern of anybody.
            let _ = tokio::time::timeout(Duration::from_mins(1), served).await;
            drop(permit);
        });
    }
}

fn is_console(request: &Request<Incoming>) -> bool {
    let rest = request.uri().path().strip_prefix(console::ROOT);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The page of approvals. One `Host` only, and one that is ours.
async fn pages(
    state: &AdminState,
    request: Request<Incoming>,
    peer: IpAddr,
) -> Response<Full<Bytes>> {
    let json = |status, text: &'static str| reply(status, "application/json", text);
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    let ours = |host: &str| is_loopback(host) || state.host.as_deref() == Some(host);
    if hosts.next().is_some() || !host.is_some_and(ours) {
        return json(StatusCode::MISDIRECTED_REQUEST, r#"{"error":"wrong host"}"#);
    }
    let Some(console) = &state.console else {
        return json(StatusCode::NOT_FOUND, r#"{"error":"not found"}"#);
    };
    let (head, body) = request.into_parts();
    match Limited::new(body, FORM).collect().await {
        Ok(body) => {
            let request = Request::from_parts(head, body.to_bytes());
            console.answer(request, peer).await.map(Full::new)
        }
        Err(_) => json(StatusCode::PAYLOAD_TOO_LARGE, r#"{"error":"too large"}"#),
    }
}

fn answer(state: &AdminState, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    // A page on another origin cannot read this, and a rebound name does not get here.
    let host = request.headers().get(header::HOST).and_then(|h| h.to_str().ok());
    if !host.is_some_and(is_loopback) {
        return reply(
            StatusCode::MISDIRECTED_REQUEST,
            "application/json",
            r#"{"error":"wrong host"}"#,
        );
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return reply(
            StatusCode::METHOD_NOT_ALLOWED,
            "application/json",
            r#"{"error":"only GET"}"#,
        );
    }
    match request.uri().path() {
        "/healthz" => reply(StatusCode::OK, "application/json", r#"{"status":"ok"}"#),
        "/readyz" => ready(state),
        "/metrics" => match state.numbers.text() {
            Ok(text) => reply(
                StatusCode::OK,
                "application/openmetrics-text; version=1.0.0; charset=utf-8",
                text,
            ),
            Err(_) => reply(
                StatusCode::INTERNAL_SERVER_ERROR,
                "application/json",
                r#"{"error":"metrics"}"#,
            ),
        },
        _ => reply(StatusCode::NOT_FOUND, "application/json", r#"{"error":"not found"}"#),
    }
}

/// Ready for calls: records can be written, state can be read, and nobody is shutting down.
fn ready(state: &AdminState) -> Response<Full<Bytes>> {
    let journal = state.numbers.journal.stats();
    let parts = [
        ("audit", !journal.failed),
        ("store", state.store.version().is_ok()),
        ("accepting", !state.numbers.gate.draining()),
    ];
    let ok = parts.iter().all(|(_, good)| *good);
    let parts: serde_json::Map<_, _> =
        parts.iter().map(|(name, good)| ((*name).to_owned(), (*good).into())).collect();
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body =
        serde_json::json!({ "status": if ok { "ready" } else { "not ready" }, "parts": parts });
    reply(status, "application/json", body.to_string())
}

fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn reply(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, header::HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_answered() {
        for good in ["127.0.0.1:8403", "localhost:1", "LOCALHOST", "[::1]:2", "127.0.0.2"] {
            assert!(is_loopback(good), "{good}");
        }
        for bad in ["evil.example", "localhost.evil.example:1", "10.0.0.1:8403", "", "[::2]:1"] {
            assert!(!is_loopback(bad), "{bad}");
        }
    }
}
