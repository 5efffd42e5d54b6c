use proptest::prelude::*;

use super::*;

fn class(ip: &str) -> Class {
    classify(ip.parse().unwrap())
}

/// First and last address of each network in the registry, and the neighbours outside it.
#[test]
fn every_ipv4_network_of_the_registry_has_its_class_from_edge_to_edge() {
    use Class::*;
    for (ip, want) in [
        ("0.0.0.0", Unspecified),
        ("0.255.255.255", Unspecified),
        ("1.0.0.0", Public),
        ("9.255.255.255", Public),
        ("10.0.0.0", Private),
        ("10.255.255.255", Private),
        ("11.0.0.0", Public),
        ("100.63.255.255", Public),
        ("100.64.0.0", Shared),
        ("100.127.255.255", Shared),
        ("100.128.0.0", Public),
        ("126.255.255.255", Public),
        ("127.0.0.0", Loopback),
        ("127.255.255.255", Loopback),
        ("128.0.0.0", Public),
        ("169.253.255.255", Public),
        ("169.254.0.0", LinkLocal),
        ("169.254.255.255", LinkLocal),
        ("169.255.0.0", Public),
        ("172.15.255.255", Public),
        ("172.16.0.0", Private),
        ("172.31.255.255", Private),
        ("172.32.0.0", Public),
        ("192.0.0.0", Reserved),
        ("192.0.0.255", Reserved),
        ("192.0.1.0", Public),
        ("192.0.2.0", Documentation),
        ("192.0.2.255", Documentation),
        ("192.88.99.1", Reserved),
        ("192.167.255.255", Public),
        ("192.168.0.0", Private),
        ("192.168.255.255", Private),
        ("192.169.0.0", Public),
        ("198.17.255.255", Public),
        ("198.18.0.0", Benchmarking),
        ("198.19.255.255", Benchmarking),
        ("198.20.0.0", Public),
        ("198.51.100.7", Documentation),
        ("203.0.113.255", Documentation),
        ("223.255.255.255", Public),
        ("224.0.0.0", Multicast),
        ("239.255.255.255", Multicast),
        ("240.0.0.0", Reserved),
        ("255.255.255.254", Reserved),
        ("255.255.255.255", Multicast),
        ("93.184.215.14", Public),
    ] {
        assert_eq!(class(ip), want, "{ip}");
    }
}

#[test]
fn every_ipv6_network_of_the_registry_has_its_class() {
    use Class::*;
    for (ip, want) in [
        ("::", Unspecified),
        ("::1", Loopback),
        ("::2", Embedded),
        ("::7f00:1", Embedded),
        ("64:ff9b:1::1", Embedded),
        ("100::1", Reserved),
        ("1fff:ffff::", Reserved),
        ("2000::", Public),
        ("2001::1", Embedded),
        ("2001:2::1", Benchmarking),
        ("2001:2:1::1", Reserved),
        ("2001:20::1", Reserved),
        ("2001:1ff:ffff::", Reserved),
        ("2001:200::", Public),
        ("2001:db8::1", Documentation),
        ("2001:db9::1", Public),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", Public),
        ("3fff::1", Documentation),
        ("3fff:1000::1", Public),
        ("4000::", Reserved),
        ("5f00::1", Reserved),
        ("fbff::1", Reserved),
        ("fc00::", Private),
        ("fdff:ffff::1", Private),
        ("fe80::1", LinkLocal),
        ("febf::1", LinkLocal),
        ("fec0::1", Reserved),
        ("ff02::1", Multicast),
        ("::ffff:0:127.0.0.1", Embedded),
        ("::ffff:0:93.184.215.14", Reserved),
        ("::93.184.215.14", Reserved),
    ] {
        assert_eq!(class(ip), want, "{ip}");
    }
}

#[test]
fn metadata_services_are_refused_even_when_named() {
    for ip in [
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
        "fd00:ec2::253",
        "fd00:42::42",
        "fd12::5efe:169.254.169.254",
        "2600::200:5efe:169.254.169.254",
        "64:ff9b:1::169.254.169.254",
        "::169.254.169.254",
        "::ffff:0:169.254.169.254",
        "2001:0:a9fe:a9fe::",
        "fe80::a9fe:a9fe",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
    ] {
        assert_eq!(class(ip), Class::Metadata, "{ip}");
        assert!(!class(ip).allowed(true), "{ip}");
    }
}

#[test]
fn an_embedded_address_is_judged_by_where_its_packets_end_up() {
    for ip in [
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        // ISATAP, also under a prefix that is named, and behind a 6to4 prefix that is public itself.
        "2600::5efe:10.0.0.1",
        "2600::200:5efe:10.0.0.1",
        "fd12::5efe:127.0.0.1",
        "2002:5db8:d70e:0:0:5efe:127.0.0.1",
        "2001:0:4136:e378:8000:63bf:f5ff:fffe",
    ] {
        assert_eq!(class(ip), Class::Embedded, "{ip}");
        assert!(!class(ip).allowed(true), "{ip}");
    }
    for ip in [
        "::ffff:93.184.215.14",
        "64:ff9b::5db8:d70e",
        "2002:5db8:d70e::1",
        "2600::5efe:93.184.215.14",
        // The registry's own globally reachable blocks stay open.
        "192.31.196.1",
        "192.52.193.1",
        "192.175.48.1",
        "2620:4f:8000::1",
    ] {
        assert_eq!(class(ip), Class::Public, "{ip}");
    }
}

proptest! {
    /// No way of writing an IPv4 address inside an IPv6 one reaches more than the IPv4 address itself.
    #[test]
    fn no_embedding_reaches_further_than_the_plain_address(bits: u32) {
        let v4 = Ipv4Addr::from_bits(bits);
        let [a, b] = [(bits >> 16) as u16, (bits & 0xffff) as u16];
        for v6 in [
            v4.to_ipv6_mapped(),
            v4.to_ipv6_compatible(),
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, a, b),
            Ipv6Addr::new(0x2002, a, b, 0, 0, 0, 0, 1),
            Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, !a, !b),
            Ipv6Addr::new(0x2001, 0, a, b, 0, 0, 0, 0),
            Ipv6Addr::new(0x64, 0xff9b, 1, 7, 7, 7, a, b),
            Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, a, b),
            Ipv6Addr::new(0x2600, 1, 2, 3, 0, 0x5efe, a, b),
            Ipv6Addr::new(0xfd12, 1, 2, 3, 0x200, 0x5efe, a, b),
        ] {
            let (inner, outer) = (classify(v4.into()), classify(v6.into()));
            prop_assert!(!outer.allowed(false) || inner == Class::Public, "{} {:?} {:?}", v6, inner, outer);
            prop_assert!(inner != Class::Metadata || !outer.allowed(true));
        }
    }

    /// The standard library's own (coarser) tests never say "special" where this table says "public".
    #[test]
    fn what_the_standard_library_calls_special_is_never_public(bits: u128) {
        let ip = Ipv6Addr::from_bits(bits);
        if ip.is_loopback() || ip.is_unspecified() || ip.is_multicast() || ip.is_unique_local()
            || ip.is_unicast_link_local() {
            prop_assert!(classify(ip.into()) != Class::Public);
        }
        let v4 = Ipv4Addr::from_bits((bits & 0xffff_ffff) as u32);
        if v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_broadcast()
            || v4.is_documentation() || v4.is_multicast() || v4.is_unspecified() {
            prop_assert!(classify(v4.into()) != Class::Public);
        }
    }
}
