//! What the gate answered, taken out of the JSON-RPC message that it comes in.

use gate::Vetted;
use protocol::json::{Limits, Object};
use protocol::mcp::Era;
use protocol::rpc::{Id, Message};

use crate::problem::Problem;

/// A result with a message around it.
const MESSAGE: Limits = Limits { depth: Limits::REPLY.depth + 1, values: Limits::REPLY.values + 8 };

/// The result, or the refusal as plain HTTP says it.
pub(crate) fn outcome(vetted: Vetted) -> Result<Object, Problem> {
    let (status, wait) = (vetted.status(Era::Modern), vetted.wait());
    let challenge = vetted.www_authenticate().map(str::to_owned);
    let text = vetted.into_message(Some(&Id::number(0))).into_bytes();
    let Ok(Message::Response(response)) = Message::parse(text, MESSAGE) else {
        return Err(unreadable());
    };
    match response.outcome {
        Ok(result) => result.object().map_err(|_| unreadable()),
        Err(error) => Err(Problem { wait, challenge, ..Problem::of(&error, status) }),
    }
}

fn unreadable() -> Problem {
    Problem::new(500, "internal", "the answer cannot be put into these words; see the log")
}
