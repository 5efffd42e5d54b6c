use std::collections::HashMap;

use apollo_compiler::ast::{Definition, Document, FieldDefinition, InputValueDefinition};
use apollo_compiler::parser::Parser;
use apollo_compiler::validation::{DiagnosticList, Valid};
use apollo_compiler::{Name, Node, Schema};

use crate::{Unreadable, introspection};

/// The largest schema that is read, in bytes.
const BYTES: usize = 16 * 1024 * 1024;

/// The most tokens of a text that is parsed.
const TOKENS: usize = 4_000_000;

/// The most tokens of a document with operations.
const OPERATION_TOKENS: usize = 100_000;

/// The deepest nesting that is parsed.
const NESTING: usize = 64;

/// A schema, as it was handed over.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// The schema definition language.
    Sdl(&'a str),
    /// The answer to an introspection query, as JSON: with or without `data` around it.
    Introspection(&'a [u8]),
}

/// Reads and validates a schema. A text is parsed under bounds of size, tokens and nesting.
///
/// # Errors
/// What is too large, no schema, or not a valid one.
pub fn read(source: Source<'_>) -> Result<Valid<Schema>, Unreadable> {
    let size = match source {
        Source::Sdl(text) => text.len(),
        Source::Introspection(bytes) => bytes.len(),
    };
    if size > BYTES {
        let message = format!("the schema has {size} bytes: at most {BYTES} are read");
        return Err(Unreadable::new("graphql_schema_too_large", message));
    }
    let text = match source {
        Source::Sdl(text) => text.to_owned(),
        Source::Introspection(bytes) => {
            let text = std::str::from_utf8(bytes).map_err(|_| {
                Unreadable::new(
                    "graphql_introspection",
                    "the answer is not UTF-8: give the JSON as UTF-8",
                )
            })?;
            introspection::sdl(text)?
        }
    };
    let mut builder = Schema::builder();
    // A built-in directive of GraphQL's current draft, which the parser does not know by itself.
    if text.contains("@oneOf") && !text.contains("directive @oneOf") {
        let known = "directive @oneOf on INPUT_OBJECT";
        Parser::new().parse_into_schema_builder(known, "built-in", &mut builder);
    }
    let mut parser = Parser::new().token_limit(TOKENS).recursion_limit(NESTING);
    let mut parsed = parser.parse_ast(text, "schema").map_err(|e| invalid(&e.errors))?;
    without_repetitions(&mut parsed);
    let built = builder.add_ast(&parsed).build().map_err(|e| invalid(&e.errors))?;
    built.validate().map_err(|e| invalid(&e.errors))
}

/// Drops a field that is defined again as it was, whatever its description: published schemas of large services do so.
/// Fields of one name that differ stay, and make the schema invalid.
fn without_repetitions(document: &mut Document) {
    for definition in &mut document.definitions {
        match definition {
            Definition::ObjectTypeDefinition(found) => once(&mut found.make_mut().fields),
            Definition::InterfaceTypeDefinition(found) => once(&mut found.make_mut().fields),
            _ => {}
        }
    }
}

fn once(fields: &mut Vec<Node<FieldDefinition>>) {
    let mut seen: HashMap<Name, Node<FieldDefinition>> = HashMap::new();
    fields.retain(|field| {
        if let Some(before) = seen.get(&field.name) {
            return !is_same(before, field);
        }
        seen.insert(field.name.clone(), field.clone());
        true
    });
}

fn is_same(one: &FieldDefinition, other: &FieldDefinition) -> bool {
    let same = |(a, b): (&Node<InputValueDefinition>, &Node<InputValueDefinition>)| {
        a.name == b.name && a.ty == b.ty && a.default_value == b.default_value
    };
    one.ty == other.ty
        && one.directives == other.directives
        && one.arguments.len() == other.arguments.len()
        && one.arguments.iter().zip(&other.arguments).all(same)
}

/// Reads a schema in whichever form it is: only JSON begins with a brace.
pub(crate) fn read_bytes(bytes: &[u8]) -> Result<Valid<Schema>, Unreadable> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.trim_ascii_start().starts_with(b"{") {
        return read(Source::Introspection(bytes));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Unreadable::new("graphql_schema_invalid", "the schema is no UTF-8 text"))?;
    read(Source::Sdl(text))
}

/// A parser for an operation, as bounded as the one for a schema.
pub(crate) fn operation_parser() -> Parser {
    Parser::new().token_limit(OPERATION_TOKENS).recursion_limit(NESTING)
}

fn invalid(errors: &DiagnosticList) -> Unreadable {
    Unreadable::new("graphql_schema_invalid", format!("the schema is not valid: {}", first(errors)))
}

/// The first diagnostics in a line, bounded.
pub(crate) fn first(errors: &DiagnosticList) -> String {
    let shown: Vec<String> = errors
        .iter()
        .take(3)
        .map(|one| {
            let text: String = one.error.to_string().chars().take(300).collect();
            match one.line_column_range() {
                Some(range) => format!("{text} (line {})", range.start.line),
                None => text,
            }
        })
        .collect();
    shown.join("; ")
}

#[cfg(test)]
mod tests;
