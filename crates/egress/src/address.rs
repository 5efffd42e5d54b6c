use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::embedded;

/// What an address is for, after the IANA special-purpose registries (RFC 6890) and what clouds put where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Reachable by everybody.
    Public,
    /// This machine.
    Loopback,
    /// RFC 1918, unique local (RFC 4193).
    Private,
    /// Shared address space (RFC 6598): carriers, and overlay networks.
    Shared,
    /// Benchmarking (RFC 2544, RFC 5180).
    Benchmarking,
    /// The link only (RFC 3927, RFC 4291).
    LinkLocal,
    /// A cloud's metadata or credential service.
    Metadata,
    /// "This host", `0.0.0.0/8` and `::`: connects to the machine itself.
    Unspecified,
    /// Multicast and broadcast.
    Multicast,
    /// Documentation.
    Documentation,
    /// Reserved, discard-only, deprecated or not yet given out.
    Reserved,
    /// An IPv6 form that carries an IPv4 address that is not public, or hides what it carries.
    Embedded,
}

impl Class {
    /// Whether an address of this class may be dialled; `named` if the operator named this very host and port.
    pub const fn allowed(self, named: bool) -> bool {
        match self {
            Self::Public => true,
            Self::Loopback | Self::Private | Self::Shared | Self::Benchmarking => named,
            _ => false,
        }
    }

    /// Whether naming it as a private target would help.
    pub const fn nameable(self) -> bool {
        self.allowed(true)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "public",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::Shared => "shared",
            Self::Benchmarking => "benchmarking",
            Self::LinkLocal => "link-local",
            Self::Metadata => "cloud metadata",
            Self::Unspecified => "unspecified",
            Self::Multicast => "multicast",
            Self::Documentation => "documentation",
            Self::Reserved => "reserved",
            Self::Embedded => "IPv6-embedded",
        })
    }
}

/// The class of an address.
pub fn classify(ip: IpAddr) -> Class {
    match ip {
        IpAddr::V4(v4) => of_v4(v4),
        IpAddr::V6(v6) => of_v6(v6),
    }
}

/// Services that hand out credentials to whoever connects: AWS (IMDS, ECS, EKS), Alibaba, Azure, Oracle.
const METADATA_V4: [Ipv4Addr; 6] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(169, 254, 170, 23),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(192, 0, 0, 192),
];

/// The same for IPv6. Amazon has the whole of `fd00:ec2::/32` for services of its platform; then Google, Scaleway and
/// OpenStack.
const METADATA_V6: &[(Ipv6Addr, u8)] = &[
    (net(0xfd00, 0x0ec2, 0, 0), 32),
    (Ipv6Addr::new(0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254), 128),
    (Ipv6Addr::new(0xfd00, 0x0042, 0, 0, 0, 0, 0, 0x0042), 128),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe), 128),
];

/// First network that holds the address wins; what is in none is public.
const V4: &[(Ipv4Addr, u8, Class)] = &[
    (Ipv4Addr::UNSPECIFIED, 8, Class::Unspecified),
    (Ipv4Addr::new(10, 0, 0, 0), 8, Class::Private),
    (Ipv4Addr::new(100, 64, 0, 0), 10, Class::Shared),
    (Ipv4Addr::new(127, 0, 0, 0), 8, Class::Loopback),
    (Ipv4Addr::new(169, 254, 0, 0), 16, Class::LinkLocal),
    (Ipv4Addr::new(172, 16, 0, 0), 12, Class::Private),
    (Ipv4Addr::new(192, 0, 0, 0), 24, Class::Reserved),
    (Ipv4Addr::new(192, 0, 2, 0), 24, Class::Documentation),
    (Ipv4Addr::new(192, 88, 99, 0), 24, Class::Reserved),
    (Ipv4Addr::new(192, 168, 0, 0), 16, Class::Private),
    (Ipv4Addr::new(198, 18, 0, 0), 15, Class::Benchmarking),
    (Ipv4Addr::new(198, 51, 100, 0), 24, Class::Documentation),
    (Ipv4Addr::new(203, 0, 113, 0), 24, Class::Documentation),
    (Ipv4Addr::new(224, 0, 0, 0), 4, Class::Multicast),
    (Ipv4Addr::BROADCAST, 32, Class::Multicast),
    (Ipv4Addr::new(240, 0, 0, 0), 4, Class::Reserved),
];

fn of_v4(ip: Ipv4Addr) -> Class {
    if METADATA_V4.contains(&ip) {
        return Class::Metadata;
    }
    let bits = ip.to_bits();
    let holds = |net: &Ipv4Addr, len: u8| (bits ^ net.to_bits()) >> (32 - u32::from(len)) == 0;
    V4.iter().find(|(net, len, _)| holds(net, *len)).map_or(Class::Public, |(_, _, class)| *class)
}

const fn net(a: u16, b: u16, c: u16, d: u16) -> Ipv6Addr {
    Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)
}

/// Within 2000::/3, which alone is given out; first network wins, the rest of it is public.
const V6: &[(Ipv6Addr, u8, Class)] = &[
    (net(0x2001, 0, 0, 0), 32, Class::Embedded), // Teredo: the IPv4 address is masked
    (net(0x2001, 2, 0, 0), 48, Class::Benchmarking), // RFC 5180
    (net(0x2001, 0, 0, 0), 23, Class::Reserved), // IETF protocol assignments
    (net(0x2001, 0x0db8, 0, 0), 32, Class::Documentation),
    (net(0x3fff, 0, 0, 0), 20, Class::Documentation), // RFC 9637
];

/// Outside 2000::/3; what is in none of these is reserved.
const V6_OTHER: &[(Ipv6Addr, u8, Class)] = &[
    (Ipv6Addr::LOCALHOST, 128, Class::Loopback),
    (Ipv6Addr::UNSPECIFIED, 128, Class::Unspecified),
    (net(0x0064, 0xff9b, 1, 0), 48, Class::Embedded), // local-use NAT64, RFC 8215
    (net(0xfc00, 0, 0, 0), 7, Class::Private),
    (net(0xfe80, 0, 0, 0), 10, Class::LinkLocal),
    (net(0xff00, 0, 0, 0), 8, Class::Multicast),
];

fn of_v6(ip: Ipv6Addr) -> Class {
    let bits = ip.to_bits();
    let holds = |net: &Ipv6Addr, len: u8| (bits ^ net.to_bits()) >> (128 - u32::from(len)) == 0;
    if METADATA_V6.iter().any(|(net, len)| holds(net, *len)) {
        return Class::Metadata;
    }
    // No prefix launders what it carries: one bad inner address is enough.
    let inner = embedded::addresses(ip).map(of_v4);
    if inner.clone().any(|class| class == Class::Metadata) {
        return Class::Metadata;
    }
    if inner.clone().any(|class| class != Class::Public)
        && ip != Ipv6Addr::LOCALHOST
        && ip != Ipv6Addr::UNSPECIFIED
    {
        return Class::Embedded;
    }
    if embedded::leads_to_ipv4(ip) {
        return Class::Public;
    }
    let (table, rest) = if holds(&net(0x2000, 0, 0, 0), 3) {
        (V6, Class::Public)
    } else {
        (V6_OTHER, Class::Reserved)
    };
    table.iter().find(|(net, len, _)| holds(net, *len)).map_or(rest, |(_, _, class)| *class)
}

#[cfg(test)]
#[path = "address_tests.rs"]
mod tests;
