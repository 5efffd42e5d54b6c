use http::HeaderValue;
use url::Url;

use super::*;
use crate::Rule;

fn asked(method: Method, url: &str, body: &'static str) -> Outgoing {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("accept", "application/json"),
        ("content-type", "application/json"),
        ("x-api-key", "k"),
        ("cookie", "a=b"),
        ("authorization", "Bearer t"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Outgoing {
        method,
        url: Url::parse(url).unwrap(),
        headers,
        body: Bytes::from_static(body.as_bytes()),
    }
}

fn answer(request: &Outgoing, status: u16, to: &str, policy: &Policy) -> Result<Next, EgressError> {
    let headers = HeaderMap::from_iter([(LOCATION, HeaderValue::try_from(to).unwrap())]);
    next(request, StatusCode::from_u16(status).unwrap(), &headers, policy)
}

fn stopped(request: &Outgoing, status: u16, to: &str, policy: &Policy) -> Stop {
    match answer(request, status, to, policy).unwrap_err().kind() {
        Kind::Redirect(why) => why,
        other => panic!("{other:?}"),
    }
}

// b-redirect-01
#[test]
fn a_host_that_is_not_listed_is_not_followed() {
    let policy = Policy::default().only_hosts(["api.example.com"]);
    let get = asked(Method::GET, "https://api.example.com/a", "");
    assert_eq!(stopped(&get, 302, "https://other.example/b", &policy), Stop::Target(Rule::Host));
}

// b-redirect-02, b-redirect-03
#[test]
fn nothing_that_could_be_a_secret_crosses_an_origin() {
    let policy = Policy::default().only_hosts(["api.example.com", "other.example"]);
    let get = asked(Method::GET, "https://api.example.com/a", "");
    for to in ["https://other.example/b", "https://api.example.com:8443/b", "//other.example/b"] {
        let next = answer(&get, 302, to, &policy).unwrap();
        assert!(next.crosses, "{to}");
        let names: Vec<_> = next.request.headers.keys().map(http::HeaderName::as_str).collect();
        assert_eq!(names, ["accept"], "{to}");
    }
}

// b-redirect-06
#[test]
fn a_303_goes_on_as_get_without_a_body() {
    let post = asked(Method::POST, "https://api.example.com/a", "{}");
    for status in [301, 302, 303] {
        let next = answer(&post, status, "/b", &Policy::default()).unwrap();
        assert_eq!(next.request.method, Method::GET, "{status}");
        assert_eq!(next.request.url.as_str(), "https://api.example.com/b");
        assert!(next.request.body.is_empty() && !next.request.headers.contains_key("content-type"));
        assert!(!next.crosses && next.request.headers.contains_key("x-api-key"));
    }
    let head = asked(Method::HEAD, "https://api.example.com/a", "");
    assert_eq!(answer(&head, 303, "/b", &Policy::default()).unwrap().request.method, Method::HEAD);
}

#[test]
fn a_307_takes_the_body_along_within_its_origin_only() {
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        let request = asked(method.clone(), "https://api.example.com/a", "{}");
        for status in [307, 308] {
            let next = answer(&request, status, "b?x=1", &Policy::default()).unwrap();
            assert_eq!(
                (next.request.method, next.request.body.as_ref()),
                (method.clone(), b"{}".as_slice())
            );
            assert_eq!(next.request.url.as_str(), "https://api.example.com/b?x=1");
            let stop = stopped(&request, status, "https://other.example/", &Policy::default());
            assert_eq!(stop, Stop::Body);
        }
    }
    let delete = asked(Method::DELETE, "https://api.example.com/a", "");
    assert_eq!(stopped(&delete, 302, "https://other.example/", &Policy::default()), Stop::Body);
}

#[test]
fn each_hop_is_judged_like_a_first_target() {
    let get = asked(Method::GET, "https://api.example.com/a/b", "");
    for (to, why) in [
        ("http://api.example.com/", Stop::Insecure),
        ("https://127.0.0.1/", Stop::Target(Rule::Address(crate::Class::Loopback))),
        ("https://localhost/", Stop::Target(Rule::Address(crate::Class::Loopback))),
        ("https://169.254.169.254/", Stop::Target(Rule::Address(crate::Class::Metadata))),
        ("https://0x7f.1/", Stop::Target(Rule::Spelling)),
        ("https://metadata.google.internal/", Stop::Target(Rule::MetadataName)),
        ("https://user:pw@api.example.com/", Stop::Target(Rule::UserInfo)),
        ("https://api.example.com\\@evil.example/", Stop::Target(Rule::Authority)),
        ("file:///etc/passwd", Stop::Target(Rule::Scheme)),
        ("data:text/plain,x", Stop::Target(Rule::Scheme)),
        // DNS-04
        ("http://abcdefghijklmnop.onion/", Stop::Target(Rule::NoRoute)),
        ("//169.254.169.254/", Stop::Target(Rule::Address(crate::Class::Metadata))),
        ("\\\\169.254.169.254/", Stop::Malformed),
        ("/\\169.254.169.254/", Stop::Malformed),
        ("/\t/169.254.169.254/", Stop::Malformed),
    ] {
        assert_eq!(stopped(&get, 302, to, &Policy::default()), why, "{to}");
    }
    // Such as these stay where they are, whatever they look like.
    for to in ["/..//169.254.169.254/", "?http://127.0.0.1/", "", "#x", "./x:y"] {
        let next = answer(&get, 302, to, &Policy::default()).unwrap();
        assert_eq!(next.request.url.host_str(), Some("api.example.com"), "{to}");
        assert!(!next.crosses && next.request.url.fragment().is_none());
    }
}

// RED-07
#[test]
fn a_location_has_one_value_of_at_most_8_kib() {
    let get = asked(Method::GET, "https://api.example.com/", "");
    let long = format!("/{}", "x".repeat(MAX_LOCATION));
    assert_eq!(stopped(&get, 302, &long, &Policy::default()), Stop::TooLong);
    assert!(answer(&get, 302, &long[..8000], &Policy::default()).is_ok());
    let none = next(&get, StatusCode::FOUND, &HeaderMap::new(), &Policy::default()).unwrap_err();
    assert_eq!(none.kind(), Kind::Redirect(Stop::Malformed));
    let mut two = HeaderMap::new();
    two.append(LOCATION, HeaderValue::from_static("/a"));
    two.append(LOCATION, HeaderValue::from_static("/b"));
    let error = next(&get, StatusCode::FOUND, &two, &Policy::default()).unwrap_err();
    assert_eq!(error.kind(), Kind::Redirect(Stop::Malformed));
    assert!(error.sent(), "the first request has reached its peer");
}
