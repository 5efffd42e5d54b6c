use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use model::SourceName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::sync::{mpsc, watch};

use crate::child::Ended;
use crate::children::Slot;
use crate::confine::{group, temp};
use crate::order::Report;
use crate::refused::LONGEST;
use crate::{Blind, Exit, Limit, Seen, Stderr};

/// The gate's side of one supervisor: passes stops on, waits for the end, collects the process.
pub(crate) struct Keeper {
    pub(crate) source: SourceName,
    pub(crate) control: UnixStream,
    pub(crate) supervisor: tokio::process::Child,
    pub(crate) stops: mpsc::Receiver<Duration>,
    pub(crate) exit: watch::Sender<Option<Ended>>,
    pub(crate) seen: watch::Sender<Seen>,
    pub(crate) stderr: Arc<Stderr>,
    pub(crate) slot: Slot,
    pub(crate) remains: Remains,
}

impl Keeper {
    /// Ends when nothing of the tree is left. Dropped, it closes the socket, which ends the tree as well.
    pub(crate) async fn run(self) {
        let Self { source, control, mut supervisor, mut stops, exit, seen, stderr, slot, remains } =
            self;
        let (mut from, to) = control.into_split();
        // `None` once the handle is gone: closing our side tells the supervisor.
        let mut to = Some(to);
        let mut end = pin!(ended(&mut from, &seen, &stderr));
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
        drop(remains);
        drop(slot);
        let all = seen.borrow().clone();
        if !all.is_nothing() {
            tracing::warn!(%source, exit = %how.exit, "a program was held by its confinement: {all}");
        }
        exit.send_replace(Some(how));
    }
}

/// What a supervisor clears away, and the gate if the supervisor could not.
#[derive(Default)]
pub(crate) struct Remains {
    pub(crate) temp: Option<PathBuf>,
    pub(crate) group: Option<String>,
}

impl Drop for Remains {
    fn drop(&mut self) {
        // Nearly always the supervisor has: then these are two looks at what is not there.
        if let Some(group) = self.group.take().and_then(|tag| group::existing(&tag)) {
            group::clear(&group);
        }
        if let Some(temp) = self.temp.take()
            && let Err(error) = temp::clear(&temp)
        {
            tracing::warn!(%error, folder = %temp.display(), "a temporary folder could not be removed");
        }
    }
}

/// Reads reports to the last; what is seen meanwhile is told at once. What a program has named is made safe like the rest
/// of what it says.
async fn ended(from: &mut OwnedReadHalf, seen: &watch::Sender<Seen>, stderr: &Stderr) -> Ended {
    let count = |n| u32::try_from(n).unwrap_or(0);
    let exit = loop {
        match report(from).await {
            Some(Report::Exited(code)) => break Exit::Code(code),
            Some(Report::Killed(signal)) => break Exit::Signal(signal),
            Some(Report::Over(n)) => seen.send_modify(|seen| seen.over = Limit::from_number(n)),
            Some(Report::Left(n)) => seen.send_modify(|seen| seen.left_behind = count(n)),
            Some(Report::Refused(mut refused)) => {
                refused.what = stderr.safe(&refused.what, refused.what.len() + 4 > LONGEST);
                seen.send_modify(|seen| seen.refused.add(refused));
            }
            Some(Report::Blind(n)) => seen.send_modify(|seen| seen.blind = Blind::from_number(n)),
            Some(Report::Started(_) | Report::Failed(_)) => {}
            None => break Exit::Lost,
        }
    };
    Ended { exit }
}

/// One report; `None` if the supervisor is gone.
pub(crate) async fn report(from: &mut (impl tokio::io::AsyncRead + Unpin)) -> Option<Report> {
    let mut head = [0; Report::HEAD];
    from.read_exact(&mut head).await.ok()?;
    let mut tail = vec![0; Report::tail(head)?];
    from.read_exact(&mut tail).await.ok()?;
    Report::decode(head, &tail)
}
