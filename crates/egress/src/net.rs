use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A network: an address and how many of its first bits count. A single address is a network of one.
///
/// The two families never meet: an IPv4 network holds no IPv4-mapped address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Net {
    base: IpAddr,
    len: u8,
}

impl Net {
    /// Whether the address is in it.
    pub fn holds(&self, ip: IpAddr) -> bool {
        match (self.base, ip) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                u64::from(a.to_bits() ^ b.to_bits()) >> (32 - u32::from(self.len)) == 0
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => {
                let differs = a.to_bits() ^ b.to_bits();
                differs.checked_shr(128 - u32::from(self.len)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl From<IpAddr> for Net {
    fn from(base: IpAddr) -> Self {
        Self { base, len: if base.is_ipv4() { 32 } else { 128 } }
    }
}

impl FromStr for Net {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{}` is no network: write it as `10.1.0.0/16`, `fd12::/32` or one address",
                text.escape_debug()
            )
        };
        let (base, len) = match text.split_once('/') {
            Some((base, len)) => (base, Some(len)),
            None => (text, None),
        };
        let base: IpAddr = base.parse().map_err(|_| wrong())?;
        let mut net = Self::from(base);
        if let Some(len) = len {
            let plain = !len.is_empty() && len.bytes().all(|c| c.is_ascii_digit());
            let len = len.parse().ok().filter(|len| plain && *len <= net.len);
            net.len = len.ok_or_else(wrong)?;
        }
        Ok(net)
    }
}

impl fmt::Display for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(net: &str, ip: &str) -> bool {
        net.parse::<Net>().unwrap().holds(ip.parse().unwrap())
    }

    #[test]
    fn a_network_ends_where_its_bits_say() {
        assert!(holds("10.0.0.0/8", "10.255.255.255") && !holds("10.0.0.0/8", "11.0.0.0"));
        assert!(
            holds("fd12:3456::/32", "fd12:3456::10") && !holds("fd12:3456::/32", "fd12:3457::")
        );
        assert!(holds("127.0.0.1", "127.0.0.1") && !holds("127.0.0.1", "127.0.0.2"));
        assert!(holds("0.0.0.0/0", "8.8.8.8") && holds("::/0", "ff02::1"));
        assert!(!holds("::/0", "8.8.8.8") && !holds("127.0.0.0/8", "::ffff:127.0.0.1"));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0/8",
            "::/129",
            "x",
            "fe80::1%lo/64",
        ] {
            assert!(text.parse::<Net>().is_err(), "{text}");
        }
    }
}
