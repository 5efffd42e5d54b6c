use std::time::Duration;

use ambient::{Clock, Instant};
use bytes::Bytes;
use egress::{
    Boxed, Client, Credential, Deadline, Egress, EgressError, ExchangeOptions, Outgoing, Route,
    Target,
};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use model::{Secret, Secrets, Template};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;
use url::form_urlencoded::Serializer;

use super::key::{basic, bear, filled};
use super::{Masked, SetupError, mask_header};

/// The client-credentials grant.
pub struct OAuth2 {
    /// The token endpoint and how it may be reached.
    pub token: Target,
    /// By which way, and as whom.
    pub route: Route,
    /// Client id.
    pub client_id: Template,
    /// Client secret.
    pub client_secret: Template,
    /// Scopes asked for.
    pub scopes: Vec<String>,
    /// Where the client's credentials go.
    pub client_auth: ClientAuth,
}

/// How the client authenticates at the token endpoint (RFC 6749, section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientAuth {
    /// HTTP basic.
    #[default]
    Basic,
    /// In the body.
    Body,
}

/// How long before its end a token is replaced.
const EARLY: Duration = Duration::from_mins(1);
/// How long a token is used whose end nobody said.
const UNSAID: Duration = Duration::from_mins(5);
/// How long the token endpoint may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Largest answer of a token endpoint.
const ANSWER: usize = 64 << 10;

/// Tokens of one client, one at a time: whoever finds none fetches it, the others wait for that.
pub(crate) struct Tokens {
    settings: OAuth2,
    client: Client,
    clock: Clock,
    current: Mutex<Option<Token>>,
}

struct Token {
    value: Secret<String>,
    until: Instant,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    token_type: String,
    expires_in: Option<u64>,
}

impl Tokens {
    pub(super) fn new(
        settings: OAuth2,
        egress: &Egress,
        clock: &Clock,
    ) -> Result<Self, SetupError> {
        let client = egress
            .client_by(&settings.token, &settings.route)
            .map_err(|e| SetupError(format!("the token endpoint: {e}")))?;
        Ok(Self { settings, client, clock: clock.clone(), current: Mutex::new(None) })
    }

    /// The API does not take the token any more: the next call fetches another.
    pub(crate) async fn forget(&self) {
        *self.current.lock().await = None;
    }

    async fn fetch(&self, secrets: &dyn Secrets) -> Result<Token, EgressError> {
        let request = self.request(secrets).await?;
        let options = ExchangeOptions {
            max_body: ANSWER,
            deadline: Deadline::after(PATIENCE),
            ..ExchangeOptions::default()
        };
        let answer = self.client.exchange(request, None, options).await?;
        // What a token endpoint says in its error may repeat what it was sent: only the status is told.
        if !answer.status.is_success() {
            let status = answer.status.as_u16();
            return Err(EgressError::secret(format!(
                "the token endpoint answered with HTTP {status}"
            )));
        }
        let granted: Granted = serde_json::from_slice(&answer.body).map_err(|_| {
            EgressError::secret("the token endpoint answered something that is no token")
        })?;
        if !granted.token_type.eq_ignore_ascii_case("bearer") {
            return Err(EgressError::secret("the token is no bearer token"));
        }
        let lifetime =
            granted.expires_in.map_or(UNSAID, |s| Duration::from_secs(s).saturating_sub(EARLY));
        let nanos = u64::try_from(lifetime.as_nanos()).unwrap_or(u64::MAX);
        let until = Instant(self.clock.instant().0.saturating_add(nanos));
        Ok(Token { value: Secret::new(granted.access_token), until })
    }

    async fn request(&self, secrets: &dyn Secrets) -> Result<Outgoing, EgressError> {
        let OAuth2 { token, client_id, client_secret, scopes, client_auth, .. } = &self.settings;
        let mut request = outgoing(&token.base);
        let id = filled(client_id, &request, secrets).await?;
        let secret = filled(client_secret, &request, secrets).await?;
        secrets.used("client-secret", secret.reveal());
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        if !scopes.is_empty() {
            form.append_pair("scope", &scopes.join(" "));
        }
        match client_auth {
            ClientAuth::Basic => {
                // Both are form-encoded first (RFC 6749, section 2.3.1).
                let value = basic(&encoded(id.reveal()), &encoded(secret.reveal()));
                let mut value = HeaderValue::try_from(value).map_err(|_| {
                    EgressError::secret("the client's credentials fit no header field")
                })?;
                value.set_sensitive(true);
                request.headers.insert(AUTHORIZATION, value);
            }
            ClientAuth::Body => {
                form.append_pair("client_id", id.reveal());
                form.append_pair("client_secret", secret.reveal());
            }
        }
        request.body = Bytes::from(form.finish());
        Ok(request)
    }
}

fn outgoing(url: &Url) -> Outgoing {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    Outgoing { method: Method::POST, url: url.clone(), headers, body: Bytes::new() }
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

impl Credential for Tokens {
    fn apply<'a>(
        &'a self,
        request: &'a mut Outgoing,
        secrets: &'a dyn Secrets,
    ) -> Boxed<'a, Result<(), EgressError>> {
        Box::pin(async move {
            let mut current = self.current.lock().await;
            let now = self.clock.instant();
            if current.as_ref().is_none_or(|token| now >= token.until) {
                *current = None;
                *current = Some(self.fetch(secrets).await?);
            }
            let Some(token) = &*current else { return Ok(()) };
            secrets.used("access-token", token.value.reveal());
            bear(request, token.value.reveal())
        })
    }
}

impl Masked for Tokens {
    fn mask(&self, request: &mut Outgoing) {
        mask_header(request, &AUTHORIZATION);
    }
}
