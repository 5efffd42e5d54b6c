use model::Timestamp;
use serde::{Deserialize, Serialize};
use store::ApprovalRow;

use crate::change::Change;
use crate::event::Event;
use crate::question::{MAX_ARGUMENTS, MAX_REASONS, cut};
use crate::{Hand, Question, TermsText, digest};

/// Where a question stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nobody, or not everybody who is needed, has answered.
    Waiting,
    /// Yes, and not used yet.
    Granted,
    /// No.
    Refused,
    /// A call used the yes up.
    Used,
    /// Its time ran out before it was answered or used.
    Expired,
    /// It was asked under another policy or definition.
    Void,
}

impl State {
    /// The name used in answers, records and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Granted => "granted",
            Self::Refused => "refused",
            Self::Used => "used",
            Self::Expired => "expired",
            Self::Void => "void",
        }
    }

    /// Whether something can still come of it.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Granted)
    }
}

/// What who asked is given: the name of the question, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Names the question. No secret: knowing it permits nothing.
    pub id: String,
    /// Where it stands.
    pub state: State,
    /// When it was asked.
    pub asked: Timestamp,
    /// From when on no answer counts.
    pub expires: Timestamp,
    /// From how many persons a yes is needed.
    pub persons: u8,
    /// How many have said yes.
    pub yes: u8,
    /// Whether a person pays, rather than approves.
    pub by_hand: bool,
}

/// A yes of one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Yes {
    /// Who: `os:ada` for a user of the operating system, else the principal of an operator key.
    pub by: String,
    /// Whether payee and price are to be remembered.
    pub keep: bool,
    /// Whether it counts in every session of the principal.
    pub widen: bool,
}

/// What was asked, as it is kept: never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) principal: String,
    pub(crate) credential: String,
    pub(crate) session: String,
    pub(crate) method: String,
    pub(crate) source: String,
    pub(crate) tool: String,
    pub(crate) definition: String,
    /// Digest of the canonical arguments, in hexadecimal.
    pub(crate) digest: String,
    pub(crate) arguments: String,
    /// Digest of the call alone, in hexadecimal.
    pub(crate) call: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) terms: Option<TermsText>,
    pub(crate) reasons: Vec<String>,
    pub(crate) persons: u8,
    #[serde(default)]
    pub(crate) changes: Vec<Change>,
    /// Whether an earlier call of the tool was there to compare with.
    #[serde(default)]
    pub(crate) compared: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hand: Option<Hand>,
}

impl Asked {
    pub(crate) fn of(question: &Question) -> Self {
        let b = &question.binding;
        Self {
            principal: b.principal.to_string(),
            credential: question.credential.label(),
            session: b.session.clone(),
            method: b.method.clone(),
            source: b.source.to_string(),
            tool: b.tool.clone(),
            definition: b.definition.clone(),
            digest: digest::hex(&b.arguments),
            arguments: cut(&question.arguments, MAX_ARGUMENTS),
            call: digest::hex(&b.call()),
            terms: b
                .terms
                .as_ref()
                .map(|terms| TermsText { said: question.price.clone(), ..TermsText::from(terms) }),
            reasons: question.reasons.iter().take(MAX_REASONS).map(|r| cut(r, 256)).collect(),
            persons: question.persons.clamp(1, 2),
            changes: Vec::new(),
            compared: false,
            hand: question.hand.clone(),
        }
    }
}

/// What has become of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Progress {
    pub(crate) state: State,
    pub(crate) yes: Vec<Yes>,
    pub(crate) events: Vec<Event>,
    /// How many of the events are in the audit log.
    pub(crate) logged: usize,
    /// Whether who asked has been told that the time ran out.
    #[serde(default)]
    pub(crate) told: bool,
    /// How often a call that began with this yes has gone on after a question of its source.
    #[serde(default)]
    pub(crate) rounds: u32,
}

/// One question with everything that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) tenant: String,
    pub(crate) binding: [u8; 32],
    pub(crate) asked: Timestamp,
    pub(crate) expires: Timestamp,
    pub(crate) question: Asked,
    pub(crate) progress: Progress,
}

impl Entry {
    pub(crate) fn read(row: &ApprovalRow) -> Result<Self, serde_json::Error> {
        Ok(Self {
            id: row.id.clone(),
            tenant: row.tenant.clone(),
            binding: row.binding,
            asked: row.asked,
            expires: row.expires,
            question: serde_json::from_str(&row.question)?,
            progress: serde_json::from_str(&row.progress)?,
        })
    }

    pub(crate) fn row(&self) -> Result<ApprovalRow, serde_json::Error> {
        Ok(ApprovalRow {
            id: self.id.clone(),
            tenant: self.tenant.clone(),
            binding: self.binding,
            asked: self.asked,
            expires: self.expires,
            question: serde_json::to_string(&self.question)?,
            progress: serde_json::to_string(&self.progress)?,
        })
    }

    pub(crate) fn ticket(&self) -> Ticket {
        Ticket {
            id: self.id.clone(),
            state: self.progress.state,
            asked: self.asked,
            expires: self.expires,
            persons: self.question.persons,
            yes: u8::try_from(self.progress.yes.len()).unwrap_or(u8::MAX),
            by_hand: self.question.hand.is_some(),
        }
    }
}

/// A question as an operator sees it. Every text in it is to be escaped where it is shown: most of it is the words of
/// agents and sellers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Its name and where it stands.
    pub ticket: Ticket,
    /// Whom the caller belongs to.
    pub tenant: String,
    /// Who calls.
    pub principal: String,
    /// How the caller proved it: `local`, `key:<id>` or `none`.
    pub credential: String,
    /// The session; empty for clients without one.
    pub session: String,
    /// `tools/call`, …
    pub method: String,
    /// The source.
    pub source: String,
    /// The exposed name, or a URI.
    pub tool: String,
    /// SHA-256 of the canonical arguments, in hexadecimal.
    pub digest: String,
    /// The arguments as JSON text, masked.
    pub arguments: String,
    /// What is to be paid.
    pub terms: Option<TermsText>,
    /// Why a person is asked.
    pub reasons: Vec<String>,
    /// What changed since the last such call; none if there was no such call before.
    pub changes: Option<Vec<Change>>,
    /// Who has said yes.
    pub yes: Vec<Yes>,
    /// What happened to it, oldest first.
    pub events: Vec<Event>,
    /// Where it is paid by hand.
    pub hand: Option<Hand>,
}

impl From<Entry> for Approval {
    fn from(entry: Entry) -> Self {
        let ticket = entry.ticket();
        let (asked, progress) = (entry.question, entry.progress);
        Self {
            ticket,
            tenant: entry.tenant,
            principal: asked.principal,
            credential: asked.credential,
            session: asked.session,
            method: asked.method,
            source: asked.source,
            tool: asked.tool,
            digest: asked.digest,
            arguments: asked.arguments,
            terms: asked.terms,
            reasons: asked.reasons,
            changes: asked.compared.then_some(asked.changes),
            yes: progress.yes,
            events: progress.events,
            hand: asked.hand,
        }
    }
}
