//! Credentials: which ones a call needs, and how each is put into a request at the moment of sending.

mod grant;
mod key;
mod oauth;
mod sigv4;

use std::collections::HashMap;
use std::sync::Arc;

use convert::{Recipe, Scheme, SchemeKind};
use egress::{Boxed, Credential, EgressError, Outgoing};
use http::{HeaderName, HeaderValue};
use model::{Secrets, TenantId, Usage};
use url::Url;

pub use grant::{Auth, Grant, SetupError};
pub use oauth::{ClientAuth, OAuth2};
pub use sigv4::SigV4;

pub(crate) use grant::{Grants, Ready};
use oauth::Tokens;

/// Whose credentials an operation is called with.
pub(crate) enum Credentials {
    /// The same for everybody.
    Shared(Chosen),
    /// Those of the caller's tenant. There is no falling back from one to another.
    Tenants(HashMap<TenantId, Chosen>),
}

impl Credentials {
    /// Those for a call of this tenant, or what is missing.
    pub(crate) fn of(&self, tenant: &TenantId) -> Result<&Together, String> {
        let chosen = match self {
            Self::Shared(chosen) => Some(chosen),
            Self::Tenants(all) => all.get(tenant),
        };
        match chosen {
            Some(Chosen::All(together)) => Ok(together),
            Some(Chosen::Missing(wanted)) => {
                Err(format!("no credential is configured for {wanted}"))
            }
            None => Err("no credential is configured for the caller's tenant".to_owned()),
        }
    }
}

/// The credentials of one tool.
pub(crate) enum Chosen {
    /// These, all of them; none for an open operation.
    All(Together),
    /// The description wants one of these, and the configuration has none: such a call is refused.
    Missing(String),
}

/// Stands in for every secret where a request is shown.
pub(crate) const MASK: &str = "•••";

/// A credential that also knows how a request looks that has it.
pub(crate) trait Masked: Credential {
    /// Puts [`MASK`] where the credential would stand.
    fn mask(&self, request: &mut Outgoing);
}

/// A header field whose value is not shown.
fn mask_header(request: &mut Outgoing, name: &HeaderName) {
    let mut value = HeaderValue::from_static("-");
    value.set_sensitive(true);
    request.headers.insert(name, value);
}

/// Several credentials as one.
#[derive(Default)]
pub(crate) struct Together {
    credentials: Vec<Arc<dyn Masked>>,
    tokens: Vec<Arc<Tokens>>,
}

impl Together {
    /// Whether there is nothing to put in.
    pub(crate) const fn is_empty(&self) -> bool {
        self.credentials.is_empty()
    }

    /// Puts a mask where each would stand.
    pub(crate) fn mask(&self, request: &mut Outgoing) {
        for credential in &self.credentials {
            credential.mask(request);
        }
    }

    /// The API did not take them. True if another try may have better ones.
    pub(crate) async fn refused(&self) -> bool {
        for tokens in &self.tokens {
            tokens.forget().await;
        }
        !self.tokens.is_empty()
    }

    fn add(&mut self, grant: &Ready, scheme: Option<&Scheme>) -> Result<(), SetupError> {
        self.credentials.push(grant.credential(scheme)?);
        self.tokens.extend(grant.tokens());
        Ok(())
    }
}

impl Credential for Together {
    fn apply<'a>(
        &'a self,
        request: &'a mut Outgoing,
        secrets: &'a dyn Secrets,
    ) -> Boxed<'a, Result<(), EgressError>> {
        Box::pin(async move {
            for credential in &self.credentials {
                credential.apply(request, secrets).await?;
            }
            Ok(())
        })
    }
}

/// Where the secret of a request goes.
pub(crate) fn usage(url: &Url) -> Usage<'_> {
    let port = url.port_or_known_default().unwrap_or(0);
    Usage::Host(url.host_str().unwrap_or_default(), port)
}

/// Chooses the credentials of a tool: the first requirement that can be met whole.
pub(crate) fn choose(grants: &Grants, recipe: &Recipe) -> Result<Chosen, SetupError> {
    let mut together = Together::default();
    match grants {
        Grants::None => return Ok(open_or_missing(recipe)),
        Grants::Every(grant) => {
            together.add(grant, recipe.security.iter().flat_map(|r| &r.0).next())?;
        }
        Grants::Schemes(by_name) => {
            let can = |s: &Scheme| by_name.contains_key(&s.name);
            let met = recipe.security.iter().find(|r| r.0.iter().all(can));
            let Some(requirement) = met else { return Ok(open_or_missing(recipe)) };
            for scheme in &requirement.0 {
                let Some(grant) = by_name.get(&scheme.name) else { continue };
                together.add(grant, Some(scheme))?;
            }
        }
    }
    Ok(Chosen::All(together))
}

fn open_or_missing(recipe: &Recipe) -> Chosen {
    if recipe.security.is_empty() || recipe.security.iter().any(|r| r.0.is_empty()) {
        return Chosen::All(Together::default());
    }
    let names = |schemes: &[Scheme]| {
        schemes.iter().map(|s| format!("`{}`", s.name)).collect::<Vec<_>>().join(" and ")
    };
    let wanted: Vec<String> = recipe.security.iter().map(|r| names(&r.0)).collect();
    Chosen::Missing(wanted.join(", or "))
}

/// How each configured scheme is called in a message about one that cannot be used.
pub(crate) fn kind_of(scheme: &SchemeKind) -> &'static str {
    match scheme {
        SchemeKind::ApiKey(..) => "an API key",
        SchemeKind::Basic => "HTTP basic",
        SchemeKind::Bearer => "a bearer token",
        SchemeKind::OAuth2 { .. } => "OAuth 2",
        SchemeKind::OpenIdConnect(_) => "OpenID Connect",
        SchemeKind::MutualTls => "a client certificate",
        SchemeKind::Other(_) => "a scheme of its own",
    }
}
