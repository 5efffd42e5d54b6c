//! OpenAPI 2.0, 3.0 and 3.1 into tools.

mod body;
mod constants;
mod document;
mod keywords;
mod operation;
mod parameter;
mod refs;
mod schema;
mod security;
mod select;
mod servers;

use serde_json::Value;

use crate::{Skipped, Tool};
pub use document::Unreadable;
pub use select::Select;

/// What an operator says about a description.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Where the description came from: relative servers are found from there.
    pub document_url: Option<String>,
    /// The server to use instead of those the description names.
    pub server: Option<String>,
    /// Values for the variables of a templated server.
    pub server_variables: Vec<(String, String)>,
    /// Values of header and cookie parameters, by their names on the wire: agents neither see nor set these.
    pub fixed: Vec<(String, String)>,
    /// Which operations are wanted.
    pub select: Select,
}

/// A description, converted.
#[derive(Debug, Clone)]
pub struct Converted {
    /// Its title.
    pub title: String,
    /// The version of the API.
    pub version: String,
    /// The server most of its tools use.
    pub server: Option<String>,
    /// Operations that became tools, sorted by name.
    pub tools: Vec<Tool>,
    /// Operations that did not, each with its reason.
    pub skipped: Vec<Skipped>,
    /// Operations in the description, those not selected left out.
    pub operations: usize,
}

/// Converts a description in JSON or YAML. One operation that cannot be converted never stops the others.
///
/// # Errors
/// The text is no description that is known.
pub fn openapi(text: &[u8], options: &Options) -> Result<Converted, Unreadable> {
    openapi_value(&read(text)?, options)
}

/// Reads a text in JSON or YAML, as a description is read.
///
/// # Errors
/// It is neither, or too large.
pub fn read(text: &[u8]) -> Result<Value, Unreadable> {
    document::read(text)
}

/// Converts a description that has been read already.
///
/// # Errors
/// It is no description that is known.
pub fn openapi_value(document: &Value, options: &Options) -> Result<Converted, Unreadable> {
    let version = document::version(document)?;
    let reader = operation::Reader::new(document, version, options);
    let mut converted = Converted {
        title: text_at(document, "/info/title"),
        version: text_at(document, "/info/version"),
        server: servers::usual(&reader),
        tools: Vec::new(),
        skipped: Vec::new(),
        operations: 0,
    };
    let mut drafts = Vec::new();
    for found in operation::all(&reader) {
        if !options.select.wants(&found) {
            continue;
        }
        converted.operations += 1;
        match operation::convert(&reader, &found) {
            Ok(tools) => drafts.extend(tools.into_iter().map(|draft| (draft, ()))),
            Err((code, reason)) => {
                converted.skipped.push(Skipped { place: found.place(), code, reason });
            }
        }
    }
    converted.tools = crate::settle(drafts).into_iter().map(|(tool, ())| tool).collect();
    Ok(converted)
}

fn text_at(document: &Value, pointer: &str) -> String {
    document.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod sent_tests;
#[cfg(test)]
mod tests;
