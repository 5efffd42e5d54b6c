use ambient::Clock;
use aws_lc_rs::digest::{SHA256, digest};
use ledger::Intent;
use model::Timestamp;
use treasury::{BlobKind, Treasury};
use url::Url;
use zeroize::Zeroizing;

use crate::bought::Bought;
use crate::errand::{Attachment, Errand, Request, Reuse};
use crate::free::Session;

/// What was bought and serves again: sealed at rest, for the one caller who bought it, at the one origin it was bought from;
/// and at the one path, unless it is a session. Whoever calls cannot choose another.
pub(crate) struct Credits {
    treasury: Treasury,
    clock: Clock,
}

/// Who bought something, and where: `tenant`, principal, origin and path; nothing that a caller passes as an argument.
pub(crate) struct Buyer {
    who: String,
    origin: String,
    path: String,
}

/// What stands in the place of the path where a session is named: no path begins so.
const SESSION: &str = "session:";

impl Credits {
    pub(crate) const fn new(treasury: Treasury, clock: Clock) -> Self {
        Self { treasury, clock }
    }

    /// What there is for this errand, unless its time is over.
    pub(crate) async fn of(&self, errand: &Errand) -> Option<Attachment> {
        let name = Buyer::of(errand)?.name();
        let credit = self.opened(name).await?;
        if self.is_over(&credit) {
            self.forget(errand).await;
            return None;
        }
        Some(credit)
    }

    /// The session of this caller in a realm of the seller, unless its time is over.
    pub(crate) async fn session(&self, errand: &Errand, realm: &str) -> Option<Attachment> {
        let buyer = Buyer::of(errand)?;
        let kept = self.opened(buyer.session(realm)).await?;
        if self.is_over(&kept) {
            self.end(errand, kept.session.as_ref()?).await;
            return None;
        }
        Some(kept)
    }

    /// Keeps what serves again.
    pub(crate) async fn keep(&self, errand: &Errand, bought: &Attachment) {
        if let Some(buyer) = Buyer::of(errand) {
            self.keep_for(&buyer, bought).await;
        }
    }

    /// The same, for whoever bought it.
    pub(crate) async fn keep_for(&self, buyer: &Buyer, bought: &Attachment) {
        let name = match (&bought.session, &bought.reuse) {
            (Some(session), _) => buyer.session(session.realm()),
            (None, Some(_)) => buyer.name(),
            (None, None) => return,
        };
        let Ok(text) = serde_json::to_vec(bought) else { return };
        let kept = self.treasury.put_blob(BlobKind::Credential, name, Zeroizing::new(text)).await;
        if let Err(error) = kept {
            tracing::error!("what was bought could not be kept for another time: {error}");
        }
    }

    /// It does not serve any more.
    pub(crate) async fn forget(&self, errand: &Errand) {
        if let Some(buyer) = Buyer::of(errand) {
            let _ = self.treasury.remove_blob(BlobKind::Credential, buyer.name()).await;
        }
    }

    /// Notes down what is known of a session now, unless another one has taken its place meanwhile.
    pub(crate) async fn note(&self, errand: &Errand, kept: Attachment) {
        let (Some(buyer), Some(session)) = (Buyer::of(errand), &kept.session) else { return };
        let (name, Ok(text)) = (buyer.session(session.realm()), serde_json::to_vec(&kept)) else {
            return;
        };
        let text = Zeroizing::new(text);
        let change = move |found: Option<Zeroizing<Vec<u8>>>| {
            let before = found.and_then(|sealed| read(&sealed)).and_then(|before| before.session);
            let same = before.zip(kept.session).is_some_and(|(before, now)| before.is(&now));
            (same.then_some(text), ())
        };
        if let Err(error) = self.treasury.change_blob(BlobKind::Credential, name, change).await {
            tracing::error!("what is known of a session could not be noted down: {error}");
        }
    }

    /// The session is no more. Another one that has taken its place meanwhile stays.
    pub(crate) async fn end(&self, errand: &Errand, session: &Session) {
        let Some(name) = Buyer::of(errand).map(|buyer| buyer.session(session.realm())) else {
            return;
        };
        let kept = self.opened(name.clone()).await.and_then(|kept| kept.session);
        if kept.is_some_and(|kept| kept.is(session)) {
            let _ = self.treasury.remove_blob(BlobKind::Credential, name).await;
        }
    }

