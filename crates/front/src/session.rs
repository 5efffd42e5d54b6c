//! One session of a legacy client.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gate::{Arrival, Client, Incoming, Vetted};
use protocol::mcp::{ServerCapabilities, Version};
use tokio::sync::OnceCell;

use crate::base::{Base, Who, who};
use crate::desk::Desk;
use crate::gauges::Counted;
use crate::pump::Pump;
use crate::table::Held;
use crate::track::Track;

/// Number of the track of unsolicited messages; those of replies come after it.
pub(crate) const OUTBOX: u64 = 0;
/// Messages of one reply that are kept for a client that lost it.
const KEEP: usize = 256;
/// Replies of one session that are kept.
const MAX_TRACKS: usize = 32;

/// What a legacy client opened with `initialize`.
pub(crate) struct Session {
    pub(crate) base: Arc<Base>,
    pub(crate) uid: u128,
    pub(crate) client: Arc<Client>,
    /// What was offered, and whether every source had a say in it.
    pub(crate) offered: ServerCapabilities,
    pub(crate) complete: bool,
    pub(crate) desk: Arc<Desk>,
    /// Messages outside any request: the GET stream, the pipe.
    pub(crate) outbox: Arc<Track>,
    expires: u64,
    used: AtomicU64,
    numbers: AtomicU64,
    replies: Mutex<Vec<Kept>>,
    pump: OnceCell<Pump>,
    _counted: Counted,
}

/// A reply that became a stream, for a client that may come back for it.
struct Kept {
    track: Arc<Track>,
    /// When nobody was reading it any more, in milliseconds since the epoch.
    over: Option<u64>,
}

/// What a session is made of.
pub(crate) struct New {
    pub(crate) uid: u128,
    pub(crate) client: Arc<Client>,
    pub(crate) welcome: gate::Welcome,
    pub(crate) desk: Arc<Desk>,
    pub(crate) outbox: Arc<Track>,
    pub(crate) now: u64,
    pub(crate) expires: u64,
}

impl Session {
    pub(crate) fn new(base: Arc<Base>, new: New) -> Self {
        Self {
            uid: new.uid,
            client: new.client,
            offered: new.welcome.capabilities,
            complete: new.welcome.warnings.is_empty(),
            desk: new.desk,
            outbox: new.outbox,
            expires: new.expires,
            used: AtomicU64::new(new.now),
            numbers: AtomicU64::new(OUTBOX + 1),
            replies: Mutex::default(),
            pump: OnceCell::new(),
            _counted: Counted::session(&base.gauges),
            base,
        }
    }

    pub(crate) fn version(&self) -> Version {
        self.client.version
    }

    pub(crate) fn touch(&self, now: u64) {
        self.used.store(now, Relaxed);
    }

    /// A track for one reply. Clients that can come back for it find it again once it is kept.
    pub(crate) fn track(&self) -> Arc<Track> {
        Arc::new(Track::new(self.numbers.fetch_add(1, Relaxed), KEEP))
    }

    /// Keeps a reply that became a stream.
    pub(crate) fn keep(&self, track: Arc<Track>) {
        let now = self.base.clock.now_millis();
        let mut replies = self.replies();
        forget(&mut replies, now, self.resume_millis());
        if replies.len() >= MAX_TRACKS {
            let oldest = replies.iter().position(|kept| kept.track.is_over()).unwrap_or(0);
            replies.remove(oldest);
        }
        replies.push(Kept { track, over: None });
    }

    /// A reply by the number in its event ids, for a client that comes back for it: its time begins anew.
    pub(crate) fn reply(&self, number: u64) -> Option<Arc<Track>> {
        let mut replies = self.replies();
        let kept = replies.iter_mut().find(|kept| kept.track.number() == number)?;
        kept.over = None;
        Some(kept.track.clone())
    }

    /// Lets go of replies that nobody came back for.
    pub(crate) fn forget_replies(&self, now: u64) {
        forget(&mut self.replies(), now, self.resume_millis());
    }

    fn resume_millis(&self) -> u64 {
        u64::try_from(self.base.limits.resume.as_millis()).unwrap_or(u64::MAX)
    }

    /// Starts to hear of changes on behalf of the client, unless that goes on already.
    pub(crate) async fn pump(&self, at: &Arrival) -> Result<&Pump, Vetted> {
        self.pump
            .get_or_try_init(|| Pump::start(&self.base.gate, &self.client, &self.outbox, at))
            .await
    }

    /// `resources/subscribe`
    pub(crate) async fn subscribe(&self, incoming: Incoming) -> Result<Vetted, Vetted> {
        Ok(self.pump(&incoming.arrival.clone()).await?.subscribe(incoming).await)
    }

    /// `resources/unsubscribe`
    pub(crate) async fn unsubscribe(&self, uri: String, at: &Arrival) -> Result<Vetted, Vetted> {
        Ok(self.pump(at).await?.unsubscribe(uri).await)
    }

    fn replies(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.replies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn forget(replies: &mut Vec<Kept>, now: u64, resume: u64) {
    for kept in replies.iter_mut() {
        kept.over = if kept.track.is_read() { None } else { kept.over.or(Some(now)) };
    }
    replies.retain(|kept| kept.over.is_none_or(|over| now.saturating_sub(over) < resume));
}

impl Held for Session {
    fn uid(&self) -> u128 {
        self.uid
    }

    fn owner(&self) -> Who {
        who(&self.client.principal)
    }

    fn used(&self) -> u64 {
        self.used.load(Relaxed)
    }

    fn expires(&self) -> u64 {
        self.expires
    }

    fn is_busy(&self) -> bool {
        self.desk.is_busy() || self.outbox.is_read()
    }

    fn end(&self) {
        self.desk.clear();
        self.outbox.finish(None);
        self.replies().clear();
        if let Some(pump) = self.pump.get() {
            pump.stop();
        }
        self.base.gate.end(&self.client);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_kept_while_it_is_read_and_for_its_time_after_that() {
        let track = Arc::new(Track::new(1, KEEP));
        let mut replies = vec![Kept { track: track.clone(), over: None }];
        let mut kept = |now| {
            forget(&mut replies, now, 100);
            replies.len()
        };
        assert_eq!((kept(0), kept(5000)), (1, 1));
        track.detach(Track::FIRST);
        assert_eq!((kept(6000), kept(6099)), (1, 1));
        let back = track.attach(None);
        assert_eq!(kept(7000), 1, "somebody came back");
        track.detach(back);
        assert_eq!((kept(8000), kept(8099), kept(8100)), (1, 1, 0));
    }
}
