use std::time::Duration;

use breaker::Outcome;
use bytes::Bytes;
use convert::BodyKind;
use egress::{Credential, Deadline, ExchangeOptions, Outgoing, Redirects, Retry, Whole};
use gate::port::{Reply, Trouble};
use gate::{About, Approval, Clearance, Client};
use http::header::{ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use http::{Method, StatusCode};
use pay::Sending;
use protocol::json::Limits;
use protocol::json::value as read_json;
use serde_json::{Map, Value};
use url::Url;

use crate::answer::{self, Answer, Form};
use crate::api::{Api, Operation};
use crate::beside::Beside;
use crate::cache::{Found, Key, Stored};
use crate::paging::Next;
use crate::paid::Sent;
use crate::prepare::prepare;
use crate::shape::Shape;
use crate::trouble::{Fault, down};
use crate::view::View;

/// One call under way.
pub(crate) struct Run<'a> {
    pub(crate) api: &'a Api,
    operation: &'a Operation,
    pub(crate) client: &'a Client,
    pub(crate) about: &'a About,
    pub(crate) approval: Option<&'a Approval>,
    /// The caller's own idempotency key.
    pub(crate) key: Option<String>,
    deadline: Deadline,
}

impl Api {
    /// Carries out what was cleared.
    pub(crate) async fn carry_out(&self, mut clearance: Clearance) -> Result<Reply, Trouble> {
        let mut arguments = std::mem::take(&mut clearance.arguments);
        // The rest stays where it is: what a future has from outside and moves into it has room in it twice.
        let Clearance { client, target, params, deadline: limit, about, approval, .. } = &clearance;
        let Some(operation) = self.operation(target) else {
            return Ok(answer::failed(client, "unknown_tool", "the API has no such operation"));
        };
        let view = View::take(&mut arguments, operation.pages);
        let (limit, approval) = (*limit, approval.as_deref());
        let key = pay::idempotency_key(params);
        let deadline = Deadline::after(limit);
        let run = Run { api: self, operation, client, about, approval, key, deadline };
        let work = run.call(&arguments, view);
        if let Ok(done) = tokio::time::timeout(limit, work).await {
            return done;
        }
        self.report(Outcome::Fault);
        Err(overdue(limit))
    }
}

fn overdue(limit: Duration) -> Trouble {
    Trouble::Failed {
        code: model::Code::UpstreamTimeout,
        detail: format!("no answer in {} ms", limit.as_millis()),
        status: None,
        unknown: true,
    }
}

