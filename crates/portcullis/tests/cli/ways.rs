//! The way to sources on the network: client certificates, private authorities and proxies, through the whole program.

use serde_json::json;

use super::secured::{Authority, Certified, Proxy, Secured, modern};
use super::support::*;

const SPEC: &str = r#"
openapi: 3.0.3
info: {title: Shop, version: "1"}
servers: [{url: "BASE/v1"}]
paths:
  /items:
    get: {operationId: getItems, responses: {"200": {description: ok}}}
"#;

fn source(name: &str, kind: &str, tls: &str) -> String {
    format!("[[source]]\nname = \"{name}\"\neffects = {{ \"*\" = \"read\" }}\n{kind}\n{tls}\n")
}

const TLS: &str = "tls = { ca = \"ca.pem\", certificate = \"me.pem\", key = \"me.key\" }";

/// A folder with an authority, a certificate and its key.
fn place(configuration: &str, authority: &Authority, own: &Certified) -> Place {
    let place = Place::new(configuration);
    place.write("ca.pem", &authority.pem());
    place.write("me.pem", &own.chain);
    place.write("me.key", &own.key);
    mode(&place.path("me.key"), 0o600);
    place
}

#[test]
fn an_api_that_wants_a_client_certificate_is_shown_it() {
    let authority = Authority::new();
    let server = Secured::start(&authority, "127.0.0.1", false);
    let at = format!("127.0.0.1:{}", server.port);
    let kind = format!("private = [\"{at}\"]\nopenapi = {{ spec = \"shop.yaml\" }}");
    let own = "tls = { ca = \"ca.pem\", machine-roots = false, certificate = \"me.pem\", key = \"me.key\" }";
    let nobody = source("nobody", &kind, "tls = { ca = \"ca.pem\" }");
    let configuration = format!("{ANYWHERE}{}{nobody}", source("shop", &kind, own));
    let place = place(&configuration, &authority, &authority.certify("gate.example"));
    place.write("shop.yaml", &SPEC.replace("BASE", &format!("https://{at}")));
    let key = key(&place, "alice");
    let gate = place.serve();
    let answer = gate.call(&key, "shop__getItems", &json!({}));
    assert_eq!(answer["result"]["structuredContent"]["shown"], 1, "{answer}");
    let refused = gate.call(&key, "nobody__getItems", &json!({}));
    assert!(refused["result"]["isError"] == true || refused["error"].is_object(), "{refused}");
    assert_eq!(server.asked(), ["GET /v1/items HTTP/1.1 1"]);
}

#[test]
fn an_mcp_server_is_shown_a_certificate_whose_key_is_in_the_vault() {
    let authority = Authority::new();
    let server = Secured::start(&authority, "127.0.0.1", false);
    let at = format!("127.0.0.1:{}", server.port);
    let kind =
        format!("era = \"legacy\"\nprivate = [\"{at}\"]\nmcp = {{ url = \"https://{at}/mcp\" }}");
    let tls = TLS.replace("me.key", "vault:shop-key");
    let vault = "[vault]\nkey = { key-file = \"vault.key\" }\n";
    let own = authority.certify("gate.example");
    let place =
        place(&format!("{ANYWHERE}{}{vault}", source("shop", &kind, &tls)), &authority, &own);
    assert_eq!(place.run(&["vault", "init"]).code, 0);
    let ran = place.run_with(&["vault", "set", "shop-key", "--host", &at], &own.key);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let key = key(&place, "alice");
    let gate = place.serve();
    let answer = gate.call(&key, "shop__look", &json!({}));
    assert_eq!(answer["result"]["content"][0]["text"], "here", "{answer}");
    assert!(server.asked().iter().all(|line| line.ends_with(" 1")), "{:?}", server.asked());
}

