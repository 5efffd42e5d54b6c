use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ambient::Clock;
use egress::{Deadline, Egress, Options, Policy};
use model::{Given, NoSecret, Secret, SecretName, Secrets, Template, Usage};
use nostr::nwc::{KIND_INFO, KIND_REQUEST, KIND_RESPONSE};
use nostr::relay::{Filter, FromRelay, ToRelay};
use nostr::{Conversation, Event, Keys, PublicKey, Unverified};
use play_relay::PlayRelay;
use relays::Relays;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use url::Url;

use crate::Nwc;

/// What a wallet answers to a method with its parameters: the whole content; nothing, if that is `null`.
type Script = dyn Fn(&str, &Value) -> Value + Send + Sync;

/// The secret of the connection.
pub(crate) const SECRET: &str = "0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c";

/// The wallet's keys (NWC-01).
pub(crate) fn wallet_keys() -> Keys {
    Keys::from_bytes([0x0b; 32]).unwrap()
}

/// A wallet service that listens on relays and does what a test says, once for each event.
pub(crate) struct Service {
    asked: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

#[derive(Clone)]
struct Inner {
    script: Arc<Script>,
    wait: Duration,
    seen: Arc<Mutex<HashSet<String>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Service {
    /// Listens on these relays, and answers after this time.
    pub(crate) async fn start(
        relays: &[&PlayRelay],
        wait: Duration,
        script: impl Fn(&str, &Value) -> Value + Send + Sync + 'static,
    ) -> Self {
        let (seen, asked) = (Arc::default(), Arc::default());
        let inner = Inner { script: Arc::new(script), wait, seen, asked };
        let asked = inner.asked.clone();
        let mut tasks = JoinSet::new();
        for relay in relays {
            relay.holds(info("nip44_v2", "pay_invoice lookup_invoice get_balance make_invoice"));
            let url = Url::parse(&relay.url()).unwrap();
            let mut open = reach(&[relay]).open(&url, soon()).await.unwrap();
            let filter = Filter { kinds: vec![KIND_REQUEST], ..Filter::default() };
            open.say(&ToRelay::Req("requests", &filter), soon()).await.unwrap();
            let inner = inner.clone();
            tasks.spawn(async move {
                loop {
                    let message = open.next(Deadline::none()).await.unwrap();
                    let Some(FromRelay::Event(_, event)) = message else { continue };
                    if let Some(answer) = inner.answered(*event).await {
                        open.say(&ToRelay::Event(&answer), soon()).await.unwrap();
                    }
                }
            });
        }
        Self { asked, _tasks: tasks }
    }

    /// The methods that were asked for, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// How many payments it was told to make.
    pub(crate) fn payments(&self) -> usize {
        self.asked().iter().filter(|method| *method == "pay_invoice").count()
    }
}

impl Inner {
    /// An answer to an event that was not seen before, by whichever relay it comes.
    async fn answered(&self, event: Unverified) -> Option<Event> {
        let event = event.verify().unwrap();
        if !self.seen.lock().unwrap().insert(event.id_hex().to_owned()) {
            return None;
        }
        let plain = Conversation::new(&wallet_keys(), event.author()).unwrap();
        let plain = plain.open(event.content()).unwrap();
        let request: Value = serde_json::from_str(&plain).unwrap();
        let method = request["method"].as_str().unwrap();
        self.asked.lock().unwrap().push(method.to_owned());
        let content = (self.script)(method, &request["params"]);
        if content.is_null() {
            return None;
        }
        tokio::time::sleep(self.wait).await;
        Some(response(&wallet_keys(), event.author(), event.id_hex(), &content))
    }
}

/// A response to the request of that id, signed by `by`.
pub(crate) fn response(by: &Keys, to: PublicKey, id: &str, content: &Value) -> Event {
    let conversation = Conversation::new(&wallet_keys(), to).unwrap();
    let sealed = conversation.seal(&content.to_string(), &[3; 32]).unwrap();
    let tags = vec![vec!["p".to_owned(), to.to_hex()], vec!["e".to_owned(), id.to_owned()]];
    Event::sign(by, now(), KIND_RESPONSE, tags, sealed, &[4; 32]).unwrap()
}

/// What a wallet says of itself.
pub(crate) fn info(encryption: &str, methods: &str) -> Value {
    let tags = vec![vec!["encryption".to_owned(), encryption.to_owned()]];
    let event = Event::sign(&wallet_keys(), now(), KIND_INFO, tags, methods.to_owned(), &[5; 32]);
    serde_json::from_str(&event.unwrap().to_json()).unwrap()
}

fn now() -> u64 {
    Clock::system().now_millis() / 1000
}

pub(crate) fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(10))
}

/// The way to these relays, which are named as private.
pub(crate) fn reach(relays: &[&PlayRelay]) -> Relays {
    let urls = relays.iter().map(|relay| Url::parse(&relay.url()).unwrap());
    let private = urls.fold(Policy::default(), |policy, url| {
        policy.allow(url.host_str().unwrap(), url.port().unwrap())
    });
    Relays::new(Egress::new(Options::default(), Clock::system()), private)
}

/// The connection URI that names these relays.
pub(crate) fn uri<'a>(relays: impl IntoIterator<Item = &'a str>) -> String {
    let mut uri = format!("nostr+walletconnect://{}?", wallet_keys().public().to_hex());
    for relay in relays {
        uri.extend(["relay=", relay, "&"]);
    }
    uri + "secret=" + SECRET
}

/// A vault with one connection, `nwc`, for the wallet alone.
struct OneUri(String);

impl Secrets for OneUri {
    fn secret<'a>(&'a self, name: &'a SecretName, usage: Usage<'a>) -> Given<'a> {
        let found = match name.as_str() {
            "nwc" if usage == Usage::Wallet => Ok(Secret::new(self.0.clone())),
            _ => Err(NoSecret::Missing(name.clone())),
        };
        Box::pin(std::future::ready(found))
    }
}

/// The wallet behind a URI in the vault, by way of these relays.
pub(crate) fn by_uri(uri: String, relays: Relays, patience: Duration) -> Nwc {
    let template = Template::parse("vault:nwc").unwrap();
    Nwc::new(template, Arc::new(OneUri(uri)), relays, Clock::system(), patience)
}

/// The wallet by way of these relays.
pub(crate) fn wallet(relays: &[&PlayRelay], patience: Duration) -> Nwc {
    let urls: Vec<String> = relays.iter().map(|relay| relay.url()).collect();
    by_uri(uri(urls.iter().map(String::as_str)), reach(relays), patience)
}

/// A success, in the words of NIP-47.
pub(crate) fn done(method: &str, result: &Value) -> Value {
    json!({ "result_type": method, "error": null, "result": result })
}

/// A failure, in the words of NIP-47.
pub(crate) fn failure(method: &str, code: &str, message: &str) -> Value {
    let error = json!({ "code": code, "message": message });
    json!({ "result_type": method, "error": error, "result": null })
}
