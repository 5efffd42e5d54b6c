use std::net::IpAddr;

use http::Method;
use url::{Host, Url};

use crate::{Class, Net};

/// Which private places an operator has named, and, if wanted, which hosts and methods are the only ones.
///
/// A named place may be loopback, private, shared (RFC 6598), benchmarking or unique-local. Metadata services,
/// link-local, multicast, unspecified, documentation and reserved addresses cannot be named at all. Public addresses
/// need no entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    private: Vec<(String, u16)>,
    nets: Vec<(Net, Option<u16>)>,
    hosts: Option<Vec<(String, Option<u16>)>>,
    methods: Option<Vec<Method>>,
    onions: bool,
}

impl Policy {
    /// Allows exactly this host and port.
    #[must_use]
    pub fn allow(mut self, host: &str, port: u16) -> Self {
        self.private.push((plain(host), port));
        self
    }

    /// Allows the private addresses of a network, whatever name leads to them, at one port or at all.
    #[must_use]
    pub fn allow_net(mut self, net: Net, port: Option<u16>) -> Self {
        self.nets.push((net, port));
        self
    }

    /// Allows exactly the host and port of `url`: for a URL the operator wrote with this very meaning.
    #[must_use]
    pub fn naming(url: &Url) -> Self {
        match (url.host_str(), url.port_or_known_default()) {
            (Some(host), Some(port)) => Self::default().allow(host, port),
            _ => Self::default(),
        }
    }

    /// Allows no other hosts than these, the target's own among them. Names are compared whole: `example.com` does not
    /// stand for `api.example.com`. Redirects are held against the same list.
    #[must_use]
    pub fn only_hosts<'a>(mut self, hosts: impl IntoIterator<Item = &'a str>) -> Self {
        self.hosts = Some(hosts.into_iter().map(|host| (plain(host), None)).collect());
        self
    }

    /// The same, each host at one port and at no other.
    #[must_use]
    pub fn only_places<'a>(mut self, places: impl IntoIterator<Item = (&'a str, u16)>) -> Self {
        let places = places.into_iter().map(|(host, port)| (plain(host), Some(port)));
        self.hosts = Some(places.collect());
        self
    }

    /// Allows no other methods than these. Every request is held against them, those too that a redirect makes.
    #[must_use]
    pub fn only_methods(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.methods = Some(methods.into_iter().collect());
        self
    }

    /// Allows names under `.onion`: for targets behind a SOCKS proxy, which alone can lead there. A client sets this by
    /// itself from its route.
    #[must_use]
    pub fn onions(mut self, taken: bool) -> Self {
        self.onions = taken;
        self
    }

    pub(crate) fn takes_onions(&self) -> bool {
        self.onions
    }

    /// Whether this host and port are named.
    pub fn names(&self, host: &str, port: u16) -> bool {
        let host = plain(host);
        self.private.iter().any(|(h, p)| *h == host && *p == port)
    }

    /// Whether this host is on the list at this port, or there is no list.
    pub fn lists(&self, host: &str, port: u16) -> bool {
        let host = plain(host);
        let listed = |(h, p): &(String, Option<u16>)| *h == host && p.is_none_or(|p| p == port);
        self.hosts.as_ref().is_none_or(|hosts| hosts.iter().any(listed))
    }

    /// Whether this method is on the list, or there is none.
    pub fn takes(&self, method: &Method) -> bool {
        self.methods.as_ref().is_none_or(|methods| methods.contains(method))
    }

    /// Whether this address, which `host` led to, may be dialled at this port.
    pub fn permits(&self, ip: IpAddr, class: Class, host: &str, port: u16) -> bool {
        let by_net =
            || self.nets.iter().any(|(net, p)| net.holds(ip) && p.is_none_or(|p| p == port));
        class.allowed(false) || (class.nameable() && (self.names(host, port) || by_net()))
    }
}

/// A host as it is compared: lower case, no final dot, no brackets, addresses in their usual form.
pub(crate) fn plain(host: &str) -> String {
    let bare = host.strip_suffix('.').unwrap_or(host);
    match Host::parse(bare) {
        Ok(Host::Ipv4(ip)) => ip.to_string(),
        Ok(Host::Ipv6(ip)) => ip.to_string(),
        Ok(Host::Domain(name)) => name,
        Err(_) => bare.trim_matches(['[', ']']).to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_matched_whole_with_its_port() {
        let policy = Policy::default().allow("Box.Internal.", 9000).allow("[::1]", 1);
        assert!(policy.names("box.internal", 9000) && policy.names("::1", 1));
        assert!(policy.names("[0:0:0:0:0:0:0:1]", 1));
        assert!(!policy.names("box.internal", 9001) && !policy.names("a.box.internal", 9000));
        assert!(Policy::naming(&Url::parse("http://0x7f000001:9/").unwrap()).names("127.0.0.1", 9));
    }

    #[test]
    fn a_list_of_hosts_holds_whole_names_and_addresses_only() {
        let policy =
            Policy::default().only_hosts(["API.example.com.", "[2600::1]", "b\u{fc}cher.example"]);
        for listed in [
            "api.example.com",
            "api.example.com.",
            "2600::1",
            "[2600:0::1]",
            "xn--bcher-kva.example",
        ] {
            assert!(policy.lists(listed, 443), "{listed}");
        }
        for other in [
            "example.com",
            "a.api.example.com",
            "api.example.com.evil.example",
            "api.example.com..",
            "",
        ] {
            assert!(!policy.lists(other, 443), "{other}");
        }
        assert!(Policy::default().lists("anything.example", 1));
        assert!(!Policy::default().only_hosts([]).lists("anything.example", 1));
    }

    #[test]
    fn a_list_of_places_holds_each_host_at_its_own_port_only() {
        let places = [("API.example.com", 443), ("[2600::1]", 8443)];
        let policy = Policy::default().only_places(places);
        assert!(policy.lists("api.example.com.", 443) && policy.lists("2600::1", 8443));
        assert!(!policy.lists("api.example.com", 80) && !policy.lists("2600::1", 443));
        assert!(!policy.lists("a.api.example.com", 443));
    }

    #[test]
    fn a_list_of_methods_holds_those_and_no_others() {
        let policy = Policy::default().only_methods([Method::GET]);
        assert!(policy.takes(&Method::GET) && !policy.takes(&Method::POST));
        assert!(Policy::default().takes(&Method::POST));
        assert!(!Policy::default().only_methods([]).takes(&Method::GET));
    }

    #[test]
    fn a_network_is_named_at_its_port_and_never_holds_what_cannot_be_named() {
        let net = |text: &str| text.parse::<Net>().unwrap();
        let policy =
            Policy::default().allow_net(net("fc00::/7"), Some(8080)).allow_net(net("::/0"), None);
        let permits = |policy: &Policy, ip: &str, port| {
            let ip = ip.parse().unwrap();
            policy.permits(ip, crate::classify(ip), "x.example", port)
        };
        assert!(permits(&policy, "fd12::1", 8080) && permits(&policy, "::1", 1));
        let policy = Policy::default().allow_net(net("fc00::/7"), Some(8080));
        assert!(!permits(&policy, "fd12::1", 8081) && !permits(&policy, "::1", 8080));
        assert!(!permits(&policy, "fd00:ec2::254", 8080));
    }
}
