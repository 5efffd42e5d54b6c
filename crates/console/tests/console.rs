//! The page as a browser, a script of an agent and another site meet it.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests may")]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ambient::Clock;
use approvals::{Answerer, Binding, Bounds, Desk, Hand, Question, State};
use bytes::Bytes;
use console::{Boxed, Console, Door, NotBooked, Parts, Till};
use http::{Request, Response, StatusCode, header};
use model::{Credential, Principal, PrincipalId, Role, Scopes, SourceName, TenantId, Timestamp};
use store::{IntegrityKey, SqliteStore};

struct Keys;

impl Door for Keys {
    fn enter(&self, key: &str) -> Option<Answerer> {
        let (id, role) = match key {
            "opal-key" => ("opal", Role::Operator),
            "agent-key" => ("a1", Role::Agent),
            _ => return None,
        };
        let principal = Principal {
            id: PrincipalId::new(id),
            tenant: TenantId::new("acme"),
            role,
            scopes: Scopes::default(),
            credential: Credential::ApiKey("k".into()),
        };
        Some(Answerer::Key { principal, made: Timestamp(0) })
    }

    fn still(&self, _: &Answerer) -> bool {
        true
    }
}

/// What was told of payments: the payment, by whom, and the proof; `right` is the only proof.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Till for Told {
    fn paid<'a>(
        &'a self,
        payment: &'a str,
        by: &'a str,
        proof: &'a str,
    ) -> Boxed<'a, Result<(), NotBooked>> {
        Box::pin(async move {
            if proof != "right" {
                let (code, why) = ("bad_proof".to_owned(), "It proves nothing.".to_owned());
                return Err(NotBooked { code, why });
            }
            self.0.lock().unwrap().push(format!("{payment} paid by {by}"));
            Ok(())
        })
    }

    fn unpaid<'a>(&'a self, payment: &'a str, by: &'a str) -> Boxed<'a, Result<(), NotBooked>> {
        Box::pin(async move {
            self.0.lock().unwrap().push(format!("{payment} not paid, says {by}"));
            Ok(())
        })
    }
}

struct House {
    desk: Desk,
    told: Told,
    console: Console,
    clock: Clock,
    id: String,
    _dir: tempfile::TempDir,
}

async fn house(caller: &str, arguments: &str) -> House {
    house_with(caller, arguments, None).await
}

async fn house_with(caller: &str, arguments: &str, hand: Option<Hand>) -> House {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::manual(1_740_672_100_000);
    let path = dir.path().join("state.db");
    let store = SqliteStore::open(&path, IntegrityKey::new(&[7; 32]), clock.clone()).unwrap();
    let desk = Desk::new(approvals::Parts {
        store: Arc::new(store),
        journal: None,
        clock: clock.clone(),
        bounds: Bounds::default(),
        page: None,
    });
    let binding = Binding {
        tenant: TenantId::new("acme"),
        principal: PrincipalId::new(caller),
        session: String::new(),
        method: "tools/call".to_owned(),
        source: SourceName::new("shop").unwrap(),
        tool: "shop__refund".to_owned(),
        definition: "d".to_owned(),
        arguments: [1; 32],
        terms: None,
        policy: [2; 32],
    };
    let question = Question::new(binding, Credential::ApiKey("k1".into()), arguments.to_owned());
    let question = Question { hand, ..question };
    let id = desk.ask(question).await.unwrap().id;
    let told = Told::default();
    let till: Option<Box<dyn Till>> = Some(Box::new(told.clone()));
    let (door, secure) = (Box::new(Keys), false);
    let parts = Parts { desk: desk.clone(), door, till, clock: clock.clone(), secure };
    House { desk, told, console: Console::new(parts), clock, id, _dir: dir }
}

impl House {
    async fn get(&self, path: &str, cookie: &str) -> Response<Bytes> {
        self.send(Request::get(path).header("cookie", cookie).body(Bytes::new()).unwrap()).await
    }

    async fn post(&self, path: &str, cookie: &str, origin: &str, body: &str) -> Response<Bytes> {
        let request = Request::post(path)
            .header("host", "127.0.0.1:8403")
            .header("origin", origin)
            .header("cookie", cookie)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Bytes::copy_from_slice(body.as_bytes()));
        self.send(request.unwrap()).await
    }

    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        self.console.answer(request, IpAddr::V4(Ipv4Addr::LOCALHOST)).await
    }

    /// Signs opal in: the cookie, and the token of her forms.
    async fn sign_in(&self) -> (String, String) {
        let answer = self.post("/approvals/login", "", OURS, "key=opal-key&next=").await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let set = answer.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
        for word in ["HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(set.contains(word), "{set}");
        }
        let cookie = set.split(';').next().unwrap().to_owned();
        let page = text(&self.get(&format!("/approvals/{}", self.id), &cookie).await);
        let token = page.split("name=\"token\" value=\"").nth(1).unwrap();
        (cookie, token.split('"').next().unwrap().to_owned())
    }

    async fn state(&self) -> State {
        self.desk.ticket(&self.id).await.unwrap().unwrap().state
    }
}

