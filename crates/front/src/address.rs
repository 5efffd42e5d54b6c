//! Whose address a request comes from.

use std::net::IpAddr;
use std::str::FromStr;

use http::HeaderMap;
use thiserror::Error;

/// A range of addresses: `10.0.0.0/8`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// Not a range of addresses.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is no address and no range such as 10.0.0.0/8")]
pub struct NotANetwork(String);

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let bad = || NotANetwork(text.to_owned());
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| bad())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().ok().filter(|b| *b <= most).ok_or_else(bad)?,
            None => most,
        };
        Ok(Self { address, bits })
    }
}

impl Network {
    /// Whether the address lies in it.
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.address, ip.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(ip)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                own.to_bits() & mask == ip.to_bits() & mask
            }
            (IpAddr::V6(own), IpAddr::V6(ip)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                own.to_bits() & mask == ip.to_bits() & mask
            }
            _ => false,
        }
    }
}

/// Whether the peer is one of the proxies.
pub(crate) fn is_trusted(trusted: &[Network], peer: IpAddr) -> bool {
    trusted.iter().any(|n| n.contains(peer))
}

/// The client's address: the peer's, or what trusted proxies say of it. Of a list the rightmost address that is no
/// proxy of ours counts; what stands left of it are the client's own words.
pub(crate) fn of_client(trusted: &[Network], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let mut known = peer.to_canonical();
    if trusted.is_empty() || !is_trusted(trusted, known) {
        return known;
    }
    let values: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
    for value in values.into_iter().rev() {
        let Ok(value) = value.to_str() else { return known };
        for part in value.rsplit(',') {
            let Some(ip) = parse(part.trim()) else { return known };
            known = ip.to_canonical();
            if !is_trusted(trusted, known) {
                return known;
            }
        }
    }
    known
}

fn parse(text: &str) -> Option<IpAddr> {
    if let Ok(ip) = text.parse() {
        return Some(ip);
    }
    text.parse::<std::net::SocketAddr>().ok().map(|a| a.ip())
}

/// Whether a trusted proxy says that the client came to it over https. The rightmost word is the nearest proxy's.
pub(crate) fn forwarded_https(trusted: &[Network], peer: IpAddr, headers: &HeaderMap) -> bool {
    if !is_trusted(trusted, peer) {
        return false;
    }
    let last = headers.get_all("x-forwarded-proto").iter().next_back();
    let last = last.and_then(|v| v.to_str().ok()).and_then(|v| v.rsplit(',').next());
    last.is_some_and(|word| word.trim().eq_ignore_ascii_case("https"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let trusted = ["10.0.0.5".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        of_client(&trusted, peer.parse().unwrap(), &headers).to_string()
    }

    // g-http-27, v-rate-06
    #[test]
    fn a_stranger_cannot_say_who_it_is() {
        assert_eq!(client("192.0.2.1", &["10.0.0.1"]), "192.0.2.1");
        assert_eq!(client("::ffff:192.0.2.1", &["10.0.0.1"]), "192.0.2.1");
    }

    // g-http-29, g-http-30
    #[test]
    fn behind_a_trusted_proxy_the_rightmost_untrusted_address_counts() {
        assert_eq!(client("10.0.0.5", &["1.2.3.4"]), "1.2.3.4");
        assert_eq!(client("10.0.0.5", &["6.6.6.6, 1.2.3.4"]), "1.2.3.4");
        assert_eq!(client("10.0.0.5", &["6.6.6.6", "1.2.3.4, 10.0.0.5"]), "1.2.3.4");
        assert_eq!(client("::ffff:10.0.0.5", &["1.2.3.4:5000, [fd00::1]:80"]), "1.2.3.4");
        assert_eq!(client("10.0.0.5", &["1.2.3.4, unknown"]), "10.0.0.5");
        assert_eq!(client("10.0.0.5", &[]), "10.0.0.5");
    }

    // v-origin-08, v-origin-09
    #[test]
    fn only_the_nearest_proxy_says_whether_it_was_https() {
        let trusted = ["10.0.0.5".parse().unwrap()];
        let said = |peer: &str, proto: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-proto", proto.parse().unwrap());
            forwarded_https(&trusted, peer.parse().unwrap(), &headers)
        };
        assert!(said("10.0.0.5", "https") && said("10.0.0.5", "http, https"));
        assert!(!said("10.0.0.5", "https, http") && !said("10.0.0.6", "https"));
    }

    #[test]
    fn a_range_holds_its_addresses_and_no_others() {
        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains("8.8.8.8".parse().unwrap()) && !all.contains("::1".parse().unwrap()));
        let some: Network = "10.1.0.0/16".parse().unwrap();
        assert!(some.contains("10.1.255.1".parse().unwrap()));
        assert!(!some.contains("10.2.0.1".parse().unwrap()));
        for (range, inside, outside) in [
            ("10.1.2.128/25", "10.1.2.255", "10.1.2.127"),
            ("10.1.2.3", "::ffff:10.1.2.3", "10.1.2.2"),
            ("fd00::/8", "fdff::1", "fc00::1"),
            ("2001:db8:1::/48", "2001:db8:1:ffff::", "2001:db8:2::"),
            ("2001:db8::8/125", "2001:db8::f", "2001:db8::7"),
            ("::1", "::1", "::2"),
        ] {
            let range: Network = range.parse().unwrap();
            assert!(range.contains(inside.parse().unwrap()), "{inside}");
            assert!(!range.contains(outside.parse().unwrap()), "{outside}");
        }
        for bad in ["", "10.0.0.0/33", "a/8", "10.0.0.0/", "::/129", "10.0.0.0/-1"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }
}
