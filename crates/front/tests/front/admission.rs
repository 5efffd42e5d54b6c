//! Who may come to the door: hosts, origins, credentials, paths, methods, media types.

use crate::support::{Conn, House, Server, initialize, soon};

const INITIALIZE: (&str, &str) = ("2025-11-25", "{}");

fn hello() -> String {
    initialize(INITIALIZE.0, INITIALIZE.1)
}

// g-http-01, g-http-05, g-http-06
#[tokio::test]
async fn a_host_that_is_not_listed_is_refused_with_every_guard_header() {
    let server = Server::start().await;
    for host in ["evil.example:8402", "[::1]:8402", "127.0.0.1:1"] {
        let reply = server.post(&[("Host", host)], &hello()).await;
        assert_eq!((reply.status, reply.why().as_str()), (403, "forbidden_origin"), "{host}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
            ("x-frame-options", "DENY"),
            ("content-type", "application/json"),
        ] {
            assert_eq!(reply.header(name), Some(value));
        }
    }
    assert_eq!(server.house.notes.called(), 0);
}

// g-http-02 to g-http-04, g-http-08 to g-http-10, v-origin-01, v-origin-02, v-origin-05
#[tokio::test]
async fn an_origin_is_let_in_by_name_only_and_told_so() {
    let server = Server::start().await;
    let listed = server.post(&[("Origin", "https://app.example")], &hello()).await;
    assert_eq!(listed.status, 200);
    assert_eq!(listed.header("access-control-allow-origin"), Some("https://app.example"));
    assert_eq!(listed.header("vary"), Some("Origin"));
    let exposed = listed.header("access-control-expose-headers").unwrap();
    assert!(exposed.contains("Mcp-Session-Id") && exposed.contains("WWW-Authenticate"));
    for bad in [
        "https://evil.example",
        "null",
        "http://127.0.0.1:8402@evil.example",
        "https://app.example.evil.example",
        "http://app.example",
        "https://app.example:444",
    ] {
        let reply = server.post(&[("Origin", bad)], &hello()).await;
        assert_eq!(reply.status, 403, "{bad}");
        assert_eq!(reply.header("access-control-allow-origin"), None);
    }
}

// v-origin-03, v-origin-04
#[tokio::test]
async fn a_preflight_is_answered_for_listed_origins() {
    let server = Server::start().await;
    let mut conn = server.connect().await;
    let asks = "mcp-session-id, mcp-protocol-version, last-event-id, Mcp-Param-Region";
    let headers = [("Origin", "https://app.example"), ("Access-Control-Request-Headers", asks)];
    conn.send("OPTIONS", "/mcp", &headers, "").await;
    let reply = conn.reply().await;
    assert_eq!(reply.status, 204);
    let allowed = reply.header("access-control-allow-headers").unwrap();
    for name in asks.split(", ") {
        assert!(allowed.contains(name), "{name}");
    }
    assert_eq!(reply.header("access-control-allow-origin"), Some("https://app.example"));
}

#[tokio::test]
async fn a_preflight_allows_no_header_but_ours_and_parameters_of_tools() {
    let server = Server::start().await;
    let mut conn = server.connect().await;
    let asks = "X-Other, Mcp-Param-a_b-C9, Mcp-Param-a!b, Mcp-Parameter, Cookie";
    let headers = [("Origin", "https://app.example"), ("Access-Control-Request-Headers", asks)];
    conn.send("OPTIONS", "/mcp", &headers, "").await;
    let reply = conn.reply().await;
    let allowed: Vec<_> =
        reply.header("access-control-allow-headers").unwrap().split(", ").collect();
    let names: Vec<_> = asks.split(", ").filter(|name| allowed.contains(name)).collect();
    assert_eq!(names, ["Mcp-Param-a_b-C9"]);
    // Who is no web page needs no leave.
    conn.send("OPTIONS", "/mcp", &headers[1..], "").await;
    let reply = conn.reply().await;
    assert_eq!((reply.status, reply.header("access-control-allow-headers")), (204, None));
}

#[tokio::test]
async fn a_record_names_the_trace_that_its_request_belongs_to() {
    let server = Server::start().await;
    let id = "4bf92f3577b34da6a3ce929d0e0e4736";
    for (parent, named) in [
        (format!("00-{id}-00f067aa0ba902b7-01"), Some(id)),
        (format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)), None),
        (format!("00-{}-00f067aa0ba902b7-01", id.to_uppercase()), None),
        (format!("00-{id}0-00f067aa0ba902b7-01"), None),
        (format!("0-{id}-00f067aa0ba902b7-01"), None),
        ("x".to_owned(), None),
    ] {
        let mut conn = server.connect().await;
        conn.send("POST", "/mcp", &[("traceparent", &parent)], "{}").await;
        assert!([401, 429].contains(&conn.reply().await.status));
        let records = server.records().await;
        assert_eq!(records.last().unwrap().trace_id.as_deref(), named, "{parent}");
    }
}

