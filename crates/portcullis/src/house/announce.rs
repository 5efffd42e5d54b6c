//! Tells another service that a call waits for a person: a signed request, outside the way of any call.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use approvals::{Answerer, Approval, Desk, State};
use aws_lc_rs::hmac;
use egress::{Deadline, Egress, ExchangeOptions, Outgoing, Policy, Target};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use model::{SecretName, Secrets, Timestamp, Usage};
use serde_json::json;
use url::Url;

/// How often it is looked whether a call waits that was not told of.
const LOOK: Duration = Duration::from_secs(1);
/// How long one try may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Tries for one question; before each but the first the wait doubles, beginning with two seconds.
const TRIES: u32 = 6;
/// What stands before the signature.
const VERSION: &str = "v1=";

/// Who is told, and how.
pub struct Announcer {
    /// Where questions lie.
    pub desk: Desk,
    /// The way out.
    pub egress: Egress,
    /// Where the key of the signatures is.
    pub secrets: Arc<dyn Secrets>,
    /// Time.
    pub clock: Clock,
    /// Who is told.
    pub url: Url,
    /// Name of that key in the vault.
    pub secret: SecretName,
}

/// How far the telling of one question is.
struct Told {
    tries: u32,
    next: Timestamp,
    done: bool,
}

impl Announcer {
    /// Tells of every question that waits, each at least once, until the future is dropped.
    pub async fn run(self) {
        let mut told: HashMap<String, Told> = HashMap::new();
        loop {
            tokio::time::sleep(LOOK).await;
            let who = Answerer::System(String::new());
            let Ok(mut waiting) = self.desk.list(&who).await else { continue };
            waiting.retain(|approval| approval.ticket.state == State::Waiting);
            told.retain(|id, _| waiting.iter().any(|approval| approval.ticket.id == *id));
            for approval in &waiting {
                let now = Timestamp(self.clock.now_millis());
                let fresh = Told { tries: 0, next: now, done: false };
                let state = told.entry(approval.ticket.id.clone()).or_insert(fresh);
                if state.done || now < state.next {
                    continue;
                }
                state.tries += 1;
                state.next = now.after(Duration::from_secs(1 << state.tries));
                match self.tell(approval, now).await {
                    Ok(()) => state.done = true,
                    Err(why) => {
                        tracing::warn!(
                            id = approval.ticket.id,
                            "nobody was told of an approval: {why}"
                        );
                        state.done = state.tries >= TRIES;
                    }
                }
            }
        }
    }

    async fn tell(&self, approval: &Approval, now: Timestamp) -> Result<(), String> {
        let body = message(approval, self.desk.url(&approval.ticket.id).as_deref()).to_string();
        let time = now.as_secs().to_string();
        let (host, port) = (self.url.host_str(), self.url.port_or_known_default());
        let usage = Usage::Host(host.unwrap_or_default(), port.unwrap_or_default());
        let secret = self.secrets.secret(&self.secret, usage).await.map_err(|e| e.to_string())?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.reveal().as_bytes());
        let signature = hmac::sign(&key, format!("{time}.{body}").as_bytes());
        let signature = signature.as_ref().iter().fold(VERSION.to_owned(), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in
            [("x-portcullis-timestamp", &time), ("x-portcullis-signature", &signature)]
        {
            let value = HeaderValue::from_str(value).map_err(|e| e.to_string())?;
            headers.insert(HeaderName::from_static(name), value);
        }
        // The operator named this place, so it may be a private one.
        let policy = Policy::naming(&self.url);
        let target = Target { policy, ..Target::new(self.url.clone()) };
        let client = self.egress.client(&target).map_err(|e| e.to_string())?;
        let (method, url, body) = (Method::POST, self.url.clone(), body.into());
        let request = Outgoing { method, url, headers, body };
        let deadline = Deadline::after(PATIENCE);
        let options = ExchangeOptions { deadline, max_body: 64 * 1024, ..Default::default() };
        let answer = client.exchange(request, None, options).await.map_err(|e| e.to_string())?;
        if answer.status.is_success() {
            Ok(())
        } else {
            Err(format!("HTTP {}", answer.status.as_u16()))
        }
    }
}

/// What is told. No arguments: whoever wants to see them signs in.
fn message(approval: &Approval, url: Option<&str>) -> serde_json::Value {
    let price = approval.terms.as_ref().map(approvals::TermsText::price);
    json!({
        "type": "approval.asked",
        "id": approval.ticket.id,
        "tenant": approval.tenant,
        "principal": approval.principal,
        "source": approval.source,
        "tool": approval.tool,
        "price": price,
        "reasons": approval.reasons,
        "persons": approval.ticket.persons,
        "expires": audit::rfc3339(approval.ticket.expires),
        "url": url,
    })
}
