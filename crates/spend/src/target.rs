use std::fmt;

use model::money::MoneyRule;
use rails::Flaw;
use url::{Host, Url};

/// Scheme, host and port as they are dialled.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

/// A URL that all who read it read alike.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its origin.
    pub origin: Origin,
    url: Url,
}

impl Target {
    /// Reads a URL by the URL Standard (WHATWG), and refuses what parsers disagree about: backslashes, user names,
    /// more or fewer slashes than two before the host, control characters and white space, dots of the host in percent-encoding, a dot at the end of the host.
    ///
    /// # Errors
    /// `origin`.
    pub fn parse(text: &str) -> Result<Self, Flaw> {
        let refused = |why: &'static str| Err(Flaw::new(MoneyRule::Origin, why));
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return refused("The URL has control characters or white space.");
        }
        if text.contains('\\') {
            return refused("The URL has a backslash, which some read as a slash.");
        }
        let authority = text.split_once("://").map_or("", |(_, rest)| rest);
        let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
        // The URL Standard reads `http:///a`, `http:/a` and `http:a` as `http://a`; others do not.
        if authority.is_empty() {
            return refused("The URL has no host behind `://`.");
        }
        if authority.contains('@') {
            return refused("The URL has a user name in it.");
        }
        if authority.to_ascii_lowercase().contains("%2e") {
            return refused("The host of the URL has a dot in percent-encoding.");
        }
        let Ok(url) = Url::parse(text) else { return refused("The URL cannot be read.") };
        let (true, Some(host), Some(port)) =
            (matches!(url.scheme(), "http" | "https"), url.host_str(), url.port_or_known_default())
        else {
            return refused("The URL is not one of http or https.");
        };
        if !url.username().is_empty() || url.password().is_some() {
            return refused("The URL has a user name in it.");
        }
        if host.ends_with('.') {
            return refused("The host of the URL ends in a dot.");
        }
        let origin = Origin { scheme: url.scheme().to_owned(), host: host.to_owned(), port };
        Ok(Self { origin, url })
    }

    /// The path, normalised.
    pub fn path(&self) -> &str {
        self.url.path()
    }

    /// The URL without query and fragment.
    pub fn without_query(&self) -> String {
        format!("{}{}", self.origin, self.path())
    }
}

impl Origin {
    /// Whether it is spoken to over TLS.
    pub fn is_tls(&self) -> bool {
        self.scheme == "https"
    }

    /// The host.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether it is this very machine.
    pub fn is_loopback(&self) -> bool {
        match Host::parse(&self.host) {
            Ok(Host::Ipv4(ip)) => ip.is_loopback(),
            Ok(Host::Ipv6(ip)) => ip.is_loopback(),
            Ok(Host::Domain(name)) => name == "localhost",
            Err(_) => false,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, host, port } = self;
        match (scheme.as_str(), port) {
            ("https", 443) | ("http", 80) => write!(f, "{scheme}://{host}"),
            _ => write!(f, "{scheme}://{host}:{port}"),
        }
    }
}

/// An origin as an operator lists it: exactly this one, or `*.` in place of exactly one label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    origin: Origin,
    any_label: bool,
}

impl Listed {
    /// Reads `https://api.example.com`, `https://*.example.com`, or `http://127.0.0.1:8080` for this machine.
    ///
    /// # Errors
    /// `origin` for what is no origin.
    pub fn parse(text: &str) -> Result<Self, Flaw> {
        let (plain, any_label) = match text.split_once("://*.") {
            Some((scheme, rest)) => (format!("{scheme}://{rest}"), true),
            None => (text.to_owned(), false),
        };
        let target = Target::parse(&plain)?;
        if target.path() != "/" || target.url.query().is_some() || plain.contains('*') {
            return Err(Flaw::new(
                MoneyRule::Origin,
                "An origin is a scheme, a host and a port alone.",
            ));
        }
        Ok(Self { origin: target.origin, any_label })
    }

    /// Whether an origin is this one.
    pub fn covers(&self, origin: &Origin) -> bool {
        let ends = |host: &str| {
            if !self.any_label {
                return host == self.origin.host;
            }
            let label =
                host.strip_suffix(&self.origin.host).and_then(|rest| rest.strip_suffix('.'));
            label.is_some_and(|label| !label.is_empty() && !label.contains('.'))
        };
        origin.scheme == self.origin.scheme && origin.port == self.origin.port && ends(&origin.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        Target::parse(text).unwrap().origin
    }

    #[test]
    fn one_origin_has_many_spellings() {
        let one = origin("https://api.example.com/");
        for same in [
            "HTTPS://API.example.COM:443/x?y#z",
            "https://%61pi.example.com",
            "https://api\u{3002}example.com/",
        ] {
            assert_eq!(origin(same), one, "{same}");
        }
        assert_eq!(one.to_string(), "https://api.example.com");
        assert_eq!(origin("http://[::1]:8080/a").to_string(), "http://[::1]:8080");
    }

    #[test]
    fn what_parsers_disagree_about_is_no_url() {
        // ORG-10, ORG-11
        for bad in [
            "https://api.example.com\\@evil.com/weather",
            "https://api.example.com%2eevil.com/weather",
            "https://api.example.com%2Eevil.com/",
            "https://api.example.com@evil.com/",
            "https://api.example.com./",
            "https://api.example.com/\u{0}",
            "https://api.exa\tmple.com/",
            "ftp://api.example.com/",
            "api.example.com",
            "",
            "https://",
            "https:api.example.com\\x",
            "https:///api.example.com/",
            "https:/api.example.com/",
            "https:api.example.com/",
            "https:///api.example.com@evil.com",
        ] {
            assert_eq!(
                Target::parse(bad).map(|t| t.origin.to_string()).unwrap_err().rule,
                MoneyRule::Origin,
                "{bad}"
            );
        }
    }

    #[test]
    fn a_star_stands_for_exactly_one_label() {
        let listed = Listed::parse("https://*.example.com").unwrap();
        assert!(listed.covers(&origin("https://api.example.com")));
        for other in [
            "https://example.com",
            "https://a.b.example.com",
            "https://evilexample.com",
            "http://api.example.com",
            "https://api.example.com:8443",
            "https://api.example.com.evil.com",
        ] {
            assert!(!listed.covers(&origin(other)), "{other}");
        }
        assert!(
            !Listed::parse("https://api.example.com")
                .unwrap()
                .covers(&origin("https://x.api.example.com"))
        );
        for bad in ["https://api.example.com/path", "https://a.*.com", "example.com", "https://*"] {
            assert!(Listed::parse(bad).is_err(), "{bad}");
        }
    }
}
