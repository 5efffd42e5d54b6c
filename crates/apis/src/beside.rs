//! What is said beside the data of an answer.

use http::header::{PROXY_AUTHENTICATE, SET_COOKIE, TRANSFER_ENCODING, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName};
use protocol::json::{Limits, Object, quote_into};
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::shape::LeftOut;
use crate::view::VIEW;

/// Status and header fields of the answer, for workflows and programs: how they begin.
const BEGIN: &str = r#"{"portcullis/http":{"status":"#;
/// What was left out, and how to get it.
const SHAPED: &str = "portcullis/shaped";
/// Arguments of the call that gets the next page.
const NEXT: &str = "portcullis/next";
/// Where the answer does not fit the schema that describes it.
const SCHEMA: &str = "portcullis/schema";
/// Bytes of header fields that are told.
const HEADERS: usize = 2048;

/// What is said beside the data.
#[derive(Default)]
pub(crate) struct Beside {
    pub(crate) left_out: Vec<LeftOut>,
    pub(crate) next: Option<Map<String, Value>>,
    pub(crate) schema: Vec<String>,
}

/// For the model, which does not see `_meta`: what is missing, and how to get it.
pub(crate) fn note(beside: &Beside) -> Option<String> {
    let mut lines = Vec::new();
    for left in &beside.left_out {
        let place = if left.at.is_empty() { String::new() } else { format!(" at {}", left.at) };
        let more = left.next.map_or_else(String::new, |next| {
            format!("; the rest: the same call with \"{VIEW}\": {{\"offset\": {next}}}")
        });
        lines.push(format!("Left out{place}: {}{more}.", left.what));
    }
    if !beside.left_out.is_empty() {
        lines.push(format!("All of it: the same call with \"{VIEW}\": {{\"full\": true}}."));
    }
    if let Some(next) = &beside.next {
        let next = Value::Object(next.clone());
        lines.push(format!("There is a next page: the same call with {next}."));
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// What is said beside the result, for workflows and programs. Nothing, should it be nested too deeply.
pub(crate) fn meta(answer: &Answer, beside: &Beside) -> Option<Object> {
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(BEGIN.as_bytes());
    out.extend_from_slice(answer.status.as_str().as_bytes());
    let mut separator: &[u8] = b",\"headers\":{";
    let told = told(&answer.headers);
    for (name, text) in &told {
        out.extend_from_slice(separator);
        quote_into(&mut out, name);
        out.push(b':');
        quote_into(&mut out, text);
        separator = b",";
    }
    out.extend_from_slice(if told.is_empty() { b"}" } else { b"}}" });
    if !beside.left_out.is_empty() {
        let each = beside
            .left_out
            .iter()
            .map(|left| json!({"at": left.at, "what": left.what, "next": left.next}));
        member(&mut out, SHAPED, &each.collect());
    }
    if let Some(next) = &beside.next {
        member(&mut out, NEXT, &Value::Object(next.clone()));
    }
    if !beside.schema.is_empty() {
        member(&mut out, SCHEMA, &json!(beside.schema));
    }
    out.push(b'}');
    Object::parse(out.into(), Limits::WITHIN_REPLY).ok()
}

/// One more member behind others.
fn member(out: &mut Vec<u8>, name: &str, value: &Value) {
    out.extend_from_slice(format!(",\"{name}\":{value}").as_bytes());
}

/// Header fields that say something about the answer, and hold no credential; of those with one name the last.
fn told(headers: &HeaderMap) -> Vec<(&str, &str)> {
    const PLAIN: [&str; 6] =
        ["content-type", "etag", "last-modified", "link", "location", "retry-after"];
    const HIDDEN: [HeaderName; 4] =
        [SET_COOKIE, WWW_AUTHENTICATE, PROXY_AUTHENTICATE, TRANSFER_ENCODING];
    let mut told = Vec::<(&str, &str)>::new();
    let mut room = HEADERS;
    for (field, value) in headers {
        let name = field.as_str();
        let wanted = PLAIN.contains(&name) || name.starts_with("x-");
        if !wanted || HIDDEN.contains(field) {
            continue;
        }
        let Ok(text) = value.to_str() else { continue };
        let size = name.len() + text.len();
        if size > room {
            continue;
        }
        room -= size;
        match told.iter_mut().find(|(earlier, _)| *earlier == name) {
            Some(earlier) => earlier.1 = text,
            None => told.push((name, text)),
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, StatusCode};
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    /// The plain way, by a tree.
    fn plainly(answer: &Answer, beside: &Beside) -> Value {
        let mut headers = Map::new();
        let mut room = HEADERS;
        for (name, value) in &answer.headers {
            let plain =
                ["content-type", "etag", "last-modified", "link", "location", "retry-after"];
            let wanted = plain.contains(&name.as_str()) || name.as_str().starts_with("x-");
            let Ok(text) = value.to_str() else { continue };
            let size = name.as_str().len() + text.len();
            if !wanted || size > room {
                continue;
            }
            room -= size;
            headers.insert(name.to_string(), json!(text));
        }
        let mut http = json!({"status": answer.status.as_u16()});
        if !headers.is_empty() {
            http["headers"] = Value::Object(headers);
        }
        let mut meta = json!({ "portcullis/http": http });
        if !beside.left_out.is_empty() {
            let left = beside.left_out.iter();
            meta[SHAPED] =
                left.map(|l| json!({"at": l.at, "what": l.what, "next": l.next})).collect();
        }
        if let Some(next) = &beside.next {
            meta[NEXT] = Value::Object(next.clone());
        }
        if !beside.schema.is_empty() {
            meta[SCHEMA] = json!(beside.schema);
        }
        meta
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_a_tree_would_be(
            fields in prop::collection::vec((prop::sample::select(&[
                "content-type", "etag", "link", "location", "set-cookie", "x-a", "x-b", "x-c", "date", "www-authenticate",
            ][..]), "[ -~\t\u{e9}]{0,40}|x{600,900}"), 0..12),
            status in 100_u16..600, words in prop::collection::vec("\\PC{0,6}", 0..3), next in any::<Option<u8>>(),
        ) {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
                headers.append(HeaderName::from_static(name), value);
            }
            let status = StatusCode::from_u16(status).unwrap();
            let url = Url::parse("https://api.example/x").unwrap();
            let answer = Answer { status, headers, body: bytes::Bytes::new(), url };
            let beside = Beside {
                left_out: words.iter().map(|word| LeftOut { at: word.clone(), what: word.clone(), next: None }).collect(),
                next: next.map(|n| json!({"page": n, "of": words}).as_object().unwrap().clone()),
                schema: words,
            };
            prop_assert_eq!(meta(&answer, &beside).unwrap().value().unwrap().to_string(), plainly(&answer, &beside).to_string());
        }
    }
}
