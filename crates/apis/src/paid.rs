//! Requests that cost something: what was bought before goes with them, and a demand is met where that is allowed.

use egress::{Credential, Outgoing, Whole};
use gate::Approval;
use gate::port::{Reply, Trouble};
use http::StatusCode;
use pay::{Asked, Asking, Broken, Carrier, Errand, Exchanged, Payer, Request, Sending};

use crate::answer;
use crate::auth::Together;
use crate::run::Run;
use crate::trouble::too_often_unpaid;

/// An answer, and whether a payment went with its request.
pub(crate) struct Sent {
    pub(crate) whole: Whole,
    pub(crate) paid: bool,
}

impl Carrier for Run<'_> {
    type Trouble = Trouble;

    async fn send(
        &self,
        request: Outgoing,
        shown: Option<&dyn Credential>,
        how: Sending,
    ) -> Result<Whole, Trouble> {
        self.exchange(Box::new(request), shown, how).await
    }

    fn may_have_left(trouble: &Trouble) -> bool {
        matches!(trouble, Trouble::Failed { unknown: true, .. })
    }
}

impl Run<'_> {
    /// Sends a request with whatever was bought for it, and pays where the API asks and the operator allows. The inner
    /// error is a result for the client.
    pub(crate) async fn sent(
        &self,
        request: Box<Outgoing>,
        credentials: &Together,
    ) -> Result<Result<Sent, Reply>, Trouble> {
        let waits = self.api.unpaid().admit(&self.client.principal, self.api.now());
        waits.map_err(|wait| too_often_unpaid(wait.as_millis()))?;
        let sent = self.bought(request, credentials).await;
        let met = match &sent {
            Ok(Ok(sent)) => sent.whole.status != StatusCode::PAYMENT_REQUIRED,
            Ok(Err(_)) | Err(Trouble::Asks(_)) => false,
            Err(_) => true,
        };
        if !met {
            self.api.unpaid().count(&self.client.principal, self.api.now());
        }
        sent
    }

    async fn bought(
        &self,
        request: Box<Outgoing>,
        credentials: &Together,
    ) -> Result<Result<Sent, Reply>, Trouble> {
        let own: Option<&dyn Credential> =
            if credentials.is_empty() { None } else { Some(credentials) };
        let errand = self.api.payer().and_then(|payer| Some((payer, self.errand(&request)?)));
        let Some((payer, errand)) = errand else {
            let whole = self.exchange(request, own, Sending::Usual).await?;
            return Ok(Ok(Sent { whole, paid: false }));
        };
        // Apart: what pays is large, and most APIs are paid nothing.
        Box::pin(self.paying(payer, errand, *request, own)).await
    }

    async fn paying(
        &self,
        payer: &Payer,
        errand: Errand,
        request: Outgoing,
        own: Option<&dyn Credential>,
    ) -> Result<Result<Sent, Reply>, Trouble> {
        match payer.exchange(&errand, request, own, self).await {
            Ok(Exchanged { whole, bought, .. }) => Ok(Ok(Sent { whole, paid: bought })),
            Err(Broken::Refused(no)) => Ok(Err(answer::unpaid(self.client, &no))),
            Err(Broken::Asks(asked)) => Err(asks(*asked)),
            Err(Broken::Trouble(trouble, _)) => Err(trouble),
        }
    }

    fn errand(&self, request: &Outgoing) -> Option<Errand> {
        let principal = &self.client.principal;
        let about = self.about;
        let asking = self.approval.map(asking)?;
        Some(Errand {
            tenant: principal.tenant.as_str().to_owned(),
            principal: principal.id.as_str().to_owned(),
            session: (!self.client.session.is_empty()).then(|| self.client.session.clone()),
            source: self.api.source().as_str().to_owned(),
            tool: about.exposed.clone(),
            request: Request::http(request),
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
