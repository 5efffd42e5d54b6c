//! What an HTTP status means, in each era.

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use protocol::json::Limits;
use protocol::mcp::{Era, codes};
use protocol::rpc::{Message, Response};

use crate::desk::number;
use crate::fault::Fault;

/// Whether the body is a stream of events.
pub(crate) fn is_events(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|t| t.eq_ignore_ascii_case(b"text/event-stream"))
}

/// Whether the body is JSON.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|t| t.eq_ignore_ascii_case(b"application/json"))
}

fn media_type(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(CONTENT_TYPE)?.as_bytes();
    value.split(|b| *b == b';').next().map(<[u8]>::trim_ascii)
}

/// A status that is not what was asked for: 5xx is the server's fault, 4xx need not be.
pub(crate) fn refused(code: u16) -> Fault {
    if !(400..500).contains(&code) {
        return Fault::malformed(format!("answered with HTTP {code}")).with_status(code);
    }
    Fault::refused(code)
}

/// What a status other than 2xx means as the answer to the request `id`.
///
/// `body` is its beginning. In the legacy era 404 says that the session is gone, and so does 400 in practice; in the
/// modern one both come with JSON-RPC errors that are answers (2026-07-28 basic/index).
pub(crate) fn answer(
    era: Era,
    in_session: bool,
    code: u16,
    body: Bytes,
    id: u64,
) -> Result<Response, Fault> {
    if matches!(code, 401 | 403 | 407) || code >= 500 {
        return Err(refused(code));
    }
    let error = match Message::parse(body, Limits::REPLY) {
        Ok(Message::Response(response)) if response.outcome.is_err() => Some(response),
        _ => None,
    };
    let ours = |r: &Response| r.id.as_ref().and_then(|i| number(i.raw())) == Some(id);
    match (era, error) {
        (Era::Modern, Some(response)) if ours(&response) || is_modern(&response) => Ok(response),
        (Era::Modern, _) if matches!(code, 400 | 404 | 405) => {
            Err(Fault::other_era(format!("answered with HTTP {code}")).with_status(code))
        }
        (Era::Legacy, Some(response)) if ours(&response) && !tells_of_session(code, &response) => {
            Ok(response)
        }
        (Era::Legacy, _) if in_session && matches!(code, 400 | 404) => Err(Fault::session_gone()),
        (Era::Legacy, _) if matches!(code, 400 | 404 | 405) => {
            Err(Fault::other_era(format!("answered with HTTP {code}")).with_status(code))
        }
        _ => Err(refused(code)),
    }
}

/// An error that only a modern server gives.
fn is_modern(response: &Response) -> bool {
    response.outcome.as_ref().is_err_and(|e| is_modern_error(e.code))
}

/// Whether only a modern server gives this code.
pub(crate) fn is_modern_error(code: i32) -> bool {
    use codes::{HEADER_MISMATCH, MISSING_CAPABILITY, UNSUPPORTED_VERSION};
    matches!(code, HEADER_MISMATCH | MISSING_CAPABILITY | UNSUPPORTED_VERSION)
}

/// Whether a legacy error is about the transport and not about the request.
fn tells_of_session(status: u16, response: &Response) -> bool {
    let transport = response.outcome.as_ref().is_err_and(|e| (-32019..=-32000).contains(&e.code));
    let unknown_method =
        response.outcome.as_ref().is_err_and(|e| e.code == codes::METHOD_NOT_FOUND);
    (status == 400 && transport) || (status == 404 && !unknown_method)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::FaultKind;

    fn of(era: Era, in_session: bool, code: u16, body: &'static str) -> Result<i32, FaultKind> {
        answer(era, in_session, code, Bytes::from_static(body.as_bytes()), 7)
            .map(|r| r.outcome.unwrap_err().code)
            .map_err(|f| f.kind)
    }

    const EVERYTHING: &str =
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"No valid session ID"}}"#;

    #[test]
    fn a_legacy_session_is_gone_in_each_of_the_ways_real_servers_say_it() {
        use Era::Legacy;
        let gone = Err(FaultKind::SessionGone);
        assert_eq!(of(Legacy, true, 400, EVERYTHING), gone);
        assert_eq!(of(Legacy, true, 404, "Not Found: Session not found"), gone);
        let python = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"x"}}"#;
        assert_eq!(of(Legacy, true, 404, python), gone);
        assert_eq!(of(Legacy, false, 404, ""), Err(FaultKind::OtherEra));
    }

    #[test]
    fn an_error_with_our_id_is_an_answer_and_not_the_end_of_a_session() {
        let bad = r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32602,"message":"x"}}"#;
        assert_eq!(of(Era::Legacy, true, 400, bad), Ok(-32602));
        let none = r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32601,"message":"x"}}"#;
        assert_eq!(of(Era::Modern, false, 404, none), Ok(-32601));
    }

    #[test]
    fn only_modern_words_make_a_modern_server() {
        assert_eq!(of(Era::Modern, false, 400, EVERYTHING), Err(FaultKind::OtherEra));
        assert_eq!(of(Era::Modern, false, 400, ""), Err(FaultKind::OtherEra));
        let mismatch = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32020,"message":"x"}}"#;
        assert_eq!(of(Era::Modern, false, 400, mismatch), Ok(-32020));
    }

    #[test]
    fn credentials_and_failures_say_nothing_about_the_era() {
        for code in [401, 403, 500, 502, 503] {
            assert_eq!(of(Era::Modern, false, code, EVERYTHING), Err(FaultKind::Failed));
        }
    }
}