// v-auth-01, v-auth-04 to v-auth-11, g-identity-70, g-identity-73, g-identity-74, b-front-03, b-front-04
#[tokio::test]
async fn only_a_key_in_one_authorization_header_proves_anything() {
    let server = House::with(false, |s| s.failed_logins = 100).serve(|_| {}).await;
    let key = server.house.alice.clone();
    let bearer = format!("Bearer {key}");
    let wrong = format!("Bearer {}x", &key[..key.len() - 1]);
    let ask = async |path: &str, headers: &[(&str, &str)]| {
        let mut conn = server.connect().await;
        conn.send("POST", path, headers, &hello()).await;
        let reply = conn.reply().await;
        assert!(!reply.body.contains(&key), "a key never comes back");
        reply
    };
    let good = [
        bearer.clone(),
        format!("bearer {key}"),
        format!("ApiKey {key}"),
        format!("Bearer {key} "),
    ];
    for value in &good {
        assert_eq!(ask("/mcp", &[("authorization", value)]).await.status, 200, "{value}");
    }
    let empty: &[(&str, &str)] = &[];
    let bare = [("Authorization", key.as_str())];
    let wrong_key = [("Authorization", wrong.as_str())];
    let short = [("Authorization", "Bearer x")];
    let none = [("Authorization", "Bearer ")];
    let x_key = [("X-API-Key", key.as_str())];
    for headers in [empty, &bare, &wrong_key, &short, &none, &x_key] {
        let reply = ask("/mcp", headers).await;
        assert_eq!((reply.status, reply.why().as_str()), (401, "unauthenticated"));
        assert_eq!(reply.header("www-authenticate"), Some("Bearer realm=\"portcullis\""));
    }
    assert_eq!(ask(&format!("/mcp?api_key={key}"), &[]).await.status, 401);
    let twice = [("Authorization", bearer.as_str()), ("Authorization", bearer.as_str())];
    assert_eq!(ask("/mcp", &twice).await.status, 400);
}

// v-rate-05, v-rate-06, g-http-27
#[tokio::test]
async fn failed_logins_are_limited_by_the_real_address_and_good_keys_are_not() {
    let server = Server::start().await;
    let mut last = 0;
    for n in 1..=6 {
        let mut conn = server.connect().await;
        let forwarded = format!("203.0.113.{n}");
        conn.send("POST", "/mcp", &[("X-Forwarded-For", &forwarded)], &hello()).await;
        last = conn.reply().await.status;
    }
    assert_eq!(last, 429);
    assert_eq!(server.post(&[], &hello()).await.status, 200);
}

// g-http-29, g-http-30
#[tokio::test]
async fn behind_a_trusted_proxy_records_name_the_client() {
    let house = House::new();
    let server = house.serve(|s| s.behind_proxy = Some(vec!["127.0.0.1".parse().unwrap()])).await;
    let mut conn = server.connect().await;
    conn.send("POST", "/mcp", &[("X-Forwarded-For", "6.6.6.6, 1.2.3.4")], &hello()).await;
    assert_eq!(conn.reply().await.status, 401);
    let records = server.records().await;
    let text = format!("{:?}", records.last().unwrap());
    assert!(text.contains("1.2.3.4") && !text.contains("6.6.6.6"), "{text}");
}