#[test]
fn http_2_is_offered_to_apis_and_to_mcp_servers_only_where_that_is_said() {
    let authority = Authority::new();
    let (port, asked) = modern(&authority);
    let at = format!("127.0.0.1:{port}");
    let ca = "tls = { ca = \"ca.pem\" }";
    let api = format!("private = [\"{at}\"]\nopenapi = {{ spec = \"shop.yaml\" }}");
    let mcp =
        format!("era = \"legacy\"\nprivate = [\"{at}\"]\nmcp = {{ url = \"https://{at}/mcp\" }}");
    let configuration = [
        ANYWHERE.to_owned(),
        source("api", &api, ca),
        source("old-api", &format!("http2 = false\n{api}"), ca),
        source("server", &format!("http2 = true\n{mcp}"), ca),
        source("old-server", &mcp, ca),
    ];
    let place = place(&configuration.concat(), &authority, &authority.certify("gate.example"));
    place.write("shop.yaml", &SPEC.replace("BASE", &format!("https://{at}")));
    let key = key(&place, "alice");
    let gate = place.serve();
    let answer = gate.call(&key, "api__getItems", &json!({}));
    let said = &answer["result"]["structuredContent"]["asked"];
    assert_eq!(said, "GET /v1/items HTTP/2.0", "{answer}");
    let answer = gate.call(&key, "server__look", &json!({}));
    assert_eq!(answer["result"]["content"][0]["text"], "here", "{answer}");
    let before = asked.lock().unwrap().len();
    // This server speaks nothing else, so that those who do not offer it find no common word.
    let answer = gate.call(&key, "old-api__getItems", &json!({}));
    assert!(answer["error"].is_object() || answer["result"]["isError"] == true, "{answer}");
    assert!(!gate.tools(&key).iter().any(|name| name.starts_with("old-server__")));
    let asked = asked.lock().unwrap();
    assert!(asked[before..].iter().all(|line| line.contains("/mcp")), "{asked:?}");
}

#[test]
fn a_graphql_api_behind_a_proxy_is_reached_by_it_alone_with_its_login() {
    let authority = Authority::new();
    let server = Secured::start(&authority, "shop.example", true);
    let proxy = Proxy::http("Basic Z2F0ZTpwcm94eS1wYXNz");
    let url = format!("https://shop.example:{}/graphql", server.port);
    let kind = format!(
        "private = [\"127.0.0.1:{0}\"]\ngraphql = {{ endpoint = \"{url}\", schema = \"shop.graphql\" }}\n\
         proxy = {{ url = \"http://127.0.0.1:{0}\", user = \"gate\", password = \"vault:proxy\" }}",
        proxy.port
    );
    let vault = "[vault]\nkey = { key-file = \"vault.key\" }\n";
    let own = authority.certify("gate.example");
    let place =
        place(&format!("{ANYWHERE}{}{vault}", source("shop", &kind, TLS)), &authority, &own);
    place.write("shop.graphql", "type Query { ping: String }\n");
    assert_eq!(place.run(&["vault", "init"]).code, 0);
    let host = format!("127.0.0.1:{}", proxy.port);
    assert_eq!(place.run_with(&["vault", "set", "proxy", "--host", &host], "proxy-pass").code, 0);
    let key = key(&place, "alice");
    let gate = place.serve();
    let tool = gate.tools(&key).remove(0);
    gate.call(&key, &tool, &json!({}));
    assert_eq!(server.asked(), ["POST /graphql HTTP/1.1 1"]);
    assert_eq!(proxy.asked(), [format!("shop.example:{}", server.port)]);
}

#[test]
fn an_api_behind_a_socks_proxy_is_asked_for_by_its_name() {
    let authority = Authority::new();
    let server = Secured::start(&authority, "shop.example", true);
    let proxy = Proxy::socks();
    let kind = format!(
        "openapi = {{ spec = \"shop.yaml\" }}\nproxy = \"socks5://127.0.0.1:{}\"",
        proxy.port
    );
    let configuration = format!("{ANYWHERE}{}", source("shop", &kind, "tls = { ca = \"ca.pem\" }"));
    let place = place(&configuration, &authority, &authority.certify("gate.example"));
    let base = format!("https://shop.example:{}", server.port);
    place.write("shop.yaml", &SPEC.replace("BASE", &base));
    let key = key(&place, "alice");
    let gate = place.serve();
    let answer = gate.call(&key, "shop__getItems", &json!({}));
    assert_eq!(answer["result"]["structuredContent"]["shown"], 0, "{answer}");
    assert_eq!(proxy.asked(), [format!("shop.example:{}", server.port)]);
}

