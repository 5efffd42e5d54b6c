#![no_main]
//! One message: what is read can be written and read again, and every refusal has its code.

use bytes::Bytes;
use fuzz::Json;
use libfuzzer_sys::fuzz_target;
use protocol::Rope;
use protocol::json::{JsonError, Limits};
use protocol::rpc::{self, Message, Why};

fuzz_target!(|data: &[u8]| {
    let opinion = Json::parse(data);
    match Message::parse(Bytes::copy_from_slice(data), Limits::REQUEST) {
        Ok(message) => {
            let opinion = opinion.expect("a message is JSON");
            assert_eq!(opinion.get("jsonrpc").and_then(Json::text), Some("2.0"));
            assert!(!opinion.has_twins(false));
            again(&message);
        }
        Err(bad) => {
            assert!(matches!(bad.why.code(), -32700 | -32600 | -32602));
            if let Why::Parse(JsonError::Syntax(_) | JsonError::Encoding(_)) = bad.why {
                assert_eq!(opinion, None);
            }
            let answer = rpc::error(bad.id.as_ref(), &rpc::RpcError::new(bad.why.code(), "no"));
            let Message::Response(answer) = read(answer) else { panic!("no response") };
            assert_eq!(answer.id.map(|id| id.key()), bad.id.map(|id| id.key()));
        }
    }
});

fn read(text: impl Into<Rope>) -> Message {
    Message::parse(text.into().into_bytes(), Limits::REPLY).expect("what we write is a message")
}

fn again(message: &Message) {
    match message {
        Message::Request(asked) => {
            let text = rpc::request(&asked.id, asked.method.as_str(), asked.params.text());
            let Message::Request(read) = read(text) else { panic!("no request") };
            assert_eq!((&read.id, &read.method), (&asked.id, &asked.method));
            assert_eq!(read.id.key(), asked.id.key());
            assert_eq!(read.params.text(), asked.params.text());
        }
        Message::Notification { method, params } => {
            let text = rpc::notification(method.as_str(), params.text());
            let Message::Notification { method: m, params: p } = read(text) else {
                panic!("no notification")
            };
            assert_eq!((&m, p.text()), (method, params.text()));
        }
        Message::Response(answer) => {
            let text: Rope = match (&answer.id, &answer.outcome) {
                (Some(id), Ok(result)) => rpc::result(id, result.clone().into_bytes().into()),
                (None, Ok(_)) => return,
                (id, Err(error)) => rpc::error(id.as_ref(), error).into(),
            };
            let Message::Response(read) = read(text) else { panic!("no response") };
            assert_eq!((&read.id, &read.outcome), (&answer.id, &answer.outcome));
        }
    }
}
