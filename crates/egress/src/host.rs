//! How a host is spelled.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::Host;

use crate::{Refusal, Rule};

/// The longest name, in bytes (RFC 1035 section 2.3.4).
const MAX_NAME: usize = 253;

/// A host, read.
pub(crate) enum Spelled {
    /// In lower case, mapped by IDNA, without a final dot.
    Name(String),
    /// Written the ordinary way.
    Address(IpAddr),
}

/// Reads the host of an authority. What an address comes out of must be its ordinary spelling, and a name may not
/// change into another one on its way through IDNA: what is allowed is what stands there.
pub(crate) fn read(text: &str) -> Result<Spelled, Refusal> {
    if let Some(inner) = text.strip_prefix('[') {
        let ip = inner.strip_suffix(']').and_then(|inner| inner.parse::<Ipv6Addr>().ok());
        let wrong = || Refusal::new(Rule::Malformed, "what stands in brackets is no IPv6 address");
        return ip.map(|ip| Spelled::Address(ip.into())).ok_or_else(wrong);
    }
    let bare = text.strip_suffix('.').unwrap_or(text);
    if bare.len() > 4 * MAX_NAME || bare.split('.').any(str::is_empty) {
        return Err(Refusal::new(
            Rule::Malformed,
            "the host is empty, too long or has an empty part",
        ));
    }
    match Host::parse(bare) {
        Ok(Host::Ipv4(ip)) => ordinary(text, ip),
        Ok(Host::Domain(name)) => unchanged(bare, name),
        _ => Err(Refusal::new(Rule::Malformed, "the host is no name and no address")),
    }
}

fn ordinary(text: &str, ip: Ipv4Addr) -> Result<Spelled, Refusal> {
    if text == ip.to_string() {
        return Ok(Spelled::Address(ip.into()));
    }
    Err(Refusal::new(
        Rule::Spelling,
        format!("the host is another way of writing {ip}; write it as four decimal numbers"),
    ))
}

fn unchanged(text: &str, name: String) -> Result<Spelled, Refusal> {
    let wrong = |what: &str| Refusal::new(Rule::Spelling, what);
    if name.len() > MAX_NAME {
        return Err(Refusal::new(Rule::Malformed, "the name of the host is too long"));
    }
    if text.is_ascii() {
        return if name == text.to_ascii_lowercase() {
            Ok(Spelled::Name(name))
        } else {
            Err(wrong("the host turns into another name when it is mapped; write that name"))
        };
    }
    if text.chars().any(vanishes) {
        return Err(wrong(
            "the host holds characters that vanish when it is mapped; leave them out",
        ));
    }
    // A label in other letters becomes one that begins with `xn--`. One that becomes plain letters was those in disguise.
    let (before, after): (Vec<_>, Vec<_>) = (text.split('.').collect(), name.split('.').collect());
    let disguised =
        |(label, mapped): (&&str, &&str)| !label.is_ascii() && !mapped.starts_with("xn--");
    if before.len() != after.len() || before.iter().zip(&after).any(disguised) {
        return Err(wrong("the host is a plain name in other letters; write it in plain ones"));
    }
    Ok(Spelled::Name(name))
}

/// Whether IDNA maps this character to nothing.
fn vanishes(c: char) -> bool {
    !c.is_ascii()
        && Host::parse(&format!("a{c}b")).is_ok_and(|host| host == Host::Domain("ab".to_owned()))
}
