//! The opening handshake of a websocket (RFC 6455, section 4), from the side of a client.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::prelude::{BASE64_STANDARD, Engine as _};

use crate::Violation;

/// What the standard puts behind the key.
const MAGIC: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The request: no extension and no protocol is offered, so the answer may name none.
pub(super) fn request(path: &str, host: &str, key: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
}

/// What the answer must say for this key. SHA-1 guards nothing here: it shows that the peer speaks this protocol.
pub(super) fn accept(key: &str) -> String {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, [key, MAGIC].concat().as_bytes());
    BASE64_STANDARD.encode(hash)
}

/// Checks the head of an answer, without its empty line.
pub(super) fn check(head: &[u8], key: &str) -> Result<(), Violation> {
    let head = std::str::from_utf8(head).map_err(|_| Violation::Http)?;
    let (status, fields) = head.split_once("\r\n").unwrap_or((head, ""));
    let status = status.strip_prefix("HTTP/1.1 ").ok_or(Violation::Http)?;
    match status.get(..3) {
        Some("101") => {}
        Some(code) if code.starts_with('3') => return Err(Violation::Redirect),
        _ => return Err(Violation::Upgrade),
    }
    let (mut upgrade, mut connection, mut accepted) = (0, false, 0);
    for line in fields.split("\r\n").filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').ok_or(Violation::Http)?;
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "upgrade" if value.eq_ignore_ascii_case("websocket") => upgrade += 1,
            "connection" => {
                let mut words = value.split(',').map(str::trim);
                connection |= words.any(|word| word.eq_ignore_ascii_case("upgrade"));
            }
            "sec-websocket-accept" if value == accept(key) => accepted += 1,
            "upgrade"
            | "sec-websocket-accept"
            | "sec-websocket-extensions"
            | "sec-websocket-protocol" => return Err(Violation::Upgrade),
            _ => {}
        }
    }
    if (upgrade, connection, accepted) == (1, true, 1) { Ok(()) } else { Err(Violation::Upgrade) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    const GOOD: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    #[test]
    fn the_answer_of_the_standard_is_taken_and_no_other() {
        // RFC 6455, section 1.3
        assert_eq!(accept(KEY), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(check(GOOD.as_bytes(), KEY), Ok(()));
        for (from, to, wrong) in [
            ("101 Switching Protocols", "301 Moved", Violation::Redirect),
            ("101 Switching Protocols", "200 OK", Violation::Upgrade),
            ("HTTP/1.1", "HTTP/1.0", Violation::Http),
            ("s3pP", "S3pP", Violation::Upgrade),
            ("Upgrade: websocket", "Upgrade: h2c", Violation::Upgrade),
            ("keep-alive, Upgrade", "keep-alive", Violation::Upgrade),
            ("xOo=", "xOo=\r\nSec-WebSocket-Extensions: permessage-deflate", Violation::Upgrade),
            (
                "xOo=",
                "xOo=\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
                Violation::Upgrade,
            ),
            ("xOo=", "xOo=\r\nno field", Violation::Http),
        ] {
            assert_eq!(check(GOOD.replace(from, to).as_bytes(), KEY), Err(wrong), "{to}");
        }
        assert_eq!(check(GOOD.as_bytes(), "another"), Err(Violation::Upgrade));
    }
}
