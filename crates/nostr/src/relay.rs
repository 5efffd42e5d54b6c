//! The messages between a client and a relay (NIP-01): JSON lists with a word at their head.

use serde_json::{Value, json};
use url::{Host, Url};

use crate::event::{Event, MAX_EVENT, Unverified};
use crate::fault::Fault;
use crate::keys::PublicKey;

/// Where a relay is. Plain `ws` is taken only for loopback, and only where `loopback` says so; where a name leads is for the
/// way out to judge.
///
/// # Errors
/// `relay`: no URL of a websocket, or one with a user name, a password or a fragment; `tls`: without TLS.
pub fn url(text: &str, loopback: bool) -> Result<Url, Fault> {
    let bad =
        Fault::new("relay", "a relay is a URL that begins with wss://, and holds no user name");
    let url = Url::parse(text).map_err(|_| bad)?;
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(bad);
    }
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err(bad),
    };
    match url.scheme() {
        "wss" => Ok(url),
        "ws" if local && loopback => Ok(url),
        "ws" => Err(Fault::new("tls", "a relay has no TLS")),
        _ => Err(bad),
    }
}

/// What a client tells a relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToRelay<'a> {
    /// Publish an event.
    Event(&'a Event),
    /// Send what fits, and go on sending.
    Req(&'a str, &'a Filter),
    /// Stop that.
    Close(&'a str),
}

/// Which events are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Kinds; all, if empty.
    pub kinds: Vec<u16>,
    /// Authors; all, if empty.
    pub authors: Vec<PublicKey>,
    /// Ids, in hexadecimal, that a tag `e` names; any, if empty.
    pub e: Vec<String>,
    /// Topics that a tag `t` names; any, if empty.
    pub t: Vec<String>,
    /// Made at that second since 1970 or later.
    pub since: Option<u64>,
    /// How many of those that are stored.
    pub limit: Option<u32>,
}

/// What a relay tells a client. Texts are data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromRelay {
    /// An event for a subscription.
    Event(String, Box<Unverified>),
    /// Whether the event of that id, in hexadecimal, was taken, and why not.
    Ok(String, bool, String),
    /// What is stored for a subscription has been sent.
    Eose(String),
    /// A subscription was ended, and why.
    Closed(String, String),
    /// Words for people.
    Notice(String),
    /// The relay wants to know who asks (NIP-42); the challenge.
    Auth(String),
}

impl ToRelay<'_> {
    /// As JSON.
    pub fn to_json(&self) -> String {
        match self {
            Self::Event(event) => format!("[\"EVENT\",{}]", event.to_json()),
            Self::Req(id, filter) => json!(["REQ", id, filter.to_value()]).to_string(),
            Self::Close(id) => json!(["CLOSE", id]).to_string(),
        }
    }
}

