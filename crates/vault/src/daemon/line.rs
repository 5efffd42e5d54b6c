//! Lines of bounded length, over a socket.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _,
};
use zeroize::Zeroizing;

/// The next line, without its end; `None` at the end of the stream. One that is too long or cut short is an error.
pub(super) async fn read<T: DeserializeOwned>(
    from: &mut (impl AsyncBufRead + Unpin),
    max: usize,
) -> io::Result<Option<T>> {
    // Room for all of it, so that growing leaves no copy of a value behind.
    let mut line = Zeroizing::new(Vec::with_capacity(max + 1));
    from.take(max as u64 + 1).read_until(b'\n', &mut line).await?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') {
        return Err(io::Error::other("a line is too long or cut short"));
    }
    serde_json::from_slice(&line).map(Some).map_err(|_| io::Error::other("a line is no message"))
}

/// Writes one line.
pub(super) async fn write(
    to: &mut (impl AsyncWrite + Unpin),
    said: &impl Serialize,
) -> io::Result<()> {
    let mut line = Zeroizing::new(serde_json::to_vec(said)?);
    line.push(b'\n');
    to.write_all(&line).await
}
