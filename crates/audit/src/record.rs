use std::net::IpAddr;

use model::{Action, Code, Credential, Effect, PrincipalId, SourceName, TenantId, Timestamp};

use crate::entry::{Entry, EntryError};
use crate::line::{self, Line};
use crate::payment::Payment;
use crate::text::Text;

/// Longest line a record can become, in bytes, its line break included. What would be longer is cut, with a mark.
pub const MAX_LINE: usize = 28 * 1024;

/// Bound of names and ids, in bytes of the line.
const NAME: usize = 256;
/// Bound of what peers choose freely: user agents, resource URIs.
const FREE: usize = 512;
/// Bound of a note, which may list several findings.
const NOTE: usize = 1024;
/// Bound of a place in the books: a number and a code of 32 bytes in hex.
const PLACE: usize = 96;
/// Bound of masked arguments.
const ARGUMENTS: usize = 16 * 1024;

/// What a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Kind {
    /// A call that reached its verdict, whatever came of it.
    #[default]
    Call,
    /// A request refused before it became a call.
    Refusal,
    /// Somebody proved who they are, or failed to.
    Auth,
    /// A session began or ended.
    Session,
    /// A definition was pinned, changed, accepted or quarantined.
    Pin,
    /// A program of a source was started, was held by its confinement, or ended.
    Source,
    /// Money was refused, reserved, sent, settled, released or is held.
    Payment,
    /// The wallet signed in at a seller, or would not.
    SignIn,
    /// A person was asked about a call, answered, or the answer was used or ran out.
    Approval,
    /// An operator, or the log itself, changed something.
    Admin,
    /// The gate started.
    Start,
    /// The gate stopped.
    Stop,
    /// The log was mended after a crash.
    Recovery,
}

impl Kind {
    /// The name used in the line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Refusal => "refusal",
            Self::Auth => "auth",
            Self::Session => "session",
            Self::Pin => "pin",
            Self::Source => "source",
            Self::Payment => "payment",
            Self::SignIn => "sign_in",
            Self::Approval => "approval",
            Self::Admin => "admin",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Recovery => "recovery",
        }
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Done.
    Ok,
    /// The tool answered that it failed (`isError`).
    ToolError,
    /// Policy, a guard or a check said no.
    Refused,
    /// A rate or concurrency limit said no.
    Limited,
    /// The source or the gate failed.
    Failed,
    /// The caller gave up or went away.
    Cancelled,
    /// The source asks for more before it goes on.
    InputRequired,
}

impl Outcome {
    /// The name used in the line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::ToolError => "tool_error",
            Self::Refused => "refused",
            Self::Limited => "limited",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::InputRequired => "input_required",
        }
    }
}

/// One entry of the audit log. What is `None` is left out of the line.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// What it is about.
    pub kind: Kind,
    /// When it was made. Order is by sequence number, never by this.
    pub time: Timestamp,
    /// Who called.
    pub principal: Option<PrincipalId>,
    /// Whom the caller belongs to.
    pub tenant: Option<TenantId>,
    /// How the caller proved it.
    pub credential: Option<Credential>,
    /// A public name of the session: never the session id itself, which is a secret.
    pub session: Option<Text>,
    /// The JSON-RPC request id, as the caller gave it.
    pub request_id: Option<Text>,
    /// W3C trace id.
    pub trace_id: Option<Text>,
    /// The door it came through.
    pub front: Option<Text>,
    /// The peer's address.
    pub client: Option<IpAddr>,
    /// What the peer calls itself.
    pub user_agent: Option<Text>,
    /// The source behind the gate.
    pub source: Option<SourceName>,
    /// Exposed tool name, resource URI or prompt name.
    pub tool: Option<Text>,
    /// What the source itself calls it.
    pub upstream_name: Option<Text>,
    /// What was asked for.
    pub action: Option<Action>,
    /// What the tool may do to the world.
    pub effect: Option<Effect>,
    /// SHA-256 of the canonical arguments.
    pub args_digest: Option<[u8; 32]>,
    /// Arguments as JSON text, masked; kept as a string, so that they can forge nothing.
    pub args_masked: Option<String>,
    /// `allow`, `deny` or `ask`.
    pub verdict: Option<&'static str>,
    /// The rule that decided.
    pub rule: Option<Text>,
    /// Epoch of the policy that decided.
    pub epoch: u64,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Why it was refused or failed.
    pub code: Option<Code>,
    /// HTTP status or JSON-RPC error code of the source.
    pub upstream_status: Option<i64>,
    /// How long it took, in microseconds.
    pub duration_us: Option<u64>,
    /// Bytes of the request.
    pub bytes_in: Option<u64>,
    /// Bytes of the answer.
    pub bytes_out: Option<u64>,
    /// The money in it.
    pub payment: Option<Box<Payment>>,
    /// How far the books of money were when it was made, as `NUMBER:CODE`: books that end before it were put back.
    pub ledger: Option<Text>,
    /// Findings, and whatever else an operator should know.
    pub note: Option<Text>,
    /// The verifier key that signs from the next record on. The log sets it; it ignores what others put here.
    pub next_key: Option<String>,
    /// Records before this number were removed by retention. The log sets it; it ignores what others put here.
    pub first_kept: Option<u64>,
}

