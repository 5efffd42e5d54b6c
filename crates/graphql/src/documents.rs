use std::collections::{HashMap, HashSet};

use apollo_compiler::executable::{
    ExecutableDocument, Operation, OperationType, Selection, SelectionSet,
};
use apollo_compiler::validation::{DiagnosticList, Valid};
use apollo_compiler::{Name, Node, Schema};
use convert::{Skipped, Tool};
use model::Effect;

use crate::endpoint::Endpoint;
use crate::print::summary;
use crate::types::Variables;
use crate::{Converted, Unreadable, generate, names, schema};

/// Most documents.
const MOST: usize = 2_000;
/// Most bytes of one document.
const LARGEST: usize = 256 << 10;
/// Longest description, in characters.
const DESCRIPTION: usize = 2_000;

type Refusal = (&'static str, String);

/// Every operation of an operator's documents into a tool.
pub(crate) fn all(
    schema: &Valid<Schema>,
    documents: &[(String, String)],
    endpoint: &Endpoint,
) -> Result<Converted, Unreadable> {
    if documents.len() > MOST {
        let message = format!("there are {} documents; at most {MOST} are read", documents.len());
        return Err(Unreadable::new("graphql_documents", message));
    }
    let mut reader =
        Reader { schema, endpoint, taken: HashMap::new(), converted: Converted::default() };
    for (name, text) in documents {
        if let Err((code, reason)) = reader.document(name, text) {
            reader.converted.skipped.push(Skipped { place: name.clone(), code, reason });
        }
    }
    let mut converted = reader.converted;
    converted.tools.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(converted)
}

struct Reader<'a> {
    schema: &'a Valid<Schema>,
    endpoint: &'a Endpoint,
    /// The document that each name stands for.
    taken: HashMap<String, String>,
    converted: Converted,
}

impl Reader<'_> {
    fn document(&mut self, name: &str, text: &str) -> Result<(), Refusal> {
        if text.len() > LARGEST {
            return Err((
                "too_large",
                format!("the document is larger than {} KiB", LARGEST >> 10),
            ));
        }
        let refused = |errors: &DiagnosticList| {
            ("not_valid", format!("the document is not valid: {}", schema::first(errors)))
        };
        let parsed = schema::operation_parser()
            .parse_executable(self.schema, text, name)
            .map_err(|found| refused(&found.errors))?;
        let valid = parsed.validate(self.schema).map_err(|found| refused(&found.errors))?;
        if valid.operations.is_empty() {
            return Err(("no_operation", "the document has no operation".to_owned()));
        }
        for operation in valid.operations.iter() {
            let called = operation.name.as_ref().map_or_else(|| stem(name), ToString::to_string);
            if let Err((code, reason)) = self.operation(&called, operation, &valid, text) {
                let place = format!("{name} {called}");
                self.converted.skipped.push(Skipped { place, code, reason });
            }
        }
        Ok(())
    }

    fn operation(
        &mut self,
        called: &str,
        operation: &Node<Operation>,
        document: &ExecutableDocument,
        text: &str,
    ) -> Result<(), Refusal> {
        if operation.is_subscription() {
            let reason =
                "a subscription has no one answer; agents can call queries and mutations only";
            return Err(("subscription", reason.to_owned()));
        }
        let name = names::tool(called);
        let mut alone = alone(operation, document);
        // A request says which operation is meant, so there has to be a name.
        let sent = operation.name.as_ref().map_or_else(|| wire_name(called), ToString::to_string);
        alone.operations = one(operation, &sent)?;
        let written = alone.to_string();
        match self.taken.get(&name) {
            // The same file may be reached by two paths.
            Some(other) if *other == written => return Ok(()),
            Some(_) => {
                return Err((
                    "duplicate_name",
                    format!("another operation is called `{name}` already"),
                ));
            }
            None => self.taken.insert(name.clone(), written.clone()),
        };
        let tool = self.tool(name, operation, document, text, written, sent);
        self.converted.tools.push(tool);
        Ok(())
    }

    fn tool(
        &self,
        name: String,
        operation: &Node<Operation>,
        document: &ExecutableDocument,
        text: &str,
        written: String,
        sent: String,
    ) -> Tool {
        let mut variables = Variables::new(self.schema);
        let mut members = Vec::new();
        for variable in &operation.variables {
            variables.add(&variable.name, &variable.ty, variable.default_value.as_deref(), None);
            members.push(variable.name.to_string());
        }
        let kind = operation.operation_type;
        let roots: Vec<_> = operation.root_fields(document).collect();
        let own = comment(text, operation.location().map(|span| span.offset()));
        let told = own.or_else(|| {
            roots.iter().find_map(|f| Some(f.definition.description.as_deref()?.to_owned()))
        });
        let fallback = || format!("The {} `{sent}`.", kind.name());
        Tool {
            name,
            title: None,
            description: summary(&told.unwrap_or_else(fallback), DESCRIPTION),
            input_schema: variables.finish(),
            output_schema: None,
            effect: effect(kind, roots.iter().map(|field| field.name.as_str())),
            idempotent: kind == OperationType::Query,
            deprecated: roots.iter().any(|field| field.definition.directives.has("deprecated")),
            tags: vec![kind.name().to_owned()],
            operation_id: Some(sent.clone()),
            recipe: self.endpoint.recipe(written, sent, &members),
        }
    }
}

