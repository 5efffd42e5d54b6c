//! Strict JSON (RFC 8259) over raw bytes: found, checked and cut out, never rebuilt.
//!
//! A text is checked whole, once, by [`Object::parse`] or [`check`]: UTF-8, grammar, depth, count of values and lone
//! surrogates. After that, members are slices of the same buffer. What no guard reads is passed on byte for byte.

mod assembly;
mod canonical;
mod edit;
mod members;
mod object;
mod scan;
mod skim;
mod strings;
mod text;
mod value;
mod words;

pub(crate) use assembly::Assembly;
pub use canonical::{Canonical, canonical};
pub use edit::Edit;
pub(crate) use members::Note;
pub use object::{Object, Raw, elements};
pub use scan::{JsonError, Kind, Limits, check};
pub use strings::{Met, Strings};
pub(crate) use text::quote_bytes_into;
pub use text::{quote, quote_into, unquote};
pub use value::value;
