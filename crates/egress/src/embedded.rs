//! The IPv4 addresses inside an IPv6 one.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Every IPv4 address that this one may carry. Some forms can stand in the same address; all of them count.
pub(crate) fn addresses(ip: Ipv6Addr) -> impl Iterator<Item = Ipv4Addr> + Clone {
    let words = ip.segments();
    let v4 = |hi: u16, lo: u16| Ipv4Addr::from_bits(u32::from(hi) << 16 | u32::from(lo));
    let last = match words {
        // IPv4-compatible, IPv4-mapped (RFC 4291), IPv4-translated (RFC 2765), NAT64 (RFC 6052).
        [0, 0, 0, 0, 0, 0 | 0xffff, ..]
        | [0, 0, 0, 0, 0xffff, 0, ..]
        | [0x0064, 0xff9b, 0, 0, 0, 0, ..]
        // NAT64 for local use, RFC 8215.
        | [0x0064, 0xff9b, 1, ..]
        // ISATAP interface ids (RFC 5214), with the "universal" bit or without, under any prefix.
        | [_, _, _, _, 0x0000 | 0x0200, 0x5efe, ..] => true,
        _ => false,
    };
    let teredo = matches!(words, [0x2001, 0, ..]);
    [
        last.then(|| v4(words[6], words[7])),
        (words[0] == 0x2002).then(|| v4(words[1], words[2])),
        // Teredo, RFC 4380: the address of the server, and that of the client with all bits turned.
        teredo.then(|| v4(words[2], words[3])),
        teredo.then(|| v4(!words[6], !words[7])),
    ]
    .into_iter()
    .flatten()
}

/// Whether packets to this address end at the IPv4 address inside: mapped, well-known NAT64, 6to4.
pub(crate) fn leads_to_ipv4(ip: Ipv6Addr) -> bool {
    matches!(
        ip.segments(),
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x0064, 0xff9b, 0, 0, 0, 0, ..] | [0x2002, ..]
    )
}
