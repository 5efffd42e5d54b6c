//! What the gate needs of the rooms around it: sources behind it, links to clients before it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use approvals::Ticket;
use bytes::Bytes;
use model::SourceName;
use protocol::mcp::{Draft, Era, Level, Method, ServerCapabilities};
use protocol::rpc::RpcError;

use crate::{Cleared, Client};

/// A boxed future: sources and links are chosen at run time.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Something behind the gate.
///
/// A source speaks to its upstream in whatever era that has, and to the gate in the era of the client: params arrive
/// as the client wrote them, results and errors leave as the client can read them.
pub trait Source: Send + Sync + 'static {
    /// The operator's name for it.
    fn name(&self) -> &SourceName;

    /// How it is reached, in a form that is the same across restarts (command line or URL). Pins are keyed by it.
    fn identity(&self) -> &str;

    /// What the server says of itself to this client; opens the upstream session if there is none.
    fn greet<'a>(&'a self, client: &'a Arc<Client>) -> Boxed<'a, Result<Arc<Greeting>, Trouble>>;

    /// All pages of one list, each the raw array of definitions. Bounded in pages, bytes and time by the source.
    fn list<'a>(
        &'a self,
        client: &'a Arc<Client>,
        kind: Kind,
    ) -> Boxed<'a, Result<Listing, Trouble>>;

    /// Carries out a cleared call. Dropping the future cancels it upstream.
    fn call(&self, cleared: Cleared, link: Arc<dyn Link>) -> Boxed<'_, Result<Reply, Trouble>>;

    /// Starts to watch on behalf of a client; what happens goes to the [`Events`] the source was made with.
    /// Returns the part of the filter that the upstream accepted.
    fn watch<'a>(
        &'a self,
        client: &'a Arc<Client>,
        filter: Filter,
    ) -> Boxed<'a, Result<Filter, Trouble>>;

    /// Ends the watching of these resources.
    fn unwatch<'a>(&'a self, client: &'a Arc<Client>, uris: &'a [String]) -> Boxed<'a, ()>;

    /// A legacy client set its level, or its roots changed: pass it on where the upstream cares.
    fn told<'a>(&'a self, client: &'a Arc<Client>, what: Told) -> Boxed<'a, ()>;

    /// The client's session has ended: whatever was held for it is given up.
    fn end(&self, client: &Client);

    /// Whether it may answer a call with [`Trouble::Asks`]. Only then a call tells it what an approval is bound to.
    fn asks(&self) -> bool {
        false
    }

    /// Whether it works with the values of a tool's arguments rather than with their text. Then a call carries those that
    /// were checked ([`Clearance::arguments`](crate::Clearance::arguments)), so that nothing is read a second time.
    fn reads(&self) -> bool {
        false
    }

    /// How it is doing, for health pages and tables.
    fn status(&self) -> Status;

    /// Stops everything this source started; returns when nothing of it is left.
    fn stop(&self) -> Boxed<'_, ()>;
}

/// What a server says of itself.
#[derive(Debug, Clone, Default)]
pub struct Greeting {
    /// What it offers, in the words of the client's era.
    pub capabilities: ServerCapabilities,
    /// Its instructions to the model: untrusted text.
    pub instructions: Option<String>,
    /// Raw `serverInfo`.
    pub info: Option<Bytes>,
}

/// What a legacy client tells outside any call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// `logging/setLevel`
    Level(Level),
    /// `notifications/roots/list_changed`
    RootsChanged,
}

/// The four lists of MCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `tools/list`
    Tools,
    /// `resources/list`
    Resources,
    /// `resources/templates/list`
    Templates,
    /// `prompts/list`
    Prompts,
}

impl Kind {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Tools, Self::Resources, Self::Templates, Self::Prompts];

    /// The method that asks for the list.
    pub const fn method(self) -> Method {
        match self {
            Self::Tools => Method::ToolsList,
            Self::Resources => Method::ResourcesList,
            Self::Templates => Method::ResourceTemplatesList,
            Self::Prompts => Method::PromptsList,
        }
    }

    /// The member of the result that holds the definitions (`tools`, `resourceTemplates`, …).
    pub const fn member(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Resources => "resources",
            Self::Templates => "resourceTemplates",
            Self::Prompts => "prompts",
        }
    }

    /// The word used in records, pins and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tools => "tool",
            Self::Resources => "resource",
            Self::Templates => "template",
            Self::Prompts => "prompt",
        }
    }
}

/// One list, as the upstream gave it: its own definitions, untranslated, because pins are of these. (The gate puts
/// them into the words of the client's version.) An upstream without the capability has an empty list.
#[derive(Debug, Clone)]
pub struct Listing {
    /// The era in which the upstream said it. A server of both eras may describe itself differently in each.
    pub era: Era,
    /// Each page's raw JSON array, in order. The same bytes as last time mean nothing has changed.
    pub pages: Vec<Bytes>,
    /// What the operator should know: a page limit hit, a cursor that repeats.
    pub warnings: Vec<String>,
}

/// What a source answered.
#[derive(Debug, Clone)]
pub enum Reply {
    /// The result object, as the client's era has it. `failed` for a tool's `isError: true`.
    Complete {
        /// The result.
        result: Draft,
        /// Whether the tool says it failed.
        failed: bool,
    },
    /// The server wants something of the client first. Only ever for a modern client whose upstream is modern;
    /// everything else is asked through [`Link::ask`].
    InputRequired {
        /// Key, method and raw params of each request.
        inputs: Vec<(String, Method, Bytes)>,
        /// The upstream's `requestState`, byte for byte.
        state: Option<String>,
    },
}

