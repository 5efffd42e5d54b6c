use std::sync::Arc;

use audit::Outcome;
use model::{Code, Refusal};
use protocol::json::Object;
use protocol::mcp::{Draft, codes};

use super::{Came, Ending, Found, Outgoing};
use crate::gate::Gate;
use crate::park;
use crate::port::{Reply, Trouble};
use crate::said::{self, Ear, Heard};
use crate::{Client, Vetted};

/// Stage: what came back, made into an answer or a refusal. A result is looked at and labelled with its source; what
/// it says changes only where the operator wants that. What was found goes into the record.
pub(crate) fn ending_of(
    gate: &Gate,
    client: &Arc<Client>,
    found: &Found,
    reply: Outgoing,
) -> Result<Ending, Refusal> {
    let end = vetted(gate, client, found, reply);
    let Some(heard) = found.heard.take() else { return end };
    match end {
        Ok(ending) => Ok(Ending { note: Some(joined(ending.note, &heard)), ..ending }),
        Err(refusal) => {
            let detail = joined(refusal.detail.clone(), &heard);
            Err(refusal.detail(detail))
        }
    }
}

fn joined(first: Option<String>, then: &str) -> String {
    first.map_or_else(|| then.to_owned(), |first| format!("{first}; {then}"))
}

fn vetted(
    gate: &Gate,
    client: &Arc<Client>,
    found: &Found,
    reply: Outgoing,
) -> Result<Ending, Refusal> {
    match reply {
        Ok(Came::Back(Reply::Complete { result, failed })) => {
            let result = with_own_ids(gate, client, found, result)?;
            let outcome = if failed { Outcome::ToolError } else { Outcome::Ok };
            let result = looked_at(gate, found, |ear| ear.result(result, found.saying()))?;
            Ok(ending(Vetted::result(result), outcome))
        }
        Ok(Came::Back(Reply::InputRequired { inputs, state })) => {
            let result = park::relayed(gate, client, found, inputs, state)?;
            Ok(ending(Vetted::result(result), Outcome::InputRequired))
        }
        Ok(Came::Parked { inputs, state }) => {
            let result = park::questions(&inputs, Some(&state));
            Ok(ending(Vetted::result(result), Outcome::InputRequired))
        }
        Err(Trouble::Answered(error)) => {
            let code = i64::from(error.code);
            let status = http_status(error.code);
            let note = format!("upstream error: {}", error.message);
            let error = looked_at(gate, found, |ear| ear.error(&error))?;
            let vetted = Vetted::error(error, status, false);
            Ok(Ending {
                vetted,
                outcome: Outcome::Failed,
                upstream_status: Some(code),
                note: Some(note),
            })
        }
        Err(trouble) => Err(refusal_of(found, trouble)),
    }
}

/// What may go on of what a source said; what was found in it is noted.
fn looked_at<T>(
    gate: &Gate,
    found: &Found,
    look: impl FnOnce(&Ear<'_>) -> Result<Heard<T>, said::Trouble>,
) -> Result<T, Refusal> {
    let name = found.source.name();
    match look(&gate.ear(name)) {
        Ok(heard) => {
            found.heard.add(gate.noted(name, "result", &heard.seen));
            Ok(heard.said)
        }
        Err(said::Trouble::Withheld(seen)) => {
            found.heard.add(gate.noted(name, "result", &seen));
            Err(said::withheld(name, &seen.findings))
        }
        Err(said::Trouble::Nonsense(e)) => Err(nonsense(found).detail(e.to_string())),
    }
}

/// What a modern client reads beside an upstream's error (2026-07-28 basic/index, error codes).
const fn http_status(code: i32) -> u16 {
    match code {
        codes::METHOD_NOT_FOUND => 404,
        codes::HEADER_MISMATCH | codes::MISSING_CAPABILITY | codes::UNSUPPORTED_VERSION => 400,
        _ => 200,
    }
}

fn ending(vetted: Vetted, outcome: Outcome) -> Ending {
    Ending { vetted, outcome, upstream_status: None, note: None }
}

/// What the client hears of an upstream's trouble: which source, and what kind of trouble; never its words.
pub(crate) fn refusal_of(found: &Found, trouble: Trouble) -> Refusal {
    let name = found.source.name();
    match trouble {
        Trouble::Failed { code, detail, status, unknown } => {
            let said = match code {
                Code::UpstreamTimeout => format!("{name} did not answer in time"),
                Code::UpstreamDown => {
                    format!("{name} failed too often lately and is left alone for a while")
                }
                Code::ResultTooLarge => format!("what {name} answered is larger than allowed"),
                Code::NotTranslatable => {
                    format!(
                        "{name} speaks another era of MCP, and this cannot be said in yours: {detail}"
                    )
                }
                _ => format!("{name} failed"),
            };
            let said = if unknown {
                format!(
                    "{said}; whether it acted is unknown: check the status before you try again"
                )
            } else {
                said
            };
            let detail = match status {
                Some(status) => format!("{detail} (HTTP {status})"),
                None => detail,
            };
            Refusal::new(code, said)
                .detail(detail)
                .data(format!("{{\"source\":\"{name}\",\"outcomeUnknown\":{unknown}}}"))
        }
        Trouble::NeedsCapability(required) => {
            let required = String::from_utf8_lossy(&required).into_owned();
            Refusal::new(
                Code::MissingCapability,
                "the client lacks a capability that this call needs",
            )
            .data(format!("{{\"requiredCapabilities\":{required}}}"))
        }
        Trouble::Asks(asking) => {
            Refusal::new(Code::ApprovalRequired, asking.message).detail(asking.ticket.id)
        }
        Trouble::Cancelled => Refusal::new(Code::Cancelled, "cancelled"),
        Trouble::Answered(e) => {
            Refusal::new(Code::UpstreamFailed, format!("{name} failed")).detail(e.message)
        }
    }
}

/// Task ids in a result become the client's.
fn with_own_ids(
    gate: &Gate,
    client: &Client,
    found: &Found,
    result: Draft,
) -> Result<Draft, Refusal> {
    if found.task.is_none() && !is_about_tasks(result.original()) {
        return Ok(result);
    }
    let whole = result.write().map_err(|e| nonsense(found).detail(e.to_string()))?;
    super::tasks::rename(gate, client, found, whole.into_bytes())
        .map(Draft::from)
        .ok_or_else(|| nonsense(found))
}

fn is_about_tasks(result: &Object) -> bool {
    ["taskId", "task", "tasks"].iter().any(|member| result.raw(member).is_some())
}

fn nonsense(found: &Found) -> Refusal {
    Refusal::new(Code::UpstreamFailed, format!("{} answered nonsense", found.source.name()))
}
