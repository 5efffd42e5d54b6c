use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use protocol::rpc::Message;
use tokio::sync::{mpsc, watch};

use super::Outgoing;
use crate::desk::{Desk, Ticket};
use crate::fault::Fault;

/// Messages that wait for a server to read them. One that has stopped reading fills this, and calls time out.
const QUEUE: usize = 32;

/// One pipe that carries every message of a session, both ways.
///
/// Whoever reads and writes the real streams holds a [`Far`]; calls hold tickets of the session's desk.
pub(crate) struct Pipe {
    queue: mpsc::Sender<Line>,
    ending: watch::Sender<bool>,
    ended: Mutex<Option<watch::Receiver<bool>>>,
}

/// One message on its way out, and the request it is, if it is one.
pub(crate) struct Line {
    pub(crate) text: Bytes,
    pub(crate) id: Option<u64>,
}

/// The other end of a pipe: for the task that moves bytes.
pub(crate) struct Far {
    /// What is to be written.
    pub(crate) lines: mpsc::Receiver<Line>,
    /// Turns true when the session is to be ended; closed when nobody holds the pipe any more.
    pub(crate) ending: watch::Receiver<bool>,
    /// Dropped by the task when all is over.
    pub(crate) ended: watch::Sender<bool>,
}

impl Pipe {
    /// Both ends of a new pipe.
    pub(crate) fn new() -> (Arc<Self>, Far) {
        let (queue, lines) = mpsc::channel(QUEUE);
        let (ending, ending_seen) = watch::channel(false);
        let (ended, ended_seen) = watch::channel(false);
        let pipe = Self { queue, ending, ended: Mutex::new(Some(ended_seen)) };
        (Arc::new(pipe), Far { lines, ending: ending_seen, ended })
    }

    /// Begins an exchange; see [`super::Wire::request`].
    pub(crate) fn request(&self, out: Outgoing, desk: &Arc<Desk>) -> PipeExchange {
        let ticket = desk.open(out.id, out.asks);
        let line = Line { text: out.body, id: Some(out.id) };
        PipeExchange { ticket, unsent: Some(line), queue: self.queue.clone() }
    }

    /// Sends what has no answer. Waits while the server does not read.
    pub(crate) async fn tell(&self, text: Bytes) -> Result<(), Fault> {
        self.queue.send(Line { text, id: None }).await.map_err(|_| over())
    }

    /// Ends the session and waits until nothing of it is left.
    pub(crate) async fn close(&self) {
        let _ = self.ending.send(true);
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut ended) = ended {
            // An error means that the task has let go of its end: that is what is waited for.
            while ended.changed().await.is_ok() {}
        }
    }
}

/// One request on a pipe.
pub(crate) struct PipeExchange {
    ticket: Ticket,
    unsent: Option<Line>,
    queue: mpsc::Sender<Line>,
}

impl PipeExchange {
    pub(crate) async fn next(&mut self) -> Result<Message, Fault> {
        if self.unsent.is_some() {
            // A closed desk knows better than a closed queue why.
            let Ok(place) = self.queue.reserve().await else { return self.why_over().await };
            if let Some(line) = self.unsent.take() {
                place.send(line);
            }
        }
        self.ticket.next().await
    }

    async fn why_over(&mut self) -> Result<Message, Fault> {
        let wait = std::time::Duration::from_millis(100);
        match tokio::time::timeout(wait, self.ticket.next()).await {
            Ok(Err(fault)) => Err(fault.after_sending(false)),
            _ => Err(over()),
        }
    }
}

fn over() -> Fault {
    Fault::failed("the session has ended")
}
