use http::HeaderName;
use rails::Place;

use super::sealed::Sealed;
use crate::Attachment;

/// How long before its end a signature is sent no more, in seconds: on its way it would run out.
const MARGIN: u64 = 2;

impl Sealed {
    /// Whether it is too late to send it.
    pub(super) const fn is_late(&self, now: u64) -> bool {
        now.saturating_add(MARGIN) >= self.valid_until
    }

    /// What goes with the request, the same each time. `None` if it cannot be written: then it is not sent.
    pub(super) fn attachment(&self) -> Option<Attachment> {
        let secrets =
            vec![self.credential.clone(), self.signature.clone(), self.nonce().to_owned()];
        let mut attachment = Attachment { secrets, ..Attachment::default() };
        attachment.secrets.extend(self.beside.clone());
        match self.place.place() {
            Place::Header(name) => {
                // What stands behind the name of a scheme is as good as the whole.
                let rest = self.credential.split_once(' ').map(|(_, rest)| rest.to_owned());
                attachment.secrets.extend(rest);
                let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
                attachment.headers.push((name.to_string(), self.credential.clone()));
            }
            Place::Meta(key) => {
                attachment
                    .meta
                    .push((key.to_owned(), serde_json::from_str(&self.credential).ok()?));
            }
        }
        Some(attachment)
    }
}
