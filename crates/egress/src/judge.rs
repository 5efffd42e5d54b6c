//! What would become of a URL: the rules of [`guard`] with their answers given, for `explain url`. Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::Host;

use crate::guard::{self, Answer};
use crate::{Class, Net, Policy, Refusal, Rule, names, redirect};

/// What would become of a URL, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Whether it would be dialled.
    pub allowed: bool,
    /// The rule that decided: a stable word.
    pub rule: &'static str,
    /// Why, as a sentence.
    pub reason: String,
    /// Each address that was judged.
    pub addresses: Vec<Answer>,
}

/// The name that must be resolved before a URL can be judged; none for an address, or where its text is refused already.
pub fn unresolved(url: &str, policy: &Policy) -> Option<String> {
    match guard::target(url, policy).ok()?.host {
        Host::Domain(name) => Some(name),
        _ => None,
    }
}

/// Judges a URL. `rounds` is what its name is answered with, one list a question: each is what one dial would get, and
/// all of them must leave something to dial.
pub fn judge(url: &str, rounds: &[Vec<IpAddr>], policy: &Policy) -> Judgement {
    let mut addresses = Vec::new();
    match judged(url, rounds, policy, &mut addresses) {
        Ok((rule, reason)) => Judgement { allowed: true, rule, reason, addresses },
        Err(Refusal { rule, reason }) => {
            Judgement { allowed: false, rule: rule.code(), reason, addresses }
        }
    }
}

/// Judges a URL and the places that redirects from it lead to, one after the other.
pub fn judge_hops(
    url: &str,
    locations: &[String],
    rounds: &[Vec<IpAddr>],
    policy: &Policy,
) -> Judgement {
    let mut last = judge(url, rounds, policy);
    let refused =
        |rule, reason: String| Judgement { allowed: false, rule, reason, addresses: Vec::new() };
    let mut at = url.to_owned();
    for (hop, location) in locations.iter().enumerate() {
        if !last.allowed {
            return last;
        }
        if hop == redirect::MOST {
            return refused("redirect_limit", format!("more than {} redirects", redirect::MOST));
        }
        match redirect::place(&at, location, policy) {
            Ok(next) => at = next,
            Err(error) => return refused(error.code(), error.detail().to_owned()),
        }
        last = judge(&at, rounds, policy);
    }
    last
}

fn judged(
    url: &str,
    rounds: &[Vec<IpAddr>],
    policy: &Policy,
    addresses: &mut Vec<Answer>,
) -> Result<(&'static str, String), Refusal> {
    let place = guard::target(url, policy)?;
    let unanswered = rounds.iter().all(Vec::is_empty);
    let known = match &place.host {
        Host::Ipv4(ip) => Some(vec![vec![IpAddr::V4(*ip)]]),
        Host::Ipv6(ip) => Some(vec![vec![IpAddr::V6(*ip)]]),
        // RFC 6761 section 6.3: nobody is asked for these.
        Host::Domain(name) if unanswered && names::is_loopback(name) => {
            Some(vec![vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]])
        }
        Host::Domain(_) => None,
    };
    let rounds = known.as_deref().unwrap_or(rounds);
    if rounds.iter().all(Vec::is_empty) {
        let reason = format!("{} has no address", place.host);
        return Err(Refusal::new(Rule::NoAddress, reason));
    }
    for round in rounds {
        addresses.extend(guard::answers(&place.host, place.port, round, policy));
        guard::vet(&place.host, place.port, round, policy)?;
    }
    let named = addresses.iter().any(|a| a.dialled && a.class != Class::Public);
    Ok(if named {
        ("named_target", format!("{}:{} is named as a private target", place.host, place.port))
    } else {
        ("public_address", format!("{} is at a public address", place.host))
    })
}

/// Reads answers of a resolver: `A 93.184.215.14, AAAA 2600::1`, or one list after the other:
/// `first A 93.184.215.14, then A 127.0.0.1`. What stands behind an address (`with a valid certificate`) changes nothing.
///
/// # Errors
/// A part that is no address.
pub fn read_answers(text: &str) -> Result<Vec<Vec<IpAddr>>, String> {
    let mut rounds = vec![Vec::new()];
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty() && *part != "none") {
        let mut words =
            part.split_whitespace().filter(|word| !matches!(*word, "A" | "AAAA")).peekable();
        match words.peek() {
            Some(&"then") => {
                words.next();
                rounds.push(Vec::new());
            }
            Some(&"first") => {
                words.next();
            }
            _ => {}
        }
        let word = words.next().unwrap_or_default();
        let ip = word.parse().map_err(|_| {
            format!(
                "`{}` is no answer: write it as `A 93.184.215.14, AAAA 2600::1`",
                part.escape_debug()
            )
        })?;
        if let Some(round) = rounds.last_mut() {
            round.push(ip);
        }
    }
    Ok(rounds)
}

/// Reads a list of private targets onto a policy: `none`, or, apart by commas, an address, a network or a name, each with
/// a port behind a colon or behind ` port `, or with none: then at every port. A name always needs its port.
///
/// # Errors
/// A part that is none of these.
pub fn read_allowed(text: &str, mut policy: Policy) -> Result<Policy, String> {
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty() && *part != "none") {
        let wrong = || {
            format!(
                "`{}` is no private target: write it as `10.1.0.0/16`, `fd12::/32 port 8080` or `localhost:9000`",
                part.escape_debug()
            )
        };
        let (place, port) = match part.split_once(" port ") {
            Some((place, port)) => (place.trim(), Some(port.trim())),
            None => (part, None),
        };
        let bare = place.strip_prefix('[').and_then(|p| p.strip_suffix(']')).unwrap_or(place);
        if let Ok(net) = bare.parse::<Net>() {
            let port = port.map(str::parse).transpose().map_err(|_| wrong())?;
            policy = policy.allow_net(net, port);
            continue;
        }
        let (host, port) = match port {
            Some(port) => (place, port),
            None => place.rsplit_once(':').ok_or_else(wrong)?,
        };
        let port = port.parse().map_err(|_| wrong())?;
        policy = match host.trim_matches(['[', ']']).parse::<Net>() {
            Ok(net) => policy.allow_net(net, Some(port)),
            Err(_) if host.contains(['/', ' ']) => return Err(wrong()),
            Err(_) => policy.allow(host, port),
        };
    }
    Ok(policy)
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