const OURS: &str = "http://127.0.0.1:8403";

fn text(answer: &Response<Bytes>) -> String {
    String::from_utf8(answer.body().to_vec()).unwrap()
}

#[tokio::test]
async fn an_operator_signs_in_reads_and_approves_once() {
    let house = house("a1", r#"{"id":1}"#).await;
    let path = format!("/approvals/{}", house.id);
    assert_eq!(house.get(&path, "").await.status(), StatusCode::UNAUTHORIZED);
    let (cookie, token) = house.sign_in().await;
    let list = text(&house.get("/approvals", &cookie).await);
    assert!(list.contains("shop__refund"), "{list}");
    let unread = format!("token={token}");
    let answer = house.post(&format!("{path}/approve"), &cookie, OURS, &unread).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    let yes = format!("token={token}&confirm=yes");
    let answer = house.post(&format!("{path}/approve"), &cookie, OURS, &yes).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(house.state().await, State::Granted);
    let again = house.post(&format!("{path}/refuse"), &cookie, OURS, &yes).await;
    assert_eq!(again.status(), StatusCode::CONFLICT);
    let out = house.post("/approvals/logout", &cookie, OURS, &unread).await;
    assert_eq!(out.status(), StatusCode::SEE_OTHER);
    assert_eq!(house.get(&path, &cookie).await.status(), StatusCode::UNAUTHORIZED);
}

/// g-http-12, g-http-13, g-http-14, FRN-05
#[tokio::test]
async fn another_site_a_link_and_a_form_without_its_token_change_nothing() {
    let house = house("a1", "{}").await;
    let (cookie, token) = house.sign_in().await;
    let approve = format!("/approvals/{}/approve", house.id);
    let yes = format!("token={token}&confirm=yes");
    let evil = house.post(&approve, &cookie, "https://evil.example", &yes).await;
    assert_eq!(evil.status(), StatusCode::FORBIDDEN, "g-http-12");
    let null = house.post(&approve, &cookie, "null", &yes).await;
    assert_eq!(null.status(), StatusCode::FORBIDDEN);
    assert_eq!(
        house.get(&approve, &cookie).await.status(),
        StatusCode::METHOD_NOT_ALLOWED,
        "g-http-13"
    );
    for body in ["confirm=yes", "confirm=yes&token=0", &format!("{yes}&token={token}")] {
        let answer = house.post(&approve, &cookie, OURS, body).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "g-http-14: {body}");
    }
    let json = Request::post(&approve).header("cookie", &cookie).header("host", "127.0.0.1:8403");
    let json = json.header("content-type", "application/json").body(Bytes::from_static(b"{}"));
    assert_eq!(house.send(json.unwrap()).await.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(house.state().await, State::Waiting);
}

/// FRN-02
#[tokio::test]
async fn what_an_agent_holds_opens_nothing() {
    let house = house("a1", "{}").await;
    let path = format!("/approvals/{}", house.id);
    let bearer = Request::get(&path).header("authorization", "Bearer agent-key");
    let answer = house.send(bearer.body(Bytes::new()).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let answer = house.post("/approvals/login", "", OURS, "key=agent-key").await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(answer.headers().get(header::SET_COOKIE).is_none());
}

/// g-policy-48
#[tokio::test]
async fn an_operator_does_not_approve_a_call_of_her_own() {
    let house = house("opal", "{}").await;
    let (cookie, token) = house.sign_in().await;
    let approve = format!("/approvals/{}/approve", house.id);
    let yes = format!("token={token}&confirm=yes");
    let answer = house.post(&approve, &cookie, OURS, &yes).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(text(&answer).contains("not_permitted"));
    assert_eq!(house.state().await, State::Waiting);
}

/// g-policy-49, v-args-16, HUM-03
#[tokio::test]
async fn the_words_of_agents_are_shown_as_text() {
    let arguments =
        "{\"a\":\"<script>alert(1)</script>\",\"b\":\"pay \u{202e}EUR 001\u{202c} now\"}";
    let house = house("a1", arguments).await;
    let (cookie, _) = house.sign_in().await;
    let answer = house.get(&format!("/approvals/{}", house.id), &cookie).await;
    let page = text(&answer);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
    assert!(page.contains("pay \\u202eEUR 001\\u202c now"), "{page}");
    assert!(!page.contains("<script"), "{page}");
    let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none';") && policy.contains("frame-ancestors 'none'"));
}

#[tokio::test]
async fn who_guesses_keys_has_to_wait_and_a_session_ends_by_itself() {
    let house = house("a1", "{}").await;
    let mut last = StatusCode::OK;
    for _ in 0..8 {
        last = house.post("/approvals/login", "", OURS, "key=wrong").await.status();
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    let (cookie, _) = house.sign_in().await;
    house.clock.advance(Duration::from_mins(31));
    assert_eq!(house.get("/approvals", &cookie).await.status(), StatusCode::UNAUTHORIZED);
}

/// APR-03
#[tokio::test]
async fn a_late_answer_is_told_to_be_late() {
    let house = house("a1", "{}").await;
    house.clock.advance(Duration::from_secs(14 * 60 + 59));
    let (cookie, token) = house.sign_in().await;
    house.clock.advance(Duration::from_secs(2));
    let approve = format!("/approvals/{}/approve", house.id);
    let answer = house.post(&approve, &cookie, OURS, &format!("token={token}&confirm=yes")).await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    assert!(text(&answer).contains("approval_expired"));
}

/// HUM-03
#[tokio::test]
async fn a_payment_by_hand_is_shown_with_its_code_and_told_by_an_operator_alone() {
    let uri = "lightning:lnbc1<b>".to_owned();
    let ends = Some(1_740_672_100_000 + 60_000);
    let hand = Hand { payment: "p7".to_owned(), request: "r".to_owned(), uri, ends };
    let house = house_with("a1", "{}", Some(hand)).await;
    let (cookie, token) = house.sign_in().await;
    let path = format!("/approvals/{}", house.id);
    let page = text(&house.get(&path, &cookie).await);
    assert!(page.contains("<svg ") && page.contains("1 min left"), "{page}");
    assert!(page.contains("href=\"lightning:lnbc1&lt;b&gt;\"") && !page.contains("<b>l"), "{page}");
    assert!(!page.contains("/approve\"") && !page.contains("<script"), "{page}");
    let (paid, unpaid) = (format!("{path}/paid"), format!("{path}/unpaid"));
    let forged = house.post(&paid, &cookie, OURS, "proof=right").await;
    assert_eq!(forged.status(), StatusCode::FORBIDDEN);
    assert_eq!(house.get(&paid, &cookie).await.status(), StatusCode::METHOD_NOT_ALLOWED);
    let wrong = house.post(&paid, &cookie, OURS, &format!("token={token}&proof=wrong")).await;
    assert_eq!(wrong.status(), StatusCode::CONFLICT);
    assert!(text(&wrong).contains("It proves nothing. (bad_proof)"));
    let unread = house.post(&unpaid, &cookie, OURS, &format!("token={token}")).await;
    assert_eq!(unread.status(), StatusCode::BAD_REQUEST);
    let approve = format!("{path}/approve");
    let yes = house.post(&approve, &cookie, OURS, &format!("token={token}&confirm=yes")).await;
    assert_eq!(yes.status(), StatusCode::FORBIDDEN, "it is paid, not approved");
    assert!(house.told.0.lock().unwrap().is_empty());
    let right = house.post(&paid, &cookie, OURS, &format!("token={token}&proof=right")).await;
    assert_eq!(right.status(), StatusCode::SEE_OTHER);
    let no = house.post(&unpaid, &cookie, OURS, &format!("token={token}&confirm=yes")).await;
    assert_eq!(no.status(), StatusCode::SEE_OTHER);
    assert_eq!(*house.told.0.lock().unwrap(), ["p7 paid by opal", "p7 not paid, says opal"]);
    house.clock.advance(Duration::from_mins(2));
    let late = text(&house.get(&path, &cookie).await);
    assert!(late.contains("do not pay it any more") && !late.contains("<svg"), "{late}");
}

#[tokio::test]
async fn who_calls_tells_nothing_of_what_is_paid_for_them() {
    let uri = "lightning:lnbc1".to_owned();
    let hand = Hand { payment: "p7".to_owned(), request: "r".to_owned(), uri, ends: None };
    let house = house_with("opal", "{}", Some(hand)).await;
    let (cookie, token) = house.sign_in().await;
    let paid = format!("/approvals/{}/paid", house.id);
    let own = house.post(&paid, &cookie, OURS, &format!("token={token}&proof=right")).await;
    assert_eq!(own.status(), StatusCode::FORBIDDEN);
    assert!(house.told.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_no_needs_no_second_thought_and_a_yes_does() {
    let house = house("a1", "{}").await;
    let (cookie, token) = house.sign_in().await;
    let refuse = format!("/approvals/{}/refuse", house.id);
    let no = house.post(&refuse, &cookie, OURS, &format!("token={token}")).await;
    assert_eq!((no.status(), house.state().await), (StatusCode::SEE_OTHER, State::Refused));
}
