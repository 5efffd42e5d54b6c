use std::fmt;
use std::sync::Arc;

use super::money::numbers as money;
use approvals::What;
use front::Gauges;
use gate::Gate;
use gate::port::Source;
use journal::Journal;
use pay::Payer;
use process::Children;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

/// Everything that is counted, in the form Prometheus reads.
pub struct Exposition {
    /// Counts calls.
    pub gate: Gate,
    /// Counts records.
    pub journal: Journal,
    registry: Registry,
}

/// What is looked up at the moment somebody asks.
struct Now {
    gate: Gate,
    journal: Journal,
    gauges: Arc<Gauges>,
    children: Arc<Children>,
    sources: Vec<Arc<dyn Source>>,
    payer: Option<Payer>,
}

impl Exposition {
    /// The numbers of a gate and of what is around it.
    pub fn new(
        gate: Gate,
        journal: Journal,
        gauges: Arc<Gauges>,
        children: Arc<Children>,
        sources: Vec<Arc<dyn Source>>,
        payer: Option<Payer>,
    ) -> Self {
        let mut registry = Registry::default();
        gate.metrics().register(&mut registry);
        let (counted, log) = (gate.clone(), journal.clone());
        let now = Now { gate: counted, journal: log, gauges, children, sources, payer };
        registry.register_collector(Box::new(now));
        Self { gate, journal, registry }
    }

    /// All of it.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::with_capacity(8 * 1024);
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl fmt::Debug for Now {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Now")
    }
}

impl Collector for Now {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let log = self.journal.stats();
        let gauges: [(&str, &str, i64); 9] = [
            ("portcullis_connections", "Open connections of clients", self.gauges.connections()),
            ("portcullis_sessions", "Sessions of legacy clients", self.gauges.sessions()),
            ("portcullis_streams", "Event streams to clients", self.gauges.streams()),
            (
                "portcullis_parked_calls",
                "Calls that wait for their client",
                whole(self.gate.parked()),
            ),
            (
                "portcullis_watching_clients",
                "Clients that watch for changes",
                whole(self.gate.watching()),
            ),
            ("portcullis_children", "Child programs", whole(self.children.live())),
            ("portcullis_audit_queued", "Records waiting to be written", whole(log.queued)),
            (
                "portcullis_audit_failed",
                "1 when the audit log takes no more records",
                i64::from(log.failed),
            ),
            (
                "portcullis_audit_sink_backlog",
                "Checkpoints the sink does not have yet",
                i64::try_from(log.sink_backlog).unwrap_or(i64::MAX),
            ),
        ];
        for (name, help, value) in gauges {
            let metric = ConstGauge::new(value);
            metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)?;
        }
        let counters = [
            ("portcullis_connections_refused", "Connections over a limit", self.gauges.refused()),
            ("portcullis_audit_records", "Records taken since the start", log.records),
            ("portcullis_audit_syncs", "Syncs to disk, each for a batch of records", log.batches),
        ];
        for (name, help, value) in counters {
            let metric: ConstCounter<u64> = ConstCounter::new(value);
            metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)?;
        }
        self.approvals(&mut encoder)?;
        if let Some(payer) = &self.payer {
            money::encode(payer, &mut encoder)?;
        }
        self.each_source(&mut encoder)
    }
}

impl Now {
    fn approvals(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Some(desk) = self.gate.desk() else { return Ok(()) };
        let (name, help) = ("portcullis_approvals_waiting", "Calls that wait for a person");
        let waiting = ConstGauge::new(whole(desk.waiting_lately()));
        waiting.encode(encoder.encode_descriptor(name, help, None, waiting.metric_type())?)?;
        let kind = ConstCounter::new(0_u64).metric_type();
        let (name, help) = ("portcullis_approvals", "What happened to questions to persons");
        let mut family = encoder.encode_descriptor(name, help, None, kind)?;
        for what in What::ALL {
            let labels = [("event", what.as_str())];
            let value: ConstCounter<u64> = ConstCounter::new(desk.tally().of(what));
            value.encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn each_source(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let kind = ConstGauge::new(0_i64).metric_type();
        let (up, sessions) = ("portcullis_source_up", "portcullis_source_sessions");
        let mut family = encoder.encode_descriptor(
            up,
            "1 when calls are let through to the source",
            None,
            kind,
        )?;
        for source in &self.sources {
            let labels = [("source", source.name().as_str())];
            let value = ConstGauge::new(i64::from(source.status().up));
            value.encode(family.encode_family(&labels)?)?;
        }
        let mut family =
            encoder.encode_descriptor(sessions, "Upstream sessions of the source", None, kind)?;
        for source in &self.sources {
            let labels = [("source", source.name().as_str())];
            let value = ConstGauge::new(whole(source.status().sessions));
            value.encode(family.encode_family(&labels)?)?;
        }
        let kind = ConstCounter::new(0_u64).metric_type();
        let (strays, help) = ("portcullis_source_strays", "Answers that nobody waited for");
        let mut family = encoder.encode_descriptor(strays, help, None, kind)?;
        for source in &self.sources {
            let labels = [("source", source.name().as_str())];
            let value: ConstCounter<u64> = ConstCounter::new(source.status().strays);
            value.encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

fn whole(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
