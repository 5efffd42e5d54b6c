//! Descriptions of HTTP APIs into tools, and the arguments of a call into the exact request. Pure.
//!
//! A [`Tool`] is what an agent sees and a [`Recipe`] is how a call of it becomes a request. Names on the wire stand in
//! the recipe, apart from the names of arguments. [`request`] is the only way from the one to the other, whatever the
//! description was written in: OpenAPI, GraphQL or recorded traffic.

mod effect;
mod media;
mod names;
mod openapi;
mod overlay;
mod recipe;
mod request;
mod spread;
mod tool;

pub use effect::method_effect;
pub use media::{essence, is_json, is_media_type};
pub use names::{Draft, settle};
pub use openapi::{Converted, Options, Select, Unreadable, openapi, openapi_value, read};
pub use overlay::{BadOverlay, Overlay};
pub use recipe::{
    Body, BodyKind, FieldStyle, Location, Parameter, Recipe, Requirement, Scheme, SchemeKind,
    Slashes, Style,
};
pub use request::{BadArgument, Payload, Request, Server, request};
pub use spread::Arguments;
pub use tool::{Skipped, Tool};
