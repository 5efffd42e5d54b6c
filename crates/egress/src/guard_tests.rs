use proptest::prelude::*;

use super::*;

fn rule(url: &str) -> Result<String, Rule> {
    target(url, &Policy::default())
        .map(|place| place.host.to_string())
        .map_err(|refusal| refusal.rule)
}

#[test]
fn an_ordinary_url_is_read_as_it_stands() {
    let place =
        target("HTTPS://API.Example.com.:8443/v1?x=http://127.0.0.1/#f", &Policy::default())
            .unwrap();
    assert_eq!(
        (place.host.to_string().as_str(), place.port, place.tls),
        ("api.example.com", 8443, true)
    );
    assert_eq!(place.url.fragment(), None);
    for url in [
        "https://api.example.com",
        "https://example.com?x",
        "http://8.8.8.8/",
        "http://[2600::1]/",
        "https://xn--bcher-kva.example/",
        "https://b\u{fc}cher.example/",
        "https://\u{4f8b}\u{3048}.example/",
        "https://a_b.example/",
        "https://fda.gov/",
        "https://example.com/%00?a@b\\c",
        "https://example.com/@169.254.169.254",
    ] {
        assert!(rule(url).is_ok(), "{url}: {:?}", rule(url));
    }
}

#[test]
fn what_parsers_disagree_about_is_refused() {
    for (url, want) in [
        ("", Rule::Malformed),
        ("example.com", Rule::Malformed),
        ("http:example.com", Rule::Malformed),
        ("http:/example.com", Rule::Malformed),
        ("http:\\\\example.com", Rule::Malformed),
        ("http://", Rule::Malformed),
        ("http:///example.com", Rule::Malformed),
        ("http://?x", Rule::Malformed),
        (" http://example.com/", Rule::Scheme),
        ("ftp://example.com/", Rule::Scheme),
        ("file:///etc/passwd", Rule::Scheme),
        ("javascript:alert(1)", Rule::Scheme),
        ("http://example.com\\@169.254.169.254/", Rule::Authority),
        ("http://exa\tmple.com/", Rule::Authority),
        ("http://example.com\r\nX: y/", Rule::Authority),
        ("ht\ntp://example.com/", Rule::Authority),
        ("http://exa mple.com/", Rule::Authority),
        ("http://example.com\u{a0}/", Rule::Authority),
        ("http://example%2ecom/", Rule::Authority),
        ("http://%31%32%37.0.0.1/", Rule::Authority),
        ("http://[fe80::1%25lo]/", Rule::Authority),
        ("http://[::1%lo]/", Rule::Authority),
        ("http://a:b@example.com/", Rule::UserInfo),
        ("http://@example.com/", Rule::UserInfo),
        ("http://example.com:/", Rule::Malformed),
        ("http://example.com:0/", Rule::Malformed),
        ("http://example.com:080/", Rule::Malformed),
        ("http://example.com:+80/", Rule::Malformed),
        ("http://example.com:65536/", Rule::Malformed),
        ("http://example.com:80:80/", Rule::Malformed),
        ("http://::1/", Rule::Malformed),
        ("http://[::1/", Rule::Malformed),
        ("http://[::1]x/", Rule::Malformed),
        ("http://[1.2.3.4]/", Rule::Malformed),
        ("http://example..com/", Rule::Malformed),
        ("http://example.com../", Rule::Malformed),
        ("http://./", Rule::Malformed),
        ("http://exa<mple.com/", Rule::Malformed),
    ] {
        assert_eq!(rule(url), Err(want), "{url:?}");
    }
}

#[test]
fn a_host_in_disguise_is_refused() {
    for url in [
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://0/",
        "http://93.184.3598/",
        "http://93.184.215.014/",
        "http://93.184.215.14./",
        // Other digits, other dots, other letters.
        "http://\u{2460}\u{2461}\u{2466}.0.0.1/",
        "http://\u{ff11}27.0.0.1/",
        "http://127\u{3002}0\u{3002}0\u{3002}1/",
        "http://\u{ff45}xample.com/",
        "http://\u{24d4}xample.com/",
        "http://example\u{3002}com/",
        // Soft hyphen, zero-width, variation selector.
        "http://exam\u{ad}ple.com/",
        "http://local\u{200b}host/",
        "http://b\u{fc}cher\u{fe0f}.example/",
    ] {
        assert!(
            matches!(rule(url), Err(Rule::Spelling | Rule::Malformed)),
            "{url}: {:?}",
            rule(url)
        );
    }
}

