//! How a workflow ended, as the result of a tool.

use arazzo::Outcome;
use bytes::Bytes;
use gate::Client;
use gate::port::{Reply, Trouble};
use model::Code;
use protocol::json::{Limits, Object};
use protocol::mcp::{Era, Version};
use serde_json::{Map, Value, json};

use crate::reply::WORKFLOW;

/// What became of a run.
pub(crate) struct Ended {
    pub(crate) outcome: Outcome,
    /// Calls that were made.
    pub(crate) calls: u32,
    /// Whether it ended because a step may not be called.
    pub(crate) refused: bool,
}

/// The result for the client: outputs as structure and as text, or the step at which it ended and why.
pub(crate) fn answer(client: &Client, ended: Ended) -> Result<Reply, Trouble> {
    let mut result = Map::new();
    let mut about = Map::new();
    about.insert("calls".to_owned(), ended.calls.into());
    let failed = match ended.outcome {
        Outcome::Complete { outputs, missing } => {
            let outputs = Value::Object(outputs);
            result.insert(
                "content".to_owned(),
                json!([{"type": "text", "text": outputs.to_string()}]),
            );
            // Structured results came with 2025-06-18.
            if client.version >= Version::V2025_06_18 {
                result.insert("structuredContent".to_owned(), outputs);
            }
            if !missing.is_empty() {
                about.insert("missing".to_owned(), json!(missing));
            }
            false
        }
        Outcome::Failed { step, code, message } => {
            let place = step.as_ref().map_or_else(String::new, |step| format!(" at step {step}"));
            let text = format!("{code}{place}: {message}");
            result.insert("content".to_owned(), json!([{"type": "text", "text": text}]));
            result.insert("isError".to_owned(), true.into());
            about.insert("code".to_owned(), code.into());
            if let Some(step) = step {
                about.insert("step".to_owned(), step.into());
            }
            if ended.refused {
                about.insert("refused".to_owned(), true.into());
            }
            true
        }
    };
    if client.version.era() == Era::Modern {
        result.insert("resultType".to_owned(), "complete".into());
    }
    result.insert("_meta".to_owned(), json!({WORKFLOW: about}));
    let text = Bytes::from(Value::Object(result).to_string());
    let result = Object::parse(text, Limits::REPLY).map_err(|e| Trouble::Failed {
        code: Code::ResultTooLarge,
        detail: format!("the outputs cannot be written: {e}"),
        status: None,
        unknown: false,
    })?;
    Ok(Reply::Complete { result: result.into(), failed })
}
