//! Descriptions of HTTP APIs into tools, and the arguments of a call into the exact request. Pure.
//!
//! A [`Tool`] is what an agent sees and a [`Recipe`] is how a call of it becomes a request. Names on the wire stand in
//! the recipe, apart from the names of arguments. [`request`] is the only way from the one to the other, whatever the
//! description was written in: OpenAPI, GraphQL or recorded traffic.

mod openapi;
mod recipe;
mod request;
mod tool;

pub use openapi::{Converted, Options, Select, Unreadable, openapi, openapi_value};
pub use recipe::{
    Body, BodyKind, FieldStyle, Location, Parameter, Recipe, Requirement, Scheme, SchemeKind, Style,
};
pub use request::{BadArgument, Payload, Request, request};
pub use tool::{Skipped, Tool};
