use model::Action;

use crate::entities::uid;
use crate::schema::type_of;

/// The one line of Cedar that would permit this principal this thing: what a refusal tells the operator.
///
/// `exposed` is the exposed name, or the URI of a resource. Any text is safe: it is escaped.
pub fn allow_line(principal: &str, action: Action, exposed: &str) -> String {
    let quoted =
        |kind: &str, id: &str| uid(kind, id).map_or_else(String::new, |uid| uid.to_string());
    format!(
        "permit (principal == {}, action == {}, resource == {});",
        quoted("Principal", principal),
        quoted("Action", action.as_str()),
        quoted(type_of(action), exposed)
    )
}
