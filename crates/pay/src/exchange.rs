//! One exchange with a seller over HTTP: what was bought before goes with the request, and a demand is met once.

use egress::{Boxed, Credential, EgressError, Outgoing, Whole};
use http::{HeaderName, HeaderValue, StatusCode};
use model::Secrets;

use crate::errand::{Answer, Asked, Attachment, Errand, Refused, Unpaid};
use crate::free::{Tried, Turn};
use crate::paid::Told;
use crate::payer::Payer;

/// How a source sends its requests: its own limits, its own circuit, its own errors.
pub trait Carrier: Sync {
    /// Why there is no answer.
    type Trouble: Send;

    /// Sends a request once more or for the first time. `shown` goes with it; [`Sending`] says what is lawful.
    fn send(
        &self,
        request: Outgoing,
        shown: Option<&dyn Credential>,
        how: Sending,
    ) -> impl Future<Output = Result<Whole, Self::Trouble>> + Send;

    /// Whether the seller may have had the request although no answer came.
    fn may_have_left(trouble: &Self::Trouble) -> bool;
}

/// How a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sending {
    /// As the source always does: with second tries and redirects, where it has them.
    Usual,
    /// No second try, no redirect: something of worth goes with it.
    Once,
}

/// What came of an exchange.
#[derive(Debug)]
pub struct Exchanged {
    /// The seller's answer.
    pub whole: Whole,
    /// Whether something that was paid for, now or before, went with the request, or a sign-in in place of it.
    pub bought: bool,
    /// What became of the payment, where one was made now.
    pub told: Option<Told>,
}

/// Why an exchange came to no answer.
#[derive(Debug)]
pub enum Broken<T> {
    /// A rule said no. Nothing was signed.
    Refused(Refused),
    /// A person has to decide.
    Asks(Box<Asked>),
    /// The request came to no answer; the payment that went with it, if one did.
    Trouble(T, Option<Told>),
}

impl Payer {
    /// Sends a request with whatever was bought for it. Where the seller asks for money, what answers without any is shown
    /// first, a session or a sign-in; then it is paid, where the operator allows: once, and a second demand is never met. `own` are the
    /// credentials that the source has anyway.
    ///
    /// # Errors
    /// See [`Broken`].
    pub async fn exchange<C: Carrier>(
        &self,
        errand: &Errand,
        request: Outgoing,
        own: Option<&dyn Credential>,
        carrier: &C,
    ) -> Result<Exchanged, Broken<C::Trouble>> {
        let credit = self.credit(errand).await;
        let first = match &credit {
            Some(paid) => {
                let shown = Shown { own, paid };
                carrier.send(request.clone(), Some(&shown), Sending::Once).await
            }
            None => carrier.send(request.clone(), own, Sending::Usual).await,
        };
        let first = first.map_err(|trouble| Broken::Trouble(trouble, None))?;
        if first.status != StatusCode::PAYMENT_REQUIRED {
            return Ok(Exchanged { whole: first, bought: credit.is_some(), told: None });
        }
        let freely = Box::pin(self.freely(errand, &request, own, carrier, first)).await;
        let (whole, _turn) = freely.map_err(|trouble| Broken::Trouble(trouble, None))?;
        if whole.status != StatusCode::PAYMENT_REQUIRED {
            return Ok(Exchanged { whole, bought: true, told: None });
        }
        let paid = match self.pay(errand, &heard(&whole)).await {
            Ok(paid) => paid,
            Err(Unpaid::NoDemand) => {
                return Ok(Exchanged { whole, bought: false, told: None });
            }
            Err(Unpaid::Refused(no)) => return Err(Broken::Refused(no)),
            Err(Unpaid::Asks(asked)) => return Err(Broken::Asks(asked)),
        };
        let shown = Shown { own, paid: paid.attachment() };
        match carrier.send(request, Some(&shown), Sending::Once).await {
            Ok(whole) => {
                let (bought, answer) = (paid.attachment().clone(), heard(&whole));
                let told = paid.answered(&answer).await;
                self.paid_for(errand, bought, &answer).await;
                Ok(Exchanged { whole, bought: true, told: Some(told) })
            }
            Err(trouble) => {
                let told = paid.lost(C::may_have_left(&trouble)).await;
                Err(Broken::Trouble(trouble, Some(told)))
            }
        }
    }

    /// Answers a demand with all that costs nothing, one after the other, until the seller asks for no money. Where it still
    /// does, and for a session, nobody else pays for that session while the turn lasts.
    async fn freely<C: Carrier>(
        &self,
        errand: &Errand,
        request: &Outgoing,
        own: Option<&dyn Credential>,
        carrier: &C,
        mut whole: Whole,
    ) -> Result<(Whole, Option<Turn>), C::Trouble> {
        let (mut tried, mut turn) = (Tried::default(), None);
        while whole.status == StatusCode::PAYMENT_REQUIRED {
            let asked = heard(&whole);
            if let Some(free) = self.free(errand, &asked, &mut tried).await {
                let shown = Shown { own, paid: free.attachment() };
                whole = carrier.send(request.clone(), Some(&shown), Sending::Once).await?;
                self.freed(errand, free, &heard(&whole)).await;
                continue;
            }
            // Whoever had the turn before may have opened the session that is asked for.
            let waited = if turn.is_none() { self.turn(errand, &asked).await } else { None };
            if waited.is_none() {
                break;
            }
            turn = waited;
        }
        Ok((whole, turn))
    }
}

/// An answer over HTTP, as a demand is read from it.
pub fn heard(whole: &Whole) -> Answer {
    Answer::Http {
        status: whole.status,
        headers: whole.headers.clone(),
        body: whole.body.clone(),
        url: whole.url.clone(),
    }
}

/// A source's own credentials, and beside them what was paid.
pub(crate) struct Shown<'a> {
    pub(crate) own: Option<&'a dyn Credential>,
    pub(crate) paid: &'a Attachment,
}

impl Credential for Shown<'_> {
    fn apply<'a>(
        &'a self,
        request: &'a mut Outgoing,
        secrets: &'a dyn Secrets,
    ) -> Boxed<'a, Result<(), EgressError>> {
        Box::pin(async move {
            if let Some(own) = self.own {
                own.apply(request, secrets).await?;
            }
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
