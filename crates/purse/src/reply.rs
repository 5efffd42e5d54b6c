//! Results of the tools: structure for programs, text for models.

use gate::Client;
use gate::port::{Reply, Trouble};
use model::Code;
use protocol::mcp::{CallToolResult, ContentBlock, Structured};
use serde_json::Value;

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
    let (words, structured, failed) = match found {
        Ok(Found { value, text, failed }) => {
            let structured = Structured::of(&value).map_err(|e| Trouble::Failed {
                code: Code::ResultTooLarge,
                detail: format!("the result cannot be written: {e}"),
                status: None,
                unknown: false,
            })?;
            (text, Some(structured), failed)
        }
        Err(No { code, why }) => (Some(format!("{code}: {why}")), None, true),
    };
    let content = [words.as_deref().map_or(ContentBlock::Structured, ContentBlock::Text)];
    let structured = structured.as_ref();
    let result = CallToolResult { content: &content, structured, is_error: failed, meta: None };
    Ok(Reply::Complete { result: result.write(client.version), failed })
}
