use std::collections::HashSet;

use apollo_compiler::Schema;
use apollo_compiler::ast::{FieldDefinition, InputValueDefinition, OperationType};
use apollo_compiler::validation::{DiagnosticList, Valid};
use convert::{Skipped, Tool};
use model::Effect;

use crate::endpoint::Endpoint;
use crate::print::{Piece, summary};
use crate::select::{Caps, select};
use crate::shape::Shape;
use crate::types::{Variables, is_deprecated};
use crate::{Converted, Options, names, schema};

/// The caps that no option raises.
const CAPS: Caps = Caps { depth: 16, fields: 2_000 };
/// Most root fields that become tools.
const MOST: usize = 5_000;
/// Longest description, in characters.
const DESCRIPTION: usize = 2_000;

type Refusal = (&'static str, String);

/// Every root field of a schema into an operation.
pub(crate) fn all(schema: &Valid<Schema>, endpoint: &Endpoint, options: &Options) -> Converted {
    let caps = Caps {
        depth: options.max_depth.min(CAPS.depth),
        fields: options.max_fields.min(CAPS.fields),
    };
    let maker = Maker { schema, shape: Shape::new(schema), endpoint, caps };
    let mut converted = Converted::default();
    let mut taken = HashSet::new();
    for (kind, root) in schema.schema_definition.iter_root_operations() {
        let Some(root) = schema.get_object(root) else { continue };
        for field in root.fields.values() {
            let place = format!("{} {}", kind.name(), field.name);
            let made = if converted.tools.len() >= MOST {
                Err(("too_many", format!("the schema has more than {MOST} root fields")))
            } else {
                maker.tool(kind, field, &mut taken)
            };
            match made {
                Ok(tool) => converted.tools.push(tool),
                Err((code, reason)) => converted.skipped.push(Skipped { place, code, reason }),
            }
        }
    }
    converted.tools.sort_by(|a, b| a.name.cmp(&b.name));
    converted
}

struct Maker<'a> {
    schema: &'a Valid<Schema>,
    shape: Shape<'a>,
    endpoint: &'a Endpoint,
    caps: Caps,
}

impl Maker<'_> {
    fn tool(
        &self,
        kind: OperationType,
        field: &FieldDefinition,
        taken: &mut HashSet<String>,
    ) -> Result<Tool, Refusal> {
        if kind == OperationType::Subscription {
            let reason =
                "a subscription has no one answer; agents can call queries and mutations only";
            return Err(("subscription", reason.to_owned()));
        }
        let operation = names::capital(&field.name);
        let arguments = wanted(field);
        let document = self.document(kind, &operation, field, &arguments)?;
        self.check(&document)?;
        let name = names::settle(taken, &field.name, kind.name()).ok_or_else(|| {
            ("duplicate_name", "another operation has this name already".to_owned())
        })?;
        let mut variables = Variables::new(self.schema);
        let mut members = Vec::new();
        for argument in &arguments {
            let default = argument.default_value.as_deref();
            variables.add(&argument.name, &argument.ty, default, argument.description.as_deref());
            members.push(argument.name.to_string());
        }
        Ok(Tool {
            name,
            title: None,
            description: description(kind, field),
            input_schema: variables.finish(),
            output_schema: None,
            effect: effect(kind, &field.name),
            idempotent: kind == OperationType::Query,
            deprecated: field.directives.has("deprecated"),
            tags: vec![kind.name().to_owned()],
            operation_id: Some(operation.clone()),
            recipe: self.endpoint.recipe(document, operation, &members),
        })
    }

    fn document(
        &self,
        kind: OperationType,
        operation: &str,
        field: &FieldDefinition,
        arguments: &[&InputValueDefinition],
    ) -> Result<String, Refusal> {
        let mut root = Piece::leaf(field.name.as_str());
        let mut head = format!("{} {operation}", kind.name());
        if !arguments.is_empty() {
            head = format!("{head}({})", joined(arguments, variable));
            root.head =
                format!("{}({})", root.head, joined(arguments, |a| format!("{0}: ${0}", a.name)));
        }
        if !self.shape.is_leaf(&field.ty) {
            let returned = self.shape.inner(&field.ty);
            root.inside =
                returned.map(|kind| select(&self.shape, kind, self.caps)).unwrap_or_default();
            if root.inside.is_empty() {
                let reason = "it returns an object, of which nothing can be selected: allow a depth and a number of fields of 2 at least";
                return Err(("caps_too_small", reason.to_owned()));
            }
        }
        let mut out = String::new();
        Piece { head, inside: vec![root] }.write(0, &mut out);
        Ok(out)
    }

    /// What is not valid would be refused at the first call; so it is refused here.
    fn check(&self, document: &str) -> Result<(), Refusal> {
        let refused = |errors: &DiagnosticList| {
            ("not_valid", format!("no valid operation could be made: {}", schema::first(errors)))
        };
        let parsed = schema::operation_parser()
            .parse_executable(self.schema, document, "operation")
            .map_err(|found| refused(&found.errors))?;
        parsed.validate(self.schema).map(|_| ()).map_err(|found| refused(&found.errors))
    }
}

/// The arguments that become variables: all but those that are deprecated and can be left out.
fn wanted(field: &FieldDefinition) -> Vec<&InputValueDefinition> {
    let all = field.arguments.iter().map(|argument| &**argument);
    all.filter(|argument| argument.is_required() || !is_deprecated(argument)).collect()
}

fn joined(
    arguments: &[&InputValueDefinition],
    write: impl Fn(&InputValueDefinition) -> String,
) -> String {
    arguments.iter().map(|argument| write(argument)).collect::<Vec<_>>().join(", ")
}

/// A variable of the argument's own type. A default is repeated, for a variable that is not null needs a value.
fn variable(argument: &InputValueDefinition) -> String {
    let default =
        argument.default_value.as_ref().map(|value| format!(" = {value}")).unwrap_or_default();
    format!("${}: {}{default}", argument.name, argument.ty)
}

/// The effect that is proposed for an operation with this root field.
pub(crate) fn effect(kind: OperationType, field: &str) -> Effect {
    if kind == OperationType::Query { Effect::Read } else { names::mutation(field) }
}

fn description(kind: OperationType, field: &FieldDefinition) -> String {
    let own = field.description.as_deref().unwrap_or_default();
    if own.trim().is_empty() {
        return format!("The {} `{}`, which returns {}.", kind.name(), field.name, field.ty);
    }
    summary(own, DESCRIPTION)
}
