use bytes::Bytes;

use crate::json::{Edit, JsonError, Limits, Object};
use crate::mcp::{Era, Version};

/// Between which two a definition travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The upstream's version.
    pub from: Version,
    /// The client's version.
    pub to: Version,
    /// Whether tasks are relayed on this route; to legacy clients before 2025-11-25 they never are. Without them `execution` is taken out, and a tool that only runs
    /// as a task is hidden (section 7.13, stage 1).
    pub tasks: bool,
}

/// A tool definition as the client may see it (sections 7.5, 7.13, 7.17); `None` hides the tool.
///
/// A legacy client does not get an `outputSchema` whose root is not `type: "object"`, and none at all before
/// 2025-06-18. The error is a definition that is ambiguous in what is read here.
pub fn tool_for(definition: &Object, route: Route) -> Result<Option<Bytes>, JsonError> {
    if route.from.era() == Era::Modern && route.to.era() == Era::Modern {
        return Ok(Some(definition.text().clone()));
    }
    let tasks = route.tasks && route.to >= Version::V2025_11_25;
    let mut edit = Edit::new();
    if let Some(execution) = definition.raw("execution")
        && !(tasks && route.to.era() == Era::Legacy)
    {
        let execution = match execution {
            b"null" => None,
            _ => definition.object("execution")?,
        };
        let support = execution.as_ref().and_then(|e| e.str("taskSupport"));
        if !tasks && support.as_deref() == Some("required") {
            return Ok(None);
        }
        edit = edit.remove("execution");
    }
    let adapts = route.to.era() == Era::Legacy && route.from != route.to;
    if adapts && let Some(schema) = definition.get("outputSchema") {
        let typed = Object::parse(schema, Limits::REPLY).ok();
        let is_object = typed.and_then(|s| Some(s.str("type")? == "object")) == Some(true);
        if route.to < Version::V2025_06_18 || !is_object {
            edit = edit.remove("outputSchema");
        }
    }
    Ok(Some(edit.apply(definition)))
}
