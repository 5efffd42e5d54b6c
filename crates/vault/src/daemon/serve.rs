use std::future::Future;
use std::io;
use std::os::unix::fs::{
    DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use tokio::io::BufReader;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

use super::desk::{Desk, Scope, Times, Visit};
use super::line;
use super::message::{Answer, REQUEST, Request};
use super::peer::Peer;
use crate::Vault;
use crate::error::VaultError;
use crate::files::{self, Lock};

/// Most connections at once. One more is closed unheard: the client says so and the call is refused.
const CONNECTIONS: usize = 64;
/// Most lines of one connection.
const LINES: usize = 32;
/// The pause after a connection could not be taken: out of descriptors, mostly.
const PAUSE: Duration = Duration::from_millis(100);

/// Holds an open vault and answers on a unix socket.
pub struct Daemon {
    listener: UnixListener,
    path: PathBuf,
    desk: Arc<Desk>,
    connection: Duration,
    _lock: Lock,
}

impl Daemon {
    /// Listens at `path`: a socket for its owner alone (0600), in a folder for its owner alone (0700). A socket that
    /// an ended daemon has left is replaced; one of a running daemon is not. Needs a runtime.
    ///
    /// # Errors
    /// The folder is open to others, another daemon listens there, or the socket cannot be made.
    pub fn bind(
        path: &Path,
        vault: Vault,
        scopes: Vec<Scope>,
        times: Times,
        clock: Clock,
    ) -> Result<Self, VaultError> {
        let desk = Arc::new(Desk::new(vault, scopes, times, clock).map_err(VaultError::Key)?);
        own_folder(path)?;
        let lock = files::try_lock(path)?.ok_or_else(|| {
            socket(path, "is another daemon's: end that one first, or use another path")
        })?;
        clear(path)?;
        let made = |error: io::Error| socket(path, format!("cannot be made: {error}"));
        let listener = UnixListener::bind(path).map_err(made)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(made)?;
        let path = path.to_owned();
        Ok(Self { listener, path, desk, connection: times.connection, _lock: lock })
    }

    /// Answers until `end` is there.
    pub async fn serve(self, end: impl Future<Output = ()>) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        tokio::pin!(end);
        loop {
            let stream = tokio::select! {
                () = &mut end => return,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(e) => {
                        tracing::warn!("a connection could not be taken: {e}");
                        tokio::time::sleep(PAUSE).await;
                        continue;
                    }
                },
            };
            let Ok(place) = places.clone().try_acquire_owned() else {
                tracing::warn!("more than {CONNECTIONS} connections at once: one was closed");
                continue;
            };
            let Some(peer) = self.peer(&stream) else { continue };
            let (desk, limit) = (self.desk.clone(), self.connection);
            tokio::spawn(async move {
                let _place = place;
                match tokio::time::timeout(limit, converse(stream, peer, &desk)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(e)) => tracing::info!(pid = peer.pid, "a connection broke: {e}"),
                    Err(_) => tracing::info!(pid = peer.pid, "a connection took too long"),
                }
            });
        }
    }

    fn peer(&self, stream: &UnixStream) -> Option<Peer> {
        let found = stream.peer_cred().ok()?;
        if !self.desk.knows(found.uid()) {
            tracing::warn!(uid = found.uid(), "a connection of another user was closed");
            return None;
        }
        Peer::new(found.uid(), u32::try_from(found.pid()?).ok()?)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn converse(stream: UnixStream, peer: Peer, desk: &Desk) -> io::Result<()> {
    let (from, mut to) = stream.into_split();
    let mut from = BufReader::new(from);
    let mut visit = Visit::new(peer);
    for _ in 0..LINES {
        let Some(request) = line::read::<Request>(&mut from, REQUEST).await? else { return Ok(()) };
        let answer = desk.answer(&mut visit, request).await;
        line::write(&mut to, &answer).await?;
        answer.wipe();
    }
    Ok(())
}

impl Answer {
    /// Wipes what was sent.
    fn wipe(self) {
        if let Self::Value { value } = self {
            drop(zeroize::Zeroizing::new(value));
        }
    }
}

/// The folder of the socket: made if need be, and nobody else's business.
fn own_folder(path: &Path) -> Result<(), VaultError> {
    let dir = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let made = |error: io::Error| socket(path, format!("cannot be made: {error}"));
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(made)?;
    let found = dir.metadata().map_err(made)?;
    let ours = found.uid() == rustix::process::geteuid().as_raw();
    if found.mode() & 0o077 != 0 || !ours {
        let why = format!(
            "stands in a folder that others can enter: give it one of its own (`chmod 700 {}`)",
            dir.display()
        );
        return Err(socket(path, why));
    }
    Ok(())
}

/// Removes the socket of a daemon that has ended; anything else that stands there stays.
fn clear(path: &Path) -> Result<(), VaultError> {
    match path.symlink_metadata() {
        Ok(found) if found.file_type().is_socket() => std::fs::remove_file(path)
            .map_err(|error| socket(path, format!("cannot be replaced: {error}"))),
        Ok(_) => Err(socket(path, "is the name of something else: use another path")),
        Err(_) => Ok(()),
    }
}

fn socket(path: &Path, why: impl Into<String>) -> VaultError {
    VaultError::Socket { path: path.to_owned(), why: why.into() }
}
