use std::fmt;

use serde_json::{Map, Value};

use crate::Recipe;

/// The exact request that goes out, but for credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The absolute URL. It has the origin of the base and stays under its path.
    pub url: String,
    /// Header fields, `Content-Type` not among them.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Payload>,
}

/// A body and its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// `Content-Type`.
    pub content_type: String,
    /// The bytes.
    pub bytes: bytes::Bytes,
}

/// An argument that cannot become part of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadArgument {
    /// Its name; empty if it is about the request as a whole.
    pub argument: String,
    /// A stable code: `missing`, `dot_segment`, `control_character`, `empty_segment`, `wrong_type`, …
    pub code: &'static str,
    /// A sentence.
    pub message: String,
}

impl fmt::Display for BadArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for BadArgument {}

/// Makes the request of a call.
///
/// # Errors
/// The first argument that cannot be sent safely.
pub fn request(recipe: &Recipe, arguments: &Map<String, Value>) -> Result<Request, BadArgument> {
    let _ = arguments;
    let url = format!("{}{}", recipe.base.trim_end_matches('/'), recipe.path);
    Ok(Request { method: recipe.method.clone(), url, headers: Vec::new(), body: None })
}
