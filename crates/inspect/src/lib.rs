//! What a tool says of itself and what it is given: text findings, schemas, digests. No I/O.
//!
//! Nothing here rewrites what it reads. Text findings are heuristics: a warning, never the only barrier.

mod arguments;
mod bidi;
mod context;
mod control;
mod credential;
mod definition;
mod effect;
mod elicitation;
mod encoded;
mod finding;
mod fold;
mod hidden;
mod item;
mod lookalike;
mod marks;
mod param_header;
mod phrase;
mod redact;
mod result;
mod schema;
mod strip;
mod text;
mod unicode;
mod walk;

pub use arguments::check_argument_names;
pub use bidi::{reordered, reorders};
pub use context::{Context, Neighbours, Place};
pub use definition::scan_definition;
pub use effect::propose_effect;
pub use elicitation::scan_elicitation;
pub use finding::{Finding, Severity, worst};
pub use item::{scan_instructions, scan_prompt, scan_resource};
pub use redact::{Redacted, is_removable, redact};
pub use result::{scan_echoing, scan_prompt_result, scan_result};
pub use schema::{ArgProblem, Limits, Schema, SchemaProblem};
pub use strip::without_stripped;
pub use text::{for_display, scan_result_text, scan_text};
