use std::fmt;
use std::str::FromStr;

/// A host and a port that a pack may call: a whole name in lower case, or an address; never a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The host; an IPv6 address stands in brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Place {
    /// A host as it is compared: lower case, without a final dot.
    pub fn new(host: &str, port: u16) -> Self {
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        Self { host, port }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{}` is no place: write a whole host in lower case with its port, such as `api.example.com:443`",
                text.escape_debug()
            )
        };
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let plain = port.bytes().all(|c| c.is_ascii_digit()) && !port.starts_with('0');
        let port = port.parse().ok().filter(|_| plain).ok_or_else(wrong)?;
        let inside = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let lawful = match inside {
            Some(address) => {
                address.parse::<std::net::Ipv6Addr>().is_ok_and(|ip| ip.to_string() == address)
            }
            None => host.len() <= 253 && host.split('.').all(label),
        };
        if lawful { Ok(Self { host: host.to_owned(), port }) } else { Err(wrong()) }
    }
}

/// One part of a name (RFC 1123, section 2.1).
fn label(text: &str) -> bool {
    let lawful = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    (1..=63).contains(&text.len())
        && text.bytes().all(lawful)
        && !text.starts_with('-')
        && !text.ends_with('-')
}
