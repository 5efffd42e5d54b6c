use http::Request;
use proptest::prelude::*;

use super::*;

fn hosts(change: impl FnOnce(&mut Settings)) -> Hosts {
    let mut settings = Settings::new("127.0.0.1:8402".parse().unwrap());
    settings.allowed_origins = vec!["https://app.example".to_owned()];
    change(&mut settings);
    let at = settings.listen;
    Hosts::new(&settings, at).unwrap()
}

fn check(hosts: &Hosts, uri: &str, headers: &[(&str, &str)]) -> Result<bool, Misaddressed> {
    let mut request = Request::builder().uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (head, ()) = request.body(()).unwrap().into_parts();
    hosts.check(&head).map(|origin| origin.is_some())
}

// g-http-01, g-http-05, g-http-06, b-front-10
#[test]
fn only_listed_hosts_are_answered_port_included() {
    let hosts = hosts(|_| {});
    for good in ["127.0.0.1:8402", "localhost:8402", "LOCALHOST:8402"] {
        assert_eq!(check(&hosts, "/mcp", &[("host", good)]), Ok(false), "{good}");
    }
    for bad in [
        "evil.example:8402",
        "[::1]:8402",
        "127.0.0.1:9999",
        "127.0.0.1",
        "localhost",
        "127.0.0.1:8402.evil.example",
        "127.0.0.1:08402x",
        "127.0.0.1:+8402",
        "127.0.0.1:",
        "user@127.0.0.1:8402",
        "",
    ] {
        assert_eq!(check(&hosts, "/mcp", &[("host", bad)]), Err(Misaddressed::Host), "{bad}");
    }
    assert_eq!(check(&hosts, "/mcp", &[]), Err(Misaddressed::Malformed));
    let twice = [("host", "127.0.0.1:8402"), ("host", "127.0.0.1:8402")];
    assert_eq!(check(&hosts, "/mcp", &twice), Err(Misaddressed::Malformed));
}

// g-http-07
#[test]
fn the_target_and_the_host_must_agree() {
    let hosts = hosts(|_| {});
    let host = [("host", "127.0.0.1:8402")];
    assert_eq!(check(&hosts, "http://evil.example/mcp", &host), Err(Misaddressed::Host));
    assert_eq!(check(&hosts, "http://localhost:8402/mcp", &host), Err(Misaddressed::Malformed));
    assert_eq!(check(&hosts, "http://127.0.0.1:8402/mcp", &host), Ok(false));
    assert_eq!(check(&hosts, "http://127.0.0.1:8402/mcp", &[]), Ok(false));
}

// g-http-02, g-http-03, g-http-04, g-http-08 to g-http-10, v-origin-01, v-origin-02, b-front-09
#[test]
fn an_origin_is_listed_to_the_letter_or_refused() {
    let hosts = hosts(|_| {});
    let with = |origin| check(&hosts, "/", &[("host", "127.0.0.1:8402"), ("origin", origin)]);
    assert_eq!(with("https://app.example"), Ok(true));
    assert_eq!(with("http://localhost:8402"), Ok(true));
    for bad in [
        "https://evil.example",
        "null",
        "http://127.0.0.1:8402@evil.example",
        "https://app.example.evil.example",
        "http://app.example",
        "https://app.example:444",
        "https://app.example/",
        "HTTPS://app.example",
        "",
    ] {
        assert_eq!(with(bad), Err(Misaddressed::Origin), "{bad}");
    }
    let twice = [
        ("host", "127.0.0.1:8402"),
        ("origin", "https://app.example"),
        ("origin", "https://app.example"),
    ];
    assert_eq!(check(&hosts, "/", &twice), Err(Misaddressed::Origin));
}

#[test]
fn only_the_ports_that_belong_to_the_scheme_may_be_left_out() {
    let https = hosts(|s| s.public_url = Some("https://gate.example".to_owned()));
    for (host, good) in
        [("gate.example", true), ("gate.example:443", true), ("gate.example:80", false)]
    {
        let answered = check(&https, "/", &[("host", host)]).is_ok();
        assert_eq!(answered, good, "{host}");
    }
    let listed = hosts(|s| s.allowed_hosts = vec!["[::1]:8402".to_owned()]);
    assert!(check(&listed, "/", &[("host", "[::1]:8402")]).is_ok());
    assert!(
        check(&listed, "/", &[("host", "127.0.0.1:8402")]).is_err(),
        "a list replaces the rest"
    );
}

#[test]
fn origins_are_listed_in_the_form_in_which_browsers_send_them() {
    for good in ["https://app.example", "http://127.0.0.1:80", "http://[::1]:1", "ext+a-b.1://x"] {
        assert!(is_origin(good), "{good}");
    }
    for bad in [
        "",
        "null",
        "app.example",
        "https:app.example",
        "://app.example",
        "1s://app.example",
        "+s://app.example",
        "hT://app.example",
        "ht tp://app.example",
        "https://App.example",
        "https://app.example/",
        "https://",
        "https://*",
        "https://user@app.example",
    ] {
        assert!(!is_origin(bad), "{bad}");
    }
}

proptest! {
    #[test]
    fn whatever_stands_in_host_only_listed_names_pass(text in "[a-z0-9.:@\\[\\]/-]{0,24}") {
        let hosts = hosts(|_| {});
        let listed = ["127.0.0.1:8402", "localhost:8402"].contains(&text.as_str());
        prop_assert_eq!(hosts.answers(&text), listed);
    }
}
