use std::sync::atomic::AtomicU64;
use std::time::Duration;

use audit::{Outcome, Record};
use model::{Code, SourceName};
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Counters of the way. Labels are names that the operator gave or that this program knows: nothing a caller can
/// invent becomes a label.
pub struct Metrics {
    calls: Family<CallLabels, Counter>,
    refusals: Family<CodeLabel, Counter>,
    missing: Family<SourceLabel, Counter>,
    failed_logins: Counter<u64, AtomicU64>,
    findings: Family<FindingLabels, Counter>,
    took: Histogram,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    source: String,
    outcome: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabel {
    code: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SourceLabel {
    source: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FindingLabels {
    source: String,
    rule: Name,
    done: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Name(&'static str);

impl EncodeLabelValue for Name {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        self.0.encode(encoder)
    }
}

impl Metrics {
    pub(crate) fn new() -> Self {
        // Seconds: from a cached answer to a slow upstream.
        let buckets =
            [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];
        Self {
            calls: Family::default(),
            refusals: Family::default(),
            missing: Family::default(),
            failed_logins: Counter::default(),
            findings: Family::default(),
            took: Histogram::new(buckets),
        }
    }

    /// Shows them under `portcullis_…`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "portcullis_calls",
            "Calls, by source and how they ended",
            self.calls.clone(),
        );
        registry.register("portcullis_refusals", "Refusals, by stable code", self.refusals.clone());
        registry.register(
            "portcullis_source_missing",
            "Times that a source was left out of a list or greeting",
            self.missing.clone(),
        );
        registry.register(
            "portcullis_auth_failures",
            "Requests whose credential proved nobody",
            self.failed_logins.clone(),
        );
        registry.register(
            "portcullis_findings",
            "Suspicious texts in what sources answer, by rule and what was done",
            self.findings.clone(),
        );
        registry.register(
            "portcullis_call_duration_seconds",
            "Time from the first stage to the durable record, upstream included",
            self.took.clone(),
        );
    }

    pub(crate) fn call(&self, record: &Record, took: Duration) {
        // What resolved to no source shares one label, whatever names callers invent.
        let source = record.source.as_ref().map_or("unknown", SourceName::as_str).to_owned();
        let outcome = Name(record.outcome.map_or("none", Outcome::as_str));
        self.calls.get_or_create(&CallLabels { source, outcome }).inc();
        if let Some(code) = record.code {
            self.refused(code);
        }
        self.took.observe(took.as_secs_f64());
    }

    pub(crate) fn refused(&self, code: Code) {
        self.refusals.get_or_create(&CodeLabel { code: Name(code.as_str()) }).inc();
    }

    pub(crate) fn finding(&self, source: &SourceName, rule: &'static str, done: &'static str) {
        let labels = FindingLabels {
            source: source.as_str().to_owned(),
            rule: Name(rule),
            done: Name(done),
        };
        self.findings.get_or_create(&labels).inc();
    }

    pub(crate) fn failed_login(&self) {
        self.failed_logins.inc();
    }

    pub(crate) fn source_missing(&self, source: &SourceName) {
        self.missing.get_or_create(&SourceLabel { source: source.as_str().to_owned() }).inc();
    }
}
