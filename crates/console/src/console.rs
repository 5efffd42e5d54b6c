use std::net::IpAddr;
use std::time::Duration;

use ambient::Clock;
use approvals::{Answer, Answerer, Desk};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use identity::FailedLogins;
use model::Timestamp;

use crate::form::Form;
use crate::session::{Session, Sessions};
use crate::till::Till;
use crate::{page, reply};

/// Where the pages begin.
pub const ROOT: &str = "/approvals";
/// The cookie of a session: for this host and every path of it, never for scripts or other sites.
const COOKIE: &str = "portcullis-console";
/// Failed sign-ins of one address within a minute.
const FAILURES: u32 = 5;

/// Who gets in.
pub trait Door: Send + Sync {
    /// Whom an API key proves now; none if it proves nobody.
    fn enter(&self, key: &str) -> Option<Answerer>;

    /// Whether the key by which somebody got in is still good.
    fn still(&self, who: &Answerer) -> bool;
}

/// What a console is made of.
pub struct Parts {
    /// Where questions are answered.
    pub desk: Desk,
    /// Who gets in.
    pub door: Box<dyn Door>,
    /// Who keeps the books, where persons pay by hand.
    pub till: Option<Box<dyn Till>>,
    /// Time.
    pub clock: Clock,
    /// Whether browsers reach it over TLS only, so that its cookie may say so.
    pub secure: bool,
}

/// The pages. Whoever mounts them has checked the `Host` header and bounded the body.
pub struct Console {
    pub(crate) desk: Desk,
    door: Box<dyn Door>,
    pub(crate) till: Option<Box<dyn Till>>,
    clock: Clock,
    secure: bool,
    sessions: Sessions,
    failures: FailedLogins,
}

pub(crate) type Page = Response<Bytes>;

impl Console {
    /// Puts the pages together.
    pub fn new(parts: Parts) -> Self {
        let Parts { desk, door, till, clock, secure } = parts;
        let sessions = Sessions::new(clock.clone());
        let failures = FailedLogins::new(FAILURES, Duration::from_mins(1), 256);
        Self { desk, door, till, clock, secure, sessions, failures }
    }

    /// Answers one request for a path at or below [`ROOT`].
    pub async fn answer(&self, request: Request<Bytes>, peer: IpAddr) -> Page {
        let (head, body) = request.into_parts();
        if head.headers.contains_key(header::AUTHORIZATION) {
            // Credentials of calls are for calls: no token of an agent opens anything here.
            return no(StatusCode::FORBIDDEN, "sign in on the page; no token is taken here");
        }
        let path = head.uri.path().strip_prefix(ROOT).unwrap_or_default();
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let get = matches!(head.method, Method::GET | Method::HEAD);
        match (get, parts.as_slice()) {
            (true, ["style.css"]) => reply::css(page::STYLE),
            (true, []) => self.list(&head.headers).await,
            (true, [_, "approve" | "refuse" | "paid" | "unpaid"] | ["login" | "logout"]) => {
                not_allowed("POST")
            }
            (true, [id]) => self.show(&head.headers, id).await,
            (false, rest) if head.method == Method::POST => {
                self.post(&head.headers, rest, &body, peer).await
            }
            (false, _) => not_allowed("GET, POST"),
            _ => no(StatusCode::NOT_FOUND, "there is no such page"),
        }
    }

    async fn list(&self, headers: &HeaderMap) -> Page {
        let Some(session) = self.session(headers) else {
            return reply::html(StatusCode::UNAUTHORIZED, page::login(None, ""));
        };
        match self.desk.list(&session.who).await {
            Ok(all) => reply::html(StatusCode::OK, page::list(&all, self.now(), &session)),
            Err(error) => failed(&error.to_string()),
        }
    }

    async fn show(&self, headers: &HeaderMap, id: &str) -> Page {
        let Some(session) = self.session(headers) else {
            return reply::html(StatusCode::UNAUTHORIZED, page::login(None, id));
        };
        self.one(&session, id, StatusCode::OK, None).await
    }

    pub(crate) async fn one(
        &self,
        session: &Session,
        id: &str,
        status: StatusCode,
        problem: Option<&str>,
    ) -> Page {
        match self.desk.show(&session.who, id).await {
            Ok(Some(approval)) => {
                reply::html(status, page::one(&approval, self.now(), session, problem))
            }
            Ok(None) => {
                let text = page::message("Not found", "there is no such approval", Some(session));
                reply::html(StatusCode::NOT_FOUND, text)
            }
            Err(error) => failed(&error.to_string()),
        }
    }

