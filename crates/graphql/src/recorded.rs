//! Operations as a client was seen to send them, without a schema.

use std::collections::{HashMap, HashSet};

use apollo_compiler::ast::{
    Definition, Directive, Document, FragmentDefinition, OperationDefinition, OperationType,
    Selection, Type, Value as Literal,
};
use apollo_compiler::{Name, Node};
use model::Effect;
use serde_json::{Value, json};

use crate::{generate, names, schema};

/// Most bytes of one document.
const LARGEST: usize = 256 << 10;
/// Most digits of a number that stands in a document: the size of a page, not the number of a thing.
const DIGITS: usize = 3;

/// An operation that a client was seen to send.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Its name; one without a name is called after its first root field.
    pub name: String,
    /// The effect that its kind and its root fields propose.
    pub effect: Effect,
    /// What is sent: this operation and the fragments it uses.
    pub document: String,
    /// Its variables, in their order.
    pub variables: Vec<Variable>,
}

/// A variable of a recorded operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its JSON Schema, as far as the type says it; nothing for a type of the service's own.
    pub schema: Option<Value>,
    /// Whether it must be there.
    pub required: bool,
}

/// Why a recorded operation cannot be one of an agent's: a stable code and a sentence.
pub type Refusal = (&'static str, &'static str);

/// Reads the operation that a request meant.
///
/// # Errors
/// `graphql_unreadable`, `graphql_subscription`, or `graphql_literal`: it holds values of the recording itself.
pub fn recorded(text: &str, operation: Option<&str>) -> Result<Recorded, Refusal> {
    if text.len() > LARGEST {
        return Err(("graphql_unreadable", "its document is larger than 256 KiB"));
    }
    let document = schema::operation_parser()
        .parse_ast(text, "recorded")
        .map_err(|_| ("graphql_unreadable", "its document is no GraphQL"))?;
    let meant = meant(&document, operation)
        .ok_or(("graphql_unreadable", "which operation is meant is not said"))?;
    if meant.operation_type == OperationType::Subscription {
        return Err(("graphql_subscription", "a subscription has no one answer"));
    }
    let fragments = used(&document, meant);
    let root = root_field(&meant.selection_set, &fragments)
        .ok_or(("graphql_unreadable", "its operation selects nothing"))?;
    if holds_values(meant, &fragments) {
        let why = "its document holds values rather than variables, and values are not taken over";
        return Err(("graphql_literal", why));
    }
    let name = meant.name.as_ref().map_or_else(|| names::capital(&root), ToString::to_string);
    Ok(Recorded {
        effect: generate::effect(meant.operation_type, &root),
        document: written(meant, &fragments, &name)?,
        variables: meant
            .variables
            .iter()
            .map(|v| variable(&v.name, &v.ty, v.default_value.is_some()))
            .collect(),
        name,
    })
}

fn meant<'d>(document: &'d Document, name: Option<&str>) -> Option<&'d Node<OperationDefinition>> {
    let mut all = document.definitions.iter().filter_map(|definition| match definition {
        Definition::OperationDefinition(found) => Some(found),
        _ => None,
    });
    if let Some(name) = name.filter(|n| !n.is_empty()) {
        return all.find(|o| o.name.as_ref().is_some_and(|own| own == name));
    }
    let first = all.next()?;
    all.next().is_none().then_some(first)
}

/// The fragments that an operation uses, in the order of the document.
fn used<'d>(
    document: &'d Document,
    operation: &OperationDefinition,
) -> Vec<&'d Node<FragmentDefinition>> {
    let by_name: HashMap<&Name, &Node<FragmentDefinition>> = document
        .definitions
        .iter()
        .filter_map(|definition| match definition {
            Definition::FragmentDefinition(found) => Some((&found.name, found)),
            _ => None,
        })
        .collect();
    let mut wanted: HashSet<Name> = HashSet::new();
    let mut waiting = vec![&operation.selection_set];
    while let Some(selections) = waiting.pop() {
        for selection in selections {
            match selection {
                Selection::Field(field) => waiting.push(&field.selection_set),
                Selection::InlineFragment(inline) => waiting.push(&inline.selection_set),
                Selection::FragmentSpread(spread) => {
                    if let Some(found) = by_name.get(&spread.fragment_name)
                        && wanted.insert(spread.fragment_name.clone())
                    {
                        waiting.push(&found.selection_set);
                    }
                }
            }
        }
    }
    let mut all: Vec<_> =
        by_name.into_values().filter(|found| wanted.contains(&found.name)).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// The first field that the operation asks the service for.
