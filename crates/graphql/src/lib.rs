//! A GraphQL schema into operations that can be run, and what a response says went wrong. Pure.
//!
//! [`from_schema`] makes one operation of every root field, with a selection set of its own: a field that returns an
//! object cannot run without one. [`from_documents`] takes operations an operator has written. Either way an operation
//! becomes a tool only if it is valid against the schema. [`recorded`] reads an operation that a client was seen to send,
//! where there is no schema.

mod documents;
mod endpoint;
mod error;
mod generate;
mod introspection;
mod names;
mod outcome;
mod print;
mod recorded;
mod schema;
mod select;
mod shape;
mod types;

use convert::{Skipped, Tool};

pub use error::Unreadable;
pub use outcome::errors;
pub use recorded::{Recorded, Refusal, Variable, recorded};
pub use schema::{Source, read};

/// The question that a server is asked for its schema; [`Source::Introspection`] reads the answer.
pub const INTROSPECTION: &str = include_str!("introspection.graphql");

/// What an operator says about a GraphQL service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The absolute `http` or `https` URL that operations are posted to.
    pub endpoint: String,
    /// How many fields of a generated operation may stand inside one another, the root field counted; at most 16.
    pub max_depth: usize,
    /// How many fields a generated operation may have; at most 2,000.
    pub max_fields: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { endpoint: String::new(), max_depth: 4, max_fields: 120 }
    }
}

/// A schema or documents, converted.
#[derive(Debug, Clone, Default)]
pub struct Converted {
    /// Operations that became tools, sorted by name.
    pub tools: Vec<Tool>,
    /// Operations that did not, each with its reason.
    pub skipped: Vec<Skipped>,
}

/// Every root field of a schema (SDL, or the JSON an introspection query answers) into an operation.
///
/// # Errors
/// The schema cannot be read, or the endpoint is no HTTP URL.
pub fn from_schema(schema: &[u8], options: &Options) -> Result<Converted, Unreadable> {
    let endpoint = endpoint::Endpoint::read(&options.endpoint)?;
    let schema = schema::read_bytes(schema)?;
    Ok(generate::all(&schema, &endpoint, options))
}

/// Operations of an operator's own documents, given as pairs of a name and a text, into tools.
///
/// # Errors
/// The schema cannot be read, there are too many documents, or the endpoint is no HTTP URL.
pub fn from_documents(
    schema: &[u8],
    documents: &[(String, String)],
    options: &Options,
) -> Result<Converted, Unreadable> {
    let endpoint = endpoint::Endpoint::read(&options.endpoint)?;
    let schema = schema::read_bytes(schema)?;
    documents::all(&schema, documents, &endpoint)
}

#[cfg(test)]
mod tests;
