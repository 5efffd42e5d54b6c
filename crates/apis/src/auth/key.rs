use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use convert::Location;
use egress::{Boxed, Credential, EgressError, HeaderTemplates, Outgoing};
use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderName, HeaderValue};
use model::{Secret, Secrets, Template};
use url::Url;

use super::{MASK, Masked, SetupError, mask_header, usage};

/// An API key in a header field, the query or a cookie.
pub(super) struct Key {
    place: Place,
    value: Arc<Template>,
}

enum Place {
    Header(HeaderName),
    Query(String),
    Cookie(String),
}

impl Key {
    pub(super) fn new(
        location: Location,
        name: &str,
        value: Arc<Template>,
    ) -> Result<Self, SetupError> {
        let place = match location {
            Location::Header => Place::Header(HeaderName::try_from(name).map_err(|_| {
                SetupError(format!("`{}` is no name of a header field", name.escape_debug()))
            })?),
            Location::Query => Place::Query(name.to_owned()),
            Location::Cookie if is_token(name) => Place::Cookie(name.to_owned()),
            Location::Cookie | Location::Path => {
                return Err(SetupError(format!("`{}` is no place for a key", name.escape_debug())));
            }
        };
        Ok(Self { place, value })
    }
}

impl Credential for Key {
    fn apply<'a>(
        &'a self,
        request: &'a mut Outgoing,
        secrets: &'a dyn Secrets,
    ) -> Boxed<'a, Result<(), EgressError>> {
        Box::pin(async move {
            let value = filled(&self.value, request, secrets).await?;
            secrets.used("api-key", value.reveal());
            match &self.place {
                Place::Header(name) => {
                    request.headers.insert(name, sensitive(value.reveal())?);
                }
                Place::Query(name) => {
                    set_pair(&mut request.url, name, value.reveal());
                }
                Place::Cookie(name) => {
                    let own = format!("{name}={}", value.reveal());
                    let all = match request.headers.get(COOKIE) {
                        Some(given) => [given.as_bytes(), b"; ", own.as_bytes()].concat(),
                        None => own.into_bytes(),
                    };
                    request.headers.insert(COOKIE, sensitive_bytes(&all)?);
                }
            }
            Ok(())
        })
    }
}

impl Masked for Key {
    fn mask(&self, request: &mut Outgoing) {
        match &self.place {
            Place::Header(name) => mask_header(request, name),
            Place::Query(name) => {
                request.url.query_pairs_mut().append_pair(name, MASK);
            }
            Place::Cookie(_) => mask_header(request, &COOKIE),
        }
    }
}

/// Sets a parameter of the query. What stands under its name already, as in a link to the next page, does not stay.
fn set_pair(url: &mut Url, name: &str, value: &str) {
    if url.query_pairs().any(|(known, _)| known == name) {
        let others = url.query_pairs().filter(|(known, _)| known != name);
        let others: Vec<(String, String)> =
            others.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        url.query_pairs_mut().clear().extend_pairs(others);
    }
    url.query_pairs_mut().append_pair(name, value);
}

/// A bearer token that does not change by itself.
pub(super) struct Bearer(pub(super) Template);

impl Credential for Bearer {
    fn apply<'a>(
        &'a self,
        request: &'a mut Outgoing,
        secrets: &'a dyn Secrets,
    ) -> Boxed<'a, Result<(), EgressError>> {
        Box::pin(async move {
            let token = filled(&self.0, request, secrets).await?;
            secrets.used("bearer", token.reveal());
            bear(request, token.reveal())
        })
    }
}

impl Masked for Bearer {
    fn mask(&self, request: &mut Outgoing) {
        mask_header(request, &AUTHORIZATION);
    }
}

/// User name and password.
pub(super) struct Basic(pub(super) Template, pub(super) Template);

impl Credential for Basic {
    fn apply<'a>(
        &'a self,
        request: &'a mut Outgoing,
        secrets: &'a dyn Secrets,
    ) -> Boxed<'a, Result<(), EgressError>> {
        Box::pin(async move {
            let user = filled(&self.0, request, secrets).await?;
            let password = filled(&self.1, request, secrets).await?;
            let value = basic(user.reveal(), password.reveal());
            secrets.used("password", password.reveal());
            secrets.used("basic", value.trim_start_matches("Basic "));
            request.headers.insert(AUTHORIZATION, sensitive(&value)?);
            Ok(())
        })
    }
}

impl Masked for Basic {
    fn mask(&self, request: &mut Outgoing) {
        mask_header(request, &AUTHORIZATION);
    }
}

/// Header fields as the operator wrote them.
pub(super) struct Fields(HeaderTemplates);

impl Fields {
    pub(super) const fn new(fields: Vec<(HeaderName, Template)>) -> Self {
        Self(HeaderTemplates(fields))
    }
}

impl Credential for Fields {
    fn apply<'a>(
        &'a self,
        request: &'a mut Outgoing,
        secrets: &'a dyn Secrets,
    ) -> Boxed<'a, Result<(), EgressError>> {
        self.0.apply(request, secrets)
    }
}

impl Masked for Fields {
    fn mask(&self, request: &mut Outgoing) {
        for (name, _) in &self.0.0 {
            mask_header(request, name);
        }
    }
}

/// `Basic …` (RFC 7617).
pub(super) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// Puts a bearer token in.
pub(super) fn bear(request: &mut Outgoing, token: &str) -> Result<(), EgressError> {
    request.headers.insert(AUTHORIZATION, sensitive(&format!("Bearer {token}"))?);
    Ok(())
}

/// A template filled for the request's host.
pub(super) async fn filled(
    template: &Template,
    request: &Outgoing,
    secrets: &dyn Secrets,
) -> Result<Secret<String>, EgressError> {
    template.tell_filled(secrets);
    template
        .fill(secrets, usage(&request.url))
        .await
        .map_err(|e| EgressError::secret(e.to_string()))
}

fn sensitive(value: &str) -> Result<HeaderValue, EgressError> {
    sensitive_bytes(value.as_bytes())
}

fn sensitive_bytes(value: &[u8]) -> Result<HeaderValue, EgressError> {
    let mut value = HeaderValue::from_bytes(value).map_err(|_| {
        EgressError::secret("a secret holds characters that no header field can carry")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|c| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c))
}
