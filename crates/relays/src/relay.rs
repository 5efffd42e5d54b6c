use egress::{Deadline, Egress, EgressError, Policy, Refusal, Rule, Socket, Target};
use http::uri::PathAndQuery;
use nostr::relay::{FromRelay, ToRelay};
use url::{Position, Url};

/// The longest message that is read, in bytes.
pub const MAX_MESSAGE: usize = 512 << 10;
/// The most messages that are read of one connection.
pub const MAX_MESSAGES: usize = 4000;
/// The most bytes that are read of one connection.
pub const MAX_BYTES: usize = 16 << 20;

/// The way to relays.
#[derive(Debug, Clone)]
pub struct Relays {
    egress: Egress,
    private: Policy,
}

/// An open connection to one relay. Dropping it closes it.
pub struct Relay {
    socket: Socket,
    messages: usize,
    bytes: usize,
}

impl Relays {
    /// `private` names what may be on the operator's own network: relays on this machine too.
    pub const fn new(egress: Egress, private: Policy) -> Self {
        Self { egress, private }
    }

    /// Connects to a relay, whose URL has been checked by [`nostr::relay::url`].
    ///
    /// # Errors
    /// As for every websocket: where it leads is refused, nobody is there, or it is none. Nothing of what is to be said has
    /// been sent then, whatever [`EgressError::sent`] says of the handshake.
    pub async fn open(&self, url: &Url, deadline: Deadline) -> Result<Relay, EgressError> {
        let malformed = || Refusal {
            rule: Rule::Malformed,
            reason: "the URL of the relay cannot be sent as HTTP".to_owned(),
        };
        let mut base = url.clone();
        let scheme = if url.scheme() == "wss" { "https" } else { "http" };
        base.set_scheme(scheme).map_err(|()| malformed())?;
        let path = &base[Position::BeforePath..Position::AfterQuery];
        let path = PathAndQuery::try_from(path).map_err(|_| malformed())?;
        let mut target = Target::new(base);
        target.policy = self.private.clone();
        let socket = self.egress.client(&target)?.socket(&path, MAX_MESSAGE, deadline).await?;
        Ok(Relay { socket, messages: 0, bytes: 0 })
    }
}

impl Relay {
    /// Says something.
    ///
    /// # Errors
    /// The connection is of no use any more; the relay may have heard it.
    pub async fn say(
        &mut self,
        message: &ToRelay<'_>,
        deadline: Deadline,
    ) -> Result<(), EgressError> {
        self.socket.send(&message.to_json(), deadline).await
    }

    /// The next message that can be read; others are passed over, and count. `None` once the relay has closed, or has said
    /// as much as is read.
    ///
    /// # Errors
    /// The connection is of no use any more, or the deadline has passed.
    pub async fn next(&mut self, deadline: Deadline) -> Result<Option<FromRelay>, EgressError> {
        while self.messages < MAX_MESSAGES && self.bytes < MAX_BYTES {
            let Some(text) = self.socket.next(deadline).await? else { return Ok(None) };
            self.messages += 1;
            self.bytes += text.len();
            if let Ok(message) = FromRelay::read(&text) {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }
}
