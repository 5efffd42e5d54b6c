//! Results of the tools: structure for programs, text for models.

use bytes::Bytes;
use gate::Client;
use gate::port::{Reply, Trouble};
use model::Code;
use protocol::json::{Limits, Object};
use protocol::mcp::{Era, Version};
use serde_json::{Map, Value, json};

use crate::arguments::No;

/// What a tool found: its structure, and more words where the structure alone is not to be read by a model.
pub(crate) struct Found {
    pub(crate) value: Value,
    pub(crate) text: Option<String>,
    /// Whether the tool did not do what was asked, though there is something to show.
    pub(crate) failed: bool,
}

impl From<Value> for Found {
    fn from(value: Value) -> Self {
        Self { value, text: None, failed: false }
    }
}

/// The result for the client.
pub(crate) fn result(client: &Client, found: Result<Found, No>) -> Result<Reply, Trouble> {
    let mut out = Map::new();
    let failed = match found {
        Ok(Found { value, text, failed }) => {
            let text = text.unwrap_or_else(|| value.to_string());
            out.insert("content".to_owned(), json!([{ "type": "text", "text": text }]));
            // Structured results came with 2025-06-18.
            if client.version >= Version::V2025_06_18 {
                out.insert("structuredContent".to_owned(), value);
            }
            failed
        }
        Err(No { code, why }) => {
            let text = format!("{code}: {why}");
            out.insert("content".to_owned(), json!([{ "type": "text", "text": text }]));
            true
        }
    };
    if failed {
        out.insert("isError".to_owned(), true.into());
    }
    if client.version.era() == Era::Modern {
        out.insert("resultType".to_owned(), "complete".into());
    }
    let text = Bytes::from(Value::Object(out).to_string());
    let result = Object::parse(text, Limits::REPLY).map_err(|e| Trouble::Failed {
        code: Code::ResultTooLarge,
        detail: format!("the result cannot be written: {e}"),
        status: None,
        unknown: false,
    })?;
    Ok(Reply::Complete { result: result.into(), failed })
}