/// The gravest effect that any root field proposes: an alias or the operation's own name changes nothing about it.
fn effect<'a>(kind: OperationType, roots: impl Iterator<Item = &'a str>) -> Effect {
    let mut effects = roots.map(|name| generate::effect(kind, name));
    if kind == OperationType::Query {
        Effect::Read
    } else if effects.any(|effect| effect == Effect::Destructive) {
        Effect::Destructive
    } else {
        Effect::Write
    }
}

/// A document with the fragments that an operation reaches, and no others: a service refuses what is not used.
fn alone(operation: &Operation, document: &ExecutableDocument) -> ExecutableDocument {
    let mut reached: HashSet<&Name> = HashSet::new();
    let mut sets = vec![&operation.selection_set];
    while let Some(set) = sets.pop() {
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => sets.push(&field.selection_set),
                Selection::InlineFragment(inline) => sets.push(&inline.selection_set),
                Selection::FragmentSpread(spread) => {
                    if reached.insert(&spread.fragment_name) {
                        sets.extend(fragment(document, &spread.fragment_name));
                    }
                }
            }
        }
    }
    let mut alone = ExecutableDocument::new();
    let kept = document.fragments.iter().filter(|(name, _)| reached.contains(name));
    alone.fragments = kept.map(|(name, found)| (name.clone(), found.clone())).collect();
    alone
}

fn fragment<'a>(document: &'a ExecutableDocument, name: &Name) -> Option<&'a SelectionSet> {
    document.fragments.get(name).map(|found| &found.selection_set)
}

fn one(
    operation: &Node<Operation>,
    sent: &str,
) -> Result<apollo_compiler::executable::OperationMap, Refusal> {
    let name = Name::new(sent)
        .map_err(|_| ("bad_name", format!("`{sent}` is no name of an operation")))?;
    let mut named = Operation::clone(operation);
    named.name = Some(name);
    let mut map = apollo_compiler::executable::OperationMap::default();
    map.insert(named);
    Ok(map)
}

/// The comment right above an operation: what its author says about it.
fn comment(text: &str, offset: Option<usize>) -> Option<String> {
    let above = text.get(..offset?)?;
    let mut lines: Vec<&str> = Vec::new();
    // What stands before the operation on its own line is no comment; the lines above it may be.
    let whole = above.rfind('\n').map_or("", |end| above.get(..end).unwrap_or_default());
    for line in whole.lines().rev() {
        let Some(said) = line.trim().strip_prefix('#') else { break };
        lines.push(said.trim());
    }
    lines.reverse();
    let said = lines.join(" ").trim().to_owned();
    (!said.is_empty()).then_some(said)
}

/// A document's name without its folder and ending.
fn stem(name: &str) -> String {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    file.split('.').next().unwrap_or(file).to_owned()
}

/// A name GraphQL allows, of one that tools may have.
fn wire_name(called: &str) -> String {
    let clean: String =
        called.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if clean.starts_with(|c: char| c.is_ascii_digit()) || clean.is_empty() {
        format!("_{clean}")
    } else {
        clean
    }
}
