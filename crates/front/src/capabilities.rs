use protocol::mcp::{Method, ServerCapabilities};

/// Whether what was offered includes a method. What is not offered answers -32601 (2026-07-28 basic/index).
pub(crate) fn offers(offered: &ServerCapabilities, method: &Method) -> bool {
    match method {
        Method::ToolsList | Method::ToolsCall => offered.tools.is_some(),
        Method::ResourcesList | Method::ResourceTemplatesList | Method::ResourcesRead => {
            offered.resources.is_some()
        }
        Method::ResourcesSubscribe | Method::ResourcesUnsubscribe => {
            offered.resources.is_some_and(|offer| offer.subscribe)
        }
        Method::PromptsList | Method::PromptsGet => offered.prompts.is_some(),
        Method::Complete => offered.completions,
        Method::SetLevel => offered.logging,
        Method::TasksGet
        | Method::TasksUpdate
        | Method::TasksCancel
        | Method::TasksList
        | Method::TasksResult => offered.tasks || offered.legacy_tasks.is_some(),
        _ => true,
    }
}

/// The list a method asks for, if it is one of the four.
pub(crate) const fn list_of(method: &Method) -> Option<gate::port::Kind> {
    use gate::port::Kind;
    Some(match method {
        Method::ToolsList => Kind::Tools,
        Method::ResourcesList => Kind::Resources,
        Method::ResourceTemplatesList => Kind::Templates,
        Method::PromptsList => Kind::Prompts,
        _ => return None,
    })
}

/// Methods that go from server to client only, or that want no answer: nobody may send them here as requests.
pub(crate) fn is_not_for_servers(method: &Method) -> bool {
    matches!(method, Method::CreateMessage | Method::Elicit | Method::RootsList)
        || method.as_str().starts_with("notifications/")
}
