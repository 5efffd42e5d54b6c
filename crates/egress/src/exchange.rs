use http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH};
use http::uri::PathAndQuery;
use model::{Masks, Noting};
use tokio::time::{sleep, timeout_at};
use url::Position;

use crate::client::Ask;
use crate::read::read;
use crate::redirect::{self, stop};
use crate::retry::{asked_pause, asks_for_it, repeatable, worth_it};
use crate::{
    Client, Credential, Deadline, EgressError, ExchangeOptions, Kind, Outgoing, Phase, Redirects,
    Response, Rule, Stop, Whole, headers,
};

impl Client {
    /// Makes one whole exchange: the credential put in, redirects followed and tries repeated as `options` say, the body
    /// read and unpacked. What the credential put in is masked in all that comes back: body, header fields, URL and errors.
    ///
    /// # Errors
    /// See [`Kind`]. [`EgressError::sent`] says whether a peer may have seen the request: the outcome is unknown then.
    pub fn exchange(
        &self,
        request: Outgoing,
        credential: Option<&dyn Credential>,
        options: ExchangeOptions,
    ) -> impl Future<Output = Result<Whole, EgressError>> + Send {
        // Apart: such an exchange is large, and no caller should have to carry room for it, or move it. Nor has every step of it
        // to carry the request.
        Box::pin(self.whole(Box::new(request), credential, options))
    }

    async fn whole(
        &self,
        request: Box<Outgoing>,
        credential: Option<&dyn Credential>,
        options: ExchangeOptions,
    ) -> Result<Whole, EgressError> {
        if !self.serves(&request.url) {
            let reason =
                format!("the request is not for {}, the only origin of its client", self.origin());
            return Err(EgressError::refused(Rule::Origin, reason));
        }
        let deadline = options.deadline.or_after(self.limits().total);
        let mut masks = Masks::none();
        match follow(self, request, credential, &options, deadline, &mut masks).await {
            Ok(whole) => Ok(whole.masked(&masks)),
            Err(error) => Err(error.masked(&masks)),
        }
    }
}

/// Sends the request, and those that redirects make of it.
async fn follow(
    client: &Client,
    mut request: Box<Outgoing>,
    mut credential: Option<&dyn Credential>,
    options: &ExchangeOptions,
    deadline: Deadline,
    masks: &mut Masks,
) -> Result<Whole, EgressError> {
    let mut client = client.clone();
    let mut hops = 0;
    loop {
        let attempt = Attempt { client: &client, request: &request, credential, options, deadline };
        let (response, paid) = attempt.tried(masks).await.map_err(|e| e.after_sending(hops > 0))?;
        if !redirect::asks(response.status) {
            return read(response, &client, request.url, options, deadline).await;
        }
        if paid {
            return Err(stop(Stop::Paid, "a request with a payment was answered with a redirect"));
        }
        if hops == redirect::MOST {
            return Err(stop(Stop::Limit, format!("more than {} redirects", redirect::MOST)));
        }
        hops += 1;
        let next = redirect::next(&request, response.status, &response.headers, client.policy())?;
        drop(response);
        *request = next.request;
        if next.crosses {
            if masks.masked(request.url.as_str().as_bytes()).is_some() {
                let why = "the redirect would take a secret of this origin to another";
                return Err(stop(Stop::Secret, why));
            }
            // Whoever it was for, the chain has left them: the credential does not come back either.
            credential = None;
            client = client.elsewhere(&request.url).map_err(|e| e.after_sending(true))?;
        }
    }
}

/// One request of an exchange, and what it takes to make it.
struct Attempt<'a> {
    client: &'a Client,
    request: &'a Outgoing,
    credential: Option<&'a dyn Credential>,
    options: &'a ExchangeOptions,
    deadline: Deadline,
}

impl Attempt<'_> {
    /// Tries, and again where that is allowed and may help. Also says whether the request carries a payment.
    async fn tried(&self, masks: &mut Masks) -> Result<(Response, bool), EgressError> {
        let (mut tries, mut sent) = (0, false);
        loop {
            let signed = self.signed(masks).await.map_err(|e| e.after_sending(sent))?;
            let paid = signed.headers.iter().any(|(name, value)| headers::is_payment(name, value));
            let again = repeatable(&signed.method, &signed.headers);
            let outcome = self.once(signed).await;
            let asked = match &outcome {
                Ok(reply) if again && asks_for_it(reply.status) => asked_pause(&reply.headers),
                Err(error) if worth_it(error, again) => None,
                _ => return outcome.map(|reply| (reply, paid)).map_err(|e| e.after_sending(sent)),
            };
            tries += 1;
            let pause = self.options.retry.pause_before(tries, asked, chance());
            if tries > self.options.retry.most || pause >= self.deadline.left() {
                return outcome.map(|reply| (reply, paid)).map_err(|e| e.after_sending(sent));
            }
            sent |= outcome.as_ref().map_or_else(EgressError::sent, |_| true);
            drop(outcome);
            sleep(pause).await;
        }
    }

    /// The request with its credential, which may change everything but where it goes.
    async fn signed(&self, masks: &mut Masks) -> Result<Box<Outgoing>, EgressError> {
        let mut signed = Box::new(self.request.clone());
        let Some(credential) = self.credential else { return Ok(signed) };
        let secrets = Noting::new(&*self.client.shared().options.secrets);
        let applied = timeout_at(self.deadline.0, credential.apply(&mut signed, &secrets)).await;
        masks.extend(secrets.into_masks());
        applied.unwrap_or_else(|_| {
            let kind = Kind::Timeout(Phase::Total);
            Err(self.client.error(kind, false, "no credential was given in time"))
        })?;
        if self.client.serves(&signed.url) {
            return Ok(signed);
        }
        Err(EgressError::refused(
            Rule::Origin,
            "the credential would have changed where the request goes",
        ))
    }

    async fn once(&self, signed: Box<Outgoing>) -> Result<Response, EgressError> {
        let Outgoing { method, url, headers, body } = *signed;
        let path = PathAndQuery::try_from(&url[Position::BeforePath..Position::AfterQuery])
            .map_err(|_| EgressError::refused(Rule::Malformed, "the URL cannot be sent as HTTP"))?;
        let ask = Ask {
            compressed: self.options.accept_compressed,
            redirects: self.options.redirects == Redirects::Follow,
            conditional: [IF_NONE_MATCH, IF_MODIFIED_SINCE]
                .iter()
                .any(|name| headers.contains_key(name)),
        };
        self.client.send_asking(ask, method, Some(&path), headers, body, self.deadline).await
    }
}

/// A byte by chance, for the jitter. Without a source of chance, the longest pause is a pause too.
fn chance() -> u8 {
    let mut byte = [u8::MAX];
    let _ = ambient::random(&mut byte);
    byte[0]
}
