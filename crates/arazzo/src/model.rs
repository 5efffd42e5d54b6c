//! A document that has been read and checked.

use std::time::Duration;

use serde_json::Value;

use crate::criterion::Criterion;
use crate::error::LoadError;
use crate::pointer::Pointer;
use crate::template::Template;

/// The versions of Arazzo that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Version {
    /// 1.0.0
    #[default]
    V1_0_0,
    /// 1.0.1
    V1_0_1,
    /// 1.1.0
    V1_1_0,
}

/// A document: every reference in it leads somewhere.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// The version it says.
    pub version: Version,
    /// Its title.
    pub title: String,
    /// What it is for: untrusted text.
    pub description: Option<String>,
    /// Where its operations are described.
    pub sources: Vec<SourceDescription>,
    /// Its workflows.
    pub workflows: Vec<Workflow>,
    pub(crate) own_uri: Option<String>,
}

/// Where operations are described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceDescription {
    /// The document's name for it.
    pub name: String,
    /// A URI reference: a word about the source, never fetched from here.
    pub url: String,
    /// What kind of description it is.
    pub kind: SourceKind,
}

/// Kinds of descriptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// An API, in OpenAPI.
    OpenApi,
    /// Other workflows.
    Arazzo,
}

/// A workflow.
#[derive(Debug, Clone)]
pub struct Workflow {
    /// Unique in the document; case matters.
    pub id: String,
    /// A line for people: untrusted text.
    pub summary: Option<String>,
    /// What it does: untrusted text.
    pub description: Option<String>,
    /// JSON Schema 2020-12 of its inputs, an object; `$ref`s lead into its own `$defs`.
    pub inputs: Value,
    /// Workflows that have to end well first.
    pub depends_on: Vec<String>,
    /// Its steps, in order.
    pub steps: Vec<Step>,
    pub(crate) outputs: Vec<(String, Template)>,
    /// Steps never overlap, whatever they do.
    pub(crate) sequential: bool,
}

impl Workflow {
    /// Names of its outputs.
    pub fn output_names(&self) -> impl Iterator<Item = &str> {
        self.outputs.iter().map(|(name, _)| name.as_str())
    }
}

/// A step: one call.
#[derive(Debug, Clone)]
pub struct Step {
    /// Unique in the workflow.
    pub id: String,
    /// What it calls.
    pub target: Target,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Option<Body>,
    pub(crate) criteria: Vec<Criterion>,
    pub(crate) on_success: Vec<Action>,
    pub(crate) on_failure: Vec<Action>,
    pub(crate) outputs: Vec<(String, Template)>,
    pub(crate) timeout: Option<Duration>,
    /// Steps it waits for by its own words; none said is not the same as none.
    pub(crate) depends_on: Option<Vec<usize>>,
    /// Earlier steps whose outputs it reads.
    pub(crate) reads: Vec<usize>,
    /// Whether it reads what only an earlier round of a loop can have left.
    pub(crate) carried: Vec<String>,
}

/// What a step calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A tool of the gate, by the name agents know it by (`x-portcullis-tool`).
    Tool(String),
    /// An operation of a source description, by its id; of the only one there is, if none is named.
    Operation {
        /// The source description.
        source: Option<String>,
        /// The operation.
        id: String,
    },
    /// An operation by its place in a source description.
    Path {
        /// The source description.
        source: String,
        /// For example `/paths/~1pets~1{id}/get`.
        pointer: Pointer,
    },
    /// A workflow of this document.
    Workflow(String),
    /// A workflow of another document.
    Foreign {
        /// The source description.
        source: String,
        /// The workflow.
        id: String,
    },
}

/// Where a parameter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// The path.
    Path,
    /// The query.
    Query,
    /// A header field.
    Header,
    /// A cookie.
    Cookie,
}

#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) place: Option<Place>,
    pub(crate) value: Template,
}

#[derive(Debug, Clone)]
pub(crate) struct Body {
    pub(crate) content_type: Option<String>,
    pub(crate) payload: Template,
    pub(crate) replacements: Vec<(Pointer, Template)>,
}

/// What follows a step.
#[derive(Debug, Clone)]
pub(crate) struct Action {
    pub(crate) name: String,
    pub(crate) criteria: Vec<Criterion>,
    pub(crate) then: Then,
}

#[derive(Debug, Clone)]
pub(crate) enum Then {
    End,
    Step(usize),
    Workflow(Transfer),
    Retry { after: Duration, limit: u32, first: Option<First> },
}

/// Another workflow, and what it is given.
#[derive(Debug, Clone)]
pub(crate) struct Transfer {
    pub(crate) target: Target,
    pub(crate) parameters: Vec<Parameter>,
}

/// What is done before a step is tried again.
#[derive(Debug, Clone)]
pub(crate) enum First {
    Step(usize),
    Workflow(Transfer),
}

impl Document {
    /// Reads and checks a document. All errors are told at once, up to fifty.
    pub fn parse(text: &[u8]) -> Result<Self, Vec<LoadError>> {
        crate::load::load(text)
    }

    /// A workflow by its id.
    pub fn workflow(&self, id: &str) -> Option<&Workflow> {
        self.workflows.iter().find(|w| w.id == id)
    }

    /// A source description by its name.
    pub fn source(&self, name: &str) -> Option<&SourceDescription> {
        self.sources.iter().find(|s| s.name == name)
    }
}

impl Step {
    /// Whether it decides what comes next: nothing else may run beside it.
    pub(crate) fn decides(&self) -> bool {
        let leads = |a: &Action| !matches!(a.then, Then::Retry { first: None, .. });
        self.on_success.iter().any(leads)
            || self.on_failure.iter().any(|a| leads(a) && !matches!(a.then, Then::End))
    }
}
