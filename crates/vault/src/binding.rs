use std::fmt;
use std::net::Ipv6Addr;
use std::path::{Component, Path};

use model::Usage;

/// Most hosts, programs or webhooks of one secret.
const MOST: usize = 64;
/// The longest name of a host, in bytes (RFC 1035).
const HOST: usize = 253;
/// The longest path of a program, in bytes.
const PROGRAM: usize = 4096;
/// The longest name of a webhook, in bytes.
const WEBHOOK: usize = 64;

/// Where a secret may go. One that is bound to nothing goes nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bindings {
    hosts: Vec<HostRule>,
    programs: Vec<String>,
    webhooks: Vec<String>,
    /// Whether it is a key of the gate's own wallet. Then it is bound to nothing else.
    wallet: bool,
}

/// A host and port, or all hosts under a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct HostRule {
    /// Lower case; for a suffix without its `*.`.
    name: String,
    under: bool,
    port: u16,
}

impl Bindings {
    /// Reads them as they are written on the command line and in the file.
    ///
    /// # Errors
    /// The first that is not lawful, as a sentence.
    pub fn parse(
        hosts: &[String],
        programs: &[String],
        webhooks: &[String],
    ) -> Result<Self, String> {
        if hosts.len().max(programs.len()).max(webhooks.len()) > MOST {
            return Err(format!("a secret is bound to at most {MOST} hosts, programs or webhooks"));
        }
        let mut read: Vec<_> =
            hosts.iter().map(|h| HostRule::parse(h)).collect::<Result<_, _>>()?;
        read.sort();
        read.dedup();
        Ok(Self {
            hosts: read,
            programs: sorted(programs, program)?,
            webhooks: sorted(webhooks, webhook)?,
            wallet: false,
        })
    }

    /// Those of a key of the gate's own wallet: it signs, and goes nowhere.
    pub fn wallet() -> Self {
        Self { wallet: true, ..Self::default() }
    }

    /// Whether it is a key of the gate's own wallet.
    pub const fn is_wallet(&self) -> bool {
        self.wallet
    }

    /// Whether it is bound to nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The hosts, as `name:port` or `*.name:port`.
    pub fn hosts(&self) -> Vec<String> {
        self.hosts.iter().map(ToString::to_string).collect()
    }

    /// The programs, as absolute paths.
    pub fn programs(&self) -> &[String] {
        &self.programs
    }

    /// The webhooks, by name.
    pub fn webhooks(&self) -> &[String] {
        &self.webhooks
    }

    /// Whether the secret may be used so. What is not named is not allowed.
    pub fn permit(&self, usage: Usage<'_>) -> bool {
        match usage {
            Usage::Host(host, port) => {
                let host = plain(host);
                self.hosts.iter().any(|rule| rule.port == port && rule.covers(&host))
            }
            // Bytes, not components: `/a/./b` is another spelling, and not the one that was agreed to.
            Usage::Program(path) => {
                self.programs.iter().any(|p| Path::new(p).as_os_str() == path.as_os_str())
            }
            Usage::Verify(name) => self.webhooks.iter().any(|w| w == name),
            Usage::Wallet => self.wallet,
        }
    }
}

impl HostRule {
    fn parse(text: &str) -> Result<Self, String> {
        let bad = |why: &str| format!("`{}` is no host: {why}", text.escape_debug());
        let (host, port) = split(text).ok_or_else(|| bad("write it as `name` or `name:port`"))?;
        let port = match port {
            Some(port) => number(port).ok_or_else(|| bad("a port is a number from 1 to 65535"))?,
            None => 443,
        };
        let (host, under) = host.strip_prefix("*.").map_or((host, false), |rest| (rest, true));
        let name = plain(host);
        if text.starts_with('[') || name.contains(':') {
            let address = name.parse::<Ipv6Addr>().map_err(|_| bad("this is no IPv6 address"))?;
            if under {
                return Err(bad("an address has nothing under it"));
            }
            return Ok(Self { name: address.to_string(), under, port });
        }
        lawful(&name).map_err(bad)?;
        let last = name.rsplit('.').next().unwrap_or_default();
        if under && (!name.contains('.') || last.bytes().all(|b| b.is_ascii_digit())) {
            return Err(bad("`*.` stands before a name of at least two parts"));
        }
        Ok(Self { name, under, port })
    }