    /// Where, and until when, what one caller has bought still serves.
    pub(crate) async fn list(
        &self,
        tenant: &str,
        principal: &str,
    ) -> Result<Vec<Bought>, treasury::Refused> {
        let own = format!("{tenant}\n{principal}\n");
        let mut list = Vec::new();
        for name in self.treasury.blob_ids(BlobKind::Credential).await? {
            let place = name.strip_prefix(&own).and_then(|rest| rest.split_once('\n'));
            let Some((origin, path)) = place.map(|(o, p)| (o.to_owned(), p.to_owned())) else {
                continue;
            };
            let Some(credit) = self.opened(name).await else { continue };
            if self.is_over(&credit) {
                continue;
            }
            let path = (!path.starts_with(SESSION)).then_some(path);
            let until = lasting(&credit).and_then(|reuse| reuse.until);
            list.push(Bought { origin, path, until });
        }
        Ok(list)
    }

    async fn opened(&self, name: String) -> Option<Attachment> {
        let sealed = self.treasury.blob(BlobKind::Credential, name).await.ok()??;
        read(&sealed)
    }

    fn is_over(&self, credit: &Attachment) -> bool {
        let now = Timestamp(self.clock.now_millis());
        let over = |reuse: Reuse| reuse.until.is_some_and(|until| now >= Timestamp(until));
        lasting(credit).is_none_or(over)
    }
}

fn read(sealed: &[u8]) -> Option<Attachment> {
    serde_json::from_slice(sealed).ok()
}

/// How long something serves again, if it does.
fn lasting(credit: &Attachment) -> Option<Reuse> {
    let session = credit.session.as_ref().map(|session| Reuse { until: session.until() });
    session.or_else(|| credit.reuse.clone())
}

impl Buyer {
    pub(crate) fn of(errand: &Errand) -> Option<Self> {
        let Request::Http { url, .. } = &errand.request else { return None };
        Some(Self::at(&errand.tenant, &errand.principal, url))
    }

    /// The one of a payment in the books.
    pub(crate) fn of_intent(intent: &Intent) -> Option<Self> {
        let (_, resource) = intent.terms.resource.split_once(' ')?;
        let url =
            Url::parse(resource).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        Some(Self::at(intent.tenant.as_str(), intent.agent.as_str(), &url))
    }

    fn at(tenant: &str, principal: &str, url: &Url) -> Self {
        Self {
            who: format!("{tenant}\n{principal}"),
            origin: url.origin().ascii_serialization(),
            path: url.path().to_owned(),
        }
    }

    /// What names the place in the store and elsewhere.
    pub(crate) fn name(&self) -> String {
        let Self { who, origin, path } = self;
        format!("{who}\n{origin}\n{path}")
    }

    /// The same for a realm of the seller, whose name is the seller's and may be long.
    pub(crate) fn session(&self, realm: &str) -> String {
        let Self { who, origin, .. } = self;
        let hash = digest(&SHA256, realm.as_bytes());
        let hash = rails::encode_url(hash.as_ref());
        format!("{who}\n{origin}\n{SESSION}{hash}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_two_buyers_places_or_realms_have_one_name(
            one in ("[a:/]{1,3}", "[a:/]{1,3}", "(http|https)://(a|b)(:1)?/(a|b)?", "[a/:]{0,3}"),
            two in ("[a:/]{1,3}", "[a:/]{1,3}", "(http|https)://(a|b)(:1)?/(a|b)?", "[a/:]{0,3}"),
        ) {
            let buyer = |(tenant, principal, url, _): &(String, String, String, String)| {
                Buyer::at(tenant, principal, &Url::parse(url).unwrap())
            };
            let (a, b) = (buyer(&one), buyer(&two));
            let (same_who, same_url) = ((&one.0, &one.1) == (&two.0, &two.1), one.2 == two.2);
            prop_assert_eq!(a.name() == b.name(), same_who && same_url);
            let same_realm = same_who && a.origin == b.origin && one.3 == two.3;
            prop_assert_eq!(a.session(&one.3) == b.session(&two.3), same_realm);
            prop_assert_ne!(a.session(&one.3), b.name());
        }
    }
}