fn root_field(selections: &[Selection], fragments: &[&Node<FragmentDefinition>]) -> Option<String> {
    let (mut waiting, mut seen) = (vec![selections], HashSet::new());
    while let Some(selections) = waiting.pop() {
        for selection in selections {
            match selection {
                Selection::Field(field) => return Some(field.name.to_string()),
                Selection::InlineFragment(inline) => waiting.push(&inline.selection_set),
                Selection::FragmentSpread(spread) => {
                    let found = fragments.iter().find(|f| f.name == spread.fragment_name);
                    if let Some(found) = found.filter(|f| seen.insert(f.name.clone())) {
                        waiting.push(&found.selection_set);
                    }
                }
            }
        }
    }
    None
}

fn written(
    operation: &Node<OperationDefinition>,
    fragments: &[&Node<FragmentDefinition>],
    name: &str,
) -> Result<String, Refusal> {
    let mut own = operation.clone();
    own.make_mut().name =
        Some(Name::new(name).map_err(|_| ("graphql_unreadable", "its name cannot be one"))?);
    let mut alone = Document::new();
    alone.definitions.push(Definition::OperationDefinition(own));
    let fragments = fragments.iter().map(|f| Definition::FragmentDefinition((*f).clone()));
    alone.definitions.extend(fragments);
    Ok(alone.to_string())
}

/// Whether a value of the recording stands in the document: a text, or a number that means a thing.
fn holds_values(operation: &OperationDefinition, fragments: &[&Node<FragmentDefinition>]) -> bool {
    let defaults = operation
        .variables
        .iter()
        .any(|v| v.default_value.as_deref().is_some_and(is_value) || in_directives(&v.directives));
    let mut waiting = vec![&operation.selection_set];
    waiting.extend(fragments.iter().map(|f| &f.selection_set));
    let mut found = defaults
        || in_directives(&operation.directives)
        || fragments.iter().any(|f| in_directives(&f.directives));
    while let Some(selections) = waiting.pop() {
        for selection in selections {
            found |= match selection {
                Selection::Field(field) => {
                    waiting.push(&field.selection_set);
                    in_directives(&field.directives)
                        || field.arguments.iter().any(|a| is_value(&a.value))
                }
                Selection::InlineFragment(inline) => {
                    waiting.push(&inline.selection_set);
                    in_directives(&inline.directives)
                }
                Selection::FragmentSpread(spread) => in_directives(&spread.directives),
            };
        }
    }
    found
}

fn in_directives(directives: &[Node<Directive>]) -> bool {
    directives.iter().flat_map(|d| &d.arguments).any(|a| is_value(&a.value))
}

fn is_value(literal: &Literal) -> bool {
    match literal {
        Literal::Null | Literal::Boolean(_) | Literal::Enum(_) | Literal::Variable(_) => false,
        Literal::String(text) => !text.is_empty(),
        Literal::Int(number) => number.as_str().trim_start_matches('-').len() > DIGITS,
        Literal::Float(_) => true,
        Literal::List(items) => items.iter().any(|item| is_value(item)),
        Literal::Object(members) => members.iter().any(|(_, value)| is_value(value)),
    }
}

fn variable(name: &Name, kind: &Type, has_default: bool) -> Variable {
    Variable {
        name: name.to_string(),
        schema: of(kind),
        required: kind.is_non_null() && !has_default,
    }
}

/// The schema of a type that every service has; lists of them, too.
fn of(kind: &Type) -> Option<Value> {
    let null = |kind: &str| json!({ "type": [kind, "null"] });
    Some(match kind {
        Type::NonNullNamed(name) => json!({ "type": scalar(name)? }),
        Type::Named(name) => null(scalar(name)?),
        Type::NonNullList(items) => json!({ "type": "array", "items": of(items)? }),
        Type::List(items) => json!({ "type": ["array", "null"], "items": of(items)? }),
    })
}

fn scalar(name: &str) -> Option<&'static str> {
    Some(match name {
        "Int" => "integer",
        "Float" => "number",
        "String" | "ID" => "string",
        "Boolean" => "boolean",
        _ => return None,
    })
}

#[cfg(test)]
#[path = "recorded_tests.rs"]
mod tests;
