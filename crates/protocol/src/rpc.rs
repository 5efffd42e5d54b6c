//! The JSON-RPC 2.0 envelope.

use std::borrow::Cow;

use bytes::Bytes;
use thiserror::Error;

use crate::Rope;
use crate::json::{JsonError, Kind, Limits, Note, Object, Raw, unquote};
use crate::mcp::Method;

/// Longest id that is taken, in bytes of its JSON text.
const MAX_ID: usize = 256;
/// Longest method name that is taken, in bytes.
const MAX_METHOD: usize = 128;

/// What nearly every message is asked for next.
const NOTES: &[Note] = &[
    Note { name: "params", within: &[META, Note { name: "arguments", within: &[] }] },
    Note { name: "result", within: &[META] },
];
const META: Note = Note { name: "_meta", within: &[] };

/// A request id: a string or an integer, kept as the text it came in, so that no digit is ever lost.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Id(Bytes);

impl Id {
    /// Takes the raw JSON of an id.
    pub fn from_raw(raw: Bytes) -> Option<Self> {
        let integer = |t: &[u8]| {
            let digits = t.strip_prefix(b"-").unwrap_or(t);
            !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
        };
        let ok = raw.len() <= MAX_ID
            && match Kind::of(&raw) {
                Some(Kind::String) => true,
                Some(Kind::Number) => integer(&raw),
                _ => false,
            };
        ok.then_some(Self(raw))
    }

    /// An id of our own.
    pub fn number(n: u64) -> Self {
        Self(Bytes::from(n.to_string()))
    }

    /// The raw JSON, quotes included.
    pub fn raw(&self) -> &Bytes {
        &self.0
    }

    /// Equal for ids that mean the same, however they are escaped: the decoded text, or the digits.
    pub fn key(&self) -> IdKey {
        match unquote(&self.0) {
            Some(text) => IdKey::Text(text.into_owned()),
            None => IdKey::Number(self.0.clone()),
        }
    }
}

/// An id in the form that is compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum IdKey {
    /// A string, unescaped.
    Text(String),
    /// An integer, its digits.
    Number(Bytes),
}

/// One message.
#[derive(Debug, Clone)]
pub enum Message {
    /// Wants an answer.
    Request(Request),
    /// Wants none.
    Notification {
        /// What it tells.
        method: Method,
        /// Its parameters, `{}` if it had none.
        params: Object,
    },
    /// Answers a request.
    Response(Response),
}

/// A message that wants an answer.
#[derive(Debug, Clone)]
pub struct Request {
    /// To be repeated in the answer.
    pub id: Id,
    /// What is asked.
    pub method: Method,
    /// Its parameters, `{}` if it had none.
    pub params: Object,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Response {
    /// Of the request; `None` where the peer could not tell which (JSON-RPC 2.0 section 5: `null`).
    pub id: Option<Id>,
    /// The raw `result`, or the `error` object.
    pub outcome: Result<Raw, RpcError>,
}

/// An `error` object, its parts as they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RpcError {
    /// `code`; one that is no 32-bit integer is taken as -32603.
    pub code: i32,
    /// `message`.
    pub message: String,
    /// Raw `data`.
    pub data: Option<Bytes>,
}

/// Why bytes are no message. `id` is that of the request where it could be read.
#[derive(Debug, Clone, Error)]
#[error("{why}")]
pub struct BadMessage {
    /// The id to answer with.
    pub id: Option<Id>,
    /// What is wrong.
    pub why: Why,
}

/// What is wrong with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Why {
    /// -32700
    #[error("not strict JSON: {0}")]
    Parse(JsonError),
    /// -32600
    #[error("no JSON-RPC 2.0 message: {0}")]
    Invalid(&'static str),
    /// -32602
    #[error("params must be an object without duplicate members")]
    Params,
}

impl Why {
    /// The JSON-RPC error code.
    pub const fn code(self) -> i32 {
        match self {
            Self::Parse(JsonError::Duplicate(_)) | Self::Invalid(_) => -32600,
            Self::Parse(_) => -32700,
            Self::Params => -32602,
        }
    }
}

