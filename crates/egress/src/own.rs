//! Where this gate itself listens: no call may come back in through its own door.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Whether dialling this address would reach one of the gate's own listeners.
pub(crate) fn is_own(own: &[SocketAddr], ip: IpAddr, port: u16) -> bool {
    let ip = ip.to_canonical();
    own.iter().any(|listens| {
        let at = listens.ip().to_canonical();
        listens.port() == port && (at == ip || (at.is_unspecified() && is_local(ip)))
    })
}

/// Whether the address is one of this machine. The system says by which address it would reach it; for an address of its
/// own, that is the address itself. Nothing is sent for this.
#[expect(clippy::disallowed_methods, reason = "a socket that sends nothing, to ask for the way")]
fn is_local(ip: IpAddr) -> bool {
    let any: IpAddr =
        if ip.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let asked = UdpSocket::bind((any, 0)).and_then(|socket| {
        socket.connect((ip, 9))?;
        socket.local_addr()
    });
    ip.is_loopback() || asked.is_ok_and(|by| by.ip() == ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    // EGR-09
    #[test]
    fn a_listener_on_all_addresses_is_found_behind_each_of_them() {
        let own = |listens: &str, ip: &str, port| {
            is_own(&[listens.parse().unwrap()], ip.parse().unwrap(), port)
        };
        assert!(own("93.184.215.14:8402", "93.184.215.14", 8402));
        assert!(own("93.184.215.14:8402", "::ffff:93.184.215.14", 8402));
        assert!(!own("93.184.215.14:8402", "93.184.215.14", 8403));
        assert!(!own("93.184.215.14:8402", "93.184.215.15", 8402));
        for ip in ["127.0.0.1", "127.9.9.9"] {
            assert!(own("0.0.0.0:8402", ip, 8402), "{ip}");
        }
        assert!(!own("0.0.0.0:8402", "93.184.215.14", 8402));
    }
}
