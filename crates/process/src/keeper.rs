use std::pin::pin;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::sync::{mpsc, watch};

use crate::Exit;
use crate::children::Slot;
use crate::order::Report;

/// The gate's side of one supervisor: passes stops on, waits for the end, collects the process.
pub(crate) struct Keeper {
    pub(crate) control: UnixStream,
    pub(crate) supervisor: tokio::process::Child,
    pub(crate) stops: mpsc::Receiver<Duration>,
    pub(crate) exit: watch::Sender<Option<Exit>>,
    pub(crate) slot: Slot,
}

impl Keeper {
    /// Ends when nothing of the tree is left. Dropped, it closes the socket, which ends the tree as well.
    pub(crate) async fn run(self) {
        let Self { control, mut supervisor, mut stops, exit, slot } = self;
        let (mut from, to) = control.into_split();
        // `None` once the handle is gone: closing our side tells the supervisor.
        let mut to = Some(to);
        let mut end = pin!(ended(&mut from));
        let how = loop {
            tokio::select! {
                how = &mut end => break how,
                stop = stops.recv(), if to.is_some() => match (stop, &mut to) {
                    (Some(grace), Some(to)) => {
                        let millis = u32::try_from(grace.as_millis()).unwrap_or(u32::MAX);
                        let _ = to.write_all(&millis.to_le_bytes()).await;
                    }
                    _ => to = None,
                },
            }
        };
        if let Err(error) = supervisor.wait().await {
            tracing::warn!(%error, "a supervisor could not be collected");
        }
        drop(slot);
        exit.send_replace(Some(how));
    }
}

async fn ended(from: &mut OwnedReadHalf) -> Exit {
    loop {
        match report(from).await {
            Some(Report::Exited(code)) => return Exit::Code(code),
            Some(Report::Killed(signal)) => return Exit::Signal(signal),
            Some(_) => {}
            None => return Exit::Lost,
        }
    }
}

/// One report; `None` if the supervisor is gone.
pub(crate) async fn report(from: &mut (impl tokio::io::AsyncRead + Unpin)) -> Option<Report> {
    let mut bytes = [0; Report::LEN];
    from.read_exact(&mut bytes).await.ok()?;
    Report::decode(bytes)
}