impl Message {
    /// Reads one message that may answer with the very result `known`, as a list that is fetched again and again does.
    /// Then what is the same is compared, not checked once more, and the result given is `known` itself.
    pub fn parse_again(text: Bytes, limits: Limits, known: &Raw) -> Result<Self, BadMessage> {
        match repeats(&text, known) {
            Some(response) => Ok(Self::Response(response)),
            None => Self::parse(text, limits),
        }
    }

    /// Reads one message. An array (a batch) is refused here; see [`crate::json::elements`].
    pub fn parse(text: Bytes, limits: Limits) -> Result<Self, BadMessage> {
        let bad = |id: &Option<Id>, why| BadMessage { id: id.clone(), why };
        let envelope = Object::parse_noting(text, limits, NOTES).map_err(|e| {
            let why = match e {
                JsonError::Kind => Why::Invalid("not an object"),
                other => Why::Parse(other),
            };
            bad(&None, why)
        })?;
        let raw_id = envelope.get("id");
        let id = raw_id.clone().and_then(Id::from_raw);
        let invalid = |what| Err(bad(&id, Why::Invalid(what)));
        if envelope.raw("jsonrpc") != Some(b"\"2.0\"") {
            return invalid("`jsonrpc` must be \"2.0\"");
        }
        let answered = envelope.has("result") || envelope.has("error");
        let Some(method) = envelope.raw("method") else {
            return if answered { response(&envelope, id) } else { invalid("no method") };
        };
        if answered {
            return invalid("both a request and a response");
        }
        let method = match unquote(method) {
            Some(name) if !name.is_empty() && name.len() <= MAX_METHOD => Method::of(&name),
            _ => return invalid("`method` must be a string of 1 to 128 bytes"),
        };
        let params = match envelope.object("params") {
            Ok(params) => params.unwrap_or_else(Object::empty),
            Err(_) => return Err(bad(&id, Why::Params)),
        };
        match (raw_id, id) {
            (None, _) => Ok(Self::Notification { method, params }),
            (Some(_), Some(id)) => Ok(Self::Request(Request { id, method, params })),
            (Some(_), None) => Err(bad(&None, Why::Invalid("`id` must be a string or an integer"))),
        }
    }
}

/// The answer, if its last member is `result` and has the value `known`: then with `{}` in its place the text is a whole
/// message whose result stands right there.
fn repeats(text: &Bytes, known: &Raw) -> Option<Response> {
    let body = text.trim_ascii_end().strip_suffix(b"}")?.trim_ascii_end();
    let head = body.strip_suffix(&known[..])?;
    let short = Bytes::from([head, b"{}}"].concat());
    let Ok(Message::Response(mut response)) = Message::parse(short.clone(), Limits::REQUEST) else {
        return None;
    };
    let place = short.slice(head.len()..head.len() + 2);
    let there = |result: &Raw| std::ptr::eq(&raw const result[..], &raw const place[..]);
    response.outcome.as_ref().is_ok_and(there).then(|| {
        response.outcome = Ok(known.clone());
        response
    })
}

fn response(envelope: &Object, id: Option<Id>) -> Result<Message, BadMessage> {
    let invalid = |what| Err(BadMessage { id: id.clone(), why: Why::Invalid(what) });
    if id.is_none() && envelope.raw("id").is_some_and(|raw| raw != b"null") {
        return invalid("`id` must be a string or an integer");
    }
    let outcome = match (envelope.checked("result"), envelope.checked("error")) {
        (Some(result), None) => Ok(result),
        (None, Some(error)) => match RpcError::parse(error) {
            Some(error) => Err(error),
            None => return invalid("`error` must have a code and a message"),
        },
        _ => return invalid("both `result` and `error`"),
    };
    Ok(Message::Response(Response { id, outcome }))
}

