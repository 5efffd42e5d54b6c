//! What answers a demand without money: a session whose deposit was paid before, or a sign-in with the wallet that has paid.
//!
//! Each is shown once a request, to the very place that asked, never behind a redirect. If the seller asks for money all the
//! same, ordinary payment follows by the ordinary rules.

mod close;
mod nonces;
mod refusals;
mod session;
mod sign_in;
mod turns;

use model::money::Rail;
use rails::{Demand, Offer};
use spend::{Origin, Paused, Target};

pub use close::Closed;
pub(crate) use refusals::Refusals;
pub use session::Session;
pub(crate) use turns::{Turn, Turns};

use crate::credit::Buyer;
use crate::demand;
use crate::errand::{Answer, Attachment, Errand, Request};
use crate::payer::{Inner, Payer};

/// What was shown for one request already: each thing is tried once, and sessions that others open meanwhile not for ever.
#[derive(Default)]
pub(crate) struct Tried {
    opened: Vec<String>,
    borne: Vec<String>,
    signed_in: bool,
}

/// What answers a demand, and how.
pub(crate) struct Free {
    attachment: Attachment,
    way: Way,
}

enum Way {
    /// The deposit is paid, and the seller is not known to have opened its session.
    Opens(Attachment),
    /// A session is open.
    Bears(Attachment),
    /// The wallet signs in.
    SignsIn,
}

impl Free {
    /// What goes with the request.
    pub(crate) const fn attachment(&self) -> &Attachment {
        &self.attachment
    }
}

impl Payer {
    /// What answers a demand without money, if there is something left to try.
    pub(crate) async fn free(
        &self,
        errand: &Errand,
        answer: &Answer,
        tried: &mut Tried,
    ) -> Option<Free> {
        let inner = &*self.0;
        let target = asked(errand, answer)?;
        let Demand::Offers(offers) = demand::read(errand, answer) else { return None };
        for offer in &offers {
            let Offer::Payment(challenge) = offer else { continue };
            if let Some(free) = session::shown(inner, errand, &target, challenge, tried).await {
                return Some(free);
            }
        }
        for offer in &offers {
            let Offer::X402(offer) = offer else { continue };
            if tried.signed_in {
                break;
            }
            if let Some(attachment) = sign_in::signed(inner, errand, &target, offer).await {
                tried.signed_in = true;
                return Some(Free { attachment, way: Way::SignsIn });
            }
        }
        None
    }

    /// What the seller answered to it.
    pub(crate) async fn freed(&self, errand: &Errand, free: Free, answer: &Answer) {
        let inner = &*self.0;
        let refused = is_refusal(answer);
        match free.way {
            // What is refused may have been opened before: it is used once before it is given up.
            Way::Opens(kept) if !refused => session::served(inner, errand, kept, answer).await,
            Way::Bears(kept) if refused => session::refused(inner, errand, &kept).await,
            Way::Bears(kept) => session::served(inner, errand, kept, answer).await,
            Way::SignsIn if refused => inner.refusals.add(errand, inner.clock.now_millis()),
            Way::Opens(_) | Way::SignsIn => {}
        }
    }

    /// A payment went with the request: what it bought may be a session that is open now, and signing in may do again.
    pub(crate) async fn paid_for(&self, errand: &Errand, bought: Attachment, answer: &Answer) {
        let inner = &*self.0;
        inner.refusals.forget(errand);
        if !is_refusal(answer) {
            session::served(inner, errand, bought, answer).await;
        }
    }

    /// The turn of this caller to open a session where a demand asks for one: until it is over, others wait for it and use
    /// what it has bought.
    pub(crate) async fn turn(&self, errand: &Errand, answer: &Answer) -> Option<Turn> {
        let inner = &*self.0;
        let Demand::Offers(offers) = demand::read(errand, answer) else { return None };
        let challenge = offers.iter().find_map(|offer| match offer {
            Offer::Payment(challenge) => Some(challenge).filter(|one| one.is_lightning_session()),
            _ => None,
        })?;
        let name = Buyer::of(errand)?.session(&challenge.realm);
        inner.policy.lightning.sessions.then_some(())?;
        Some(inner.turns.wait(name).await)
    }
}

/// Whether money is asked for all the same.
fn is_refusal(answer: &Answer) -> bool {
    matches!(answer, Answer::Http { status, .. } if status.as_u16() == 402)
}

/// The place that was asked, if it is the one that answered.
fn asked(errand: &Errand, answer: &Answer) -> Option<Target> {
    let (Request::Http { url, .. }, Answer::Http { url: from, .. }) = (&errand.request, answer)
    else {
        return None;
    };
    Target::parse(url.as_str()).ok().filter(|_| from == url)
}

impl Inner {
    /// Whether anything may be shown to a seller for this errand: its origin is listed and spoken to safely, the rail is in
    /// use, and nobody has stopped any of it.
    async fn admits(&self, errand: &Errand, origin: &Origin, rail: Rail) -> bool {
        let listed = self.policy.origins.iter().any(|listed| listed.covers(origin));
        let safe = origin.is_tls() || origin.is_loopback();
        if !listed || !safe || !self.policy.rails.contains(&rail) {
            return false;
        }
        let Ok(stops) = self.treasury.stops().await else { return false };
        let paused = Paused(stops.iter().map(ToString::to_string).collect());
        let origin = origin.to_string();
        let all = [
            ("tenant", errand.tenant.as_str()),
            ("agent", errand.principal.as_str()),
            ("session", errand.session.as_deref().unwrap_or_default()),
            ("source", errand.source.as_str()),
            ("tool", errand.tool.as_str()),
            ("origin", origin.as_str()),
            ("rail", rail.as_str()),
        ];
        !all.into_iter().any(|(kind, name)| paused.stops(kind, name))
    }
}