#[test]
fn what_cannot_be_used_is_told_at_its_line_before_anything_starts() {
    let authority = Authority::new();
    let own = authority.certify("gate.example");
    let mcp = "mcp = { url = \"https://shop.example/mcp\" }";
    let say = |kind: &str, way: &str, mode_of_key: u32, key: &str| {
        let place = place(&format!("{ANYWHERE}{}", source("shop", kind, way)), &authority, &own);
        place.write("me.key", key);
        mode(&place.path("me.key"), mode_of_key);
        let ran = place.run(&["check"]);
        (ran.code, ran.err)
    };
    let (code, said) = say(mcp, TLS, 0o600, &own.key);
    assert_eq!(code, 0, "{said}");
    let other = authority.certify("gate.example").key;
    let program = "mcp = { command = [\"true\"] }";
    for (kind, way, mode, key, expected) in [
        (mcp, TLS, 0o644, own.key.as_str(), "chmod 600"),
        (mcp, TLS, 0o600, &other, "the key is not that of the certificate"),
        (mcp, TLS, 0o600, "hunter2", "no private key"),
        (
            mcp,
            "tls = { certificate = \"none.pem\", key = \"me.key\" }",
            0o600,
            "",
            "none.pem cannot be read",
        ),
        (mcp, "tls = { certificate = \"me.pem\" }", 0o600, "", "a certificate needs its `key`"),
        (mcp, "tls = { key = \"me.key\" }", 0o600, "", "a key needs its `certificate`"),
        (mcp, "tls = { ca = \"me.key\" }", 0o600, "", "there is no certificate"),
        (mcp, "tls = { machine-roots = false }", 0o600, "", "name your own in `ca`"),
        (
            mcp,
            "tls = { certificate = \"me.pem\", key = \"vault:NO\" }",
            0o600,
            "",
            "no name of a secret",
        ),
        (mcp, "proxy = \"https://proxy.example:3128\"", 0o600, "", "scheme_refused"),
        (mcp, "proxy = \"http://u:p@proxy.example:3128\"", 0o600, "", "userinfo_refused"),
        (mcp, "proxy = \"http://169.254.169.254:80\"", 0o600, "", "address_refused"),
        (mcp, "proxy = 3128", 0o600, "", "a proxy is"),
        (program, TLS, 0o600, &own.key, "`tls` is for sources on the network"),
        (program, "proxy = \"http://proxy.example:3128\"", 0o600, "", "`proxy` is for sources"),
    ] {
        let (code, said) = say(kind, way, mode, key);
        assert!(code != 0 && said.contains(expected), "{way} {key:.20}: {said}");
        assert!(said.contains("portcullis.toml:11:"), "the line is told: {said}");
        assert!(!said.contains("hunter2"));
    }
}

#[test]
fn doctor_tells_of_a_certificate_that_has_ended() {
    let authority = Authority::new();
    let mcp = "mcp = { url = \"https://shop.example/mcp\" }";
    for (year, told) in [(2020, true), (2100, false)] {
        let own = authority.certify_until("gate.example", year);
        let place = place(&format!("{ANYWHERE}{}", source("shop", mcp, TLS)), &authority, &own);
        let ran = place.run(&["doctor", "--offline", "--json"]);
        assert_eq!(ran.out.contains("certificate-expired"), told, "{year}: {}", ran.out);
    }
}

// EGR-09
#[test]
fn what_the_gate_itself_listens_on_is_no_source_whatever_is_named() {
    let free = || {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let (port, admin) = (free(), free());
    let at = |port| {
        format!(
            "private = [\"127.0.0.1:{port}\"]\nmcp = {{ url = \"http://127.0.0.1:{port}/mcp\" }}"
        )
    };
    let place = Place::new(&format!(
        "[server]\nlisten = \"127.0.0.1:{port}\"\n[admin]\nlisten = \"127.0.0.1:{admin}\"\n\
         [log]\nformat = \"human\"\n{}{}",
        source("door", &at(port), ""),
        source("back-door", &at(admin), "")
    ));
    let key = key(&place, "alice");
    let told = |said: &str| said.matches("is where this gate itself listens").count();
    let ran = place.run(&["doctor", "--json"]);
    assert_eq!(told(&ran.out), 2, "{}", ran.out);
    let gate = place.serve();
    assert!(gate.tools(&key).is_empty());
    place.until_log("own_address_refused");
}

#[test]
fn a_url_with_a_declared_variable_leads_where_the_variable_says() {
    let upstream = super::upstream::Upstream::start();
    let text = upstream.source("k").replace("http://127.0.0.1", "http://${PORTCULLIS_TEST_HOST}");
    let text = text.replace("era =", "url-env = [\"PORTCULLIS_TEST_HOST\"]\nera =");
    let place = Place::new(&format!("{ANYWHERE}{text}"));
    let said = place.run(&["check"]).err;
    assert!(
        said.contains("url_variable: the variable `PORTCULLIS_TEST_HOST` is not set"),
        "{said}"
    );
    let set = |host: &str| place.run_env(&["tools", "--json"], &[("PORTCULLIS_TEST_HOST", host)]);
    assert!(set("127.0.0.1").out.contains("shop__look"), "{}", set("127.0.0.1").err);
    assert!(set("169.254.169.254").err.contains("address_refused"));
}
