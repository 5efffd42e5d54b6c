//! One client over a pair of pipes: newline-delimited messages (basic/transports, stdio).

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use gate::{Arrival, Gate};
use model::Principal;
use protocol::lines::Framer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

use crate::base::{Base, random};
use crate::clients::Clients;
use crate::peer::Peer;
use crate::table::Held;
use crate::{Gauges, Limits};

/// What can be set about a pipe.
#[derive(Debug, Clone)]
pub struct PipeSettings {
    /// Bounds; those of connections do not apply.
    pub limits: Limits,
    /// Longest message, in bytes.
    pub longest: usize,
    /// How long requests in flight may go on after the client has closed its end.
    pub last_words: Duration,
    /// Time.
    pub clock: Clock,
}

impl Default for PipeSettings {
    fn default() -> Self {
        let far = Duration::from_hours(8784);
        let limits =
            Limits { stream_life: far, stream_idle: far, session_life: far, ..Limits::default() };
        Self {
            limits,
            longest: 4 * 1024 * 1024,
            last_words: Duration::from_secs(2),
            clock: Clock::system(),
        }
    }
}

/// Serves one client, legacy or modern, until it closes its end or `shutdown` is set; what it asked for before that is
/// answered if that takes no longer than [`PipeSettings::last_words`].
///
/// # Errors
/// Reading or writing failed, a line was too long, or there was no randomness.
pub async fn stdio(
    gate: Gate,
    principal: Arc<Principal>,
    settings: PipeSettings,
    mut reader: impl AsyncRead + Unpin,
    writer: impl AsyncWrite + Unpin + Send,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let last_words = settings.last_words;
    let closing = CancellationToken::new();
    let base = Arc::new(Base {
        gate,
        limits: settings.limits,
        clock: settings.clock,
        gauges: Arc::new(Gauges::default()),
        closing: closing.clone(),
    });
    let no_entropy = |e: ambient::NoEntropy| io::Error::other(e.to_string());
    let clients = Clients::new().map_err(no_entropy)?;
    let uid = random().map_err(no_entropy)?;
    let peer = Arc::new(Peer::new(base, uid, principal, None, "stdio", Some(clients)));
    let track = peer.outbox.clone();
    let out = track.attach(None);
    let mut writing = std::pin::pin!(write(writer, &track, out));
    let reading = read(&peer, &mut reader, settings.longest);
    let ended = tokio::select! {
        ended = reading => ended,
        broken = &mut writing => { broken?; Ok(()) },
        () = shutdown => Ok(()),
    };
    closing.cancel();
    let last = async {
        let _ = tokio::time::timeout(last_words, peer.answered()).await;
        peer.end();
    };
    let finished =
        tokio::time::timeout(last_words * 2, async { tokio::join!(last, writing).1 }).await;
    finished.unwrap_or(Ok(())).and(ended)
}

async fn read(
    peer: &Arc<Peer>,
    reader: &mut (impl AsyncRead + Unpin),
    longest: usize,
) -> io::Result<()> {
    let mut framer = Framer::new(longest);
    let mut chunk = vec![0; 64 * 1024];
    let at = Arrival { front: "stdio", peer: None, trace: None };
    loop {
        let n = reader.read(&mut chunk).await?;
        if n == 0 {
            return Ok(());
        }
        let lines = framer.feed(&chunk[..n]);
        let lines = lines.map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?;
        for line in lines {
            peer.take(line, at.clone()).await;
        }
    }
}

async fn write(
    mut writer: impl AsyncWrite + Unpin,
    track: &crate::track::Track,
    reader: u64,
) -> io::Result<()> {
    while let Some((_, message)) = poll_fn(|cx| track.poll_next(reader, cx)).await {
        // A message is one line: line breaks between tokens, which JSON allows, become spaces.
        if memchr::memchr2(b'\n', b'\r', &message).is_some() {
            let line: Vec<u8> = message
                .iter()
                .map(|b| if matches!(b, b'\n' | b'\r') { b' ' } else { *b })
                .collect();
            writer.write_all(&line).await?;
        } else {
            writer.write_all(&message).await?;
        }
        writer.write_all(b"\n").await?;
        writer.flush().await?;
    }
    Ok(())
}
