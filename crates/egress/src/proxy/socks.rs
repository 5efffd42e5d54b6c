//! SOCKS5 (RFC 1928) with a user and a password (RFC 1929).

use std::io;

use model::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Host;

const VERSION: u8 = 5;
const NO_LOGIN: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;

pub(super) async fn tunnel(
    stream: &mut TcpStream,
    host: &Host<String>,
    port: u16,
    login: Option<(Secret<String>, Secret<String>)>,
) -> io::Result<()> {
    let method = if login.is_some() { USER_AND_PASSWORD } else { NO_LOGIN };
    stream.write_all(&[VERSION, 1, method]).await?;
    let mut chosen = [0; 2];
    stream.read_exact(&mut chosen).await?;
    if chosen != [VERSION, method] {
        return Err(io::Error::other(match chosen {
            [VERSION, _] if login.is_none() => "it wants a login: set one for the proxy",
            [VERSION, _] => "it takes no user and password",
            _ => "it does not speak SOCKS5",
        }));
    }
    if let Some((user, password)) = login {
        log_in(stream, user.reveal(), password.reveal()).await?;
    }
    stream.write_all(&asking(host, port)?).await?;
    answer(stream).await
}

async fn log_in(stream: &mut TcpStream, user: &str, password: &str) -> io::Result<()> {
    let mut message = vec![1];
    for part in [user, password] {
        let length = u8::try_from(part.len()).ok().filter(|n| *n > 0);
        message.push(length.ok_or_else(|| io::Error::other("its login has 1 to 255 bytes each"))?);
        message.extend_from_slice(part.as_bytes());
    }
    stream.write_all(&message).await?;
    let mut answer = [0; 2];
    stream.read_exact(&mut answer).await?;
    if answer[1] == 0 { Ok(()) } else { Err(io::Error::other("it does not take the login")) }
}

/// The request for a connection. A name goes as a name: it is the proxy that resolves it.
fn asking(host: &Host<String>, port: u16) -> io::Result<Vec<u8>> {
    let mut message = vec![VERSION, 1, 0];
    match host {
        Host::Ipv4(ip) => {
            message.push(1);
            message.extend_from_slice(&ip.octets());
        }
        Host::Ipv6(ip) => {
            message.push(4);
            message.extend_from_slice(&ip.octets());
        }
        Host::Domain(name) => {
            let length =
                u8::try_from(name.len()).map_err(|_| io::Error::other("the name is too long"))?;
            message.extend_from_slice(&[3, length]);
            message.extend_from_slice(name.as_bytes());
        }
    }
    message.extend_from_slice(&port.to_be_bytes());
    Ok(message)
}

/// Reads the answer to its end, to the byte: what follows belongs to the target.
async fn answer(stream: &mut TcpStream) -> io::Result<()> {
    let mut head = [0; 4];
    stream.read_exact(&mut head).await?;
    let [VERSION, reply, _, kind] = head else {
        return Err(io::Error::other("it does not speak SOCKS5"));
    };
    if reply != 0 {
        return Err(io::Error::other(refusal(reply)));
    }
    let length = match kind {
        1 => 4,
        4 => 16,
        3 => usize::from(stream.read_u8().await?),
        _ => return Err(io::Error::other("its answer has an unknown kind of address")),
    };
    let mut bound = [0; 255 + 2];
    stream.read_exact(&mut bound[..length + 2]).await?;
    Ok(())
}

const fn refusal(reply: u8) -> &'static str {
    match reply {
        2 => "its rules refuse the target",
        3 => "the network cannot be reached",
        4 => "the host cannot be reached",
        5 => "the target refused the connection",
        _ => "it failed",
    }
}
