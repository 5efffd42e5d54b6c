use url::{Url, form_urlencoded};

use crate::bytes::array_from_hex;
use crate::event::Event;
use crate::fault::Fault;
use crate::keys::{Keys, PublicKey};
use crate::nip44::Conversation;
use crate::nwc::request::Request;
use crate::nwc::{KIND_REQUEST, Sent};
use crate::relay;

/// How many relays a connection may name.
const MAX_RELAYS: usize = 10;
const SCHEME: &str = "nostr+walletconnect://";

/// What a connection URI says. It spends money: no `Debug`, `Clone` or `Serialize`.
pub struct Connection {
    wallet: PublicKey,
    relays: Vec<Url>,
    keys: Keys,
    conversation: Conversation,
}

impl Connection {
    /// Reads `nostr+walletconnect://<wallet's key>?relay=…&secret=…`. Plain `ws` is taken only for loopback, and only
    /// where `loopback` says so.
    ///
    /// # Errors
    /// `uri`; `relay`: none, too many or no URL; `tls`: a relay without TLS; `secret`: none, two, or no key.
    pub fn read(uri: &str, loopback: bool) -> Result<Self, Fault> {
        let bad = Fault::new("uri", "not the URI of a wallet connection");
        let (wallet, query) =
            uri.strip_prefix(SCHEME).and_then(|r| r.split_once('?')).ok_or(bad)?;
        let wallet = PublicKey::from_hex(wallet).ok_or(bad)?;
        if query.contains('#') || uri.contains(|c: char| c.is_control() || ends_uri(c)) {
            return Err(bad);
        }
        let mut relays: Vec<Url> = Vec::new();
        let mut keys = None;
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "relay" => {
                    let relay = relay::url(&value, loopback)?;
                    if !relays.contains(&relay) {
                        relays.push(relay);
                    }
                }
                "secret" => {
                    let no_key = Fault::new(
                        "secret",
                        "the secret of the connection is no key, or stands twice",
                    );
                    let read = array_from_hex(&value).and_then(Keys::from_bytes).ok_or(no_key)?;
                    if keys.replace(read).is_some() {
                        return Err(no_key);
                    }
                }
                _ => {}
            }
        }
        if relays.is_empty() || relays.len() > MAX_RELAYS {
            return Err(Fault::new("relay", "the connection names no relay, or too many"));
        }
        let keys = keys.ok_or(Fault::new("secret", "the connection has no secret"))?;
        let conversation = Conversation::new(&keys, wallet)?;
        Ok(Self { wallet, relays, keys, conversation })
    }

    /// The wallet's key.
    pub const fn wallet(&self) -> PublicKey {
        self.wallet
    }

    /// The key that the wallet knows the owner by.
    pub fn client(&self) -> PublicKey {
        self.keys.public()
    }

    /// The relays, each once; where they may lead is for the way out to judge.
    pub fn relays(&self) -> &[Url] {
        &self.relays
    }

    pub(super) const fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    /// Seals and signs a request. `at` and `expires` are seconds since 1970; `nonce` and `random` are fresh.
    /// Whatever is sent again is this event, never a new one.
    ///
    /// # Errors
    /// `too_large`, `bad_event`.
    pub fn request(
        &self,
        request: &Request,
        at: u64,
        expires: u64,
        nonce: &[u8; 32],
        random: &[u8; 32],
    ) -> Result<Sent, Fault> {
        let content = self.conversation.seal(&request.to_json(), nonce)?;
        let tag = |name: &str, value: String| vec![name.to_owned(), value];
        let tags = vec![
            tag("p", self.wallet.to_hex()),
            tag("encryption", "nip44_v2".to_owned()),
            tag("expiration", expires.to_string()),
        ];
        let event = Event::sign(&self.keys, at, KIND_REQUEST, tags, content, random)?;
        Ok(Sent { event, method: request.method() })
    }

    /// A text without the secret of this connection and without any connection URI in it: for logs and people.
    pub fn scrub(&self, text: &str) -> String {
        let uri = |rest: &str| rest.find(ends_uri).unwrap_or(rest.len());
        let clean = replaced(text, "nostr+walletconnect:", "[connection]", uri);
        let secret = self.keys.secret_hex();
        replaced(&clean, &secret, "[secret]", |_| secret.len())
    }
}

/// The text with `mark` where `begin`, in lower case, stands in any case, and for as many bytes as `length` says.
fn replaced(text: &str, begin: &str, mark: &str, length: impl Fn(&str) -> usize) -> String {
    let lower = text.to_ascii_lowercase();
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    while let Some(found) = lower[at..].find(begin) {
        let from = at + found;
        out.push_str(&text[at..from]);
        out.push_str(mark);
        at = from + length(&text[from..]);
    }
    out.push_str(&text[at..]);
    out
}

/// What no URI may contain (RFC 3986, appendix C), so that a URI within a text ends there. An apostrophe may be in one.
fn ends_uri(c: char) -> bool {
    c.is_whitespace() || "\"<>".contains(c)
}
