//! One run: the engine says what to do, the gate does it.

use std::sync::Arc;
use std::time::Duration;

use arazzo::{Call, Engine, Next, Outcome, Reply as StepOutcome};
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::{BoxFuture, join_all};
use futures_util::stream::FuturesUnordered;
use gate::port::{Reply, Trouble};
use gate::{Clearance, Client, Gate, Step, WeakGate};
use model::{Code, Refusal};
use serde_json::Value;

use crate::Flows;
use crate::answer::{Ended, answer};
use crate::reply::reply;

/// What has ended: a call, or a wait.
enum Came {
    Answer(u64, StepOutcome),
    Woke(u64),
}

/// On whose behalf the steps are made, and through what.
struct Hand {
    gate: Gate,
    client: Arc<Client>,
    workflow: String,
}

impl Flows {
    pub(crate) async fn carry_out(&self, clearance: Clearance) -> Result<Reply, Trouble> {
        let Clearance { client, target, arguments, deadline, .. } = clearance;
        let gate = self.gate.get().and_then(WeakGate::upgrade);
        let gate = gate.ok_or_else(|| trouble("the workflows are not joined to a gate"))?;
        let stepping = match gate.stepping(&client) {
            Ok(stepping) => stepping,
            Err(refusal) => return answer(&client, nested_too_deep(&refusal)),
        };
        let hand = Hand { gate, client: stepping, workflow: target };
        let time = self.time.min(deadline);
        let ended = match tokio::time::timeout(time, self.run(hand, Value::Object(arguments))).await
        {
            Ok(ended) => ended?,
            Err(_) => too_long(time),
        };
        answer(&client, ended)
    }

    async fn run(&self, hand: Hand, inputs: Value) -> Result<Ended, Trouble> {
        let mut engine = self.engine(&hand, inputs).await?;
        let mut refused = false;
        // Dropping these, when the client has left or it is over, drops every call that is still under way.
        let mut open: FuturesUnordered<BoxFuture<'_, Came>> = FuturesUnordered::new();
        loop {
            match engine.advance() {
                Next::Call(call) => open.push(Box::pin(self.call_step(&hand, call))),
                Next::Wait { ticket, after } => open.push(Box::pin(async move {
                    tokio::time::sleep(after).await;
                    Came::Woke(ticket)
                })),
                Next::Done(outcome) => {
                    return Ok(Ended { outcome, calls: engine.made(), refused });
                }
                Next::Idle => match open.next().await {
                    Some(Came::Answer(ticket, reply)) => {
                        refused |= matches!(reply, StepOutcome::Refused { .. });
                        engine.answer(ticket, reply);
                    }
                    Some(Came::Woke(ticket)) => engine.woke(ticket),
                    None => return Err(trouble("the workflow waits for nothing")),
                },
            }
        }
    }

    /// The engine of the workflow, told which steps only read.
    async fn engine(&self, hand: &Hand, inputs: Value) -> Result<Engine, Trouble> {
        let workflow = self.document.workflow(&hand.workflow);
        let workflow = workflow.ok_or_else(|| trouble("the document has no such workflow"))?;
        let reads = workflow.steps.iter().map(|s| self.only_reads(&hand.gate, &hand.client, s));
        let reads = join_all(reads).await;
        let overlaps: Vec<&str> = workflow
            .steps
            .iter()
            .zip(reads)
            .filter(|(_, reads)| *reads)
            .map(|(step, _)| step.id.as_str())
            .collect();
        let (document, id) = (self.document.clone(), hand.workflow.as_str());
        Engine::new(document, id, inputs, self.limits, |step| overlaps.contains(&step.id.as_str()))
            .ok_or_else(|| trouble("the document has no such workflow"))
    }

    async fn call_step(&self, hand: &Hand, call: Call) -> Came {
        let ticket = call.ticket;
        let made = self.make(hand, &call);
        let outcome = match call.timeout {
            None => made.await,
            Some(limit) => tokio::time::timeout(limit, made).await.unwrap_or_else(|_| late(limit)),
        };
        Came::Answer(ticket, outcome)
    }

    async fn make(&self, hand: &Hand, call: &Call) -> StepOutcome {
        let refused = |(code, message): (&str, String)| StepOutcome::Refused {
            code: code.to_owned(),
            message,
        };
        let bound = match self.bound(&hand.gate, &hand.client, &call.target).await {
            Ok(bound) => bound,
            Err(e) => return refused(e),
        };
        let arguments = match bound.arguments(call) {
            Ok(arguments) => Bytes::from(Value::Object(arguments).to_string()),
            Err(e) => return refused(e),
        };
        let label = format!("{}/{}/{}", self.name, hand.workflow, call.step);
        let step = Step { tool: &bound.tool, arguments, label: &label };
        reply(hand.gate.step(&hand.client, step).await)
    }
}

/// A step that did not answer in its own time: like a server that did not.
fn late(limit: Duration) -> StepOutcome {
    StepOutcome::Answered(arazzo::StepReply {
        status: Some(504),
        body: Value::String(format!("no answer within {} milliseconds", limit.as_millis())),
        failed: true,
        ..arazzo::StepReply::default()
    })
}

fn nested_too_deep(refusal: &Refusal) -> Ended {
    let (code, message) = ("workflow_too_deep".to_owned(), refusal.message.clone());
    Ended { outcome: Outcome::Failed { step: None, code, message }, calls: 0, refused: true }
}

fn too_long(time: Duration) -> Ended {
    let message = format!("the workflow did not end within {} seconds", time.as_secs_f64());
    let code = "workflow_timeout".to_owned();
    Ended { outcome: Outcome::Failed { step: None, code, message }, calls: 0, refused: false }
}

fn trouble(detail: &str) -> Trouble {
    let detail = detail.to_owned();
    Trouble::Failed { code: Code::Internal, detail, status: None, unknown: false }
}
