//! How a workflow ended, as the result of a tool.

use arazzo::Outcome;
use gate::Client;
use gate::port::{Reply, Trouble};
use model::Code;
use protocol::json::{JsonError, Limits, Object};
use protocol::mcp::{CallToolResult, ContentBlock, Structured};
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
    let mut about = Map::new();
    about.insert("calls".to_owned(), ended.calls.into());
    let (words, outputs) = match ended.outcome {
        Outcome::Complete { outputs, missing } => {
            if !missing.is_empty() {
                about.insert("missing".to_owned(), json!(missing));
            }
            (None, Some(Structured::of(&Value::Object(outputs)).map_err(unwritten)?))
        }
        Outcome::Failed { step, code, message } => {
            let place = step.as_ref().map_or_else(String::new, |step| format!(" at step {step}"));
            let text = format!("{code}{place}: {message}");
            about.insert("code".to_owned(), code.into());
            if let Some(step) = step {
                about.insert("step".to_owned(), step.into());
            }
            if ended.refused {
                about.insert("refused".to_owned(), true.into());
            }
            (Some(text), None)
        }
    };
    let meta = json!({WORKFLOW: about}).to_string();
    let meta = Object::parse(meta.into(), Limits::WITHIN_REPLY).map_err(unwritten)?;
    let failed = outputs.is_none();
    let result = CallToolResult {
        content: &[words.as_deref().map_or(ContentBlock::Structured, ContentBlock::Text)],
        structured: outputs.as_ref(),
        is_error: failed,
        meta: Some(&meta),
    };
    Ok(Reply::Complete { result: result.write(client.version), failed })
}

fn unwritten(e: JsonError) -> Trouble {
    Trouble::Failed {
        code: Code::ResultTooLarge,
        detail: format!("the outputs cannot be written: {e}"),
        status: None,
        unknown: false,
    }
}