// v-routes-01 to v-routes-10
#[tokio::test]
async fn a_path_that_is_not_exactly_one_of_ours_is_nothing() {
    let server = Server::start().await;
    for path in [
        "/console?x=1",
        "/metrics",
        "/metrics/json?x",
        "/Console",
        "/MCP",
        "/V1/tools",
        "/mcp/",
        "/console%2f",
        "/mcp/../metrics",
        "/sse",
        "/.well-known/oauth-protected-resource",
        "/mcp/nowhere",
    ] {
        let mut conn = server.connect().await;
        conn.send("GET", path, &[], "").await;
        let reply = conn.reply().await;
        assert!([401, 404].contains(&reply.status), "{path}: {}", reply.status);
        assert_eq!(reply.header("content-type"), Some("application/json"), "{path}");
    }
    let unknown = server.send("POST", "/mcp/nowhere", &[], &hello()).await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn health_is_told_to_anybody_and_nothing_else_is() {
    let server = Server::start().await;
    for path in ["/healthz", "/readyz"] {
        let mut conn = server.connect().await;
        conn.send("GET", path, &[], "").await;
        let reply = conn.reply().await;
        assert_eq!((reply.status, reply.body.as_str()), (200, r#"{"status":"ok"}"#));
    }
    for path in ["/healthz", "/readyz"] {
        let reply = server.send("POST", path, &[], "{}").await;
        assert_eq!((reply.status, reply.header("allow")), (405, Some("GET")), "{path}");
    }
    server.house.gate.drain();
    let mut conn = server.connect().await;
    conn.send("GET", "/readyz", &[], "").await;
    assert_eq!(conn.reply().await.status, 503);
    let refused = server.post(&[], &hello()).await;
    assert_eq!((refused.status, refused.why().as_str()), (503, "draining"));
}

// v-protocol-01, v-protocol-02
#[tokio::test]
async fn methods_that_an_endpoint_does_not_have_are_named_as_such() {
    let server = Server::start().await;
    for method in ["PUT", "PATCH", "TRACE", "HEAD"] {
        let mut conn = server.connect().await;
        conn.send(method, "/mcp", &[("X-Secret", "echo-me")], "").await;
        let head = conn.head().await.unwrap();
        assert_eq!(head.status, 405, "{method}");
        assert_eq!(head.header("allow"), Some("GET, POST, DELETE, OPTIONS"));
    }
}

// v-origin-06 to v-origin-09
#[tokio::test]
async fn plain_requests_are_sent_to_the_public_address_and_nowhere_else() {
    let server = Server::with(|s| s.public_url = Some("https://gate.example".to_owned())).await;
    let ask = async |headers: &[(&str, &str)]| {
        let mut conn = server.connect().await;
        conn.send("GET", "/", headers, "").await;
        conn.reply().await
    };
    let reply = ask(&[("Host", "gate.example")]).await;
    assert_eq!((reply.status, reply.header("location")), (308, Some("https://gate.example/")));
    let spoofed = ask(&[("Host", "gate.example"), ("X-Forwarded-Proto", "https")]).await;
    assert_eq!(spoofed.status, 308);
    let evil = ask(&[("Host", "evil.example"), ("X-Forwarded-Host", "evil.example")]).await;
    assert_eq!((evil.status, evil.header("location")), (403, None));
}

// v-origin-09, v-body-11
#[tokio::test]
async fn the_nearest_proxy_says_whether_it_was_https_and_hsts_is_sent_literally() {
    let hsts = "max-age=63072000; includeSubDomains; preload";
    let server = Server::with(|s| {
        s.public_url = Some("https://gate.example".to_owned());
        s.behind_proxy = Some(vec!["127.0.0.1".parse().unwrap()]);
        s.hsts = Some(hsts.to_owned());
    })
    .await;
    let ask = async |proto: &str| {
        let mut conn = server.connect().await;
        conn.send("GET", "/", &[("Host", "gate.example"), ("X-Forwarded-Proto", proto)], "").await;
        conn.reply().await
    };
    let clear = ask("https, http").await;
    assert_eq!((clear.status, clear.header("strict-transport-security")), (308, None));
    let secure = ask("http, https").await;
    assert_eq!((secure.status, secure.header("strict-transport-security")), (404, Some(hsts)));
}

// g-http-11, v-body-01 to v-body-06, g-protocol-14
#[tokio::test]
async fn a_body_is_plain_json_or_refused() {
    let server = Server::start().await;
    for (name, value, status) in [
        ("Content-Type", "-", 415),
        ("Content-Type", "text/plain; a=application/json", 415),
        ("Content-Type", "application/json; charset=utf-16", 415),
        ("Content-Type", "application/json; charset=utf-8", 200),
        ("Content-Type", "Application/JSON", 200),
        ("Content-Encoding", "gzip", 415),
        ("Accept", "text/html", 406),
        ("Accept", "application/json", 200),
        ("Accept", "-", 200),
    ] {
        let reply = server.post(&[(name, value)], &hello()).await;
        assert_eq!(reply.status, status, "{name}: {value}: {}", reply.body);
    }
}

#[tokio::test]
async fn where_nobody_has_to_prove_anything_everybody_is_the_same_one() {
    let server = House::with(true, |_| {}).serve(|_| {}).await;
    let mut conn = server.connect().await;
    conn.send("POST", "/mcp", &[], &hello()).await;
    assert_eq!(conn.reply().await.status, 200);
    conn.send("POST", "/mcp", &[("Authorization", "Bearer wrong")], &hello()).await;
    assert_eq!(conn.reply().await.status, 401, "a wrong key is still wrong");
}

#[tokio::test]
async fn a_listener_beyond_loopback_without_authentication_accepts_nobody() {
    let house = House::with(true, |_| {});
    let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let settings = front::Settings::new(at);
    let refused = front::serve(house.gate.clone(), settings, listener, std::future::pending());
    assert!(soon(refused).await.is_err());
    let gone = tokio::time::timeout(std::time::Duration::from_secs(1), async move {
        Conn::to(([127, 0, 0, 1], at.port()).into()).await
    });
    assert!(tokio::spawn(gone).await.is_err(), "the port is closed");
}
