use bytes::Bytes;
use gate::Vetted;
use http::Response;
use protocol::Rope;
use protocol::json::Object;

use crate::body::Body;
use crate::outcome::outcome;
use crate::problem::Problem;
use crate::reply;
use crate::said::Said;

/// The answer to a call: `{"result": …}`, or a problem.
pub(crate) fn success(vetted: Vetted) -> Response<Body> {
    match outcome(vetted).and_then(|result| called(&result)) {
        Ok(text) => ok(text),
        Err(problem) => problem.response(),
    }
}

/// 200 with a JSON document.
pub(super) fn ok(text: Rope) -> Response<Body> {
    reply::said(Said { text, status: 200, wait: None, challenge: None })
}

/// What a tool answered. `result` is its structured content, or its content blocks if it has none; with structured
/// content the blocks stand beside it, since they may hold more. The label of the source stays in `_meta`.
fn called(result: &Object) -> Result<Rope, Problem> {
    if result.str("resultType").as_deref() == Some("input_required") {
        return Err(Problem::new(
            422,
            "input_required",
            "the tool asks for something before it goes on, and nobody can be asked over plain HTTP: call it over MCP",
        ));
    }
    let content = result.get("content").unwrap_or_else(|| Bytes::from_static(b"[]"));
    if result.is_true("isError") {
        let problem = Problem::new(422, "tool_error", "the tool says that it failed: see `result`");
        let problem = problem.with("result", content);
        return Err(match result.get("_meta") {
            Some(meta) => problem.with("_meta", meta),
            None => problem,
        });
    }
    let mut text = Rope::from(r#"{"result":"#.to_owned());
    match result.get("structuredContent") {
        Some(structured) => {
            text.push(structured);
            text.push(Bytes::from_static(b",\"content\":"));
            text.push(content);
        }
        None => text.push(content),
    }
    if let Some(meta) = result.get("_meta") {
        text.push(Bytes::from_static(b",\"_meta\":"));
        text.push(meta);
    }
    text.push(Bytes::from_static(b"}"));
    Ok(text)
}

#[cfg(test)]
mod tests {
    use protocol::json::Limits;

    use super::*;

    fn said(result: &str) -> Result<String, (u16, String, String)> {
        let result = Object::parse(Bytes::from(result.to_owned()), Limits::REPLY).unwrap();
        let text = |rope: Rope| String::from_utf8(rope.into_bytes().to_vec()).unwrap();
        called(&result).map(text).map_err(|p| (p.status, p.code.clone(), text(p.text())))
    }

    #[test]
    fn a_result_is_the_structured_content_or_else_the_blocks_and_nothing_is_lost() {
        let plain = said(r#"{"content":[1],"_meta":{"a":1},"resultType":"complete"}"#);
        assert_eq!(plain.unwrap(), r#"{"result":[1],"_meta":{"a":1}}"#);
        let both = said(r#"{"structuredContent":{"n":12345678901234567890},"content":[1]}"#);
        assert_eq!(both.unwrap(), r#"{"result":{"n":12345678901234567890},"content":[1]}"#);
        assert_eq!(said("{}").unwrap(), r#"{"result":[]}"#);
    }

    #[test]
    fn a_tool_that_failed_or_that_asks_is_no_success() {
        let (status, code, text) =
            said(r#"{"isError":true,"content":["no"],"_meta":{}}"#).unwrap_err();
        assert_eq!((status, &*code), (422, "tool_error"));
        assert!(text.ends_with(r#""result":["no"],"_meta":{}}"#), "{text}");
        let (status, code, _) = said(r#"{"resultType":"input_required"}"#).unwrap_err();
        assert_eq!((status, &*code), (422, "input_required"));
    }
}