    async fn post(&self, headers: &HeaderMap, parts: &[&str], body: &[u8], peer: IpAddr) -> Page {
        if !is_ours(headers) {
            return no(StatusCode::FORBIDDEN, "that form came from another site");
        }
        let Some(form) = Form::read(headers, body) else {
            return no(StatusCode::UNSUPPORTED_MEDIA_TYPE, "only forms are taken here");
        };
        if let ["login"] = parts {
            return self.login(&form, peer);
        }
        let Some(session) = self.session(headers) else {
            return reply::html(StatusCode::UNAUTHORIZED, page::login(None, ""));
        };
        if !session.made(form.get("token")) {
            return no(StatusCode::FORBIDDEN, "that form came from no page of this session");
        }
        match parts {
            ["logout"] => {
                if let Some(cookie) = cookie(headers) {
                    self.sessions.end(cookie);
                }
                self.with_cookie(reply::see_other(ROOT), "", 0)
            }
            [id, "approve"] => {
                let set = |name| form.get(name) == Some("yes");
                let yes = Answer::Yes { keep: set("keep"), widen: set("widen") };
                self.decide(&session, id, &form, yes).await
            }
            [id, "refuse"] => self.decide(&session, id, &form, Answer::No).await,
            [id, what @ ("paid" | "unpaid")] => self.tell(&session, id, &form, what).await,
            _ => no(StatusCode::NOT_FOUND, "there is no such page"),
        }
    }

    fn login(&self, form: &Form, peer: IpAddr) -> Page {
        let next = form.get("next").unwrap_or_default();
        let who = form.get("key").and_then(|key| self.door.enter(key.trim()));
        let Some(who) = who else {
            tracing::warn!(%peer, "a sign-in to the page of approvals failed");
            let (status, said) = match self.failures.check(peer, self.clock.instant()) {
                Ok(()) => (StatusCode::UNAUTHORIZED, "That is no valid API key."),
                Err(_) => (StatusCode::TOO_MANY_REQUESTS, "Too many tries; wait a minute."),
            };
            return reply::html(status, page::login(Some(said), next));
        };
        if !who.is_operator() {
            let said = "That key is an agent's. Only operators sign in here.";
            return reply::html(StatusCode::FORBIDDEN, page::login(Some(said), next));
        }
        let Some(value) = self.sessions.begin(who) else {
            return failed("there is no randomness");
        };
        let plain = next.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let path =
            if plain && !next.is_empty() { format!("{ROOT}/{next}") } else { ROOT.to_owned() };
        self.with_cookie(reply::see_other(&path), &value, 1800)
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.clock.now_millis())
    }

    fn session(&self, headers: &HeaderMap) -> Option<Session> {
        let session = self.sessions.find(cookie(headers)?)?;
        self.door.still(&session.who).then_some(session)
    }

    fn with_cookie(&self, mut page: Page, value: &str, seconds: u32) -> Page {
        let secure = if self.secure { "; Secure" } else { "" };
        let text = format!(
            "{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
        );
        if let Ok(value) = HeaderValue::from_str(&text) {
            page.headers_mut().insert(header::SET_COOKIE, value);
        }
        page
    }
}

/// Whether a form was sent from a page of this very origin, as far as the browser says.
fn is_ours(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    let host = text("host");
    let origin = text("origin").is_none_or(|origin| {
        let named = origin.split_once("://").map(|(_, host)| host);
        named.is_some() && named == host
    });
    site && origin
}

/// The value of our cookie, if it is there once.
fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut ours = all
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='));
    let first = ours.next()?;
    ours.next().is_none().then_some(first)
}

fn no(status: StatusCode, why: &str) -> Page {
    reply::html(status, page::message("Not done", why, None))
}

pub(crate) fn failed(why: &str) -> Page {
    tracing::error!("the page of approvals: {why}");
    no(StatusCode::SERVICE_UNAVAILABLE, "approvals cannot be read at the moment")
}

fn not_allowed(allow: &'static str) -> Page {
    let mut page = no(StatusCode::METHOD_NOT_ALLOWED, "not in this way");
    page.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
    page
}