/// Why a source has no answer.
#[derive(Debug, Clone)]
pub enum Trouble {
    /// The upstream answered with a JSON-RPC error that the client may see: already in the client's era.
    Answered(RpcError),
    /// The upstream is at fault or out of reach. The texts are for the operator only.
    Failed {
        /// `upstream_failed`, `upstream_timeout`, `upstream_down`, `result_too_large` or `not_translatable`.
        code: model::Code,
        /// More, for log and record.
        detail: String,
        /// HTTP status of the upstream, where there was one.
        status: Option<u16>,
        /// Whether the upstream may have acted although no answer came.
        unknown: bool,
    },
    /// The client lacks what the call needs; raw `requiredCapabilities`.
    NeedsCapability(Bytes),
    /// A person has to say yes first. The source has put the question to the desk of approvals, and has done nothing
    /// that a later try would not do again: whatever the client is told, the same call comes anew.
    Asks(Box<Asking>),
    /// The client cancelled.
    Cancelled,
}

/// A question that a source put to the desk of approvals in the middle of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking {
    /// What the desk gave for it.
    pub ticket: Ticket,
    /// One sentence for the person, without the words of sellers: what is to be approved.
    pub message: String,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(e) => write!(f, "answered with error {}: {}", e.code, e.message),
            Self::Failed { code, detail, .. } => write!(f, "{code}: {detail}"),
            Self::NeedsCapability(_) => f.write_str("needs a capability the client lacks"),
            Self::Asks(asking) => write!(f, "waits for the approval {}", asking.ticket.id),
            Self::Cancelled => f.write_str("cancelled"),
        }
    }
}

/// The way back to a client while one of its requests runs, or outside any (its session).
pub trait Link: Send + Sync {
    /// Sends a notification that belongs to the request. Waits while the client is slow: back-pressure.
    fn notify(&self, notice: Notice) -> Boxed<'_, ()>;

    /// Asks the client and waits for its answer: the raw `result`, or its error.
    fn ask(&self, ask: Ask) -> Boxed<'_, Result<Bytes, RpcError>>;
}

/// A notification on its way to a client. `params` hold no token or id of a hop: the front puts its own in.
#[derive(Debug, Clone)]
pub enum Notice {
    /// Progress of the running request: raw params without `progressToken`.
    Progress(Bytes),
    /// A log message: its level and raw params.
    Log(Level, Bytes),
    /// Any other notification, as it came.
    Other(Method, Bytes),
}

/// A request to a client: elicitation, sampling or roots.
#[derive(Debug, Clone)]
pub struct Ask {
    /// `elicitation/create`, `sampling/createMessage` or `roots/list`.
    pub method: Method,
    /// Raw params, without anything that belongs to a hop.
    pub params: Bytes,
}

/// What a client wants to hear of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// `tools/list_changed`
    pub tools: bool,
    /// `prompts/list_changed`
    pub prompts: bool,
    /// `resources/list_changed`
    pub resources: bool,
    /// `resources/updated`, for these URIs.
    pub uris: Vec<String>,
    /// `notifications/tasks`, for these ids.
    pub tasks: Vec<String>,
}

/// Where a source reports what happens outside any call. Cheap, never blocks, coalesces: a flood costs nothing.
pub trait Events: Send + Sync {
    /// One of the source's lists may have changed.
    fn list_changed(&self, source: &SourceName, kind: Kind);

    /// A watched resource changed; only clients of this lease hear of it.
    fn updated(&self, source: &SourceName, lease: crate::Lease, uri: &str);

    /// A task's state, as raw params; only clients of this lease hear of it.
    fn task(&self, source: &SourceName, lease: crate::Lease, params: Bytes);

    /// Something about a program of the source, for the audit log. What comes too often is counted, not recorded.
    fn note(&self, source: &SourceName, event: SourceEvent);
}

/// What became of a program of a source. The texts are for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceEvent {
    /// It was started.
    Started {
        /// Program and arguments: only the first is recorded as it is, and a digest of all.
        command: Vec<String>,
        /// Its number, and what it may reach.
        how: String,
    },
    /// It was not.
    NotStarted {
        /// Why, as a stable name.
        code: &'static str,
        /// Why, in words.
        why: String,
    },
    /// Its confinement refused it something, or ended what it left behind.
    Held {
        /// By what, as a stable name.
        by: &'static str,
        /// What was seen.
        what: String,
    },
    /// It has ended, and nothing of it is left.
    Ended {
        /// Whether it was asked to, or ended without complaint.
        well: bool,
        /// How.
        how: String,
    },
}

/// How a source is doing.
#[derive(Debug, Clone, Default)]
pub struct Status {
    /// Whether its circuit is closed: calls are let through.
    pub up: bool,
    /// `legacy`, `modern`, `both`, or empty before the first contact.
    pub era: &'static str,
    /// Open upstream sessions.
    pub sessions: usize,
    /// Live child programs.
    pub children: usize,
    /// The last trouble, for the operator.
    pub last_trouble: Option<String>,
    /// How long its circuit stays open still.
    pub retry_in: Option<Duration>,
    /// Answers that nobody waited for, since the start: to what was never asked, or was answered before.
    pub strays: u64,
}