    fn covers(&self, host: &str) -> bool {
        if !self.under {
            return self.name == host;
        }
        let rest = host.strip_suffix(self.name.as_str()).and_then(|rest| rest.strip_suffix('.'));
        rest.is_some_and(|rest| !rest.is_empty())
    }
}

impl fmt::Display for HostRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.under { "*." } else { "" };
        if self.name.contains(':') {
            write!(f, "[{}]:{}", self.name, self.port)
        } else {
            write!(f, "{star}{}:{}", self.name, self.port)
        }
    }
}

/// Host and port of `name`, `name:port`, `[address]` or `[address]:port`.
fn split(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        return match after {
            "" => Some((host, None)),
            port => Some((host, Some(port.strip_prefix(':')?))),
        };
    }
    match text.split_once(':') {
        Some((_, port)) if port.contains(':') => None,
        Some((host, port)) => Some((host, Some(port))),
        None => Some((text, None)),
    }
}

fn number(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let port = text.parse().ok().filter(|port| *port > 0);
    if digits { port } else { None }
}

/// A host in the one spelling in which hosts are compared: lower case, no brackets, no dot at the end.
fn plain(host: &str) -> String {
    let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    host.parse::<Ipv6Addr>().map_or(host, |address| address.to_string())
}

fn lawful(name: &str) -> Result<(), &'static str> {
    if name.is_empty() || name.len() > HOST {
        return Err("it is empty or too long");
    }
    if !name.is_ascii() {
        return Err("write it as it goes over the wire, beginning with `xn--`");
    }
    let part = |part: &str| {
        let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        (1..=63).contains(&part.len()) && part.bytes().all(known)
    };
    if name.split('.').all(part) { Ok(()) } else { Err("a name has a-z, 0-9, `-` and single dots") }
}

fn program(path: &str) -> Result<(), String> {
    let bad = |why: &str| Err(format!("`{}` is no program: {why}", path.escape_debug()));
    if path.len() > PROGRAM || path.contains('\0') {
        return bad("it is too long, or has a character that no path has");
    }
    let plain = Path::new(path)
        .components()
        .all(|c| matches!(c, Component::RootDir | Component::Normal(_)));
    let spelled: Vec<_> = path.split('/').skip(1).collect();
    if !path.starts_with('/') || !plain || spelled.iter().any(|p| matches!(*p, "" | "." | "..")) {
        return bad("name it by its absolute path, without `.`, `..` or doubled slashes");
    }
    Ok(())
}

fn webhook(name: &str) -> Result<(), String> {
    let lawful = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    if (1..=WEBHOOK).contains(&name.len()) && name.bytes().all(lawful) {
        return Ok(());
    }
    Err(format!(
        "`{}` is no name of a webhook: it has A-Z, a-z, 0-9, `-`, `_` and `.`",
        name.escape_debug()
    ))
}

