#![no_main]
//! Any text is a target or is refused, and what passes is what is dialled: nothing of it can be read in another way.

use egress::{
    Class, Policy, Proxy, classify, expand, guard, judge_hops, read_allowed, read_answers,
};
use fuzz::parts;
use libfuzzer_sys::fuzz_target;
use url::Host;

fuzz_target!(|data: &[u8]| {
    let [url, answers, allowed, location] = parts(data);
    let all = [url, answers, allowed, location].map(std::str::from_utf8);
    let [Ok(url), Ok(answers), Ok(allowed), Ok(location)] = all else { return };
    plain(url);
    let policy = read_allowed(allowed, Policy::default()).unwrap_or_default();
    if let Ok(place) = guard::target(url, &policy) {
        // What was judged is judged again as it is sent, and comes out the same.
        let again = guard::target(place.url.as_str(), &policy).unwrap();
        assert_eq!((&again.host, again.port, again.tls), (&place.host, place.port, place.tls));
    }
    if let Ok(rounds) = read_answers(answers) {
        let hops = [location.to_owned()];
        let judged = judge_hops(url, &hops, &rounds, &policy);
        assert!(!judged.allowed || judged.addresses.iter().any(|answer| answer.dialled));
    }
    let _ = Proxy::parse(url);
    variables(url, location);
});

/// With nothing named, no text leads anywhere but to the public.
fn plain(url: &str) {
    let Ok(place) = guard::target(url, &Policy::default()) else { return };
    let address = match &place.host {
        Host::Ipv4(ip) => Some((*ip).into()),
        Host::Ipv6(ip) => Some((*ip).into()),
        Host::Domain(_) => None,
    };
    assert!(address.is_none_or(|ip| classify(ip) == Class::Public), "{url}");
    assert!(place.url.username().is_empty() && place.url.password().is_none());
    assert!(matches!(place.url.scheme(), "http" | "https"));
}

/// What is filled into a URL is filled in once, and only what was declared.
fn variables(template: &str, value: &str) {
    let filled = expand(template, &["HOST"], |name| {
        assert_eq!(name, "HOST", "another variable was read");
        Some(value.to_owned())
    });
    if let Ok(filled) = filled {
        assert!(!filled.contains("${") || template.is_empty(), "{filled}");
        assert_eq!(filled, template.replace("${HOST}", value));
    }
}
