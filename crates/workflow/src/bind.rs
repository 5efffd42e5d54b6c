//! From what a step names to a tool, and from what it sends to the arguments of that tool.

use std::sync::Arc;

use arazzo::{Argument, Call, Payload, Place, Step, Target};
use gate::{Client, Gate};
use model::{Effect, SourceName};
use serde_json::{Map, Value};

use crate::Flows;
use crate::operations::{Binding, OperationRef};

/// A tool of the gate.
pub(crate) struct Bound {
    /// The name agents know it by.
    pub(crate) tool: String,
    pub(crate) effect: Option<Effect>,
    /// How an operation of a converted API is called.
    binding: Option<Binding>,
}

/// Why a step cannot be called: a stable code and a sentence.
pub(crate) type Unbound = (&'static str, String);

impl Flows {
    /// The tool that a step means.
    pub(crate) async fn bound(
        &self,
        gate: &Gate,
        client: &Arc<Client>,
        target: &Target,
    ) -> Result<Bound, Unbound> {
        let (source, upstream, binding) = match target {
            Target::Tool(tool) => {
                let effect = gate.effect_of(client, tool).await;
                return Ok(Bound { tool: tool.clone(), effect, binding: None });
            }
            Target::Workflow(id) => (self.name.as_str(), id.clone(), None),
            Target::Foreign { source, id } => (self.source_of(source), id.clone(), None),
            Target::Operation { source, id } => {
                let source = source.as_deref().ok_or_else(|| unknown(id))?;
                let source = self.source_of(source);
                match self.operations.find(source, OperationRef::Id(id)) {
                    Some(binding) => (source, binding.tool.clone(), Some(binding)),
                    None => (source, id.clone(), None),
                }
            }
            Target::Path { source, pointer } => {
                let source = self.source_of(source);
                let binding = by_path(&pointer.to_string()).and_then(|(path, method)| {
                    let by = OperationRef::Path { method: &method, path: &path };
                    self.operations.find(source, by)
                });
                let binding = binding.ok_or_else(|| unknown(&pointer.to_string()))?;
                (source, binding.tool.clone(), Some(binding))
            }
        };
        let name = SourceName::new(source).map_err(|_| unknown(&upstream))?;
        let (tool, effect) = match gate.tool_of(client, &name, &upstream).await {
            Some((tool, effect)) => (tool, Some(effect)),
            // The call is made all the same: the gate says that there is no such tool, and records it.
            None => (format!("{source}__{upstream}"), None),
        };
        Ok(Bound { tool, effect, binding })
    }

    /// The source of the gate that a source description stands for: of the same name, unless the operator set another.
    fn source_of<'a>(&'a self, description: &'a str) -> &'a str {
        self.sources.get(description).map_or(description, String::as_str)
    }

    /// Whether the tool of a step changes nothing, as far as the operator has said.
    pub(crate) async fn only_reads(&self, gate: &Gate, client: &Arc<Client>, step: &Step) -> bool {
        let bound = self.bound(gate, client, &step.target).await;
        bound.is_ok_and(|bound| bound.effect == Some(Effect::Read))
    }
}

fn unknown(what: &str) -> Unbound {
    let message = format!("no source of this gate has the operation `{what}`");
    ("workflow_unknown_operation", message)
}

/// `/paths/~1orders~1{id}/get` taken apart.
fn by_path(pointer: &str) -> Option<(String, String)> {
    let (path, method) = pointer.strip_prefix("/paths/")?.split_once('/')?;
    Some((path.replace("~1", "/").replace("~0", "~"), method.to_owned()))
}

impl Bound {
    /// The arguments of the tool.
    pub(crate) fn arguments(&self, call: &Call) -> Result<Map<String, Value>, Unbound> {
        let mut all = Map::new();
        for argument in &call.arguments {
            let name = self.name_of(argument)?;
            put(&mut all, name, &argument.value)?;
        }
        if let Some(body) = &call.body {
            self.body(body, &mut all)?;
        }
        Ok(all)
    }

    fn name_of<'a>(&'a self, argument: &'a Argument) -> Result<&'a str, Unbound> {
        let (Some(binding), Some(place)) = (&self.binding, argument.place) else {
            return Ok(&argument.name);
        };
        let same = |wire: &str| match place {
            Place::Header => wire.eq_ignore_ascii_case(&argument.name),
            _ => wire == argument.name,
        };
        let mut found =
            binding.parameters.iter().filter(|(at, wire, _)| *at == place && same(wire));
        found.next().map(|(.., name)| name.as_str()).ok_or_else(|| {
            let (name, tool) = (&argument.name, &self.tool);
            ("workflow_unknown_argument", format!("{tool} takes no parameter `{name}` there"))
        })
    }

    /// The members of a body are arguments of their own, or the body is one argument.
    fn body(&self, body: &Payload, all: &mut Map<String, Value>) -> Result<(), Unbound> {
        let members = match &self.binding {
            Some(Binding { whole: Some(whole), .. }) => return put(all, whole, &body.value),
            Some(binding) => Some(&binding.members),
            None => None,
        };
        let Value::Object(object) = &body.value else {
            let message = format!("{} takes a body that is an object", self.tool);
            return Err(("workflow_unknown_argument", message));
        };
        for (wire, value) in object {
            let name = match members {
                None => wire,
                Some(members) => {
                    let found = members.iter().find(|(member, _)| member == wire);
                    found.map(|(_, name)| name).ok_or_else(|| {
                        let message = format!("{} takes no `{wire}` in its body", self.tool);
                        ("workflow_unknown_argument", message)
                    })?
                }
            };
            put(all, name, value)?;
        }
        Ok(())
    }
}

fn put(all: &mut Map<String, Value>, name: &str, value: &Value) -> Result<(), Unbound> {
    if all.contains_key(name) {
        let message = format!("two values are given for the argument `{name}`");
        return Err(("workflow_unknown_argument", message));
    }
    all.insert(name.to_owned(), value.clone());
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(arguments: Vec<(&str, Option<Place>, Value)>, body: Option<Value>) -> Call {
        let argument =
            |(name, place, value): (&str, _, _)| Argument { name: name.to_owned(), place, value };
        Call {
            ticket: 1,
            step: "s".to_owned(),
            target: Target::Tool("t".to_owned()),
            arguments: arguments.into_iter().map(argument).collect(),
            body: body.map(|value| Payload { content_type: None, value }),
            timeout: None,
        }
    }

    fn bound(binding: Option<Binding>) -> Bound {
        Bound { tool: "shop__get".to_owned(), effect: None, binding }
    }

    #[test]
    fn names_on_the_wire_become_names_of_arguments() {
        let binding = Binding {
            tool: "get".to_owned(),
            parameters: vec![
                (Place::Path, "id".to_owned(), "id_path".to_owned()),
                (Place::Query, "id".to_owned(), "id_query".to_owned()),
                (Place::Header, "X-Token".to_owned(), "x_token".to_owned()),
            ],
            members: vec![("a b".to_owned(), "a_b".to_owned())],
            whole: None,
        };
        let given = call(
            vec![
                ("id", Some(Place::Path), json!(1)),
                ("id", Some(Place::Query), json!(2)),
                ("x-token", Some(Place::Header), json!("t")),
            ],
            Some(json!({"a b": 3})),
        );
        let arguments = Value::Object(bound(Some(binding.clone())).arguments(&given).unwrap());
        assert_eq!(arguments, json!({"id_path": 1, "id_query": 2, "x_token": "t", "a_b": 3}));
        for wrong in [
            call(vec![("id", Some(Place::Header), json!(1))], None),
            call(Vec::new(), Some(json!({"c": 1}))),
            call(Vec::new(), Some(json!([1]))),
        ] {
            let error = bound(Some(binding.clone())).arguments(&wrong).unwrap_err();
            assert_eq!(error.0, "workflow_unknown_argument");
        }
    }

    #[test]
    fn a_whole_body_is_one_argument_and_a_plain_tool_takes_names_as_they_are() {
        let whole = Binding { whole: Some("body".to_owned()), ..Binding::default() };
        let arguments = bound(Some(whole)).arguments(&call(Vec::new(), Some(json!([1])))).unwrap();
        assert_eq!(Value::Object(arguments), json!({"body": [1]}));
        let plain = call(vec![("a", None, json!(1))], Some(json!({"b": 2})));
        let arguments = bound(None).arguments(&plain).unwrap();
        assert_eq!(Value::Object(arguments), json!({"a": 1, "b": 2}));
    }

    #[test]
    fn nothing_is_given_twice() {
        let twice = call(vec![("a", None, json!(1))], Some(json!({"a": 2})));
        assert_eq!(bound(None).arguments(&twice).unwrap_err().0, "workflow_unknown_argument");
    }

    #[test]
    fn an_operation_path_names_a_path_and_a_method() {
        assert_eq!(
            by_path("/paths/~1orders~1{id}/get"),
            Some(("/orders/{id}".to_owned(), "get".to_owned()))
        );
        assert_eq!(by_path("/components/x"), None);
    }
}
