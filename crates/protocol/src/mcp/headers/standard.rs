use std::borrow::Cow;

use super::{METHOD, Mismatch, NAME, VERSION, Wrong, decode, encode, single};
use crate::json::Object;
use crate::mcp::Method;

/// The member of the params that `Mcp-Name` mirrors for a method, if it has one (SEP-2243, SEP-2663).
pub(crate) const fn named_by(method: &Method) -> Option<&'static str> {
    match method {
        Method::ToolsCall | Method::PromptsGet => Some("name"),
        Method::ResourcesRead => Some("uri"),
        Method::TasksGet | Method::TasksUpdate | Method::TasksCancel => Some("taskId"),
        _ => None,
    }
}

/// Checks that `MCP-Protocol-Version` says what `_meta` says. To be done before the version is looked up.
pub fn check_version<'a, H>(headers: H, version: &str) -> Result<(), Mismatch>
where
    H: IntoIterator<Item = (&'a str, &'a [u8])>,
{
    require(single(headers, VERSION)?, VERSION, version)
}

/// Checks `MCP-Protocol-Version`, `Mcp-Method` and `Mcp-Name` of a modern request against its body.
pub fn check_standard<'a, H>(
    headers: H,
    version: &str,
    method: &Method,
    params: &Object,
) -> Result<(), Mismatch>
where
    H: IntoIterator<Item = (&'a str, &'a [u8])> + Clone,
{
    check_version(headers.clone(), version)?;
    require(single(headers.clone(), METHOD)?, METHOD, method.as_str())?;
    let said = single(headers, NAME)?;
    let Some(member) = named_by(method) else { return Ok(()) };
    match (params.str(member), said) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(Mismatch::new(NAME, Wrong::Unfounded)),
        (Some(_), None) => Err(Mismatch::new(NAME, Wrong::Missing)),
        (Some(name), Some(said)) => match decode(said) {
            Err(_) => Err(Mismatch::new(NAME, Wrong::Malformed)),
            Ok(said) if said == name => Ok(()),
            Ok(_) => Err(Mismatch::new(NAME, Wrong::Differs)),
        },
    }
}

/// The three headers for a request of our own, in the same words as its body.
pub fn standard<'a>(
    version: &'a str,
    method: &'a Method,
    params: &Object,
) -> Vec<(&'static str, Cow<'a, str>)> {
    let mut headers = vec![(VERSION, Cow::Borrowed(version)), (METHOD, encode(method.as_str()))];
    if let Some(name) = named_by(method).and_then(|member| params.str(member)) {
        headers.push((NAME, Cow::Owned(encode(&name).into_owned())));
    }
    headers
}

/// The sentinel is for names and parameters only: here the bytes must be equal.
fn require(said: Option<&[u8]>, header: &str, expected: &str) -> Result<(), Mismatch> {
    match said {
        None => Err(Mismatch::new(header, Wrong::Missing)),
        Some(said) if said == expected.as_bytes() => Ok(()),
        Some(_) => Err(Mismatch::new(header, Wrong::Differs)),
    }
}
