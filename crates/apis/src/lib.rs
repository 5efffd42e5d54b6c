//! HTTP APIs as a source: requests from recipes, credentials, shaping, caching.
//!
//! [`Api`] is one API as a [`gate::port::Source`]. A call goes from its arguments to the exact request (`convert`), gets
//! its credentials at the moment of sending (`auth`, applied by `egress`), and what comes back becomes a tool result
//! (`answer`), smaller where the operator asked for that (`shape`), from memory where HTTP allows it (`cache`).

mod answer;
mod api;
mod auth;
mod beside;
mod cache;
mod config;
mod definition;
mod explain;
mod link;
mod paging;
mod paid;
mod prepare;
mod run;
mod shape;
#[cfg(test)]
mod tests;
mod trouble;
mod unpaid;
mod view;

pub use api::{Api, Ports};
pub use auth::{Auth, ClientAuth, Grant, OAuth2, SetupError, SigV4};
pub use config::{Bounds, Config};
pub use explain::Explained;
pub use paging::{Paging, Step};
pub use shape::{Aggregate, Path, Shape, Template as ShapeTemplate};
