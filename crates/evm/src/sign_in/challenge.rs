use serde_json::{Map, Value};

use crate::Refused;

/// The longest field.
const MAX_FIELD: usize = 2048;
/// The most resources, and the most chains.
const MAX_LIST: usize = 16;

/// The fields of a sign-in, as a seller states them (x402 extension `sign-in-with-x`; EIP-4361). Read, not yet judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Host, and port where it is not the scheme's own.
    pub domain: String,
    /// What is signed in to.
    pub uri: String,
    /// `1`
    pub version: String,
    /// What makes the text one of its kind.
    pub nonce: String,
    /// RFC 3339.
    pub issued_at: String,
    /// RFC 3339.
    pub expiration_time: Option<String>,
    /// RFC 3339.
    pub not_before: Option<String>,
    /// The seller's own number.
    pub request_id: Option<String>,
    /// What a person would read.
    pub statement: Option<String>,
    /// What else it is about.
    pub resources: Vec<String>,
    /// The chains (EIP-155) whose accounts may sign by EIP-191, in the seller's order.
    pub chains: Vec<u64>,
}

impl Challenge {
    /// Reads the extension: `info` and `supportedChains`. A missing or mistyped field is [`Refused::SignIn`]; unknown
    /// ones are ignored, for they come into no text.
    pub fn read(extension: &Value) -> Result<Self, Refused> {
        let info =
            extension.get("info").and_then(Value::as_object).ok_or(Refused::SignIn("no info"))?;
        Ok(Self {
            domain: required(info, "domain")?,
            uri: required(info, "uri")?,
            version: required(info, "version")?,
            nonce: required(info, "nonce")?,
            issued_at: required(info, "issuedAt")?,
            expiration_time: optional(info, "expirationTime")?,
            not_before: optional(info, "notBefore")?,
            request_id: optional(info, "requestId")?,
            statement: optional(info, "statement")?,
            resources: resources(info)?,
            chains: chains(extension)?,
        })
    }
}

fn required(info: &Map<String, Value>, name: &str) -> Result<String, Refused> {
    optional(info, name)?.ok_or(Refused::SignIn("a field is missing"))
}

fn optional(info: &Map<String, Value>, name: &str) -> Result<Option<String>, Refused> {
    info.get(name).map(text).transpose()
}

fn text(value: &Value) -> Result<String, Refused> {
    match value {
        Value::String(text) if text.len() <= MAX_FIELD => Ok(text.clone()),
        Value::String(_) => Err(Refused::SignIn("a field is too long")),
        _ => Err(Refused::SignIn("a field is no text")),
    }
}

fn resources(info: &Map<String, Value>) -> Result<Vec<String>, Refused> {
    match info.get("resources") {
        None => Ok(Vec::new()),
        Some(list) => short_list(list)?.iter().map(text).collect(),
    }
}

/// Chains of other kinds (Solana) are nobody's here.
fn chains(extension: &Value) -> Result<Vec<u64>, Refused> {
    let list = extension.get("supportedChains").ok_or(Refused::SignIn("no chain"))?;
    Ok(short_list(list)?.iter().filter_map(eip155).collect())
}

fn eip155(chain: &Value) -> Option<u64> {
    let of_type = |wanted| chain.get("type").and_then(Value::as_str) == Some(wanted);
    let id = chain.get("chainId")?.as_str()?.strip_prefix("eip155:")?;
    let plain = id.bytes().all(|digit| digit.is_ascii_digit()) && !id.starts_with('0');
    if of_type("eip191") && plain { id.parse().ok() } else { None }
}

fn short_list(value: &Value) -> Result<&[Value], Refused> {
    match value {
        Value::Array(list) if list.len() <= MAX_LIST => Ok(list),
        _ => Err(Refused::SignIn("a list is none, or too long")),
    }
}
