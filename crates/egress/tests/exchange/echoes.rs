//! Upstreams that say again what they were sent: a secret does not come back.

use std::sync::Arc;

use ambient::Clock;
use egress::{
    Client, Egress, ExchangeOptions, HeaderTemplates, Options, Policy, Redirects, Target, Whole,
};
use http::{HeaderName, Method, header};
use model::{Given, Secret, SecretName, Secrets, Template, Usage};

use crate::server::{Server, outgoing, reply};

const SECRET: &str = "s3cret/of \"the\" shop";
const MARK: &str = "[secret:shop withheld]";

struct Shop;

impl Secrets for Shop {
    fn secret<'a>(&'a self, _: &'a SecretName, _: Usage<'a>) -> Given<'a> {
        Box::pin(std::future::ready(Ok(Secret::new(SECRET.to_owned()))))
    }
}

fn client(server: &Server, more: &[&Server]) -> Client {
    let options = Options { secrets: Arc::new(Shop), ..Options::default() };
    let policy = more.iter().fold(Policy::naming(&server.url()), |policy, server| {
        policy.allow("127.0.0.1", server.address.port())
    });
    let target = Target { policy, ..Target::new(server.url()) };
    Egress::new(options, Clock::system()).client(&target).unwrap()
}

fn credential() -> HeaderTemplates {
    let key = (HeaderName::from_static("x-key"), Template::parse("vault:shop").unwrap());
    let bearer = Template::parse_with("Bearer ${env:TOKEN}", |_| Ok("from-the-env".to_owned()));
    HeaderTemplates(vec![key, (header::AUTHORIZATION, bearer.unwrap())])
}

async fn asked(client: &Client, path: &str) -> Result<Whole, egress::EgressError> {
    let options = ExchangeOptions { redirects: Redirects::Follow, ..ExchangeOptions::default() };
    let request = outgoing(Method::GET, &format!("http://{}{path}", client.origin()));
    client.exchange(request, Some(&credential()), options).await
}

#[tokio::test]
async fn what_was_sent_does_not_come_back_in_body_header_or_url() {
    let body = format!("{} {SECRET} from-the-env s3cret%2Fof+%22the%22+shop", "x".repeat(9000));
    let lines = format!("X-Echo: {SECRET}\r\nX-Plain: {SECRET}x\r\nContent-Type: text/plain\r\n");
    let (server, heard) = Server::talking(move |asked| {
        if asked.starts_with("GET /first") {
            let to = "Location: /second?again=s3cret%2Fof%20%22the%22%20shop\r\n";
            return reply(302, to, "");
        }
        reply(200, &lines, &body)
    })
    .await;
    let whole = asked(&client(&server, &[]), "/first").await.unwrap();
    let said = String::from_utf8(whole.body.to_vec()).unwrap();
    assert!(said.ends_with(&format!("x {MARK} [secret:env:TOKEN withheld] {MARK}")), "{said}");
    assert_eq!(whole.headers["x-echo"], MARK);
    assert_eq!(whole.headers["x-plain"], format!("{MARK}x"));
    assert_eq!(whole.headers["content-type"], "text/plain");
    assert!(!whole.url.as_str().contains("s3cret"), "{}", whole.url);
    assert!(heard.lock().unwrap().iter().all(|head| head.contains(SECRET)), "it was sent");
}

#[tokio::test]
async fn a_redirect_takes_no_secret_to_another_origin() {
    let (other, heard) = Server::talking(|_| reply(200, "", "ok")).await;
    let to = format!("http://{}/x?leak=from-the-env", other.address);
    let (server, _) =
        Server::talking(move |_| reply(302, &format!("Location: {to}\r\n"), "")).await;
    let error = asked(&client(&server, &[&other]), "/").await.unwrap_err();
    assert_eq!(error.code(), "redirect_secret");
    assert!(!error.to_string().contains("from-the-env"), "{error}");
    assert!(heard.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_error_that_names_the_place_of_a_redirect_names_no_secret() {
    let (server, _) =
        Server::talking(|_| reply(302, "Location: http://from-the-env.localhost/\r\n", "")).await;
    let error = asked(&client(&server, &[]), "/").await.unwrap_err();
    assert!(error.sent(), "{error}");
    assert!(!format!("{error} {error:?}").contains("from-the-env"), "{error:?}");
}

#[tokio::test]
async fn without_a_credential_a_reply_is_left_as_it_is() {
    let (server, _) = Server::talking(|_| reply(200, "", SECRET)).await;
    let request = outgoing(Method::GET, server.url().as_str());
    let whole =
        client(&server, &[]).exchange(request, None, ExchangeOptions::default()).await.unwrap();
    assert_eq!(whole.body, SECRET);
}
