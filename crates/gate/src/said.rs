//! What a source says, looked at before it goes on: results, errors, notices. One stage for all of them.
//!
//! Detectors are heuristics. What they find is shown beside what was said and recorded; what was said goes on
//! unchanged, unless the operator wants otherwise. That it comes from a source, which nobody vouches for, is always
//! said.

use std::ops::Range;

use bytes::Bytes;
use inspect::{Context, Finding, Redacted, is_removable};
use model::money::Flag;
use model::{Code, Refusal, SourceName};
use protocol::Rope;
use protocol::json::{Edit, JsonError, Limits, Object, quote};
use protocol::mcp::Draft;
use protocol::mcp::keys::{FINDINGS, SOURCE, TRUST};
use protocol::rpc::RpcError;

use crate::ResultMode;
use crate::catalogue::Catalogue;
use crate::port::Notice;

/// Most findings that a label names.
const NAMED: usize = 16;
/// Most findings that a record names, with what was found.
const RECORDED: usize = 6;

/// A judge of what one source says.
pub(crate) struct Ear<'a> {
    catalogue: &'a Catalogue,
    source: &'a SourceName,
    mode: ResultMode,
}

/// What may go on of something said, and what was found in it.
pub(crate) struct Heard<T> {
    pub(crate) said: T,
    pub(crate) seen: Seen,
}

/// What was found, and what was done about it.
pub(crate) struct Seen {
    pub(crate) findings: Vec<Finding>,
    /// `labelled`, `removed` or `withheld`.
    pub(crate) done: &'static str,
    /// Members of `_meta` that were taken out: receipts for what was not paid.
    pub(crate) unsolicited: Vec<String>,
}

/// Which kind of thing is said.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Saying {
    Result,
    Prompt,
}

impl<'a> Ear<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue, source: &'a SourceName) -> Self {
        let mode = catalogue.shelf(source).map_or(ResultMode::Annotate, |s| s.settings.results);
        Self { catalogue, source, mode }
    }

    /// A result, labelled.
    pub(crate) fn result(&self, draft: Draft, kind: Saying) -> Result<Heard<Rope>, Trouble> {
        let findings = self.findings(draft.original().text(), draft.echo(), kind);
        let (draft, seen) = match self.verdict(&findings) {
            Verdict::On => (draft, Seen::labelled(findings)),
            Verdict::Redact => {
                let (object, seen) = self.redacted(&draft.write()?.into_bytes(), findings)?;
                (Draft::from(object), seen)
            }
            Verdict::Withhold => return Err(Trouble::Withheld(Seen::withheld(findings))),
        };
        let draft = draft.labelled(self.source.as_str(), label(&seen.findings));
        let seen = Seen { unsolicited: draft.gone().to_vec(), ..seen };
        Ok(Heard { said: draft.write()?, seen })
    }

    /// An error, labelled in its `data`.
    pub(crate) fn error(&self, error: &RpcError) -> Result<Heard<RpcError>, Trouble> {
        let data = error.data.as_deref().unwrap_or(b"null");
        let mut text = format!("{{\"message\":{},\"data\":", quote(&error.message)).into_bytes();
        text.extend_from_slice(data);
        text.push(b'}');
        let whole = Object::parse(Bytes::from(text), Limits::REPLY)?;
        let findings = self.findings(whole.text(), 0..0, Saying::Result);
        let (whole, seen) = match self.verdict(&findings) {
            Verdict::On => (whole, Seen::labelled(findings)),
            Verdict::Redact => self.redacted(whole.text(), findings)?,
            Verdict::Withhold => return Err(Trouble::Withheld(Seen::withheld(findings))),
        };
        let message = whole.str("message").unwrap_or_default().into_owned();
        let data = self.labelled_data(&whole, &seen.findings)?;
        Ok(Heard { said: RpcError::new(error.code, message).with_data(data), seen })
    }

    /// The `data` of an error with the label in it. Data that is no object becomes its `value`.
    fn labelled_data(&self, error: &Object, findings: &[Finding]) -> Result<Bytes, JsonError> {
        let data = match error.raw("data") {
            None | Some(b"null") => Object::empty(),
            Some(raw) if raw.starts_with(b"{") => {
                error.object("data")?.unwrap_or_else(Object::empty)
            }
            Some(raw) => {
                let value = Edit::new().set("value", raw).apply(&Object::empty());
                Object::parse(value, Limits::REPLY)?
            }
        };
        let source = quote(self.source.as_str());
        let edit = Edit::new().set(SOURCE, source.as_bytes()).set(TRUST, &b"\"untrusted\""[..]);
        let edit = match label(findings) {
            Some(label) => edit.set(FINDINGS, label.into_bytes().to_vec()),
            None => edit.remove(FINDINGS),
        };
        Ok(edit.apply(&data))
    }

    /// A notice, labelled in its `_meta`; none if it is withheld.
    pub(crate) fn notice(&self, notice: Notice) -> Heard<Option<Notice>> {
        let (Notice::Progress(params) | Notice::Log(_, params) | Notice::Other(_, params)) =
            &notice;
        let heard = self.params(params.clone());
        let said = heard.said.map(|params| match notice {
            Notice::Progress(_) => Notice::Progress(params),
            Notice::Log(level, _) => Notice::Log(level, params),
            Notice::Other(method, _) => Notice::Other(method, params),
        });
        Heard { said, seen: heard.seen }
    }

    /// Params of a notification, labelled in their `_meta`; none if they are withheld.
    pub(crate) fn params(&self, params: Bytes) -> Heard<Option<Bytes>> {
        let object = Object::parse(params, Limits::REPLY).map_err(Trouble::from);
        match object.and_then(|o| self.result(Draft::from(o), Saying::Result)) {
            Ok(heard) => Heard { said: Some(heard.said.into_bytes()), seen: heard.seen },
            Err(Trouble::Withheld(seen)) => Heard { said: None, seen },
            Err(Trouble::Nonsense(_)) => Heard { said: None, seen: Seen::labelled(Vec::new()) },
        }
    }

    fn findings(&self, text: &[u8], echo: Range<usize>, kind: Saying) -> Vec<Finding> {
        if self.mode == ResultMode::Off {
            return Vec::new();
        }
        let others = self.catalogue.neighbours(self.source);
        let context = Context::result(self.source.as_str(), &others);
        match kind {
            Saying::Result => inspect::scan_echoing(text, echo, &context),
            Saying::Prompt => inspect::scan_prompt_result(text, &context),
        }
    }

    fn verdict(&self, findings: &[Finding]) -> Verdict {
        match self.mode {
            _ if !findings.iter().any(is_removable) => Verdict::On,
            ResultMode::Annotate | ResultMode::Off => Verdict::On,
            ResultMode::Redact => Verdict::Redact,
            ResultMode::Block => Verdict::Withhold,
        }
    }

    fn redacted(&self, text: &[u8], findings: Vec<Finding>) -> Result<(Object, Seen), Trouble> {
        let others = self.catalogue.neighbours(self.source);
        let text = match inspect::redact(text, &Context::result(self.source.as_str(), &others)) {
            Redacted::Changed(text) => Bytes::from(text),
            Redacted::Clean => Bytes::copy_from_slice(text),
            Redacted::Impossible => return Err(Trouble::Withheld(Seen::withheld(findings))),
        };
        let seen = Seen { done: "removed", ..Seen::labelled(findings) };
        Ok((Object::parse(text, Limits::REPLY)?, seen))
    }
}

