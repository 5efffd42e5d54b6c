use std::sync::Arc;

use ambient::Instant;
use audit::{Kind, Outcome, Record, Text};
use journal::Slot;
use model::{Code, Fault, Refusal, Timestamp, Verdict};
use protocol::mcp::Era;

use super::{Ending, Found};
use crate::gate::{Gate, Incoming};
use crate::{About, Client, Vetted};

/// One call on its way, with its place in the log. However it ends, dropped futures included, it leaves one record.
pub(crate) struct Passage {
    gate: Gate,
    era: Era,
    slot: Option<Slot>,
    record: Record,
    started: Instant,
    approval: Option<String>,
}

impl Passage {
    /// Takes a place in the log. Without one the call is not made: what cannot be recorded does not happen.
    pub(super) fn open(
        gate: &Gate,
        client: &Arc<Client>,
        incoming: &Incoming,
    ) -> Result<Self, Refusal> {
        let slot = gate.journal().reserve().map_err(|e| {
            Refusal::new(Code::AuditUnavailable, "the call cannot be recorded, so it is not made")
                .detail(e.to_string())
        })?;
        let mut record = caller_record(gate, client);
        let id = incoming.id.raw();
        record.request_id = std::str::from_utf8(id).ok().map(|t| Text::from(t.to_owned()));
        record.trace_id = incoming.arrival.trace.clone().map(Text::from);
        record.client = incoming.arrival.peer;
        record.bytes_in = u64::try_from(incoming.params.text().len()).ok();
        let asked = incoming.params.str("name").or_else(|| incoming.params.str("uri"));
        record.tool = asked.map(|name| Text::from(name.into_owned()));
        let (era, started) = (client.version.era(), gate.clock().instant());
        Ok(Self { gate: gate.clone(), era, slot: Some(slot), record, started, approval: None })
    }

    pub(super) fn found(&mut self, found: &Found) {
        self.record.source = Some(found.source.name().clone());
        self.record.tool = Some(Text::from(found.exposed.clone()));
        let known_as = if found.target.is_empty() { &found.upstream } else { &found.target };
        self.record.upstream_name = Some(Text::from(known_as.clone()));
        self.record.action = Some(found.action);
        self.record.effect = Some(found.effect());
        if let Some(note) = found.note() {
            self.record.note = Some(Text::from(note));
        }
    }

    pub(super) fn arguments(&mut self, digest: [u8; 32], masked: Option<String>) {
        self.record.args_digest = Some(digest);
        self.record.args_masked = masked;
    }

    /// What is known of the call so far, for records beside this one.
    pub(super) fn about(&self) -> About {
        let text = |text: &Option<Text>| text.as_deref().map(ToOwned::to_owned);
        About {
            exposed: text(&self.record.tool).unwrap_or_default(),
            digest: self.record.args_digest.unwrap_or_default(),
            masked: self.record.args_masked.clone(),
            request_id: text(&self.record.request_id),
            trace_id: text(&self.record.trace_id),
        }
    }

    /// The digest of the arguments; of nothing, where there are none.
    pub(super) fn digest(&self) -> [u8; 32] {
        self.record.args_digest.unwrap_or_else(|| crate::digest::sha256(b"{}"))
    }

    /// Notes by which question to a person the call goes on, or waits.
    pub(super) fn approval(&mut self, id: &str, what: &str) {
        self.approval = Some(format!("{what} {id}"));
    }

    /// Notes that the call waits for the answer to a question of its source.
    pub(super) fn waits(&mut self, id: &str) {
        self.approval(id, "waits for");
    }

    pub(super) fn verdict(&mut self, verdict: &Verdict) {
        self.record.verdict = Some(verdict.as_str());
        self.record.rule = Some(Text::from(verdict.rule().to_owned()));
    }

    /// Makes the record durable; only then there is an answer.
    pub(crate) async fn close(mut self, end: Result<Ending, Refusal>) -> Vetted {
        let vetted = match end {
            Ok(ending) => {
                self.record.outcome = Some(ending.outcome);
                self.record.upstream_status = ending.upstream_status;
                if let Some(note) = ending.note {
                    self.record.note = Some(Text::from(note));
                }
                ending.vetted
            }
            Err(refusal) => self.refused(&refusal),
        };
        self.record.bytes_out = u64::try_from(vetted.size()).ok();
        self.finish();
        let Some(slot) = self.slot.take() else { return vetted };
        match slot.commit(std::mem::take(&mut self.record)).await {
            Ok(_) => vetted,
            Err(e) => {
                tracing::error!("a record could not be made durable: {e}");
                let refusal = Refusal::new(
                    Code::AuditUnavailable,
                    "the call was made, but its record could not be made durable; its answer is withheld",
                );
                crate::render::refusal(&refusal, self.era)
            }
        }
    }

    fn refused(&mut self, refusal: &Refusal) -> Vetted {
        self.record.outcome = Some(match refusal.code {
            Code::RateLimited | Code::TooManyConcurrent | Code::TooManySessions => Outcome::Limited,
            Code::Cancelled => Outcome::Cancelled,
            code if matches!(code.fault(), Fault::Upstream | Fault::Gate) => Outcome::Failed,
            _ => Outcome::Refused,
        });
        self.record.code = Some(refusal.code);
        if let Some(detail) = &refusal.detail {
            self.record.note = Some(Text::from(detail.clone()));
        }
        crate::render::refusal(refusal, self.era)
    }

    fn finish(&mut self) {
        if let Some(approval) = self.approval.take() {
            let note = match self.record.note.take() {
                Some(note) => format!("{approval}; {}", note.as_str()),
                None => approval,
            };
            self.record.note = Some(Text::from(note));
        }
        let took = self.gate.clock().instant().since(self.started);
        self.record.duration_us = u64::try_from(took.as_micros()).ok();
        self.gate.metrics().call(&self.record, took);
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            self.record.outcome = Some(Outcome::Cancelled);
            self.record.code = Some(Code::Cancelled);
            self.finish();
            slot.commit_detached(std::mem::take(&mut self.record));
        }
    }
}

/// A record with who calls filled in.
pub(crate) fn caller_record(gate: &Gate, client: &Client) -> Record {
    let mut record = Record::new(Kind::Call, Timestamp(gate.clock().now_millis()));
    record.principal = Some(client.principal.id.clone());
    record.tenant = Some(client.principal.tenant.clone());
    record.credential = Some(client.principal.credential.clone());
    record.front = Some(Text::from(client.front));
    if !client.session.is_empty() {
        record.session = Some(Text::from(client.session.clone()));
    }
    record.epoch = gate.epoch();
    record
}
