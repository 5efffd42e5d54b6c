use model::money::{Flag, Rail};
use rails::payment::{Challenge, Problem, SessionAct};
use rails::{Credential, Place};
use serde::{Deserialize, Serialize};
use spend::Target;

use super::{Free, Tried, Way};
use crate::errand::{Answer, Attachment, Errand};
use crate::payer::Inner;

/// How many sessions are used for one request, where one after the other is refused.
const MOST: usize = 2;

/// A session at a seller (Payment scheme, method `lightning`, intent `session`): a deposit was paid, and requests are paid
/// for from it. Whoever holds it can use the deposit up; it rests sealed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Session {
    /// The seller's name for what it covers.
    realm: String,
    /// The payment hash of the deposit.
    id: String,
    /// Its preimage.
    preimage: String,
    /// Whether the seller is known to have opened it.
    open: bool,
    /// After how many milliseconds without a request the seller closes it.
    idle: Option<u64>,
    /// When it was last noted as used, in milliseconds since the epoch.
    used: u64,
}

impl Session {
    /// One whose deposit is paid.
    pub(crate) const fn paid(
        realm: String,
        id: String,
        preimage: String,
        idle: Option<u64>,
    ) -> Self {
        Self { realm, id, preimage, open: false, idle, used: 0 }
    }

    pub(crate) fn realm(&self) -> &str {
        &self.realm
    }

    /// Whether the other is the same session, whatever is known of it.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.id == other.id
    }

    /// Until when it serves, in milliseconds since the epoch. One that may not be open yet has no end of its own: its deposit
    /// is not given up for the time that has passed.
    pub(crate) fn until(&self) -> Option<u64> {
        self.idle.filter(|_| self.open).map(|idle| self.used.saturating_add(idle))
    }

    /// The same session, used now; `None` where that is not worth noting down.
    fn used_at(&self, now: u64) -> Option<Self> {
        let rested = now.saturating_sub(self.used);
        let stale = self.idle.is_some_and(|idle| rested > idle / 4);
        (stale || !self.open).then(|| Self { open: true, used: now, ..self.clone() })
    }

    /// The credential of an act, in answer to a fresh challenge.
    pub(super) fn act<'a>(
        &'a self,
        challenge: &Challenge,
        act: impl FnOnce(&'a str, &'a str) -> SessionAct<'a>,
    ) -> Option<Attachment> {
        let act = act(&self.id, &self.preimage);
        attached(&challenge.session_credential(act).ok()?, &self.preimage)
    }
}

/// A credential in a header field, its secrets beside it.
fn attached(credential: &Credential, preimage: &str) -> Option<Attachment> {
    let Place::Header(name) = credential.place() else { return None };
    let text = credential.reveal().to_owned();
    let mut secrets = vec![preimage.to_owned()];
    // What stands behind the name of the scheme is as good as the whole.
    secrets.extend(text.split_once(' ').map(|(_, rest)| rest.to_owned()));
    secrets.push(text.clone());
    Some(Attachment { headers: vec![(name.to_owned(), text)], secrets, ..Attachment::default() })
}

/// What this caller has bought in the realm of a challenge: first what opens it, where the seller may not have done so yet, and
/// then what it is used with.
pub(super) async fn shown(
    inner: &Inner,
    errand: &Errand,
    target: &Target,
    challenge: &Challenge,
    tried: &mut Tried,
) -> Option<Free> {
    if !challenge.is_lightning_session() {
        return None;
    }
    let kept = inner.credits.session(errand, &challenge.realm).await?;
    let session = kept.session.as_ref()?;
    if !inner.admits(errand, &target.origin, Rail::Mpp).await {
        return None;
    }
    if !session.open && !tried.opened.contains(&session.id) {
        tried.opened.push(session.id.clone());
        return Some(Free { attachment: kept.clone(), way: Way::Opens(kept) });
    }
    if tried.borne.contains(&session.id) || tried.borne.len() >= MOST {
        return None;
    }
    tried.borne.push(session.id.clone());
    let attachment = session.act(challenge, |id, preimage| SessionAct::Bearer { id, preimage })?;
    Some(Free { attachment, way: Way::Bears(kept) })
}

/// The seller took it: it is open, and was used now. One that it does not know any more is forgotten; where it failed itself,
/// nothing is known.
pub(super) async fn served(inner: &Inner, errand: &Errand, kept: Attachment, answer: &Answer) {
    let Some(session) = &kept.session else { return };
    if matches!(answer, Answer::Http { status, .. } if status.is_server_error()) {
        return;
    }
    if is_gone(answer) {
        return refused(inner, errand, &kept).await;
    }
    if let Some(session) = session.used_at(inner.clock.now_millis()) {
        let kept = Attachment { session: Some(session), ..kept };
        inner.credits.note(errand, kept).await;
    }
}

/// The seller did not take it: it is closed, used up, or was never opened. What was left of it is paid back by the seller, if
/// it pays anything back.
pub(super) async fn refused(inner: &Inner, errand: &Errand, kept: &Attachment) {
    let Some(session) = &kept.session else { return };
    if !session.open {
        let id = session.id.clone();
        tracing::error!("a seller was paid the deposit {id} and has not opened its session");
        let paid = move |payment: &ledger::Payment| payment.proof.as_ref() == Some(&id);
        if let Ok(Some(payment)) = inner.treasury.latest(paid).await {
            let _ = inner.treasury.flag(payment.id, vec![Flag::NoDelivery]).await;
        }
    }
    inner.credits.end(errand, session).await;
}

/// Whether an answer that asks for no money says that there is no such session.
fn is_gone(answer: &Answer) -> bool {
    let Answer::Http { status, body, .. } = answer else { return false };
    let gone = ["lightning/session-not-found", "lightning/session-closed"];
    let problem = if status.is_client_error() { Problem::read(body) } else { None };
    problem.and_then(|problem| problem.kind).is_some_and(|kind| gone.contains(&kind))
}
