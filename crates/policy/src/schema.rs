use std::sync::LazyLock;

use cedar_policy::{Schema, Validator};
use model::Action;

/// The schema policies are checked against.
const TEXT: &str = include_str!("schema.cedarschema");

/// Built once; `None` would mean that the text above is no schema, which a test excludes.
static VALIDATOR: LazyLock<Option<Validator>> = LazyLock::new(|| {
    Schema::from_cedarschema_str(TEXT).ok().map(|(schema, _)| Validator::new(schema))
});

/// The validator over our schema.
pub(crate) fn validator() -> Option<&'static Validator> {
    VALIDATOR.as_ref()
}

/// The entity type of what an action is done to.
pub(crate) const fn type_of(action: Action) -> &'static str {
    match action {
        Action::Call => "Tool",
        Action::Read => "Resource",
        Action::Prompt => "Prompt",
    }
}

/// Every action, in the order of the per-action tables.
pub(crate) const ACTIONS: [Action; 3] = [Action::Call, Action::Read, Action::Prompt];

/// The place of an action in a per-action table.
pub(crate) const fn place(action: Action) -> usize {
    match action {
        Action::Call => 0,
        Action::Read => 1,
        Action::Prompt => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_one() {
        let (_, warnings) = Schema::from_cedarschema_str(TEXT).unwrap();
        assert_eq!(warnings.map(|w| w.to_string()).collect::<Vec<_>>(), Vec::<String>::new());
    }
}
