use std::sync::{Arc, Weak};
use std::time::Duration;

use egress::Deadline;
use protocol::json::Limits;
use protocol::rpc::Message;
use tokio::sync::watch;

use super::inbox::Clerk;
use super::{Era, Session};
use crate::fault::Fault;
use crate::hub::Hub;
use crate::wire::{EventStream, HttpWire, Wire};

/// The shortest pause before the stream is opened again, whatever the server says (`retry: 0`).
const LEAST: Duration = Duration::from_secs(1);
/// The longest one.
const MOST: Duration = Duration::from_mins(1);

/// Whether a session hears what belongs to no request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Push {
    /// The stream is being opened.
    Opening,
    /// It is open, or was and will be again.
    On,
    /// The server has none (405).
    Off,
}

impl Session {
    /// Opens the stream outside any request of a legacy server over HTTP, once; pipes have it always. Returns whether
    /// there is one.
    pub(crate) async fn listen(self: &Arc<Self>, hub: &Arc<Hub>) -> bool {
        let wire = match &self.wire {
            Wire::Pipe(_) => return true,
            Wire::Http(_) if self.era() == Era::Modern => return false,
            Wire::Http(wire) => wire.clone(),
        };
        let mut state = self.push.get_or_init(|| self.start_push(wire, hub)).clone();
        let settled = state.wait_for(|push| *push != Push::Opening);
        match tokio::time::timeout(hub.times.list, settled).await {
            Ok(Ok(push)) => *push == Push::On,
            // A server that sends no head before there is news: taken as open.
            Err(_) => true,
            Ok(Err(_)) => false,
        }
    }

    fn start_push(self: &Arc<Self>, wire: Arc<HttpWire>, hub: &Arc<Hub>) -> watch::Receiver<Push> {
        let (state, seen) = watch::channel(Push::Opening);
        let clerk = Clerk::new(self, hub);
        let task = tokio::spawn(follow(Arc::downgrade(self), wire, hub.clone(), clerk, state));
        self.keep(task.abort_handle());
        seen
    }
}

/// Keeps the stream open for as long as the session lasts.
async fn follow(
    session: Weak<Session>,
    wire: Arc<HttpWire>,
    hub: Arc<Hub>,
    mut clerk: Clerk,
    state: watch::Sender<Push>,
) {
    let (mut last, mut pause) = (None, LEAST);
    loop {
        match wire.listen(last.as_deref(), Deadline::none()).await {
            Ok(mut events) => {
                wire.set_listening(true);
                let _ = state.send(Push::On);
                let heard = read(&session, &mut events, &mut clerk).await;
                wire.set_listening(false);
                last = events.last_id().map(str::to_owned).or(last);
                let asked = events.retry().unwrap_or(LEAST).clamp(LEAST, MOST);
                pause = if heard { asked } else { (pause * 2).clamp(asked, MOST) };
            }
            Err(fault) if fault.is(crate::fault::FaultKind::SessionGone) => {
                if let Some(session) = session.upgrade() {
                    session.set_gone();
                }
                return;
            }
            Err(fault) if matches!(fault.status, Some(400..500)) => {
                let _ = state.send(Push::Off);
                return;
            }
            Err(fault) => {
                tracing::debug!(source = %hub.name, "no stream of news: {fault}");
                pause = (pause * 2).min(MOST);
            }
        }
        if session.upgrade().is_none_or(|s| !s.is_open()) {
            return;
        }
        tokio::time::sleep(pause).await;
    }
}

/// Reads until the stream ends; whether anything came.
async fn read(session: &Weak<Session>, events: &mut EventStream, clerk: &mut Clerk) -> bool {
    let mut heard = false;
    loop {
        let data = match events.next().await {
            Ok(Some(data)) => data,
            Ok(None) => return heard,
            Err(fault) => {
                tracing::debug!("the stream of news broke off: {fault}");
                return heard;
            }
        };
        heard = true;
        let Some(session) = session.upgrade() else { return heard };
        match Message::parse(data, Limits::REPLY) {
            Ok(message) => {
                if let Some(message) = session.desk.route(message) {
                    clerk.take(message, &session).await;
                }
            }
            Err(bad) => tracing::debug!("{}", Fault::malformed(bad.to_string())),
        }
    }
}
