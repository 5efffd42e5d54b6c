use apollo_compiler::Name;
use apollo_compiler::ast::{FieldDefinition, Type};
use apollo_compiler::collections::{HashMap, IndexMap};
use apollo_compiler::schema::{Component, ExtendedType, Implementers};
use apollo_compiler::{Schema, ast::InputValueDefinition};

/// Fields that tell most of a thing, best first.
const TELLING: [&str; 10] =
    ["id", "name", "title", "login", "key", "number", "state", "status", "url", "totalCount"];

/// What the selection of fields asks of a schema.
pub(crate) struct Shape<'a> {
    schema: &'a Schema,
    implementers: HashMap<Name, Implementers>,
}

/// Fields by their names, as objects and interfaces have them.
pub(crate) type Fields = IndexMap<Name, Component<FieldDefinition>>;

impl<'a> Shape<'a> {
    pub(crate) fn new(schema: &'a Schema) -> Self {
        Self { schema, implementers: schema.implementers_map() }
    }

    /// The type below lists and non-nulls.
    pub(crate) fn inner(&self, kind: &Type) -> Option<&'a ExtendedType> {
        self.schema.types.get(kind.inner_named_type())
    }

    /// Whether a field of this type is complete without a selection set.
    pub(crate) fn is_leaf(&self, kind: &Type) -> bool {
        self.inner(kind).is_some_and(ExtendedType::is_leaf)
    }

    /// The object types an interface or union may be, by name, each as often as the schema says: once.
    pub(crate) fn members(&self, kind: &'a ExtendedType) -> Vec<&'a ExtendedType> {
        let mut names: Vec<&Name> = match kind {
            ExtendedType::Union(found) => found.members.iter().map(|member| &member.name).collect(),
            ExtendedType::Interface(found) => self
                .implementers
                .get(&found.name)
                .map(|all| all.objects.iter().collect())
                .unwrap_or_default(),
            _ => Vec::new(),
        };
        names.sort();
        names.into_iter().filter_map(|name| self.schema.types.get(name)).collect()
    }
}

/// The fields of an object or interface.
pub(crate) fn fields(kind: &ExtendedType) -> Option<&Fields> {
    match kind {
        ExtendedType::Object(found) => Some(&found.fields),
        ExtendedType::Interface(found) => Some(&found.fields),
        _ => None,
    }
}

/// Whether a type only carries others: a connection, an edge of one.
pub(crate) fn is_wrapper(kind: &ExtendedType) -> bool {
    let Some(fields) = fields(kind) else { return false };
    let has = |name: &str| fields.contains_key(name);
    has("nodes") || has("edges") || (has("node") && has("cursor"))
}

/// Whether a field can be selected as it is: it is not deprecated and wants no argument that is not known.
pub(crate) fn is_open(field: &FieldDefinition) -> bool {
    let wanted =
        |argument: &InputValueDefinition| argument.is_required() && !is_page_size(argument);
    !field.directives.has("deprecated") && !field.arguments.iter().any(|argument| wanted(argument))
}

/// Whether a field takes the size of a page, and has none of its own. Services refuse a list without one.
pub(crate) fn wants_page_size(field: &FieldDefinition) -> bool {
    field.arguments.iter().any(|argument| is_page_size(argument))
}

fn is_page_size(argument: &InputValueDefinition) -> bool {
    argument.name == "first"
        && !argument.ty.is_list()
        && argument.ty.inner_named_type() == "Int"
        && argument.default_value.is_none()
}

/// The place of a scalar among its fellows: what tells most comes first.
pub(crate) fn leaf_rank(name: &str) -> usize {
    TELLING.iter().position(|telling| *telling == name).unwrap_or(TELLING.len())
}

/// The place of an object among its fellows: what says how the call went, then what is carried, then the rest.
pub(crate) fn branch_rank(field: &FieldDefinition, kind: &ExtendedType) -> usize {
    let name = field.name.as_str();
    if name == "pageInfo" || name.to_ascii_lowercase().contains("error") {
        return 0;
    }
    if matches!(name, "nodes" | "edges" | "node") {
        return 1;
    }
    if field.ty.is_list() || is_wrapper(kind) { 3 } else { 2 }
}
