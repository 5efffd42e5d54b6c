use std::sync::Arc;

use model::{Code, Effect, Refusal};
use protocol::json::{Object, quote};
use protocol::mcp::headers::PARAM_PREFIX;
use protocol::mcp::{Era, Method};
use serde_json::{Map, Value};

use super::{Found, Passage};
use crate::catalogue::Entry;
use crate::gate::{Gate, Incoming};
use crate::{Client, RecordArguments, digest};

/// Reads the arguments of a call, every depth of them, and notes their digest. A member that stands twice anywhere
/// is refused: gate and source might read different ones.
pub(super) fn read(
    gate: &Gate,
    incoming: &Incoming,
    passage: &mut Passage,
) -> Result<Option<Object>, Refusal> {
    let member = match incoming.method {
        Method::ToolsCall | Method::PromptsGet => "arguments",
        Method::Complete => "argument",
        _ => return Ok(None),
    };
    let invalid = |e| Refusal::new(Code::InvalidParams, format!("{member}: {e}"));
    let Some(arguments) = incoming.params.object(member).map_err(invalid)? else {
        return Ok(None);
    };
    let form = arguments.canonical().map_err(invalid)?;
    let masked =
        (gate.settings().arguments == RecordArguments::Masked).then(|| gate.mask(&arguments));
    passage.arguments(digest::sha256(form.as_bytes()), masked);
    Ok(Some(arguments))
}

/// What a call goes on with, once its arguments are checked.
pub(super) struct Checked {
    /// Mirrors of the arguments, for the upstream.
    pub(super) headers: Vec<(String, String)>,
    /// The arguments, where the source reads them.
    pub(super) arguments: Map<String, Value>,
}

/// Stage: what mirrors the arguments must agree with them, and they must fit the tool's schema.
pub(super) fn check(
    gate: &Gate,
    client: &Arc<Client>,
    incoming: &Incoming,
    found: &Found,
    arguments: Option<&Object>,
) -> Result<Checked, Refusal> {
    let (Method::ToolsCall, Some(entry)) = (&incoming.method, &found.entry) else {
        let headers = incoming.param_headers.clone().unwrap_or_default();
        return Ok(Checked { headers, arguments: Map::new() });
    };
    let empty = Object::empty();
    let arguments = arguments.unwrap_or(&empty);
    let received = incoming.param_headers.as_deref();
    if let (Some(received), Era::Modern) = (received, client.version.era()) {
        entry
            .param_headers
            .check(received.iter().map(|(n, v)| (n.as_str(), v.as_bytes())), arguments)
            .map_err(|e| Refusal::new(Code::HeaderMismatch, e.to_string()))?;
    }
    let value = against_schema(entry, arguments, gate.checks_arguments(entry.source_name()))?;
    if entry.effect == Effect::Spend {
        reads_as_written(entry, &value)?;
    }
    let mut headers = entry.param_headers.build(arguments);
    let known = |header: &str| {
        let name = header.get(PARAM_PREFIX.len()..).unwrap_or_default();
        entry.param_headers.as_slice().iter().any(|p| p.name.eq_ignore_ascii_case(name))
    };
    headers.extend(received.unwrap_or_default().iter().filter(|(n, _)| !known(n)).cloned());
    let arguments = match value {
        Value::Object(members) if found.source.reads() => members,
        _ => Map::new(),
    };
    Ok(Checked { headers, arguments })
}

/// What moves money is read by persons, before and after: a text that a screen shows in another order than it is in is
/// refused.
fn reads_as_written(entry: &Entry, arguments: &Value) -> Result<(), Refusal> {
    match inspect::reordered(arguments) {
        None => Ok(()),
        Some(path) => {
            let why = "holds characters that reorder what a person reads (U+202A to U+202E, U+2066 to U+2069)";
            Err(unfit(entry, &[(path, why.to_owned())]))
        }
    }
}

/// JSON Schema 2020-12, and names that mean something to JavaScript behind us. No value is echoed: it may be secret.
/// Returns what was checked.
pub(crate) fn against_schema(
    entry: &Entry,
    arguments: &Object,
    wanted: bool,
) -> Result<Value, Refusal> {
    let problem = |problems: &[(String, String)]| unfit(entry, problems);
    let value = arguments.value().map_err(|e| problem(&[(String::new(), e.to_string())]))?;
    // A schema that does not compile quarantined the tool before it could get here; without one nothing is checked in.
    let Some(schema) = &entry.schema else {
        return Err(Refusal::new(
            Code::Quarantined,
            format!("the schema of {} cannot be used", entry.exposed),
        ));
    };
    inspect::check_argument_names(&value, &schema.document)
        .map_err(|e| problem(&[(e.path.clone(), e.message.clone())]))?;
    if wanted {
        schema.compiled.validate(&value).map_err(|problems| {
            let pairs: Vec<_> =
                problems.iter().map(|p| (p.path.clone(), p.message.clone())).collect();
            problem(&pairs)
        })?;
    }
    Ok(value)
}

/// The refusal of arguments, each problem with its JSON pointer.
fn unfit(entry: &Entry, problems: &[(String, String)]) -> Refusal {
    let listed: Vec<_> = problems
        .iter()
        .map(|(path, why)| format!("{{\"path\":{},\"problem\":{}}}", quote(path), quote(why)))
        .collect();
    let first = problems.first().map_or_else(String::new, |(path, why)| {
        format!(": {} {why}", if path.is_empty() { "the object" } else { path })
    });
    let said = format!("arguments of {} do not fit its schema{first}", entry.exposed);
    Refusal::new(Code::InvalidParams, said).data(format!("{{\"problems\":[{}]}}", listed.join(",")))
}
