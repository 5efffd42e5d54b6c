//! The weather: a server of the modern era (2026-07-28), stateless, over HTTP.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const VERSION: &str = "2026-07-28";

/// Serves until the future is dropped.
pub async fn weather(listener: TcpListener) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        tokio::spawn(async move {
            let answer = service_fn(|request| async { Ok::<_, Infallible>(serve(request).await) });
            let served = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), answer);
            // Whoever goes away in the middle is no concern of anybody.
            let _ = served.await;
        });
    }
}

async fn serve(request: Request<Incoming>) -> Response<Full<Bytes>> {
    if request.method() != Method::POST {
        return reply(StatusCode::METHOD_NOT_ALLOWED, &json!({}));
    }
    let Ok(body) = Limited::new(request.into_body(), 1 << 20).collect().await else {
        return reply(StatusCode::PAYLOAD_TOO_LARGE, &json!({}));
    };
    let Ok(message) = serde_json::from_slice::<Value>(&body.to_bytes()) else {
        let error = json!({ "code": -32700, "message": "no JSON" });
        return reply(
            StatusCode::BAD_REQUEST,
            &json!({ "jsonrpc": "2.0", "id": null, "error": error }),
        );
    };
    let Some(id) = message.get("id") else {
        let mut accepted = Response::new(Full::default());
        *accepted.status_mut() = StatusCode::ACCEPTED;
        return accepted;
    };
    let (status, body) = match answer(&message) {
        Ok(result) => (StatusCode::OK, json!({ "jsonrpc": "2.0", "id": id, "result": result })),
        Err((status, error)) => (status, json!({ "jsonrpc": "2.0", "id": id, "error": error })),
    };
    reply(status, &body)
}

fn reply(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = status;
    let kind = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn answer(message: &Value) -> Result<Value, (StatusCode, Value)> {
    let params = &message["params"];
    let version = params["_meta"]["io.modelcontextprotocol/protocolVersion"].as_str();
    if version != Some(VERSION) {
        let data = json!({ "supported": [VERSION], "requested": version });
        let error =
            json!({ "code": -32022, "message": "unsupported protocol version", "data": data });
        return Err((StatusCode::BAD_REQUEST, error));
    }
    match message["method"].as_str().unwrap_or_default() {
        "server/discover" => Ok(complete(json!({
            "supportedVersions": [VERSION],
            "capabilities": { "tools": {} },
            "ttlMs": 60_000,
            "cacheScope": "public",
        }))),
        "tools/list" => {
            Ok(complete(json!({ "tools": tools(), "ttlMs": 60_000, "cacheScope": "public" })))
        }
        "tools/call" => call(params),
        _ => Err((StatusCode::NOT_FOUND, json!({ "code": -32601, "message": "method not found" }))),
    }
}

fn complete(mut result: Value) -> Value {
    result["resultType"] = "complete".into();
    let info = json!({ "name": "weather", "version": "1.0.0" });
    result["_meta"] = json!({ "io.modelcontextprotocol/serverInfo": info });
    result
}

fn tools() -> Value {
    json!([{
        "name": "forecast",
        "description": "The weather of tomorrow.",
        "inputSchema": {
            "type": "object",
            "properties": { "city": { "type": "string", "description": "Where." } },
            "required": ["city"],
        },
        "annotations": { "readOnlyHint": true },
    }])
}

/// The same city has the same weather each time: nobody should trust it.
fn call(params: &Value) -> Result<Value, (StatusCode, Value)> {
    let city = params["arguments"]["city"].as_str().unwrap_or_default();
    if params["name"] != "forecast" {
        return Err((
            StatusCode::BAD_REQUEST,
            json!({ "code": -32602, "message": "no such tool" }),
        ));
    }
    let skies = ["sun", "clouds", "rain", "wind"];
    let sum: usize = city.bytes().map(usize::from).sum();
    let text = format!("{city}: {}, {} degrees", skies[sum % skies.len()], 8 + sum % 17);
    Ok(complete(json!({ "content": [{ "type": "text", "text": text }] })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: &str, version: &str, params: Value) -> Result<Value, (StatusCode, Value)> {
        let mut params = params;
        params["_meta"] = json!({ "io.modelcontextprotocol/protocolVersion": version });
        answer(&json!({ "id": 1, "method": method, "params": params }))
    }

    #[test]
    fn it_speaks_the_modern_era_and_no_other() {
        assert_eq!(ask("server/discover", VERSION, json!({})).unwrap()["resultType"], "complete");
        let (status, error) = ask("tools/list", "2025-11-25", json!({})).unwrap_err();
        assert_eq!((status, &error["code"]), (StatusCode::BAD_REQUEST, &json!(-32022)));
        assert_eq!(ask("initialize", VERSION, json!({})).unwrap_err().0, StatusCode::NOT_FOUND);
    }

    #[test]
    fn a_city_has_one_weather() {
        let call = json!({ "name": "forecast", "arguments": { "city": "Oslo" } });
        let said = ask("tools/call", VERSION, call.clone()).unwrap();
        assert_eq!(said, ask("tools/call", VERSION, call).unwrap());
        assert!(said["content"][0]["text"].as_str().unwrap().starts_with("Oslo: "));
    }
}
