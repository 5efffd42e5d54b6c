use ambient::Clock;
use model::Timestamp;
use treasury::{BlobKind, Treasury};
use zeroize::Zeroizing;

use crate::errand::{Attachment, Errand, Request};

/// What was bought and serves again: sealed at rest, for the one caller who bought it, at the one origin and path it was
/// bought from. Whoever calls cannot choose another.
pub(crate) struct Credits {
    treasury: Treasury,
    clock: Clock,
}

impl Credits {
    pub(crate) const fn new(treasury: Treasury, clock: Clock) -> Self {
        Self { treasury, clock }
    }

    /// What there is for this errand, unless its time is over.
    pub(crate) async fn of(&self, errand: &Errand) -> Option<Attachment> {
        let name = name(errand)?;
        let sealed = self.treasury.blob(BlobKind::Credential, name).await.ok()??;
        let credit: Attachment = serde_json::from_slice(&sealed).ok()?;
        let until = credit.reuse.as_ref()?.until;
        let now = Timestamp(self.clock.now_millis());
        if until.is_some_and(|until| now >= Timestamp(until)) {
            self.forget(errand).await;
            return None;
        }
        Some(credit)
    }

    /// Keeps what serves again.
    pub(crate) async fn keep(&self, errand: &Errand, bought: &Attachment) {
        let (Some(name), Some(_)) = (name(errand), &bought.reuse) else { return };
        let Ok(text) = serde_json::to_vec(bought) else { return };
        let kept = self.treasury.put_blob(BlobKind::Credential, name, Zeroizing::new(text)).await;
        if let Err(error) = kept {
            tracing::error!("what was bought could not be kept for another time: {error}");
        }
    }

    /// It does not serve any more.
    pub(crate) async fn forget(&self, errand: &Errand) {
        if let Some(name) = name(errand) {
            let _ = self.treasury.remove_blob(BlobKind::Credential, name).await;
        }
    }

    /// The names of all there are: whose, and where. Nothing of what they hold.
    pub(crate) async fn names(&self) -> Vec<String> {
        self.treasury.blob_ids(BlobKind::Credential).await.unwrap_or_default()
    }
}

/// `tenant`, principal, origin and path; nothing that a caller passes as an argument.
fn name(errand: &Errand) -> Option<String> {
    let Request::Http { url, .. } = &errand.request else { return None };
    let origin = url.origin().ascii_serialization();
    Some(format!("{}\n{}\n{origin}\n{}", errand.tenant, errand.principal, url.path()))
}