fn sorted(
    texts: &[String],
    check: impl Fn(&str) -> Result<(), String>,
) -> Result<Vec<String>, String> {
    texts.iter().try_for_each(|text| check(text))?;
    let mut sorted = texts.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    Ok(sorted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(texts: &[&str]) -> Result<Bindings, String> {
        let texts: Vec<String> = texts.iter().map(|t| (*t).to_owned()).collect();
        Bindings::parse(&texts, &[], &[])
    }

    fn permits(rule: &str, host: &str, port: u16) -> bool {
        hosts(&[rule]).unwrap().permit(Usage::Host(host, port))
    }

    #[test]
    fn a_host_is_the_same_host_and_port_whatever_its_spelling() {
        assert!(permits("api.example.com", "api.example.com", 443));
        assert!(permits("API.example.com:8443", "api.Example.com.", 8443));
        assert!(permits("[2001:DB8:0::1]", "2001:db8::1", 443));
        assert!(permits("[2001:db8::1]:80", "[2001:db8:0:0::1]", 80));
        for (rule, host, port) in [
            ("api.example.com", "api.example.com", 80),
            ("api.example.com", "example.com", 443),
            ("api.example.com", "api.example.com.evil.example", 443),
            ("api.example.com", "xapi.example.com", 443),
            ("10.0.0.1", "110.0.0.1", 443),
        ] {
            assert!(!permits(rule, host, port), "{rule} {host} {port}");
        }
    }

    #[test]
    fn a_star_covers_what_is_under_the_name_and_not_the_name() {
        assert!(permits("*.example.com", "a.example.com", 443));
        assert!(permits("*.example.com", "a.b.example.com", 443));
        for host in ["example.com", ".example.com", "evilexample.com", "example.com.evil.example"] {
            assert!(!permits("*.example.com", host, 443), "{host}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for bad in [
            "",
            "*",
            "*.com",
            "*.*.example.com",
            "a.*.com",
            "https://a.example",
            "a.example/x",
            "a b",
            "a..b",
            "a.example:0",
            "a.example:65536",
            "a.example:+1",
            "a.example:",
            "::1",
            "[::1",
            "[::1]x",
            "[zz]",
            "[a.example]",
            "*.[::1]",
            "*.0.0.1",
            "user@a.example",
            "bücher.example",
        ] {
            assert!(hosts(&[bad]).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_program_is_its_exact_path_and_a_webhook_its_exact_name() {
        let list = |t: &str| vec![t.to_owned()];
        let bound = Bindings::parse(&[], &list("/usr/bin/tool"), &list("github")).unwrap();
        assert!(bound.permit(Usage::Program(Path::new("/usr/bin/tool"))));
        assert!(bound.permit(Usage::Verify("github")));
        for path in
            ["/usr/bin/tools", "tool", "/usr/bin/./tool", "/usr/bin//tool", "/usr/bin/tool/"]
        {
            assert!(!bound.permit(Usage::Program(Path::new(path))), "{path}");
        }
        assert!(!bound.permit(Usage::Verify("GitHub")));
        assert!(!bound.permit(Usage::Host("github", 443)));
        for bad in ["tool", "./tool", "/", "/a/../b", "/a//b", "/a/", "/a\0", ""] {
            assert!(Bindings::parse(&[], &list(bad), &[]).is_err(), "{bad}");
        }
        for bad in ["", "a b", "a/b"] {
            assert!(Bindings::parse(&[], &[], &list(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_key_of_a_wallet_signs_and_goes_nowhere_and_what_goes_somewhere_signs_nothing() {
        let wallet = Bindings::wallet();
        assert!(wallet.permit(Usage::Wallet) && !wallet.is_empty());
        assert!(!wallet.permit(Usage::Host("a.example", 443)));
        assert!(!hosts(&["a.example"]).unwrap().permit(Usage::Wallet));
        assert!(!Bindings::default().permit(Usage::Wallet));
    }

    #[test]
    fn what_is_bound_to_nothing_goes_nowhere() {
        let none = Bindings::default();
        assert!(none.is_empty());
        assert!(!none.permit(Usage::Host("", 0)) && !none.permit(Usage::Verify("")));
        assert!(!none.permit(Usage::Program(Path::new(""))));
    }

    #[test]
    fn bindings_are_read_back_as_they_are_written() {
        let bound = hosts(&["b.example", "*.A.example:1", "[::1]:2", "b.example:443"]).unwrap();
        assert_eq!(bound.hosts(), ["[::1]:2", "*.a.example:1", "b.example:443"]);
        assert_eq!(Bindings::parse(&bound.hosts(), &[], &[]).unwrap(), bound);
    }
}
