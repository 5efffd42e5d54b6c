use std::collections::HashMap;

use arazzo::Place;
use convert::{Location, Tool};

/// How the operations of converted APIs are found: what a document calls `getOrder` is a tool of some source.
pub trait Operations: Send + Sync {
    /// The tool of that source that carries an operation out; none if the source is no converted API, or has none.
    fn find(&self, source: &str, operation: OperationRef<'_>) -> Option<Binding>;
}

/// What an operation is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationRef<'a> {
    /// By its `operationId`.
    Id(&'a str),
    /// By method (small letters) and path.
    Path {
        /// `get`, `post`, …
        method: &'a str,
        /// As the description writes it.
        path: &'a str,
    },
}

/// A tool, and under which names it takes what an operation takes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Binding {
    /// The source's own name of the tool.
    pub tool: String,
    /// Place, name on the wire, and name of the argument.
    pub parameters: Vec<(Place, String, String)>,
    /// Member of the body, and name of the argument.
    pub members: Vec<(String, String)>,
    /// The argument that is the whole body.
    pub whole: Option<String>,
}

impl Binding {
    /// How a converted tool is called.
    pub fn of(tool: &Tool) -> Self {
        let place = |location| match location {
            Location::Path => Place::Path,
            Location::Query => Place::Query,
            Location::Header => Place::Header,
            Location::Cookie => Place::Cookie,
        };
        let open = tool.recipe.parameters.iter().filter(|p| p.fixed.is_none());
        let body = tool.recipe.body.as_ref();
        Self {
            tool: tool.name.clone(),
            parameters: open
                .map(|p| (place(p.location), p.wire.clone(), p.argument.clone()))
                .collect(),
            members: body
                .into_iter()
                .flat_map(|b| {
                    b.members.iter().map(|(argument, wire)| (wire.clone(), argument.clone()))
                })
                .collect(),
            whole: body.and_then(|b| b.whole.clone()),
        }
    }
}

/// The operations of converted APIs, by source.
#[derive(Debug, Default)]
pub struct Converted {
    ids: HashMap<(String, String), Binding>,
    paths: HashMap<(String, String, String), Binding>,
}

impl Converted {
    /// Takes the tools of a source in. Of several tools that stand for one operation (because a constant of its body
    /// makes them different), none is found by the operation: it would be a guess.
    pub fn add<'t>(&mut self, source: &str, tools: impl IntoIterator<Item = &'t Tool>) {
        let mut seen: HashMap<(String, String), u32> = HashMap::new();
        for tool in tools {
            let method = tool.recipe.method.to_ascii_lowercase();
            let path = tool.recipe.path.clone();
            let times = seen.entry((method.clone(), path.clone())).or_default();
            *times += 1;
            let id = tool.operation_id.as_ref().map(|id| (source.to_owned(), id.clone()));
            let key = (source.to_owned(), method, path);
            if *times > 1 {
                self.paths.remove(&key);
                id.and_then(|id| self.ids.remove(&id));
                continue;
            }
            if let Some(id) = id {
                self.ids.insert(id, Binding::of(tool));
            }
            self.paths.insert(key, Binding::of(tool));
        }
    }
}

impl Operations for Converted {
    fn find(&self, source: &str, operation: OperationRef<'_>) -> Option<Binding> {
        match operation {
            OperationRef::Id(id) => self.ids.get(&(source.to_owned(), id.to_owned())).cloned(),
            OperationRef::Path { method, path } => {
                let key = (source.to_owned(), method.to_ascii_lowercase(), path.to_owned());
                self.paths.get(&key).cloned()
            }
        }
    }
}