impl Filter {
    fn to_value(&self) -> Value {
        let authors: Vec<String> = self.authors.iter().map(|key| key.to_hex()).collect();
        let lists = [
            ("kinds", json!(self.kinds)),
            ("authors", json!(authors)),
            ("#e", json!(self.e)),
            ("#t", json!(self.t)),
        ];
        let numbers = [("since", json!(self.since)), ("limit", json!(self.limit))];
        let said =
            |value: &Value| !value.is_null() && value.as_array().is_none_or(|l| !l.is_empty());
        let fields = lists.into_iter().chain(numbers).filter(|(_, value)| said(value));
        Value::Object(fields.map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

impl FromRelay {
    /// Reads a message.
    ///
    /// # Errors
    /// `too_large`, `bad_message`, `bad_event`.
    pub fn read(json: &str) -> Result<Self, Fault> {
        if json.len() > MAX_EVENT + 1024 {
            return Err(Fault::new("too_large", "the message of the relay is too large"));
        }
        let bad = Fault::new("bad_message", "not a message of a relay");
        let parts: Vec<Value> = serde_json::from_str(json).map_err(|_| bad)?;
        let text = |at: usize| parts.get(at).and_then(Value::as_str).map(str::to_owned).ok_or(bad);
        let word = text(0)?;
        Ok(match (word.as_str(), &parts[1..]) {
            ("EVENT", [_, event]) => {
                let event = serde_json::from_value(event.clone());
                let event = event.map_err(|_| Fault::new("bad_event", "not an event"))?;
                Self::Event(text(1)?, Box::new(event))
            }
            // Some relays leave the reason out where there is none.
            ("OK", [_, Value::Bool(taken)]) => Self::Ok(text(1)?, *taken, String::new()),
            ("OK", [_, Value::Bool(taken), _]) => Self::Ok(text(1)?, *taken, text(3)?),
            ("EOSE", [_]) => Self::Eose(text(1)?),
            ("CLOSED", [_]) => Self::Closed(text(1)?, String::new()),
            ("CLOSED", [_, _]) => Self::Closed(text(1)?, text(2)?),
            ("NOTICE", [_]) => Self::Notice(text(1)?),
            ("AUTH", [_]) => Self::Auth(text(1)?),
            _ => return Err(bad),
        })
    }
}

/// What one relay said of an event that was sent to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It took it, or has it already.
    Yes,
    /// It refused it for a reason that leaves no doubt.
    No,
    /// It said nothing, or nothing that is certain: it may have passed it on.
    Unknown,
}

impl Taken {
    /// What `OK` means. Reasons are the words before the colon (NIP-01, NIP-42).
    pub fn of(taken: bool, message: &str) -> Self {
        let reason = message.split(':').next().unwrap_or_default();
        match (taken, reason) {
            (true, _) | (false, "duplicate") => Self::Yes,
            (
                false,
                "blocked" | "rate-limited" | "invalid" | "pow" | "restricted" | "mute"
                | "auth-required",
            ) => Self::No,
            (false, _) => Self::Unknown,
        }
    }
}

/// Whether an event certainly reached nobody: every relay it was sent to refused it. The same event goes to each relay;
/// a new one would be a second payment.
pub fn reached_nobody(said: &[Taken]) -> bool {
    said.iter().all(|taken| *taken == Taken::No)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::keys::Keys;

    fn event() -> Event {
        let keys = Keys::from_bytes([1; 32]).unwrap();
        Event::sign(&keys, 1, 1, Vec::new(), "a".into(), &[0; 32]).unwrap()
    }

    #[test]
    fn messages_of_relays_are_read() {
        let event = event();
        let json = format!("[\"EVENT\",\"s\",{}]", event.to_json());
        let Ok(FromRelay::Event(id, read)) = FromRelay::read(&json) else { panic!("an event") };
        assert_eq!((id.as_str(), read.verify()), ("s", Ok(event)));
        for (json, expected) in [
            (r#"["OK","ab",true,""]"#, FromRelay::Ok("ab".into(), true, String::new())),
            (r#"["OK","ab",false]"#, FromRelay::Ok("ab".into(), false, String::new())),
            (r#"["EOSE","s"]"#, FromRelay::Eose("s".into())),
            (r#"["CLOSED","s","error: x"]"#, FromRelay::Closed("s".into(), "error: x".into())),
            (r#"["NOTICE","hello"]"#, FromRelay::Notice("hello".into())),
            (r#"["AUTH","c"]"#, FromRelay::Auth("c".into())),
        ] {
            assert_eq!(FromRelay::read(json), Ok(expected));
        }
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for bad in [
            "",
            "[]",
            "{}",
            "[1]",
            r#"["OK"]"#,
            r#"["OK","a","true",""]"#,
            r#"["OK","a",true,1]"#,
            r#"["EOSE"]"#,
            r#"["EOSE","a","b"]"#,
            r#"["HELLO","a"]"#,
            r#"["EVENT",{}]"#,
            r#"["NOTICE","a"] x"#,
        ] {
            assert_eq!(FromRelay::read(bad).err().map(|f| f.code), Some("bad_message"), "{bad}");
        }
        assert_eq!(FromRelay::read(r#"["EVENT","s",{}]"#).err().map(|f| f.code), Some("bad_event"));
    }

    #[test]
    fn requests_say_only_what_was_asked() {
        let filter = Filter {
            kinds: vec![23195],
            e: vec!["ab".into()],
            limit: Some(1),
            ..Filter::default()
        };
        assert_eq!(
            ToRelay::Req("s", &filter).to_json(),
            r##"["REQ","s",{"kinds":[23195],"#e":["ab"],"limit":1}]"##
        );
        assert_eq!(ToRelay::Close("s").to_json(), r#"["CLOSE","s"]"#);
        assert!(ToRelay::Event(&event()).to_json().starts_with(r#"["EVENT",{"id":""#));
    }

    #[test]
    fn nwc_13_an_event_reached_nobody_only_if_all_relays_refused_it_beyond_doubt() {
        let blocked = Taken::of(false, "blocked: you are banned");
        assert_eq!(blocked, Taken::No);
        assert!(reached_nobody(&[blocked, blocked]));
        assert!(!reached_nobody(&[blocked, Taken::of(true, "")]));
        assert!(!reached_nobody(&[blocked, Taken::of(false, "duplicate: have it")]));
        assert!(!reached_nobody(&[blocked, Taken::of(false, "error: database")]));
        assert!(!reached_nobody(&[blocked, Taken::Unknown]));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _ = FromRelay::read(&text);
            let _ = FromRelay::read(&format!("[\"EVENT\",{text}]"));
        }
    }
}
