//! The judge of targets: from the text of a URL and the answers of a resolver to what may be dialled. Pure.

use std::net::IpAddr;

use url::{Host, Url};

use crate::host::{self, Spelled};
use crate::names;
use crate::{Class, Policy, Refusal, Rule, classify};

/// The longest URL that is looked at, in bytes.
pub const MAX_URL: usize = 8 << 10;

/// The most addresses one name may have.
pub const MAX_ANSWERS: usize = 32;

/// A URL that may be dialled as far as its text says. Its addresses are vetted when they are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The URL, without its fragment.
    pub url: Url,
    /// Its host: a name in lower case without a final dot, or an address.
    pub host: Host<String>,
    /// Its port.
    pub port: u16,
    /// Whether it is spoken to over TLS.
    pub tls: bool,
}

/// One address of a name, judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The address.
    pub ip: IpAddr,
    /// What it is for.
    pub class: Class,
    /// Whether it may be dialled.
    pub dialled: bool,
}

/// Judges the text of a URL, before any name is resolved.
///
/// # Errors
/// The rule that refuses it.
pub fn target(text: &str, policy: &Policy) -> Result<Place, Refusal> {
    if text.len() > MAX_URL {
        return Err(Refusal::new(
            Rule::Length,
            format!("the URL has {} bytes; the limit is {MAX_URL}", text.len()),
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(Refusal::new(
            Rule::Authority,
            "the URL holds a control character; parsers disagree about what it then means",
        ));
    }
    let (tls, rest) = scheme(text)?;
    let authority = authority(rest)?;
    let (host, port) = split_port(authority)?;
    let host = match host::read(host)? {
        Spelled::Name(name) => Host::Domain(name),
        Spelled::Address(IpAddr::V4(ip)) => Host::Ipv4(ip),
        Spelled::Address(IpAddr::V6(ip)) => Host::Ipv6(ip),
    };
    let port = port.unwrap_or(if tls { 443 } else { 80 });
    self::host(&host, port, policy)?;
    let place = Place { url: parsed(text)?, host, port, tls };
    agree(&place)?;
    Ok(place)
}

/// Judges a host, before any name is resolved: names that say where they lead, the list of hosts, and addresses.
///
/// # Errors
/// The rule that refuses it.
pub fn host(host: &Host<String>, port: u16, policy: &Policy) -> Result<(), Refusal> {
    let shown = host.to_string();
    if let Host::Domain(name) = host {
        named(&name.trim_end_matches('.').to_ascii_lowercase(), port, policy)?;
    }
    if !policy.lists(&shown, port) {
        return Err(Refusal::new(
            Rule::Host,
            format!(
                "{shown}:{port} is not on the list of hosts of this source: add it if that is meant"
            ),
        ));
    }
    match host {
        Host::Domain(_) => Ok(()),
        Host::Ipv4(ip) => vet(host, port, &[(*ip).into()], policy).map(drop),
        Host::Ipv6(ip) => vet(host, port, &[(*ip).into()], policy).map(drop),
    }
}

/// Judges each address that a host has.
pub fn answers(host: &Host<String>, port: u16, ips: &[IpAddr], policy: &Policy) -> Vec<Answer> {
    let host = host.to_string();
    let judge = |ip: &IpAddr| {
        let class = classify(*ip);
        Answer { ip: *ip, class, dialled: policy.permits(*ip, class, &host, port) }
    };
    ips.iter().map(judge).collect()
}

/// The addresses of a host that may be dialled; the others are dropped.
///
/// # Errors
/// None is left, or there are more than [`MAX_ANSWERS`].
pub fn vet(
    host: &Host<String>,
    port: u16,
    ips: &[IpAddr],
    policy: &Policy,
) -> Result<Vec<IpAddr>, Refusal> {
    if ips.len() > MAX_ANSWERS {
        return Err(Refusal::new(
            Rule::Answers,
            format!("{host} has {} addresses; the limit is {MAX_ANSWERS}", ips.len()),
        ));
    }
    let judged = answers(host, port, ips, policy);
    let dialled: Vec<_> = judged.iter().filter(|a| a.dialled).map(|a| a.ip).collect();
    match judged.first() {
        Some(first) if dialled.is_empty() => Err(of_class(host, port, *first)),
        _ => Ok(dialled),
    }
}

fn of_class(host: &Host<String>, port: u16, answer: Answer) -> Refusal {
    let Answer { ip, class, .. } = answer;
    let hint = if class.nameable() {
        format!("; add `{host}:{port}` to the private targets of this source if that is meant")
    } else {
        "; such an address is never called".to_owned()
    };
    Refusal::new(Rule::Address(class), format!("{host} is {ip}, a {class} address{hint}"))
}

fn named(name: &str, port: u16, policy: &Policy) -> Result<(), Refusal> {
    if names::is_metadata(name) {
        return Err(Refusal::new(
            Rule::MetadataName,
            format!("{name} is the name of a cloud's metadata service; it is never called"),
        ));
    }
    if names::is_onion(name) && !policy.takes_onions() {
        return Err(Refusal::new(
            Rule::NoRoute,
            format!(
                "{name} is an onion service; name a SOCKS proxy that leads there for this source"
            ),
        ));
    }
    if names::is_loopback(name) && !policy.names(name, port) {
        return Err(Refusal::new(
            Rule::Address(Class::Loopback),
            format!(
                "{name} is a name for this machine, a loopback address; add `{name}:{port}` to the private targets of \
                 this source if that is meant"
            ),
        ));
    }
    Ok(())
}

/// Whether it is `https`, and what follows the two slashes.
fn scheme(text: &str) -> Result<(bool, &str), Refusal> {
    let malformed = |what: &str| Refusal::new(Rule::Malformed, format!("this is no URL: {what}"));
    let (scheme, rest) = text.split_once(':').ok_or_else(|| malformed("it has no scheme"))?;
    let tls = match scheme.to_ascii_lowercase().as_str() {
        "http" => false,
        "https" => true,
        _ => {
            return Err(Refusal::new(
                Rule::Scheme,
                "only `http` and `https` are called; write the URL with one of them",
            ));
        }
    };
    let rest = rest.strip_prefix("//").ok_or_else(|| malformed("two slashes follow the scheme"))?;
    Ok((tls, rest))
}

/// The authority: it ends at the first `/`, `?` or `#`, and holds nothing that another parser could take for its end.
pub(crate) fn authority(rest: &str) -> Result<&str, Refusal> {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() {
        return Err(Refusal::new(Rule::Malformed, "the URL has no host"));
    }
    if authority.contains('\\')
        || authority.contains('%')
        || authority.contains(char::is_whitespace)
    {
        return Err(Refusal::new(
            Rule::Authority,
            "the host holds a back-slash, white space, an escape or a zone; parsers disagree about what it then means",
        ));
    }
    if authority.contains('@') {
        return Err(Refusal::new(
            Rule::UserInfo,
            "the URL holds a user name or password; use the credentials setting",
        ));
    }
    Ok(authority)
}

pub(crate) fn split_port(authority: &str) -> Result<(&str, Option<u16>), Refusal> {
    let end =
        if authority.starts_with('[') { authority.find(']').map_or(0, |at| at + 1) } else { 0 };
    let Some(colon) = authority[end..].find(':') else { return Ok((authority, None)) };
    let (host, port) = (&authority[..end + colon], &authority[end + colon + 1..]);
    let plain = !port.starts_with('0') && port.bytes().all(|c| c.is_ascii_digit());
    match port.parse() {
        Ok(number) if plain => Ok((host, Some(number))),
        _ => Err(Refusal::new(Rule::Malformed, "the port is no number from 1 to 65535")),
    }
}

fn parsed(text: &str) -> Result<Url, Refusal> {
    let mut url = Url::parse(text)
        .map_err(|e| Refusal::new(Rule::Malformed, format!("this is no URL: {e}")))?;
    url.set_fragment(None);
    Ok(url)
}

/// The URL is sent by another parser than the one above. Where they differ, neither is trusted.
fn agree(place: &Place) -> Result<(), Refusal> {
    let Place { url, host, port, tls } = place;
    let same_host = match (url.host(), host) {
        (Some(Host::Domain(a)), Host::Domain(b)) => a.strip_suffix('.').unwrap_or(a) == b,
        (Some(Host::Ipv4(a)), Host::Ipv4(b)) => a == *b,
        (Some(Host::Ipv6(a)), Host::Ipv6(b)) => a == *b,
        _ => false,
    };
    let same_way = url.scheme() == if *tls { "https" } else { "http" };
    if same_host
        && same_way
        && url.port_or_known_default() == Some(*port)
        && url.username().is_empty()
    {
        return Ok(());
    }
    Err(Refusal::new(Rule::Authority, "two parsers read this URL differently; write it plainly"))
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
