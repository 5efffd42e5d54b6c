//! Each test names the section of the project's MCP reference that it holds the code to.

mod errors;
mod inputs;
mod never_panics;
mod params;
mod results;
mod tools;

use bytes::Bytes;

use crate::Rope;
use crate::json::{Limits, Object};

fn object(text: &str) -> Object {
    Object::parse(Bytes::copy_from_slice(text.as_bytes()), Limits::REPLY).unwrap()
}

fn text(bytes: impl Into<Rope>) -> String {
    String::from_utf8(bytes.into().into_bytes().to_vec()).unwrap()
}
