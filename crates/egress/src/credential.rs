use std::pin::Pin;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use model::{Secrets, Template, Usage};
use url::Url;

use crate::EgressError;

/// A request as a source makes it, before a credential is put in.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// The method.
    pub method: Method,
    /// Where to: of the origin of the client that sends it.
    pub url: Url,
    /// Header fields. `Host`, `Accept-Encoding` and the framing fields are set when it is sent.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// A boxed future that may cross threads.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What proves to an upstream who is calling.
///
/// Applied at the moment of sending, after the target has been vetted, and only for the origin it was made for: to what
/// a redirect leads to elsewhere it is never shown, nor to what leads back from there.
pub trait Credential: Send + Sync {
    /// Puts the credential into the request: into its header, its query or its body, but never into another origin.
    ///
    /// Whatever `secrets` gives out for it, or is told of with [`Secrets::used`], is masked in everything that is answered.
    ///
    /// # Errors
    /// [`EgressError::secret`]: nothing is sent then.
    fn apply<'a>(
        &'a self,
        request: &'a mut Outgoing,
        secrets: &'a dyn Secrets,
    ) -> Boxed<'a, Result<(), EgressError>>;
}

/// Header fields whose values may hold secrets of the vault. They stand in for what the request has under these names.
pub struct HeaderTemplates(pub Vec<(HeaderName, Template)>);

impl Credential for HeaderTemplates {
    fn apply<'a>(
        &'a self,
        request: &'a mut Outgoing,
        secrets: &'a dyn Secrets,
    ) -> Boxed<'a, Result<(), EgressError>> {
        Box::pin(async move {
            let mut values = Vec::with_capacity(self.0.len());
            for (name, template) in &self.0 {
                values.push((name, value(name, template, &request.url, secrets).await?));
            }
            // Two templates may share a name; what the request has under it may not stay beside them.
            for (name, _) in &values {
                request.headers.remove(*name);
            }
            for (name, value) in values {
                request.headers.append(name, value);
            }
            Ok(())
        })
    }
}

async fn value(
    name: &HeaderName,
    template: &Template,
    url: &Url,
    secrets: &dyn Secrets,
) -> Result<HeaderValue, EgressError> {
    let host = url.host_str().unwrap_or_default();
    let usage = Usage::Host(host, url.port_or_known_default().unwrap_or_default());
    template.tell_filled(secrets);
    let filled = template
        .fill(secrets, usage)
        .await
        .map_err(|e| EgressError::secret(format!("the header `{name}` was not made: {e}")))?;
    let mut value = HeaderValue::try_from(filled.reveal().as_str()).map_err(|_| {
        EgressError::secret(format!(
            "the value of the header `{name}` holds a character that no header can carry: store it without line ends"
        ))
    })?;
    value.set_sensitive(true);
    Ok(value)
}
