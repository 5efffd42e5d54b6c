use std::time::Duration;

use egress::Deadline;
use nostr::nwc::{Connection, Heard, Info, KIND_INFO, KIND_RESPONSE, Sent};
use nostr::relay::{Filter, FromRelay, Taken, ToRelay};
use relays::{Relay, Relays};
use tokio::time::sleep;
use url::Url;

use crate::read::said;

/// How long a relay may take until it is open, and until it has said what the wallet says of itself.
const OPENING: Duration = Duration::from_secs(10);
/// How long a line that broke rests before it is opened again; twice as long each time.
const REST: Duration = Duration::from_millis(250);
/// The longest rest.
const LONGEST_REST: Duration = Duration::from_secs(8);
/// The subscription to what the wallet says of itself.
const INFO: &str = "info";
/// The subscription to answers.
const ANSWER: &str = "answer";

/// A request under way: one event, whatever relays it goes by, and however often.
#[derive(Clone, Copy)]
pub(super) struct Errand<'a> {
    pub(super) relays: &'a Relays,
    pub(super) connection: &'a Connection,
    pub(super) sent: &'a Sent,
    /// What the wallet must be able to do.
    pub(super) needs: &'a [&'static str],
    pub(super) deadline: Deadline,
}

/// What the way by one relay came to.
pub(super) enum End {
    /// The wallet's answer, or something in its place that means nothing.
    Heard(Heard),
    /// None: whether the event may have got to the wallet this way, and why nothing was heard.
    Over(Taken, String),
    /// The wallet does not offer this, so that nothing was sent.
    Lacks(&'static str),
}

/// Why a connection to a relay has ended.
enum Stop {
    /// The relay has said no: another try would not help.
    No(String),
    /// The wallet does not offer this.
    Lacks(&'static str),
    /// It broke off, or never was.
    Broken(String),
}

impl From<egress::EgressError> for Stop {
    fn from(error: egress::EgressError) -> Self {
        Self::Broken(error.to_string())
    }
}

fn closed() -> Stop {
    Stop::Broken("the relay closed the connection".to_owned())
}

fn unasked(words: &str) -> Stop {
    Stop::No(format!("the relay does not want to be asked: {}", said(words.as_bytes())))
}

/// The way by one relay.
struct Line<'a> {
    errand: Errand<'a>,
    url: &'a Url,
    /// Whether the event is on its way: [`Taken::No`] until it has been sent.
    taken: Taken,
    /// Whether it has been sent by this way before, so that a no to it now says nothing of then.
    before: bool,
    /// Whether the relay has the wallet's own word that it can do this, sealed in a way that is known here.
    vouched: bool,
}

impl Errand<'_> {
    /// Goes by one relay, until there is an answer, a no, or the deadline. What has not been sent is not tried again: it is
    /// certain then that nothing left. What has been sent is listened for, over as many connections as it takes.
    pub(super) async fn by(self, url: &Url) -> End {
        let mut line = Line { errand: self, url, taken: Taken::No, before: false, vouched: false };
        let mut rest = REST;
        loop {
            match line.connected().await {
                Ok(heard) => return End::Heard(heard),
                Err(Stop::No(why)) => return End::Over(line.taken, why),
                Err(Stop::Lacks(method)) => return End::Lacks(method),
                Err(Stop::Broken(why)) => {
                    if line.taken == Taken::No || self.deadline.left() <= rest {
                        return End::Over(line.taken, why);
                    }
                }
            }
            sleep(rest).await;
            rest = (rest * 2).min(LONGEST_REST);
        }
    }
}

impl Line<'_> {
    /// One connection, from its opening to an answer.
    async fn connected(&mut self) -> Result<Heard, Stop> {
        let Errand { relays, connection, sent, deadline, .. } = self.errand;
        let opening = deadline.or_after(OPENING);
        let mut relay = relays.open(self.url, opening).await?;
        // First of all the ear: an answer must not be faster than that.
        let answers = Filter {
            kinds: vec![KIND_RESPONSE],
            authors: vec![connection.wallet()],
            e: vec![sent.event.id_hex().to_owned()],
            ..Filter::default()
        };
        relay.say(&ToRelay::Req(ANSWER, &answers), opening).await?;
        if !self.vouched {
            self.vouch(&mut relay, opening).await?;
        }
        if self.taken != Taken::Yes {
            self.before = self.taken == Taken::Unknown;
            self.taken = Taken::Unknown;
            relay.say(&ToRelay::Event(&sent.event), deadline).await?;
        }
        loop {
            match relay.next(deadline).await?.ok_or_else(closed)? {
                FromRelay::Event(name, event) if name == ANSWER => {
                    match connection.hear(sent, *event) {
                        Heard::Ignored => {}
                        heard => return Ok(heard),
                    }
                }
                FromRelay::Ok(id, taken, words) if id == sent.event.id_hex() => {
                    self.told(Taken::of(taken, &words), &words)?;
                }
                FromRelay::Closed(name, words) if name == ANSWER => {
                    return Err(unasked(&words));
                }
                _ => {}
            }
        }
    }

    /// Hears whether the relay took the event.
    fn told(&mut self, taken: Taken, words: &str) -> Result<(), Stop> {
        match taken {
            // It had it, or may have had it, before.
            Taken::No if self.before || self.taken == Taken::Yes => Ok(()),
            Taken::No => {
                self.taken = Taken::No;
                Err(Stop::No(format!("the relay refused it: {}", said(words.as_bytes()))))
            }
            Taken::Yes => {
                self.taken = Taken::Yes;
                Ok(())
            }
            Taken::Unknown => Ok(()),
        }
    }

    /// Reads what the wallet says of itself (kind 13194). Nothing is sent to one that takes another encryption, or cannot do
    /// what is wanted, or of which the relay knows nothing.
    async fn vouch(&mut self, relay: &mut Relay, deadline: Deadline) -> Result<(), Stop> {
        let wallet = self.errand.connection.wallet();
        let filter = Filter {
            kinds: vec![KIND_INFO],
            authors: vec![wallet],
            limit: Some(1),
            ..Filter::default()
        };
        relay.say(&ToRelay::Req(INFO, &filter), deadline).await?;
        let mut newest = None;
        loop {
            match relay.next(deadline).await?.ok_or_else(closed)? {
                FromRelay::Event(name, event) if name == INFO => {
                    let Ok(event) = event.verify() else { continue };
                    let read = (event.created_at(), Info::read(&event, wallet));
                    let known = newest.as_ref().is_some_and(|(at, _)| *at >= read.0);
                    let own = !matches!(&read.1, Err(fault) if fault.code == "bad_event");
                    if own && !known {
                        newest = Some(read);
                    }
                }
                FromRelay::Eose(name) if name == INFO => break,
                FromRelay::Closed(_, words) => {
                    return Err(unasked(&words));
                }
                _ => {}
            }
        }
        let nothing = "the relay has nothing that the wallet says of itself (kind 13194)";
        let (_, read) = newest.ok_or_else(|| Stop::No(nothing.to_owned()))?;
        let info = read.map_err(|fault| Stop::No(fault.to_string()))?;
        if let Some(method) = self.errand.needs.iter().find(|method| !info.can(method)) {
            return Err(Stop::Lacks(method));
        }
        self.vouched = true;
        Ok(())
    }
}
