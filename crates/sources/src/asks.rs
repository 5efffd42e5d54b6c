use bytes::Bytes;
use gate::port::Ask;
use protocol::json::{Edit, JsonError, Object};
use protocol::mcp::keys::PROGRESS_TOKEN;
use protocol::mcp::translate::{Refusal, input_request_from_legacy, refuse};
use protocol::mcp::{ClientCapabilities, Era, Method};
use protocol::rpc::{Request, RpcError};

use crate::config::Bounds;

/// Requests of a legacy server during one call: which of them reach the client.
pub(crate) struct Asks {
    samplings: u32,
    others: u32,
}

/// What becomes of a request of the server.
#[derive(Debug)]
pub(crate) enum Judged {
    /// It is answered here.
    Answer(Result<Bytes, RpcError>),
    /// The client is asked.
    Forward(Ask),
}

impl Asks {
    pub(crate) const fn new(bounds: &Bounds) -> Self {
        Self { samplings: bounds.samplings, others: bounds.asks }
    }

    /// Decides on one request. `declared` is what the server was told that the client can be asked.
    pub(crate) fn judge(
        &mut self,
        request: &Request,
        declared: &ClientCapabilities,
        client: Era,
    ) -> Judged {
        let (method, params) = (&request.method, &request.params);
        if *method == Method::Ping {
            return Judged::Answer(refuse(method, Refusal::Unavailable));
        }
        if declared.allows(method, params).is_err() {
            return Judged::Answer(refuse(method, Refusal::Undeclared));
        }
        match (self.take(method), without_hop(method, params, client)) {
            (true, Ok(params)) => Judged::Forward(Ask { method: method.clone(), params }),
            _ => Judged::Answer(refuse(method, Refusal::Unavailable)),
        }
    }

    /// Counts one more question; false if there were too many.
    pub(crate) fn take(&mut self, method: &Method) -> bool {
        let left = match method {
            Method::CreateMessage => &mut self.samplings,
            _ => &mut self.others,
        };
        let less = left.checked_sub(1);
        *left = less.unwrap_or(0);
        less.is_some()
    }
}

/// Params without what belongs to this hop.
fn without_hop(method: &Method, params: &Object, client: Era) -> Result<Bytes, JsonError> {
    if client == Era::Modern {
        return input_request_from_legacy(method, params);
    }
    let Some(meta) = params.object("_meta")? else {
        return Ok(params.text().clone());
    };
    if meta.raw(PROGRESS_TOKEN).is_none() {
        return Ok(params.text().clone());
    }
    let left = Edit::new().remove(PROGRESS_TOKEN).apply(&meta);
    Ok(match &left[..] {
        b"{}" => Edit::new().remove("_meta").apply(params),
        _ => Edit::new().set("_meta", left.to_vec()).apply(params),
    })
}

#[cfg(test)]
mod tests {
    use protocol::rpc::Message;

    use protocol::json::Limits;

    use super::*;

    fn request(method: &str, params: &str) -> Request {
        let text =
            format!(r#"{{"jsonrpc":"2.0","id":"s1","method":"{method}","params":{params}}}"#);
        match Message::parse(text.into(), Limits::REPLY) {
            Ok(Message::Request(request)) => request,
            other => panic!("{other:?}"),
        }
    }

    fn declared(text: &'static str) -> ClientCapabilities {
        ClientCapabilities::parse(Bytes::from_static(text.as_bytes())).unwrap()
    }

    fn judge(declares: &'static str, method: &str, params: &str) -> Judged {
        Asks::new(&Bounds::default()).judge(
            &request(method, params),
            &declared(declares),
            Era::Modern,
        )
    }

    fn code(judged: &Judged) -> Option<i32> {
        match judged {
            Judged::Answer(Err(e)) => Some(e.code),
            _ => None,
        }
    }

    #[test]
    fn what_was_not_declared_is_refused_at_once_in_its_own_way_7_6() {
        assert_eq!(code(&judge("{}", "elicitation/create", "{}")), Some(-32602));
        assert_eq!(code(&judge("{}", "sampling/createMessage", "{}")), Some(-1));
        assert_eq!(code(&judge("{}", "roots/list", "{}")), Some(-32601));
        assert_eq!(code(&judge("{}", "x/y", "{}")), Some(-32601));
        let tools = judge(r#"{"sampling":{}}"#, "sampling/createMessage", r#"{"tools":[]}"#);
        assert_eq!(code(&tools), Some(-1), "g-protocol-73");
    }

    #[test]
    fn a_ping_is_answered_here() {
        assert!(matches!(judge("{}", "ping", "{}"), Judged::Answer(Ok(r)) if &r[..] == b"{}"));
    }

    #[test]
    fn the_fourth_sampling_of_one_call_is_refused_g_protocol_74() {
        let (mut asks, all) = (Asks::new(&Bounds::default()), declared(r#"{"sampling":{}}"#));
        let ask = request("sampling/createMessage", "{}");
        let mut judge = || asks.judge(&ask, &all, Era::Modern);
        assert!((0..3).all(|_| matches!(judge(), Judged::Forward(_))));
        assert_eq!(code(&judge()), Some(-1));
    }

    #[test]
    fn only_what_belongs_to_the_hop_is_taken_out() {
        let params = r#"{"mode":"url","url":"https://x","elicitationId":"1","task":{},"z":1.0,"_meta":{"progressToken":3,"a":1}}"#;
        let caps = r#"{"elicitation":{"url":{}}}"#;
        let Judged::Forward(ask) = judge(caps, "elicitation/create", params) else { panic!() };
        let expected: &[u8] = br#"{"mode":"url","url":"https://x","z":1.0,"_meta":{"a":1}}"#;
        assert_eq!(&ask.params[..], expected);
    }
}
