//! Multi round-trip requests (2026-07-28 basic/patterns/mrtr, section 2.7).

use bytes::Bytes;
use thiserror::Error;

use crate::json::{Edit, Limits, Object};
use crate::mcp::Method;
use crate::mcp::writer::Writer;

/// What a modern server wants before it goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InputRequired {
    /// Key, method and raw params of each request.
    pub inputs: Vec<(String, Method, Bytes)>,
    /// The server's state, to be repeated byte for byte.
    pub state: Option<String>,
}

/// What a modern client sends along when it repeats a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InputResponses {
    /// Key and raw result of each answer.
    pub answers: Vec<(String, Bytes)>,
    /// `requestState`.
    pub state: Option<String>,
}

/// Members of a round trip that are not what they must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct BadInput(pub &'static str);

/// Whether a method may be answered with `input_required`.
pub const fn may_ask(method: &Method) -> bool {
    matches!(method, Method::ToolsCall | Method::PromptsGet | Method::ResourcesRead)
}

/// Reads an `input_required` result: at least one of its two members, and only requests that exist.
pub fn parse_input_required(result: &Object) -> Result<InputRequired, BadInput> {
    let mut required = InputRequired { inputs: Vec::new(), state: state(result)? };
    for (key, raw) in entries(result, "inputRequests")? {
        let entry = Object::parse(raw, Limits::REPLY).map_err(|_| BAD_REQUEST)?;
        let method = Method::of(&entry.str("method").ok_or(BAD_REQUEST)?);
        if !matches!(method, Method::Elicit | Method::CreateMessage | Method::RootsList) {
            return Err(BadInput("`inputRequests` holds a method that cannot be asked"));
        }
        let params = entry.object("params").map_err(|_| BAD_REQUEST)?;
        let params = params.map_or_else(|| Bytes::from_static(b"{}"), |o| o.text().clone());
        required.inputs.push((key, method, params));
    }
    if required.inputs.is_empty() && required.state.is_none() {
        return Err(BadInput("neither `inputRequests` nor `requestState`"));
    }
    Ok(required)
}

const BAD_REQUEST: BadInput = BadInput("an entry of `inputRequests` is no request");

/// Writes an `input_required` result.
pub fn write_input_required(required: &InputRequired) -> Bytes {
    let mut out = Writer::new();
    out.raw("resultType", b"\"input_required\"");
    if !required.inputs.is_empty() {
        let mut requests = Writer::new();
        for (key, method, params) in &required.inputs {
            let mut one = Writer::new();
            one.str("method", method.as_str());
            if params[..] != *b"{}" || *method != Method::RootsList {
                one.raw("params", params);
            }
            requests.raw(key, &one.finish());
        }
        out.raw("inputRequests", &requests.finish());
    }
    if let Some(state) = &required.state {
        out.str("requestState", state);
    }
    out.finish()
}

/// Reads `inputResponses` and `requestState` of a repeated request. Both absent: it is no repetition.
pub fn parse_input_responses(params: &Object) -> Result<InputResponses, BadInput> {
    let answers = entries(params, "inputResponses")?;
    let whole = |raw: &Bytes| Object::parse(raw.clone(), Limits::REQUEST).is_ok();
    if !answers.iter().all(|(_, raw)| whole(raw)) {
        return Err(BadInput("an entry of `inputResponses` is no result"));
    }
    Ok(InputResponses { answers, state: state(params)? })
}

/// The params of a request, to be repeated with these answers and this state (absent if it was absent).
pub fn with_inputs(params: &Object, responses: &InputResponses) -> Bytes {
    let mut edit = Edit::new();
    if !responses.answers.is_empty() {
        let mut out = Writer::new();
        responses.answers.iter().for_each(|(key, raw)| _ = out.raw(key, raw));
        edit = edit.set("inputResponses", out.finish().to_vec());
    } else if params.raw("inputResponses").is_some() {
        edit = edit.remove("inputResponses");
    }
    edit = match &responses.state {
        Some(state) => edit.set_str("requestState", state),
        None if params.raw("requestState").is_some() => edit.remove("requestState"),
        None => edit,
    };
    edit.apply(params)
}

fn state(of: &Object) -> Result<Option<String>, BadInput> {
    if of.raw("requestState").is_none() {
        return Ok(None);
    }
    let text = of.str("requestState").ok_or(BadInput("`requestState` must be a string"))?;
    Ok(Some(text.into_owned()))
}

fn entries(of: &Object, name: &str) -> Result<Vec<(String, Bytes)>, BadInput> {
    let bad = BadInput("inputs must be an object without duplicate members");
    let Some(all) = of.object(name).map_err(|_| bad)? else { return Ok(Vec::new()) };
    let slice = |raw: &[u8]| all.text().slice_ref(raw);
    Ok(all.iter().map(|(key, raw)| (key.into_owned(), slice(raw))).collect())
}