impl RpcError {
    /// An error without data.
    pub fn new(code: i32, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    /// Adds raw JSON as `data`.
    #[must_use]
    pub fn with_data(mut self, data: impl Into<Bytes>) -> Self {
        self.data = Some(data.into());
        self
    }

    fn parse(raw: Raw) -> Option<Self> {
        let object = raw.object().ok()?;
        let code = std::str::from_utf8(object.raw("code")?).ok()?.parse().unwrap_or(-32603);
        let message = object.str("message").map(Cow::into_owned).unwrap_or_default();
        Some(Self { code, message, data: object.get("data") })
    }

    fn write(&self) -> Bytes {
        let mut out = format!("{{\"code\":{},\"message\":", self.code).into_bytes();
        crate::json::quote_into(&mut out, &self.message);
        if let Some(data) = &self.data {
            out.extend_from_slice(b",\"data\":");
            out.extend_from_slice(data);
        }
        out.push(b'}');
        Bytes::from(out)
    }
}

/// A request as text; `id` and `params` go in as they are.
pub fn request(id: &Id, method: &str, params: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(params.len() + method.len() + id.0.len() + 64);
    out.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
    out.extend_from_slice(&id.0);
    tail(out, method, params)
}

/// A notification as text.
pub fn notification(method: &str, params: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(params.len() + method.len() + 48);
    out.extend_from_slice(b"{\"jsonrpc\":\"2.0\"");
    tail(out, method, params)
}

fn tail(mut out: Vec<u8>, method: &str, params: &[u8]) -> Bytes {
    out.extend_from_slice(b",\"method\":");
    crate::json::quote_into(&mut out, method);
    if !params.is_empty() && params != b"{}" {
        out.extend_from_slice(b",\"params\":");
        out.extend_from_slice(params);
    }
    out.push(b'}');
    Bytes::from(out)
}

/// A successful answer; the pieces of `result` are not copied.
pub fn result(id: &Id, result: Rope) -> Rope {
    let mut head = Vec::with_capacity(id.0.len() + 40);
    head.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
    head.extend_from_slice(&id.0);
    head.extend_from_slice(b",\"result\":");
    let mut rope = Rope::with_capacity(2 + result.parts().count());
    rope.push(head);
    rope.append(result);
    rope.push(Bytes::from_static(b"}"));
    rope
}

/// An error answer; `null` stands for an id that could not be read.
pub fn error(id: Option<&Id>, error: &RpcError) -> Bytes {
    let mut out = Vec::with_capacity(128);
    out.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
    out.extend_from_slice(id.map_or(b"null", |id| &id.0));
    out.extend_from_slice(b",\"error\":");
    out.extend_from_slice(&error.write());
    out.push(b'}');
    Bytes::from(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Message, BadMessage> {
        Message::parse(Bytes::copy_from_slice(text.as_bytes()), Limits::REQUEST)
    }

    fn code(text: &str) -> i32 {
        parse(text).unwrap_err().why.code()
    }

    #[test]
    fn an_id_keeps_its_digits_and_nothing_but_strings_and_integers_is_one() {
        let Ok(Message::Request(r)) =
            parse(r#"{"jsonrpc":"2.0","id":18446744073709551616,"method":"ping"}"#)
        else {
            panic!("no request")
        };
        assert_eq!(&r.id.raw()[..], b"18446744073709551616");
        for bad in ["1e309", "1.0", "null", "true", "{}", "[1]"] {
            assert_eq!(
                code(&format!(r#"{{"jsonrpc":"2.0","id":{bad},"method":"ping"}}"#)),
                -32600,
                "{bad}"
            );
        }
    }

    #[test]
    fn neither_fish_nor_flesh_is_an_invalid_request() {
        for bad in [
            r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#,
            r#"{"jsonrpc":"2.0","id":1}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":7}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"a","method":"b"}"#,
            "[]",
            "7",
        ] {
            assert_eq!(code(bad), -32600, "{bad}");
        }
    }

    #[test]
    fn two_messages_in_one_text_are_a_parse_error() {
        let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        assert_eq!(code(&format!("{ping}{ping}")), -32700);
    }

    #[test]
    fn params_twice_over_or_of_another_kind_are_invalid_params() {
        assert_eq!(code(r#"{"jsonrpc":"2.0","id":1,"method":"x","params":[1]}"#), -32602);
        assert_eq!(code(r#"{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":1,"a":2}}"#), -32602);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let id = Id::from_raw(Bytes::from_static(b"\"a\\\"b\"")).unwrap();
        let text = request(&id, "tools/call", b"{\"name\":\"x\"}");
        let Ok(Message::Request(r)) = Message::parse(text, Limits::REQUEST) else {
            panic!("no request")
        };
        assert_eq!((r.id, r.params.str("name").as_deref()), (id.clone(), Some("x")));
        let e = RpcError::new(-31010, "no").with_data("{}");
        let Ok(Message::Response(r)) = Message::parse(error(Some(&id), &e), Limits::REPLY) else {
            panic!("no response")
        };
        assert_eq!(r.outcome.unwrap_err(), e);
    }

    fn known(text: &'static str) -> Raw {
        Raw::parse(&Bytes::from_static(text.as_bytes()), Limits::REPLY).unwrap()
    }

    #[test]
    fn a_result_that_is_known_is_told_by_comparison_and_by_nothing_less() {
        let result = known(r#"{"tools":[{"name":"a"}]}"#);
        let again = |text: &str| {
            let text = Bytes::copy_from_slice(text.as_bytes());
            match Message::parse_again(text, Limits::REPLY, &result) {
                Ok(Message::Response(r)) => r.outcome.is_ok_and(|raw| raw.is_same(&result)),
                _ => false,
            }
        };
        for same in [
            r#"{"jsonrpc":"2.0","id":7,"result":{"tools":[{"name":"a"}]}}"#,
            " {\"id\":\"x\" , \"jsonrpc\":\"2.0\", \"result\" : {\"tools\":[{\"name\":\"a\"}]} }\n",
        ] {
            assert!(again(same), "{same}");
        }
        for other in [
            r#"{"jsonrpc":"2.0","id":7,"result":{"tools":[{"name":"b"}]}}"#,
            r#"{"jsonrpc":"2.0","result":{},"id":7,"x":{"tools":[{"name":"a"}]}}"#,
            r#"{"jsonrpc":"2.0","id":7,"result":{"x":{"tools":[{"name":"a"}]}}}"#,
            r#"{"jsonrpc":"2.0","id":7,"result":[{"tools":[{"name":"a"}]}}"#,
            r#"{"jsonrpc":"2.0","id":7,"error":{"tools":[{"name":"a"}]}}"#,
            r#"{"jsonrpc":"1.0","id":7,"result":{"tools":[{"name":"a"}]}}"#,
            r#"{"jsonrpc":"2.0","id":7,"x":"result":{"tools":[{"name":"a"}]}}"#,
            r#"{"jsonrpc":"2.0","id":7,"x":"\"result":{"tools":[{"name":"a"}]}}"#,
            r#"{"jsonrpc":"2.0","id":7,"result":{},"result":{"tools":[{"name":"a"}]}}"#,
        ] {
            assert!(!again(other), "{other}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_taken_as_known_is_what_a_full_reading_gives(
            head in "[\\[\\{\":,a 1]{0,12}", tail in "[\\]\\}\", 1]{0,4}",
        ) {
            let result = known(r#"{"a":1}"#);
            let text = format!(r#"{{"jsonrpc":"2.0","id":1,{head}"result":{{"a":1}}{tail}}}"#);
            let text = Bytes::from(text);
            let seen = |m: Result<Message, BadMessage>| match m {
                Ok(Message::Response(r)) => Some((r.id, r.outcome)),
                _ => None,
            };
            let again = seen(Message::parse_again(text.clone(), Limits::REPLY, &result));
            proptest::prop_assert_eq!(again, seen(Message::parse(text, Limits::REPLY)));
        }
    }
}
