//! Requests that cost something: what was bought before goes with them, and a demand is met where that is allowed.

use aws_lc_rs::digest::{SHA256, digest};
use egress::{Boxed, Credential, EgressError, Outgoing, Whole};
use gate::Approval;
use gate::port::{Reply, Trouble};
use http::{HeaderName, HeaderValue, StatusCode};
use model::Secrets;
use pay::{Answer, Asked, Asking, Attachment, Errand, Payer, Request, Unpaid};

use crate::answer;
use crate::auth::Together;
use crate::run::Run;

/// An answer, and whether a payment went with its request.
pub(crate) struct Sent {
    pub(crate) whole: Whole,
    pub(crate) paid: bool,
}

/// The API's own credentials, and beside them what was paid.
struct Beside<'a> {
    own: &'a Together,
    paid: &'a Attachment,
}

impl Credential for Beside<'_> {
    fn apply<'a>(
        &'a self,
        request: &'a mut Outgoing,
        secrets: &'a dyn Secrets,
    ) -> Boxed<'a, Result<(), EgressError>> {
        Box::pin(async move {
            self.own.apply(request, secrets).await?;
            for secret in &self.paid.secrets {
                secrets.used("payment", secret);
            }
            for (name, value) in &self.paid.headers {
                let mut value = HeaderValue::try_from(value).map_err(|_| {
                    EgressError::secret("the proof of payment holds what no header can carry")
                })?;
                value.set_sensitive(true);
                let name = HeaderName::try_from(name).map_err(|_| {
                    EgressError::secret("the proof of payment has a place that no request has")
                })?;
                request.headers.insert(name, value);
            }
            Ok(())
        })
    }
}

impl Run<'_> {
    /// Sends a request with whatever was bought for it, and pays where the API asks and the operator allows. The inner
    /// error is a result for the client.
    pub(crate) async fn sent(
        &self,
        request: Outgoing,
        credentials: &Together,
    ) -> Result<Result<Sent, Reply>, Trouble> {
        let errand = self.api.payer().and_then(|payer| Some((payer, self.errand(&request)?)));
        let Some((payer, errand)) = errand else {
            let own: Option<&dyn Credential> =
                if credentials.is_empty() { None } else { Some(credentials) };
            let whole = self.exchange(request, own, self.usual()).await?;
            return Ok(Ok(Sent { whole, paid: false }));
        };
        let credit = payer.credit(&errand).await;
        let first = match &credit {
            Some(paid) => {
                let beside = Beside { own: credentials, paid };
                self.exchange(request.clone(), Some(&beside), self.once()).await?
            }
            None => self.exchange(request.clone(), Some(credentials), self.usual()).await?,
        };
        if first.status != StatusCode::PAYMENT_REQUIRED {
            return Ok(Ok(Sent { whole: first, paid: credit.is_some() }));
        }
        self.met(payer, &errand, request, credentials, first).await
    }

    /// Meets the demand of an answer, once: a second one is never paid.
    async fn met(
        &self,
        payer: &Payer,
        errand: &Errand,
        request: Outgoing,
        credentials: &Together,
        demand: Whole,
    ) -> Result<Result<Sent, Reply>, Trouble> {
        let paid = match payer.pay(errand, &heard(&demand)).await {
            Ok(paid) => paid,
            Err(Unpaid::NoDemand) => return Ok(Ok(Sent { whole: demand, paid: false })),
            Err(Unpaid::Refused(no)) => return Ok(Err(answer::unpaid(self.client, &no))),
            Err(Unpaid::Asks(asked)) => return Err(asks(*asked)),
        };
        let beside = Beside { own: credentials, paid: paid.attachment() };
        match self.exchange(request, Some(&beside), self.once()).await {
            Ok(whole) => {
                paid.answered(&heard(&whole)).await;
                Ok(Ok(Sent { whole, paid: true }))
            }
            Err(trouble) => {
                let sent = matches!(trouble, Trouble::Failed { unknown: true, .. });
                paid.lost(sent).await;
                Err(trouble)
            }
        }
    }

    fn errand(&self, request: &Outgoing) -> Option<Errand> {
        let principal = &self.client.principal;
        let about = self.about;
        let body = digest(&SHA256, &request.body);
        let asking = self.approval.map(asking)?;
        Some(Errand {
            tenant: principal.tenant.as_str().to_owned(),
            principal: principal.id.as_str().to_owned(),
            session: (!self.client.session.is_empty()).then(|| self.client.session.clone()),
            source: self.api.source().as_str().to_owned(),
            tool: about.exposed.clone(),
            request: Request::Http {
                method: request.method.to_string(),
                url: request.url.clone(),
                body: body.as_ref().try_into().unwrap_or_default(),
                bytes: request.body.clone(),
            },
            asking,
            key: self.key.clone(),
            correlation: about.trace_id.clone().or_else(|| about.request_id.clone()),
        })
    }
}

fn asking(approval: &Approval) -> Asking {
    let Approval { binding, credential, arguments, named } = approval.clone();
    Asking { binding, credential, arguments, named }
}

/// A person has to decide about money.
fn asks(asked: Asked) -> Trouble {
    let Asked { ticket, message, .. } = asked;
    Trouble::Asks(Box::new(gate::port::Asking { ticket, message }))
}

fn heard(whole: &Whole) -> Answer {
    Answer::Http {
        status: whole.status,
        headers: whole.headers.clone(),
        body: whole.body.clone(),
        url: whole.url.clone(),
    }
}
