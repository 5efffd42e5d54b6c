use std::fmt;

use url::{Host, Url};

use crate::fault::Fault;

/// How long a mint's URL may be, in bytes.
const MAX: usize = 2048;

/// The URL of a mint, normalised: equal mints are equal values.
///
/// Scheme, host, port and dot segments as WHATWG URL writes them, no trailing slash (NUT-00). Where requests may go is
/// for the way out to judge, not for this type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MintUrl(String);

impl MintUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// `bad_mint_url`: no http or https URL with a host; user information, query, fragment, white space, control characters
    /// or backslashes in it; a host that ends in a dot; more than 2048 bytes.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let bad = |message| Err(Fault::new("bad_mint_url", message));
        if text.len() > MAX {
            return bad("the URL of the mint is too long");
        }
        // The WHATWG parser would mend these; two mints that differ only in them are not to be one.
        if text.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\') {
            return bad("the URL of the mint has characters that no URL has");
        }
        // Fewer or more slashes than two are mended too, and what follows them is then another host than it looks.
        let Some((scheme, rest)) = text.split_once("://") else {
            return bad("the mint has no URL");
        };
        if !["https", "http"].iter().any(|known| known.eq_ignore_ascii_case(scheme)) {
            return bad("the URL of the mint is not for the web");
        }
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.is_empty() {
            return bad("the URL of the mint has no host");
        }
        if authority.contains('@') {
            return bad("the URL of the mint has user information");
        }
        let Ok(mut url) = Url::parse(text) else { return bad("the mint has no URL") };
        match url.host() {
            Some(Host::Domain(name)) if name.ends_with('.') => {
                return bad("the host of the mint ends in a dot");
            }
            None => return bad("the URL of the mint has no host"),
            Some(_) => {}
        }
        if url.query().is_some() || url.fragment().is_some() {
            return bad("the URL of the mint has a query or a fragment");
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }

    /// The normalised text, without a slash at its end; `{url}/v1/swap` is an endpoint.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is https.
    pub fn is_secure(&self) -> bool {
        self.0.starts_with("https:")
    }
}

impl fmt::Display for MintUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn urls_of_one_mint_are_one_value() {
        for same in [
            "https://mint.example.com",
            "https://mint.example.com/",
            "https://mint.example.com//",
            "HTTPS://MINT.example.COM:443/",
            "https://mint.example.com/a/..",
            "https://mint.ex%61mple.com",
        ] {
            assert_eq!(
                MintUrl::parse(same).unwrap().as_str(),
                "https://mint.example.com",
                "{same}"
            );
        }
        assert_eq!(MintUrl::parse("http://[::1]:3338/a/").unwrap().as_str(), "http://[::1]:3338/a");
    }

    #[test]
    fn urls_of_other_mints_are_other_values() {
        let mint = MintUrl::parse("https://mint.example.com").unwrap();
        for other in [
            "http://mint.example.com",
            "https://mint.example.com:444",
            "https://mint.example.com/A",
            "https://mint.example.com.evil.example",
            "https://xn--mnt-ema.example.com",
        ] {
            assert_ne!(MintUrl::parse(other).unwrap(), mint, "{other}");
        }
    }

    #[test]
    fn urls_that_hide_something_are_refused() {
        for bad in [
            "",
            "mint.example.com",
            "ftp://mint.example.com",
            "https://",
            "https://mint.example.com@evil.example",
            "https://user:pass@mint.example.com",
            "https://@mint.example.com",
            "https://mint.example.com.",
            "https://mint.example.com?a",
            "https://mint.example.com/#a",
            "https://mint.example.com\\@evil.example",
            "https://mint.exa\tmple.com",
            " https://mint.example.com",
            "https:mint.example.com",
            "https:user@mint.example.com",
            "https:///user@mint.example.com",
        ] {
            assert_eq!(MintUrl::parse(bad).err().map(|f| f.code), Some("bad_mint_url"), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn normalising_twice_is_normalising_once(text in "https?://[a-z@./:0-9%A-Z\\\\]{1,24}") {
            if let Ok(url) = MintUrl::parse(&text) {
                prop_assert_eq!(MintUrl::parse(url.as_str()), Ok(url));
            }
        }
    }
}