impl Seen {
    const fn labelled(findings: Vec<Finding>) -> Self {
        Self { findings, done: "labelled", unsolicited: Vec::new() }
    }

    const fn withheld(findings: Vec<Finding>) -> Self {
        Self { findings, done: "withheld", unsolicited: Vec::new() }
    }

    /// In words for a record: each finding with its place and what was seen there, and what was taken out.
    pub(crate) fn note(&self, what: &str) -> Option<String> {
        let receipts = (!self.unsolicited.is_empty())
            .then(|| format!("{}: {}", Flag::UnsolicitedReceipt, self.unsolicited.join(", ")));
        let both: Vec<String> = self.found(what).into_iter().chain(receipts).collect();
        (!both.is_empty()).then(|| both.join("; "))
    }

    fn found(&self, what: &str) -> Option<String> {
        let each = self.findings.iter().take(RECORDED).map(|f| {
            let path = if f.path.is_empty() { "/" } else { &f.path };
            format!("{} at {path}: {}", f.rule, f.excerpt)
        });
        let each = each.collect::<Vec<_>>().join("; ");
        let (count, done) = (self.findings.len(), self.done);
        (count > 0).then(|| format!("{what} {done}, {count} finding(s): {each}"))
    }
}

/// What is done about what was found.
enum Verdict {
    On,
    Redact,
    Withhold,
}

/// Why something said does not go on.
pub(crate) enum Trouble {
    /// The operator wants it so.
    Withheld(Seen),
    /// It has not the shape it must have.
    Nonsense(JsonError),
}

impl From<JsonError> for Trouble {
    fn from(e: JsonError) -> Self {
        Self::Nonsense(e)
    }
}

/// The refusal in the place of what is withheld. It names the rules, never the words.
pub(crate) fn withheld(source: &SourceName, findings: &[Finding]) -> Refusal {
    let mut rules: Vec<&str> = findings.iter().map(|f| f.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    let named = rules.iter().map(|r| quote(r)).collect::<Vec<_>>().join(",");
    let message = format!(
        "the call was made; what {source} answered is withheld, because it reads like orders to a model ({})",
        rules.join(", ")
    );
    Refusal::new(Code::ResultWithheld, message)
        .data(format!("{{\"source\":\"{source}\",\"rules\":[{named}],\"outcomeUnknown\":false}}"))
}

/// The label's list of findings: rules and places, never the words.
fn label(findings: &[Finding]) -> Option<Rope> {
    if findings.is_empty() {
        return None;
    }
    let each = findings
        .iter()
        .take(NAMED)
        .map(|f| format!("{{\"rule\":{},\"path\":{}}}", quote(f.rule), quote(&f.path)));
    Some(Rope::from(format!("[{}]", each.collect::<Vec<_>>().join(","))))
}
