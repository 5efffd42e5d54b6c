//! Headers that mirror the body of a modern request (2026-07-28 basic/transports/streamable-http, SEP-2243).
//!
//! Headers are hints for balancers; the body decides. Whoever reads both must refuse a request where they differ.

mod params;
mod sentinel;
mod standard;

use thiserror::Error;

pub use params::{DropReason, ParamHeader, ParamHeaders, ParamKind};
pub use sentinel::{BadValue, decode, encode};
pub use standard::{check_standard, check_version, standard};

/// `MCP-Protocol-Version`
pub const VERSION: &str = "MCP-Protocol-Version";
/// `Mcp-Method`
pub const METHOD: &str = "Mcp-Method";
/// `Mcp-Name`
pub const NAME: &str = "Mcp-Name";
/// What headers that mirror arguments begin with.
pub const PARAM_PREFIX: &str = "Mcp-Param-";

/// A header and the body disagree: -32020, HTTP 400.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("header `{header}` {what}")]
pub struct Mismatch {
    /// Which header.
    pub header: String,
    /// What is wrong with it.
    pub what: Wrong,
}

/// What is wrong with a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Wrong {
    /// Required, and not there.
    #[error("is missing")]
    Missing,
    /// There twice: the next hop might read the other one.
    #[error("stands twice")]
    Twice,
    /// Not visible ASCII, or a sentinel around something that is no base64 of UTF-8.
    #[error("is malformed")]
    Malformed,
    /// Says something else than the body.
    #[error("differs from the body")]
    Differs,
    /// There, although the body has nothing that it could mirror.
    #[error("mirrors nothing in the body")]
    Unfounded,
}

impl Mismatch {
    fn new(header: &str, what: Wrong) -> Self {
        Self { header: header.to_owned(), what }
    }

    /// The JSON-RPC error code.
    pub const fn code(&self) -> i32 {
        super::codes::HEADER_MISMATCH
    }
}

/// The one value of a header, without optional white space around it; refused if it stands twice. Names are compared
/// without regard to case.
fn single<'a, H>(headers: H, name: &str) -> Result<Option<&'a [u8]>, Mismatch>
where
    H: IntoIterator<Item = (&'a str, &'a [u8])>,
{
    let mut values =
        headers.into_iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let first = values.next();
    if values.next().is_some() {
        return Err(Mismatch::new(name, Wrong::Twice));
    }
    Ok(first.map(trim))
}

fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

#[cfg(test)]
mod tests;
