/// A method of MCP, or the name of one that this gate does not know.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Method {
    /// `initialize`
    Initialize,
    /// `ping`
    Ping,
    /// `server/discover`
    Discover,
    /// `subscriptions/listen`
    Listen,
    /// `tools/list`
    ToolsList,
    /// `tools/call`
    ToolsCall,
    /// `resources/list`
    ResourcesList,
    /// `resources/templates/list`
    ResourceTemplatesList,
    /// `resources/read`
    ResourcesRead,
    /// `resources/subscribe`
    ResourcesSubscribe,
    /// `resources/unsubscribe`
    ResourcesUnsubscribe,
    /// `prompts/list`
    PromptsList,
    /// `prompts/get`
    PromptsGet,
    /// `completion/complete`
    Complete,
    /// `logging/setLevel`
    SetLevel,
    /// `tasks/get`
    TasksGet,
    /// `tasks/update`
    TasksUpdate,
    /// `tasks/cancel`
    TasksCancel,
    /// `tasks/list`
    TasksList,
    /// `tasks/result`
    TasksResult,
    /// `sampling/createMessage`
    CreateMessage,
    /// `elicitation/create`
    Elicit,
    /// `roots/list`
    RootsList,
    /// `notifications/initialized`
    Initialized,
    /// `notifications/cancelled`
    Cancelled,
    /// `notifications/progress`
    Progress,
    /// `notifications/message`
    LogMessage,
    /// `notifications/tools/list_changed`
    ToolsChanged,
    /// `notifications/resources/list_changed`
    ResourcesChanged,
    /// `notifications/prompts/list_changed`
    PromptsChanged,
    /// `notifications/roots/list_changed`
    RootsChanged,
    /// `notifications/resources/updated`
    ResourceUpdated,
    /// `notifications/subscriptions/acknowledged`
    SubscriptionAcknowledged,
    /// `notifications/elicitation/complete`
    ElicitationComplete,
    /// `notifications/tasks/status`
    TaskStatus,
    /// `notifications/tasks`
    TasksNotice,
    /// Any other name.
    Other(Box<str>),
}

/// Names and methods, both ways.
const KNOWN: &[(&str, Method)] = &[
    ("initialize", Method::Initialize),
    ("ping", Method::Ping),
    ("server/discover", Method::Discover),
    ("subscriptions/listen", Method::Listen),
    ("tools/list", Method::ToolsList),
    ("tools/call", Method::ToolsCall),
    ("resources/list", Method::ResourcesList),
    ("resources/templates/list", Method::ResourceTemplatesList),
    ("resources/read", Method::ResourcesRead),
    ("resources/subscribe", Method::ResourcesSubscribe),
    ("resources/unsubscribe", Method::ResourcesUnsubscribe),
    ("prompts/list", Method::PromptsList),
    ("prompts/get", Method::PromptsGet),
    ("completion/complete", Method::Complete),
    ("logging/setLevel", Method::SetLevel),
    ("tasks/get", Method::TasksGet),
    ("tasks/update", Method::TasksUpdate),
    ("tasks/cancel", Method::TasksCancel),
    ("tasks/list", Method::TasksList),
    ("tasks/result", Method::TasksResult),
    ("sampling/createMessage", Method::CreateMessage),
    ("elicitation/create", Method::Elicit),
    ("roots/list", Method::RootsList),
    ("notifications/initialized", Method::Initialized),
    ("notifications/cancelled", Method::Cancelled),
    ("notifications/progress", Method::Progress),
    ("notifications/message", Method::LogMessage),
    ("notifications/tools/list_changed", Method::ToolsChanged),
    ("notifications/resources/list_changed", Method::ResourcesChanged),
    ("notifications/prompts/list_changed", Method::PromptsChanged),
    ("notifications/roots/list_changed", Method::RootsChanged),
    ("notifications/resources/updated", Method::ResourceUpdated),
    ("notifications/subscriptions/acknowledged", Method::SubscriptionAcknowledged),
    ("notifications/elicitation/complete", Method::ElicitationComplete),
    ("notifications/tasks/status", Method::TaskStatus),
    ("notifications/tasks", Method::TasksNotice),
];

impl Method {
    /// The method of that name. Names are case sensitive.
    pub fn of(name: &str) -> Self {
        let known = KNOWN.iter().find(|(text, _)| *text == name);
        known.map_or_else(|| Self::Other(name.into()), |(_, method)| method.clone())
    }

    /// Its name on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(name) => name,
            known => KNOWN.iter().find(|(_, m)| m == known).map_or("", |(text, _)| text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_name_is_read_and_written_alike() {
        for (text, method) in KNOWN {
            assert_eq!((Method::of(text), method.as_str()), (method.clone(), *text));
        }
        assert_eq!(Method::of("Tools/Call"), Method::Other("Tools/Call".into()));
    }
}
