use serde_json::{Map, Value, json};

/// The argument by which an agent asks for another part of an answer. It is the gate's own and never sent on.
pub(crate) const VIEW: &str = "_view";

/// Which part of an answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct View {
    /// Nothing left out.
    pub(crate) full: bool,
    /// From which element on lists that are cut begin.
    pub(crate) offset: usize,
    /// How many pages are fetched.
    pub(crate) pages: u32,
}

impl Default for View {
    fn default() -> Self {
        Self { full: false, offset: 0, pages: 1 }
    }
}

impl View {
    /// Takes the view out of the arguments. What does not fit the schema counts as not said: the gate has held the
    /// arguments against the schema, unless the operator switched that off.
    pub(crate) fn take(arguments: &mut Map<String, Value>, most_pages: u32) -> Self {
        let Some(Value::Object(asked)) = arguments.shift_remove(VIEW) else {
            return Self::default();
        };
        let number = |name: &str| asked.get(name).and_then(Value::as_u64);
        Self {
            full: asked.get("full") == Some(&Value::Bool(true)),
            offset: number("offset").and_then(|n| usize::try_from(n).ok()).unwrap_or(0),
            pages: number("pages")
                .map_or(1, |n| u32::try_from(n).unwrap_or(u32::MAX).clamp(1, most_pages.max(1))),
        }
    }

    /// The schema of the argument, with the members that mean something for a tool.
    pub(crate) fn schema(shaped: bool, pages: Option<u32>) -> Value {
        let mut members = Map::new();
        if shaped {
            let text = "Nothing is left out of the answer.";
            members.insert("full".into(), json!({"type": "boolean", "description": text}));
            let text = "From which element on lists that are cut begin.";
            members.insert(
                "offset".into(),
                json!({"type": "integer", "minimum": 0, "description": text}),
            );
        }
        if let Some(most) = pages {
            let text = "How many pages are fetched and joined.";
            members.insert(
                "pages".into(),
                json!({"type": "integer", "minimum": 1, "maximum": most, "description": text}),
            );
        }
        json!({
            "type": "object",
            "description": "Which part of the answer is wanted.",
            "properties": members,
            "additionalProperties": false,
        })
    }
}
