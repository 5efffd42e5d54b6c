//! `CONNECT` (RFC 9110 section 9.3.6), written out: one request and one head is all there is.

use std::io;

use http::HeaderValue;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Host;

/// The longest answer of a proxy that is read, in bytes.
const MAX_HEAD: usize = 8 << 10;

pub(super) async fn tunnel(
    stream: &mut TcpStream,
    host: &Host<String>,
    port: u16,
    login: Option<HeaderValue>,
) -> io::Result<()> {
    let mut ask = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n").into_bytes();
    if let Some(login) = login {
        ask.extend_from_slice(b"Proxy-Authorization: ");
        ask.extend_from_slice(login.as_bytes());
        ask.extend_from_slice(b"\r\n");
    }
    ask.extend_from_slice(b"\r\n");
    stream.write_all(&ask).await?;
    let head = head(stream).await?;
    match status(&head) {
        Some(200..300) => Ok(()),
        Some(407) => Err(io::Error::other("it wants a login (407): set one for the proxy")),
        Some(status) => Err(io::Error::other(format!("it refused with {status}"))),
        None => Err(io::Error::other("it does not answer in HTTP")),
    }
}

/// Reads to the blank line. The far side speaks TLS and waits for us, so that nothing may follow.
async fn head(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= MAX_HEAD {
            return Err(io::Error::other("its answer has no end"));
        }
        // A byte at a time leaves everything behind the head where it is; this happens once a connection.
        head.push(stream.read_u8().await?);
    }
    Ok(head)
}

fn status(head: &[u8]) -> Option<u16> {
    let line = head.split(|c| *c == b'\r').next()?;
    let text = std::str::from_utf8(line).ok()?;
    let rest = text.strip_prefix("HTTP/1.1 ").or_else(|| text.strip_prefix("HTTP/1.0 "))?;
    rest.get(..3).filter(|_| rest.len() == 3 || rest.as_bytes()[3] == b' ')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::status;

    #[test]
    fn a_status_line_is_read_strictly() {
        assert_eq!(status(b"HTTP/1.1 200 Connection established\r\n\r\n"), Some(200));
        assert_eq!(status(b"HTTP/1.0 407\r\n\r\n"), Some(407));
        for bad in [
            "HTTP/2 200 \r\n",
            "HTTP/1.1 2000 x\r\n",
            "HTTP/1.1  20\r\n",
            "SSH-2.0\r\n",
            "\r\n",
            "HTTP/1.1 \u{e9}\r\n",
        ] {
            assert_eq!(status(bad.as_bytes()), None, "{bad}");
        }
    }
}
