use std::time::Duration;

use identity::Rate;
use model::{Effect, SourceName};

use crate::Audience;

/// What an operator can set about the gate itself.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long a whole call may take, waiting for the client's own answers left out.
    pub call_deadline: Duration,
    /// How long all sources together may take to say what they offer.
    pub list_deadline: Duration,
    /// How long a call may stay parked while its client looks for an answer.
    pub park: Duration,
    /// Most calls that may be parked at once for one principal.
    pub parked_per_principal: u32,
    /// Definitions on one page of a merged list.
    pub page_size: usize,
    /// Calls of one principal.
    pub per_principal: Rate,
    /// Calls of one principal to one tool.
    pub per_tool: Rate,
    /// Calls of one principal at the same time.
    pub concurrency: u32,
    /// How long a call of a client that can be asked waits for a person, at most.
    pub approval_wait: Duration,
    /// Names of tools (a `*` at the end stands for any rest) whose calls two persons have to approve.
    pub four_eyes: Vec<String>,
    /// Sampling requests that one call may make of its client.
    pub asks_per_call: u32,
    /// What becomes of arguments in records.
    pub arguments: RecordArguments,
    /// Hosts that a URL elicitation may lead to, beside the source's own.
    pub elicitation_hosts: Vec<String>,
    /// Failed log-ins of one address within a minute.
    pub failed_logins: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            call_deadline: Duration::from_mins(1),
            list_deadline: Duration::from_secs(20),
            park: Duration::from_mins(5),
            parked_per_principal: 16,
            page_size: 500,
            per_principal: Rate::new(6000, Duration::from_mins(1)),
            per_tool: Rate::new(3000, Duration::from_mins(1)),
            concurrency: 64,
            approval_wait: Duration::from_mins(1),
            four_eyes: Vec::new(),
            asks_per_call: 3,
            arguments: RecordArguments::Digest,
            elicitation_hosts: Vec::new(),
            failed_logins: 5,
        }
    }
}

/// What becomes of arguments in records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordArguments {
    /// Only their digest.
    Digest,
    /// The digest, and the arguments with secrets masked.
    Masked,
}

/// What an operator set about one source.
#[derive(Debug, Clone)]
pub struct SourceSettings {
    /// The prefix of its names: `source__tool`.
    pub prefix: Option<String>,
    /// Effects by upstream name; a `*` at the end stands for any rest. The longest match counts.
    pub effects: Vec<(String, Effect)>,
    /// Upstream tool or prompt name, to the name agents use instead.
    pub names: Vec<(String, String)>,
    /// What is done about definitions not seen before.
    pub pins: PinMode,
    /// Whether methods that this gate does not know go through.
    pub pass_unknown: bool,
    /// Whether definitions and instructions are scanned for suspicious text.
    pub detectors: bool,
    /// Whether arguments are held against the tool's schema before the call. (Duplicate members and names that mean
    /// something to JavaScript are refused in any case.)
    pub check_arguments: bool,
    /// Hosts of its URL elicitations: its own host, if it has one.
    pub hosts: Vec<String>,
    /// What is done about suspicious text in what it answers.
    pub results: ResultMode,
    /// With more tools than this they are not listed one by one, but found with `search_tools`; never if not set.
    pub discovery: Option<usize>,
    /// For whom it is there.
    pub audience: Audience,
}

impl SourceSettings {
    /// Settings as they are when nothing is said.
    pub fn new(name: &SourceName) -> Self {
        Self {
            prefix: Some(name.as_str().to_owned()),
            effects: Vec::new(),
            names: Vec::new(),
            pins: PinMode::First,
            pass_unknown: false,
            detectors: true,
            check_arguments: true,
            hosts: Vec::new(),
            results: ResultMode::Annotate,
            discovery: None,
            audience: Audience::Everyone,
        }
    }

    /// The effect set for an upstream name.
    pub fn effect(&self, upstream: &str) -> Option<Effect> {
        let fits = |pattern: &str| match pattern.strip_suffix('*') {
            Some(prefix) => upstream.starts_with(prefix),
            None => upstream == pattern,
        };
        let exact_then_longest = |pattern: &str| (!pattern.ends_with('*'), pattern.len());
        self.effects
            .iter()
            .filter(|(pattern, _)| fits(pattern))
            .max_by_key(|(pattern, _)| exact_then_longest(pattern))
            .map(|(_, effect)| *effect)
    }
}

/// What is done about definitions not seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinMode {
    /// The first contact with a source is accepted whole; what comes later is quarantined.
    First,
    /// The first contact is quarantined, too.
    Ask,
    /// Nothing is pinned: for sources under the operator's own hand.
    Off,
}

/// What is done about suspicious text in a result, an error or a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultMode {
    /// It is named in the label and recorded; the text goes on unchanged.
    Annotate,
    /// The same, and it is taken out of the text. Where that cannot be done, the whole is withheld.
    Redact,
    /// The whole is withheld, with a reason.
    Block,
    /// Nobody looks. The label says where it comes from, as always.
    Off,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_name_beats_a_pattern_and_a_longer_pattern_a_shorter_one() {
        let name = SourceName::new("notes").unwrap();
        let mut s = SourceSettings::new(&name);
        s.effects = [("*", "destructive"), ("get_*", "read"), ("get_and_delete", "write")]
            .map(|(p, e)| (p.to_owned(), e.parse().unwrap()))
            .into();
        assert_eq!(s.effect("get_and_delete"), Some(Effect::Write));
        assert_eq!(s.effect("get_note"), Some(Effect::Read));
        assert_eq!(s.effect("wipe"), Some(Effect::Destructive));
        s.effects.clear();
        assert_eq!(s.effect("get_note"), None);
    }
}
