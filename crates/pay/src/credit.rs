use ambient::Clock;
use model::Timestamp;
use treasury::{BlobKind, Treasury};
use zeroize::Zeroizing;

use crate::errand::{Attachment, Errand, Request, Reuse};

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
        let credit = self.opened(name).await?;
        if self.is_over(credit.reuse.as_ref()?.until) {
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

    /// Where, and until when, what one caller has bought still serves: origin, path and milliseconds since the epoch.
    pub(crate) async fn list(
        &self,
        tenant: &str,
        principal: &str,
    ) -> Result<Vec<(String, String, Option<u64>)>, treasury::Refused> {
        let own = format!("{tenant}\n{principal}\n");
        let mut list = Vec::new();
        for name in self.treasury.blob_ids(BlobKind::Credential).await? {
            let place = name.strip_prefix(&own).and_then(|rest| rest.split_once('\n'));
            let Some((origin, path)) = place.map(|(o, p)| (o.to_owned(), p.to_owned())) else {
                continue;
            };
            let Some(credit) = self.opened(name).await else { continue };
            let Some(Reuse { until }) = credit.reuse else { continue };
            if !self.is_over(until) {
                list.push((origin, path, until));
            }
        }
        Ok(list)
    }

    async fn opened(&self, name: String) -> Option<Attachment> {
        let sealed = self.treasury.blob(BlobKind::Credential, name).await.ok()??;
        serde_json::from_slice(&sealed).ok()
    }

    fn is_over(&self, until: Option<u64>) -> bool {
        let now = Timestamp(self.clock.now_millis());
        until.is_some_and(|until| now >= Timestamp(until))
    }
}

/// `tenant`, principal, origin and path; nothing that a caller passes as an argument.
fn name(errand: &Errand) -> Option<String> {
    let Request::Http { url, .. } = &errand.request else { return None };
    let origin = url.origin().ascii_serialization();
    Some(format!("{}\n{}\n{origin}\n{}", errand.tenant, errand.principal, url.path()))
}
