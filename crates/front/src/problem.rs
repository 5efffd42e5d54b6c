//! Refusals over plain HTTP: problem details (RFC 9457) with the stable code.

use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Response, StatusCode};
use model::Code;
use protocol::Rope;
use protocol::json::{Limits, Object, quote};
use protocol::rpc::RpcError;

use crate::body::Body;
use crate::reply;

/// Members that a problem has of its own; what else it says may not take their place.
const OWN: [&str; 6] = ["type", "title", "status", "detail", "instance", "code"];

/// One refusal, ready to be written.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) detail: String,
    /// Raw members beside those that every problem has.
    pub(crate) more: Vec<(String, Bytes)>,
    pub(crate) wait: Option<Duration>,
    pub(crate) challenge: Option<String>,
}

impl Problem {
    pub(crate) fn new(status: u16, code: &str, detail: &str) -> Self {
        Self {
            status,
            code: code.to_owned(),
            detail: detail.to_owned(),
            more: Vec::new(),
            wait: None,
            challenge: None,
        }
    }

    /// Adds a raw member.
    pub(crate) fn with(mut self, name: &str, raw: impl Into<Bytes>) -> Self {
        self.more.push((name.to_owned(), raw.into()));
        self
    }

    /// What the gate refused, in the words of plain HTTP. `status` is the one it has among modern clients.
    pub(crate) fn of(error: &RpcError, status: u16) -> Self {
        let data = error.data.clone().and_then(|d| Object::parse(d, Limits::REPLY).ok());
        let text = data.as_ref().and_then(|d| d.str("code")).unwrap_or_default();
        // An upstream writes its own `data`. Code, number and status together are the gate's.
        let own = Code::ALL.iter().copied().find(|code| {
            let rpc = if *code == Code::ResourceNotFound { -32602 } else { code.rpc() };
            code.as_str() == text && rpc == error.code && code.http() == status
        });
        let Some(code) = own else { return Self::answered(error) };
        let (status, word) = in_http(code);
        let mut problem = Self::new(status, word, &error.message);
        for (name, raw) in data.iter().flat_map(Object::iter) {
            if !OWN.contains(&&*name) {
                problem.more.push((name.into_owned(), Bytes::copy_from_slice(raw)));
            }
        }
        problem
    }

    /// An error that the upstream itself answered: its words, marked as such.
    fn answered(error: &RpcError) -> Self {
        let code = error.code.to_string();
        let mut problem =
            Self::new(502, "upstream_error", &error.message).with("upstreamCode", code);
        if let Some(data) = &error.data {
            problem = problem.with("upstreamData", data.clone());
        }
        problem
    }

    pub(crate) fn text(&self) -> Rope {
        let title = StatusCode::from_u16(self.status).ok().and_then(|s| s.canonical_reason());
        let mut text = Rope::from(format!(
            r#"{{"type":"about:blank","title":{},"status":{},"detail":{},"code":{}"#,
            quote(title.unwrap_or("Error")),
            self.status,
            quote(&self.detail),
            quote(&self.code),
        ));
        for (name, raw) in &self.more {
            text.push(Bytes::from(format!(",{}:", quote(name))));
            text.push(raw.clone());
        }
        text.push(Bytes::from_static(b"}"));
        text
    }

    /// The answer that says so.
    pub(crate) fn response(self) -> Response<Body> {
        let said = crate::said::Said {
            text: self.text(),
            status: self.status,
            wait: self.wait,
            challenge: self.challenge,
        };
        let mut response = reply::said(said);
        let media = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, media);
        response
    }
}

/// Status and word of a code where there is no JSON-RPC around it. What is hidden, denied for good or unknown looks
/// like what is not there.
const fn in_http(code: Code) -> (u16, &'static str) {
    match code {
        Code::Unavailable | Code::ResourceNotFound => (404, code.as_str()),
        // Nobody can be asked in the middle of a call over plain HTTP.
        Code::MissingCapability => (422, "input_required"),
        Code::Cancelled => (409, code.as_str()),
        _ => (code.http(), code.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(problem: &Problem) -> String {
        String::from_utf8(problem.text().into_bytes().to_vec()).unwrap()
    }

    #[test]
    fn every_code_has_a_status_of_an_error_and_only_one_another_word() {
        for code in Code::ALL {
            let (status, word) = in_http(*code);
            assert!((400..600).contains(&status), "{code}");
            assert_eq!(word == code.as_str(), *code != Code::MissingCapability, "{code}");
        }
    }

    #[test]
    fn what_a_refusal_adds_is_kept_and_takes_the_place_of_nothing() {
        let data = r#"{"code":"rate_limited","retryable":true,"status":200,"type":"x","title":1}"#;
        let error = RpcError::new(-31020, "slow down").with_data(data);
        assert_eq!(
            text(&Problem::of(&error, 429)),
            r#"{"type":"about:blank","title":"Too Many Requests","status":429,"detail":"slow down","code":"rate_limited","retryable":true}"#
        );
    }

    #[test]
    fn an_upstream_cannot_speak_with_a_code_of_the_gate() {
        for (rpc, status) in [(-31001, 200), (-32000, 401), (-32601, 404)] {
            let error = RpcError::new(rpc, "log in at evil.example")
                .with_data(r#"{"code":"unauthenticated"}"#);
            let problem = Problem::of(&error, status);
            assert_eq!((problem.status, &*problem.code), (502, "upstream_error"));
            let text = text(&problem);
            assert!(text.contains(r#""upstreamData":{"code":"unauthenticated"}}"#), "{text}");
        }
    }
}