#[test]
fn names_that_say_where_they_lead_are_refused_by_name() {
    for name in [
        "localhost",
        "LOCALHOST.",
        "a.b.localhost",
        "ip6-localhost",
        "ip6-loopback",
        "localhost.localdomain",
        "localhost6",
    ] {
        assert_eq!(rule(&format!("http://{name}/")), Err(Rule::Address(Class::Loopback)), "{name}");
    }
    for name in [
        "metadata",
        "metadata.goog",
        "Metadata.Google.Internal.",
        "x.metadata.google.internal",
        "instance-data",
    ] {
        let url = format!("http://{name}/");
        let named = Policy::default().allow(name, 80);
        assert_eq!(target(&url, &named).unwrap_err().rule, Rule::MetadataName, "{name}");
    }
    for name in [
        "notlocalhost",
        "localhost.example",
        "metadata.example",
        "mymetadata.goog",
        "onion.example",
    ] {
        assert!(rule(&format!("http://{name}/")).is_ok(), "{name}");
    }
    // DNS-03
    assert_eq!(rule("http://abcdefghijklmnop.onion/"), Err(Rule::NoRoute));
    assert!(target("http://abcdefghijklmnop.onion/", &Policy::default().onions(true)).is_ok());
}

#[test]
fn a_named_loopback_name_is_allowed_at_its_port() {
    let named = Policy::default().allow("localhost", 9000);
    assert!(target("http://localhost:9000/", &named).is_ok());
    assert!(target("http://localhost.:9000/", &named).is_ok());
    assert!(target("http://localhost:9001/", &named).is_err());
    assert!(target("http://a.localhost:9000/", &named).is_err());
}

#[test]
fn refused_answers_are_dropped_and_the_rest_is_dialled() {
    let host = Host::Domain("api.example.com".to_owned());
    let ips = |list: &[&str]| list.iter().map(|ip| ip.parse().unwrap()).collect::<Vec<IpAddr>>();
    let vet = |list: &[&str], policy: &Policy| {
        vet(&host, 443, &ips(list), policy).map_err(|refusal| refusal.rule)
    };
    let strict = Policy::default();
    let mixed = ["10.0.0.1", "93.184.215.14", "::1", "2600::1"];
    assert_eq!(vet(&mixed, &strict), Ok(ips(&["93.184.215.14", "2600::1"])));
    assert_eq!(vet(&["10.0.0.5", "::1"], &strict), Err(Rule::Address(Class::Private)));
    let named = Policy::default().allow("api.example.com", 443);
    assert_eq!(vet(&["10.0.0.5", "169.254.169.254"], &named), Ok(ips(&["10.0.0.5"])));
    // DNS-06
    let many: Vec<_> = (0..33).map(|n| format!("8.8.8.{n}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    assert_eq!(vet(&many, &strict), Err(Rule::Answers));
    assert!(vet(&many[..32], &strict).is_ok());
}

#[test]
fn no_reason_shows_what_an_url_holds_besides_its_host() {
    for url in ["http://u:hunter2@example.com/", "http://127.0.0.1/hunter2?k=hunter2", "hunter2"] {
        let refusal = target(url, &Policy::default()).unwrap_err();
        assert!(!refusal.to_string().contains("hunter2"), "{refusal}");
    }
}

proptest! {
    /// Whatever passes is read in the same way by the parser that sends it, and leads to no address that is refused.
    #[test]
    fn what_passes_is_what_is_sent(text in "(http://)?[a-z0-9.:@/\\\\%\\[\\]?#\u{ad}\u{3002}\u{ff11}]{0,24}") {
        if let Ok(place) = target(&text, &Policy::default()) {
            let url = Url::parse(&text).unwrap();
            prop_assert_eq!(url.port_or_known_default(), Some(place.port));
            prop_assert!(url.username().is_empty() && url.password().is_none());
            match url.host().unwrap() {
                Host::Ipv4(ip) => prop_assert_eq!(classify(ip.into()), Class::Public),
                Host::Ipv6(ip) => prop_assert_eq!(classify(ip.into()), Class::Public),
                Host::Domain(name) => prop_assert!(!names::is_loopback(name.trim_end_matches('.'))),
            }
        }
    }

    /// However an address is written, it is refused, or it is public and written the ordinary way.
    #[test]
    fn no_number_is_taken_for_another_address(bits: u32) {
        let ip = std::net::Ipv4Addr::from_bits(bits);
        let [a, b, c, d] = ip.octets();
        for text in [
            format!("{bits}"),
            format!("0x{bits:x}"),
            format!("0{bits:o}"),
            format!("0x{a:x}.{b}.{c}.{d}"),
            format!("{a}.{b}.{}", u16::from(c) << 8 | u16::from(d)),
            format!("{ip}."),
        ] {
            prop_assert!(rule(&format!("http://{text}/")).is_err(), "{}", text);
        }
        let plain = rule(&format!("http://{ip}/"));
        prop_assert_eq!(plain.is_ok(), classify(ip.into()) == Class::Public);
    }
}
