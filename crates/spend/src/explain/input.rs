use bytes::Bytes;
use protocol::json::{Limits as Bounds, Object};
use rails::{Demand, answer, mcp};
use serde_json::{Map, Value};

use super::{Base, state};
use crate::{Request, Target};

/// An object that can be judged.
pub(super) struct Told {
    url: String,
    method: String,
    tool: String,
    context: state::Context,
    mcp: bool,
    pub(super) demand: Demand,
    pub(super) base: Base,
}

const MEMBERS: [&str; 8] = ["id", "url", "method", "tool", "status", "headers", "body", "state"];

impl Told {
    pub(super) fn read(input: &Value, base: &Base) -> Result<Self, String> {
        let members = input.as_object().ok_or("The input is not a JSON object.")?;
        if let Some(other) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
            return Err(format!("There is no member `{}` of the input.", other.escape_debug()));
        }
        let url = text(members, "url")?.ok_or("The input has no `url`.")?;
        let tool = text(members, "tool")?.unwrap_or_else(|| named_by(&url));
        let mut base = base.clone();
        let mut context = state::Context::default();
        match members.get("state") {
            None | Some(Value::Null) => {}
            Some(Value::Object(words)) => {
                state::apply(words, (&url, &tool), &mut base, &mut context)?;
            }
            Some(_) => return Err("The `state` of the input is not an object.".to_owned()),
        }
        let body = body(members)?;
        let message = message(&body);
        let demand = match &message {
            Some(message) => of_message(message, &context),
            None => of_answer(members, &body)?,
        };
        let method = text(members, "method")?;
        let method =
            method.unwrap_or_else(|| if message.is_some() { "POST" } else { "GET" }.to_owned());
        Ok(Self { url, method, tool, context, mcp: message.is_some(), demand, base })
    }

    pub(super) fn request(&self) -> Request<'_> {
        Request {
            method: &self.method,
            url: &self.url,
            tool: &self.tool,
            agent: &self.context.agent,
            tenant: &self.context.tenant,
            mcp: self.mcp,
            redirected: self.context.redirected,
            digest: self.context.digest.as_deref(),
        }
    }
}

/// A URL without a tool is named by the last part of its path.
fn named_by(url: &str) -> String {
    let target = Target::parse(url);
    let path = target.as_ref().map_or("", Target::path);
    path.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default().to_owned()
}

fn text(members: &Map<String, Value>, name: &str) -> Result<Option<String>, String> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(format!("The `{name}` of the input is not a string.")),
    }
}

fn body(members: &Map<String, Value>) -> Result<Bytes, String> {
    Ok(match members.get("body") {
        None | Some(Value::Null) => Bytes::new(),
        Some(Value::String(text)) => Bytes::copy_from_slice(text.as_bytes()),
        Some(json @ (Value::Object(_) | Value::Array(_))) => Bytes::from(json.to_string()),
        Some(_) => return Err("The `body` of the input is neither a text nor JSON.".to_owned()),
    })
}

fn message(body: &Bytes) -> Option<Object> {
    let object = Object::parse(body.clone(), Bounds::REPLY).ok()?;
    object.raw("jsonrpc").is_some().then_some(object)
}

fn of_message(message: &Object, context: &state::Context) -> Demand {
    let asked = mcp::Asked {
        method: &context.mcp_method,
        modern: context.modern,
        negotiated: context.negotiated,
    };
    match (message.get("result"), message.get("error")) {
        (Some(result), _) => mcp::result(&result, &asked),
        (None, Some(error)) => mcp::error(&error),
        (None, None) => Demand::None,
    }
}

fn of_answer(members: &Map<String, Value>, body: &Bytes) -> Result<Demand, String> {
    let status = match members.get("status") {
        None | Some(Value::Null) => 402,
        Some(status) => status
            .as_u64()
            .and_then(|n| u16::try_from(n).ok())
            .ok_or("The `status` of the input is no status of HTTP.")?,
    };
    let headers = headers(members.get("headers"))?;
    let fields: Vec<_> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    Ok(answer(status, &fields, body))
}

/// An object of texts or of lists of texts, or a list of pairs.
fn headers(value: Option<&Value>) -> Result<Vec<(String, String)>, String> {
    const WRONG: &str =
        "The `headers` of the input are neither an object of texts nor a list of pairs.";
    let text = |value: &Value| value.as_str().map(str::to_owned).ok_or(WRONG.to_owned());
    let mut all = Vec::new();
    match value {
        None | Some(Value::Null) => {}
        Some(Value::Object(members)) => {
            for (name, value) in members {
                match value {
                    Value::Array(lines) => {
                        for line in lines {
                            all.push((name.clone(), text(line)?));
                        }
                    }
                    one => all.push((name.clone(), text(one)?)),
                }
            }
        }
        Some(Value::Array(pairs)) => {
            for pair in pairs {
                match pair.as_array().map(Vec::as_slice) {
                    Some([name, value]) => all.push((text(name)?, text(value)?)),
                    _ => return Err(WRONG.to_owned()),
                }
            }
        }
        Some(_) => return Err(WRONG.to_owned()),
    }
    Ok(all)
}