impl Run<'_> {
    async fn call(&self, arguments: &Map<String, Value>, view: View) -> Result<Reply, Trouble> {
        let first = match self.page(arguments, None).await? {
            Ok(answer) => answer,
            Err(refused) => return Ok(refused),
        };
        if !first.status.is_success() {
            return Ok(answer::of_error(self.client, &first));
        }
        match first.form() {
            Form::Json => match self.as_it_came(view, &first) {
                Some(reply) => Ok(reply),
                // Apart: what most calls do not need should not be room that every call carries.
                None => Box::pin(self.worked_on(arguments, view, first)).await,
            },
            form if form != Form::Empty && answer::only_json(self.operation) => {
                // A page where data was described is an error page, whatever its status says.
                self.api.report(Outcome::Fault);
                let why = format!(
                    "the API answered with `{}` where JSON is described; nothing of it is shown",
                    first.media_type()
                );
                Ok(answer::failed(self.client, "unexpected_media_type", &why))
            }
            form => Ok(answer::of_other(self.client, &first, form)),
        }
    }

    /// A JSON answer with which nothing is to be done, and one of GraphQL that failed.
    fn as_it_came(&self, view: View, first: &Answer) -> Option<Reply> {
        if let Some(failed) = self.graphql_failure(first) {
            return Some(failed);
        }
        let Operation { paging, output, .. } = self.operation;
        if self.shape(view).is_some() || paging.is_some() || output.is_some() {
            return None;
        }
        answer::of_json(self.client, first, &Beside::default(), false)
    }

    /// How the answer is made smaller, unless all of it was asked for.
    fn shape(&self, view: View) -> Option<&Shape> {
        self.operation.shape.as_ref().filter(|_| !view.full)
    }

    /// A JSON answer that is held against a schema, joined with further pages or made smaller, or that is no object.
    async fn worked_on(
        &self,
        arguments: &Map<String, Value>,
        view: View,
        first: Answer,
    ) -> Result<Reply, Trouble> {
        let shape = self.shape(view);
        let Ok(mut body) = read_json(&first.body, Limits::REPLY) else {
            self.api.report(Outcome::Fault);
            let why = "the API answered something that is not JSON, or nested beyond the limit";
            return Ok(answer::failed(self.client, "malformed_answer", why));
        };
        let mut beside = Beside { schema: self.misfits(&body), ..Beside::default() };
        let mut joined = false;
        if let Some(pages) = self.further(arguments, view, &first, &mut body).await? {
            joined = pages.joined;
            beside.next = pages.next;
        }
        let Some(shape) = shape else {
            let whole =
                if joined { None } else { answer::of_json(self.client, &first, &beside, false) };
            return Ok(whole
                .unwrap_or_else(|| answer::of_value(self.client, &first, &body, None, &beside)));
        };
        let shaped = shape.apply(&body, view.offset);
        let size = shaped.text.as_ref().map_or_else(|| shaped.value.to_string().len(), String::len);
        if size >= body.to_string().len() {
            // Shaping that saves nothing loses nothing either.
            return Ok(answer::of_value(self.client, &first, &body, None, &beside));
        }
        beside.left_out = shaped.left_out;
        Ok(answer::of_value(self.client, &first, &shaped.value, shaped.text.as_deref(), &beside))
    }

    /// An answer of GraphQL with errors: failed, and what data there is comes with it.
    fn graphql_failure(&self, first: &Answer) -> Option<Reply> {
        let body = self.operation.tool.recipe.body.as_ref()?;
        let BodyKind::GraphQl { .. } = body.kind else { return None };
        graphql::errors(&read_json(&first.body, Limits::REPLY).ok()?)?;
        answer::of_json(self.client, first, &Beside::default(), true)
    }

    /// Where the answer does not fit its schema: told, never fatal.
    fn misfits(&self, body: &Value) -> Vec<String> {
        let Some(schema) = &self.operation.output else { return Vec::new() };
        let wrapped;
        let value = if body.is_object() {
            body
        } else {
            wrapped = serde_json::json!({ "body": body });
            &wrapped
        };
        match schema.validate(value) {
            Ok(()) => Vec::new(),
            Err(problems) => problems.iter().take(4).map(ToString::to_string).collect(),
        }
    }

    /// Pages behind the first, as many as were asked for, joined to it.
    async fn further(
        &self,
        arguments: &Map<String, Value>,
        view: View,
        first: &Answer,
        body: &mut Value,
    ) -> Result<Option<Pages>, Trouble> {
        let Some(paging) = &self.operation.paging else { return Ok(None) };
        let mut next = paging.next(arguments, &first.url, &first.headers, body);
        let mut size = first.body.len();
        let mut pages = Pages::default();
        for _ in 1..view.pages {
            let Some(place) = next.take() else { break };
            let (given, url) = match &place {
                Next::Arguments(given) => (given, None),
                Next::Url(url) => (arguments, Some(url)),
            };
            let Ok(answer) = Box::pin(self.page(given, url)).await? else { break };
            size += answer.body.len();
            let page = read_json(&answer.body, Limits::REPLY);
            let (true, Ok(page)) = (answer.status.is_success(), page) else {
                next = Some(place);
                break;
            };
            if size > self.api.bounds().result {
                next = Some(place);
                break;
            }
            next = paging.next(given, &answer.url, &answer.headers, &page);
            paging.join(body, page);
            pages.joined = true;
        }
        pages.next = match next {
            Some(Next::Arguments(next)) => Some(next),
            // A link cannot be called; more pages at once can be.
            Some(Next::Url(_)) if view.pages < self.operation.pages => {
                let mut again = arguments.clone();
                let pages = serde_json::json!({ "pages": view.pages + 1 });
                again.insert(crate::view::VIEW.to_owned(), pages);
                Some(again)
            }
            _ => None,
        };
        Ok(Some(pages))
    }

    /// One request and its answer, from memory where that may be. The inner error is a result for the client.
    async fn page(
        &self,
        arguments: &Map<String, Value>,
        url: Option<&Url>,
    ) -> Result<Result<Answer, Reply>, Trouble> {
        let refused = |code: &str, why: &str| Ok(Err(answer::failed(self.client, code, why)));
        let credentials = match self.operation.credentials.of(&self.client.principal.tenant) {
            Ok(together) => together,
            Err(why) => {
                let why = format!("{why}; nothing was sent");
                return refused("credential_missing", &why);
            }
        };
        let mut request = match prepare(self.operation, arguments) {
            Ok(request) => Box::new(request),
            Err(bad) => return refused("invalid_arguments", &bad.message),
        };
        if let Some(url) = url {
            request.url = url.clone();
        }
        let safe = request.method == Method::GET || request.method == Method::HEAD;
        let mut key = None;
        let mut stale = None;
        if safe && let Some(cache) = self.api.cache() {
            let key = key.insert(self.key(&request));
            match cache.find(key, self.api.now()) {
                Found::Fresh(stored) => return Ok(Ok(answer(stored, request.url))),
                Found::Stale(stored) => stale = Some(stored),
                Found::None => {}
            }
        }
        if let Some(stored) = &stale {
            for (has, asks) in [(ETAG, IF_NONE_MATCH), (LAST_MODIFIED, IF_MODIFIED_SINCE)] {
                if let Some(value) = stored.headers.get(&has) {
                    request.headers.insert(asks, value.clone());
                }
            }
        }
        let asked = request.url.clone();
        // Only what is safe is sent once more when credentials turn out to be stale.
        let again = safe.then(|| request.clone());
        let Sent { mut whole, paid } = match self.sent(request, credentials).await? {
            Ok(sent) => sent,
            Err(refused) => return Ok(Err(refused)),
        };
        if paid {
            // What one caller has paid for is nobody else's, and not this one's again.
            return Ok(Ok(answer(stored(whole), asked)));
        }
        if whole.status == StatusCode::UNAUTHORIZED
            && credentials.refused().await
            && let Some(request) = again
        {
            whole = Box::pin(self.exchange(request, Some(credentials), Sending::Usual)).await?;
        }
        Ok(Ok(self.kept(key, asked, whole, stale)))
    }

    /// Once and to nowhere else what must not be sent twice; else again where that may help, and by redirects.
    fn options(&self, how: Sending) -> ExchangeOptions {
        let once = ExchangeOptions {
            accept_compressed: true,
            max_body: self.api.bounds().result,
            ..ExchangeOptions::by(self.deadline)
        };
        match how {
            Sending::Once => once,
            Sending::Usual => {
                let follows = self.api.follows();
                let redirects = if follows { Redirects::Follow } else { Redirects::Refuse };
                ExchangeOptions { redirects, retry: Retry::usual(), ..once }
            }
        }
    }

    pub(crate) async fn exchange(
        &self,
        request: Box<Outgoing>,
        given: Option<&dyn Credential>,
        how: Sending,
    ) -> Result<Whole, Trouble> {
        self.api.admit().map_err(|wait| down(wait.as_millis()))?;
        match self.api.client().exchange(*request, given, self.options(how)).await {
            Ok(whole) => {
                let broken = matches!(whole.status.as_u16(), 502..=504);
                self.api.report(if broken { Outcome::Fault } else { Outcome::Alive });
                Ok(whole)
            }
            Err(error) => {
                let fault = Fault::from(error);
                self.api.report(if fault.blamed { Outcome::Fault } else { Outcome::Unknown });
                self.api.note(&fault.trouble);
                Err(fault.trouble)
            }
        }
    }

    fn key(&self, request: &Outgoing) -> Key {
        let principal = &self.client.principal;
        let headers = request.headers.iter().map(|(name, value)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        Key {
            context: (principal.tenant.as_str().to_owned(), principal.id.as_str().to_owned()),
            url: request.url.to_string(),
            headers: headers.collect(),
        }
    }

    /// What the cache makes of an answer. A request without a key there may have changed something.
    fn kept(&self, key: Option<Key>, asked: Url, whole: Whole, stale: Option<Stored>) -> Answer {
        let stored = stored(whole);
        let status = stored.status;
        let Some(cache) = self.api.cache() else { return answer(stored, asked) };
        match (key, stale) {
            (Some(key), Some(old)) if status == StatusCode::NOT_MODIFIED => {
                cache.renew(&key, &stored.headers, self.api.now());
                answer(old, asked)
            }
            (Some(key), _) => {
                cache.keep(key, stored.clone(), self.api.now());
                answer(stored, asked)
            }
            (None, _) => {
                if !status.is_client_error() && !status.is_server_error() {
                    cache.forget(asked.as_str());
                }
                answer(stored, asked)
            }
        }
    }
}

/// What was found behind the first page.
#[derive(Default)]
struct Pages {
    joined: bool,
    next: Option<Map<String, Value>>,
}

fn stored(whole: Whole) -> Stored {
    let Whole { status, headers, body, .. } = whole;
    Stored { status, headers, body }
}

fn answer(stored: Stored, url: Url) -> Answer {
    let Stored { status, headers, body } = stored;
    Answer { status, headers, body: Bytes::clone(&body), url }
}
