//! Replies without the secrets that were sent for them.

use http::{HeaderMap, HeaderValue};
use model::Masks;
use url::Url;

use crate::Whole;

impl Whole {
    /// The same reply, with marks in the place of secrets.
    pub(crate) fn masked(self, masks: &Masks) -> Self {
        if masks.is_empty() {
            return self;
        }
        let body = masks.masked(&self.body).map_or(self.body, Into::into);
        Self { headers: headers(self.headers, masks), body, url: url(self.url, masks), ..self }
    }
}

/// Header fields without secrets. One whose name holds a secret, or whose value cannot be written without it, is left out.
fn headers(given: HeaderMap, masks: &Masks) -> HeaderMap {
    let whole = |text: &[u8]| masks.masked(text).is_none();
    if given.iter().all(|(name, value)| whole(name.as_str().as_bytes()) && whole(value.as_bytes()))
    {
        return given;
    }
    let mut kept = HeaderMap::with_capacity(given.len());
    for (name, value) in given.iter().filter(|(name, _)| whole(name.as_str().as_bytes())) {
        let value = match masks.masked(value.as_bytes()) {
            None => value.clone(),
            Some(masked) => match HeaderValue::from_bytes(&masked) {
                Ok(masked) => masked,
                Err(_) => continue,
            },
        };
        kept.append(name, value);
    }
    kept
}

/// A URL without secrets; of one that cannot be written without them, its origin.
fn url(given: Url, masks: &Masks) -> Url {
    let Some(masked) = masks.masked(given.as_str().as_bytes()) else { return given };
    let text = String::from_utf8_lossy(&masked);
    let masked = Url::parse(&text).ok().filter(|url| url.origin() == given.origin());
    masked.unwrap_or_else(|| {
        let mut bare = given.clone();
        bare.set_path("/");
        bare.set_query(None);
        bare.set_fragment(None);
        bare
    })
}
