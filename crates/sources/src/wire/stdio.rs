use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use model::Masks;
use process::{Lines, Stdin};
use protocol::batch;
use protocol::json::Limits;
use protocol::rpc::Message;
use tokio::io::AsyncRead;
use tokio::sync::mpsc;

use super::pipe::{Far, Line, Pipe};
use crate::desk::Desk;
use crate::fault::Fault;
use crate::launch::Running;

/// Lines in a row that are no messages before a server is given up: some print a greeting, none prints for ever.
const NOISE: u32 = 1000;
/// Most messages in one batch of a 2025-03-26 server.
const BATCH: usize = 100;
/// How long a program may leave its input unread before it is given up.
const UNREAD: Duration = Duration::from_secs(30);

/// Connects a running program to a desk: answers go to who waits for them, everything else to `inbox`.
pub(crate) fn start(
    program: Running,
    desk: &Arc<Desk>,
    inbox: mpsc::Sender<Message>,
    max: usize,
) -> Arc<Pipe> {
    let (pipe, far) = Pipe::new();
    let desk = desk.clone();
    tokio::spawn(async move {
        let (mut stdin, stdout, masks, stop) = program.into_parts();
        let output = Output { lines: stdout, masks };
        let Far { mut lines, mut ending, ended } = far;
        let (fault, asked) = tokio::select! {
            biased;
            // Also when nobody holds the pipe any more.
            _ = ending.wait_for(|end| *end) => (Fault::failed("the session was ended"), true),
            fault = read(output, &desk, &inbox, max) => (fault, false),
            fault = write(&mut stdin, &mut lines, &desk) => (fault, false),
        };
        if asked {
            stop.asked();
        } else {
            // Before anybody hears of it and tries again.
            stop.own_fault();
        }
        desk.close(&with_last_words(fault, stop.last_words(), asked));
        // New calls learn that it is over instead of waiting for a place in the queue.
        drop(lines);
        drop(stdin);
        stop.now().await;
        drop(ended);
    });
    pipe
}

fn with_last_words(fault: Fault, words: Option<String>, asked: bool) -> Fault {
    match words {
        Some(words) if !asked => {
            Fault { detail: format!("{}; it said: {words}", fault.detail), ..fault }
        }
        _ => fault,
    }
}

/// What a program writes, without the secrets it was given.
struct Output<R> {
    lines: Lines<R>,
    masks: Masks,
}

impl<R: AsyncRead + Unpin> Output<R> {
    async fn next(&mut self) -> Result<Option<Bytes>, process::LineError> {
        let line = self.lines.next().await?;
        Ok(line.map(|line| self.masks.masked(&line).map_or(line, Bytes::from)))
    }
}

/// Reads until the program closes its end or says what cannot be understood at all.
async fn read(
    mut from: Output<impl AsyncRead + Unpin>,
    desk: &Desk,
    inbox: &mpsc::Sender<Message>,
    max: usize,
) -> Fault {
    let mut noise = 0;
    loop {
        let line = match from.next().await {
            Ok(Some(line)) => line,
            Ok(None) => return Fault::failed("the program closed its output"),
            Err(e) => return Fault::failed(format!("cannot read from the program: {e}")),
        };
        if line.len() > max {
            desk.spoilt(&line, Fault::too_large(format!("a message of more than {max} bytes")));
            continue;
        }
        if take(&line, desk, inbox) {
            noise = 0;
        } else {
            noise += 1;
        }
        if noise > NOISE {
            return Fault::failed("the program writes things that are no messages");
        }
    }
}

/// Hands on what one line holds; false if that is no message.
fn take(line: &Bytes, desk: &Desk, inbox: &mpsc::Sender<Message>) -> bool {
    if line.trim_ascii().is_empty() {
        return true;
    }
    if batch::is_batch(line) {
        let Ok(all) = batch::split(line, Limits::REPLY, BATCH) else { return false };
        return all.iter().all(|one| take_one(one, desk, inbox));
    }
    take_one(line, desk, inbox)
}

fn take_one(text: &Bytes, desk: &Desk, inbox: &mpsc::Sender<Message>) -> bool {
    match Message::parse(text.clone(), Limits::REPLY) {
        Ok(message) => {
            if let Some(message) = desk.route(message) {
                // A flood of what concerns no call is dropped, not stored.
                let _ = inbox.try_send(message);
            }
            true
        }
        Err(bad) => {
            desk.spoilt(text, Fault::malformed(format!("sent what is no message: {bad}")));
            false
        }
    }
}

/// Writes what is queued, one message a line. What nobody waits for any more is not sent at all.
async fn write(to: &mut Stdin, lines: &mut mpsc::Receiver<Line>, desk: &Desk) -> Fault {
    while let Some(Line { text, id }) = lines.recv().await {
        if id.is_some_and(|id| !desk.waits(id)) {
            continue;
        }
        let sent = if text.iter().any(|b| matches!(b, b'\n' | b'\r')) {
            // A line break between two tokens is lawful JSON, and the end of a message here.
            let flat: Vec<u8> =
                text.iter().map(|b| if matches!(b, b'\n' | b'\r') { b' ' } else { *b }).collect();
            to.send(&flat, UNREAD).await
        } else {
            to.send(&text, UNREAD).await
        };
        if let Err(e) = sent {
            return Fault::failed(format!("cannot write to the program: {e}"));
        }
    }
    Fault::failed("the session was ended")
}
