use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use egress::{Client, Credential, Deadline, EgressError, ExchangeOptions, Kind, Outgoing};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use protocol::json::{Limits, value};
use serde_json::Value;
use url::Url;

use crate::read::{said, text};
use crate::{Outcome, Trouble, codes};

/// Largest answer of a wallet, in bytes.
const MAX_ANSWER: usize = 1 << 20;
/// How long a wallet may take for anything but a payment.
const ASK: Duration = Duration::from_secs(20);

/// Where a wallet is found, and what it is asked with.
pub struct Place {
    client: Client,
    base: Url,
    credential: Arc<dyn Credential>,
    patience: Duration,
}

impl Place {
    /// `base` is the URL under which the wallet's paths begin, of the client's origin; the credential puts its key into each request.
    /// A payment is waited for as long as `patience` says, and is unknown then.
    pub fn new(
        client: Client,
        base: Url,
        credential: Arc<dyn Credential>,
        patience: Duration,
    ) -> Self {
        Self { client, base, credential, patience }
    }

    /// How long a wallet should try itself, so that its answer still comes: five seconds less than it is waited for.
    pub(crate) fn try_seconds(&self) -> u64 {
        self.patience.as_secs().saturating_sub(5).max(1)
    }

    /// Asks for something that pays nothing.
    pub(crate) async fn ask(&self, ask: Ask<'_>) -> Result<Answer, EgressError> {
        self.exchange(ask, ASK).await
    }

    /// Asks for something that may pay: sent once, whatever happens.
    pub(crate) async fn order(&self, ask: Ask<'_>) -> Result<Answer, EgressError> {
        self.exchange(ask, self.patience).await
    }

    async fn exchange(&self, ask: Ask<'_>, within: Duration) -> Result<Answer, EgressError> {
        let Ask { path, query, body, until } = ask;
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url.set_query(None);
        if let Some((name, value)) = query {
            url.query_pairs_mut().append_pair(name, value);
        }
        let mut headers = HeaderMap::new();
        let json = HeaderValue::from_static("application/json");
        headers.insert(ACCEPT, json.clone());
        let (method, body) = match body {
            Some(body) => {
                headers.insert(CONTENT_TYPE, json);
                (Method::POST, Bytes::from(body.to_string()))
            }
            None => (Method::GET, Bytes::new()),
        };
        let request = Outgoing { method, url, headers, body };
        let options = ExchangeOptions {
            max_body: MAX_ANSWER,
            until,
            deadline: Deadline::after(within),
            ..ExchangeOptions::default()
        };
        let whole = self.client.exchange(request, Some(&*self.credential), options).await?;
        Ok(Answer { status: whole.status, body: whole.body })
    }
}

/// A request to a wallet: `POST` where there is a body, else `GET`.
#[derive(Default)]
pub(crate) struct Ask<'a> {
    pub(crate) path: &'a str,
    pub(crate) query: Option<(&'a str, &'a str)>,
    pub(crate) body: Option<Value>,
    pub(crate) until: Option<fn(&[u8]) -> bool>,
}

/// What a wallet answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The body as a JSON object.
    pub(crate) fn object(&self) -> Option<Value> {
        value(&self.body, Limits::REQUEST).ok().filter(Value::is_object)
    }

    /// What this status says to an order, whatever is in the body: that it was not taken up at all.
    pub(crate) fn not_taken_up(&self) -> Option<Outcome> {
        let trouble = self.turned_away()?;
        Some(Outcome::Failed(trouble))
    }

    /// What this status says to any request, before anybody looked at it.
    pub(crate) fn turned_away(&self) -> Option<Trouble> {
        let (code, why) = match self.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                (codes::WALLET_AUTH, "the wallet does not take the key")
            }
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
                (codes::WALLET_UNAVAILABLE, "the wallet has no such service")
            }
            StatusCode::TOO_MANY_REQUESTS => {
                (codes::WALLET_BUSY, "the wallet wants to be asked less often")
            }
            _ => return None,
        };
        Some(Trouble::new(code, why))
    }

    /// The invoice that was asked for, in the member of that name.
    pub(crate) fn made(&self, name: &str) -> Result<String, Trouble> {
        if let Some(trouble) = self.turned_away() {
            return Err(trouble);
        }
        let object = self.object().filter(|_| self.status.is_success());
        let invoice = object.as_ref().and_then(|object| text(object, name));
        invoice.map(ToOwned::to_owned).ok_or_else(|| self.unclear())
    }

    /// An answer that says nothing of what was asked.
    pub(crate) fn unclear(&self) -> Trouble {
        let (status, words) = (self.status.as_u16(), said(&self.body));
        Trouble::new(codes::WALLET_UNAVAILABLE, format!("the wallet answered {status}: {words}"))
    }
}

/// What an order came to that got no answer: definite only if nothing of it was sent.
pub(crate) fn no_answer(error: &EgressError) -> Outcome {
    if error.sent() {
        return Outcome::unknown(codes::SENT_UNKNOWN, error.to_string());
    }
    Outcome::Failed(not_asked(error))
}

/// Why a question got no answer.
pub(crate) fn not_asked(error: &EgressError) -> Trouble {
    let code = match error.kind() {
        Kind::Secret => codes::WALLET_AUTH,
        _ => codes::WALLET_UNAVAILABLE,
    };
    Trouble::new(code, error.to_string())
}
