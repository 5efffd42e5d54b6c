use model::Effect;
use serde_json::Value;

use crate::Recipe;

/// One operation of an API, as agents see it, with how it is carried out.
#[derive(Debug, Clone)]
pub struct Tool {
    /// Unique within its source, `[a-zA-Z0-9_-]{1,64}`, the same however the description is ordered.
    pub name: String,
    /// A line for people.
    pub title: Option<String>,
    /// What it does: untrusted text of the description.
    pub description: String,
    /// JSON Schema 2020-12 of the arguments: an object.
    pub input_schema: Value,
    /// JSON Schema 2020-12 of the structured result: an object. A body that is no object stands under `body`.
    pub output_schema: Option<Value>,
    /// The effect proposed from the method and the `x-` hints; an operator accepts it or sets another.
    pub effect: Effect,
    /// Whether repeating the call changes nothing more (RFC 9110, section 9.2.2).
    pub idempotent: bool,
    /// Whether the description calls it deprecated.
    pub deprecated: bool,
    /// The description's own groups.
    pub tags: Vec<String>,
    /// What the description calls it.
    pub operation_id: Option<String>,
    /// How a call becomes a request.
    pub recipe: Recipe,
}

/// An operation that did not become a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Where it stands: `GET /pets/{id}`, a root field, an entry.
    pub place: String,
    /// A stable code: `unsupported_media_type`, `unresolved_ref`, …
    pub code: &'static str,
    /// A sentence.
    pub reason: String,
}
