//! Names that say by themselves where they lead.

/// What systems and their hosts files call the machine itself (RFC 6761 section 6.3 for `localhost`).
const LOOPBACK: &[&str] = &[
    "localhost",
    "localhost.localdomain",
    "localhost4",
    "localhost4.localdomain4",
    "localhost6",
    "localhost6.localdomain6",
    "ip6-localhost",
    "ip6-loopback",
    "loopback",
];

/// What clouds call the service that hands out credentials: Google, Amazon, Azure, Tencent, Equinix, Rancher.
const METADATA: &[&str] = &[
    "metadata",
    "metadata.goog",
    "metadata.google",
    "metadata.google.internal",
    "metadata.internal",
    "instance-data",
    "instance-data.ec2.internal",
    "metadata.azure.com",
    "metadata.azure.internal",
    "metadata.tencentyun.com",
    "metadata.packet.net",
    "metadata.platformequinix.com",
    "rancher-metadata",
];

/// Whether a name (lower case, no final dot) is one for this machine.
pub(crate) fn is_loopback(name: &str) -> bool {
    LOOPBACK.contains(&name) || name.ends_with(".localhost")
}

/// Whether a name (lower case, no final dot) is that of a metadata service, or under it.
pub(crate) fn is_metadata(name: &str) -> bool {
    METADATA.iter().any(|known| {
        name.strip_suffix(known)
            .is_some_and(|rest| rest.is_empty() || (known.contains('.') && rest.ends_with('.')))
    })
}

/// Whether a name leads into the Tor network, and must never be asked of a name server (RFC 7686).
pub(crate) fn is_onion(name: &str) -> bool {
    name.rsplit('.').next() == Some("onion")
}