impl Record {
    /// A record of `kind` made at `time`, all else empty.
    pub fn new(kind: Kind, time: Timestamp) -> Self {
        Self { kind, time, ..Self::default() }
    }

    /// Appends this record as line number `seq`, its line break included: at most [`MAX_LINE`] bytes.
    pub fn write_line(&self, seq: u64, out: &mut Vec<u8>) {
        let mut body = Vec::with_capacity(1024);
        self.write_body(&mut body);
        line::assemble(seq, None, &body, out);
    }

    /// Appends everything of the line that does not hang on its place in the log, for [`assemble`](crate::assemble).
    pub fn write_body(&self, out: &mut Vec<u8>) {
        let mut line = Line::begin(self.time, out);
        line.plain("kind", self.kind.as_str());
        self.write_caller(&mut line);
        self.write_target(&mut line);
        self.write_end(&mut line);
    }

    fn write_caller(&self, line: &mut Line<'_>) {
        line.text("principal", self.principal.as_ref().map(PrincipalId::as_str), NAME);
        line.text("tenant", self.tenant.as_ref().map(TenantId::as_str), NAME);
        match &self.credential {
            Some(Credential::LocalUser) => line.plain("credential", "local"),
            Some(Credential::ApiKey(id)) => line.prefixed("credential", "key:", id, NAME),
            Some(Credential::None) => line.plain("credential", "none"),
            None => {}
        }
        line.text("session", self.session.as_deref(), NAME);
        line.text("request_id", self.request_id.as_deref(), NAME);
        line.text("trace_id", self.trace_id.as_deref(), NAME);
        line.text("front", self.front.as_deref(), NAME);
        line.address("client", self.client);
        line.text("user_agent", self.user_agent.as_deref(), FREE);
    }

    fn write_target(&self, line: &mut Line<'_>) {
        line.text("source", self.source.as_ref().map(SourceName::as_str), NAME);
        line.text("tool", self.tool.as_deref(), FREE);
        line.text("upstream_name", self.upstream_name.as_deref(), FREE);
        line.name("action", self.action.map(Action::as_str));
        line.name("effect", self.effect.map(Effect::as_str));
        line.digest("args_digest", self.args_digest.as_ref());
        line.text("args_masked", self.args_masked.as_deref(), ARGUMENTS);
        line.name("verdict", self.verdict);
        line.text("rule", self.rule.as_deref(), NAME);
        line.number("epoch", Some(self.epoch));
    }

    fn write_end(&self, line: &mut Line<'_>) {
        line.name("outcome", self.outcome.map(Outcome::as_str));
        line.name("code", self.code.map(Code::as_str));
        line.signed("upstream_status", self.upstream_status);
        line.number("duration_us", self.duration_us);
        line.number("bytes_in", self.bytes_in);
        line.number("bytes_out", self.bytes_out);
        if let Some(payment) = &self.payment {
            payment.write(line);
        }
        line.text("ledger", self.ledger.as_deref(), PLACE);
        line.text("note", self.note.as_deref(), NOTE);
        line.text("next_key", self.next_key.as_deref(), FREE);
        line.number("first_kept", self.first_kept);
    }

    /// Reads a line back.
    pub fn parse(line: &[u8]) -> Result<Entry, EntryError> {
        Entry::parse(line)
    }
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
