//! What the books and the payer count, for whoever watches.

use std::fmt;

use pay::Payer;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Writes them. Amounts are in the smallest unit of their asset. Labels are rails, rules, and assets of the operator's table.
pub fn encode(payer: &Payer, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
    let standing = payer.treasury().watch().borrow().clone();
    let gauges: [(&str, &str, usize); 4] = [
        ("portcullis_payments_open", "Payments that hold money", standing.open),
        ("portcullis_payments_held", "Payments whose outcome is not known", standing.held),
        ("portcullis_payments_paused", "Pauses in force", standing.paused),
        ("portcullis_ledger_unstored", "Outcomes not stored yet", standing.unstored),
    ];
    for (name, help, value) in gauges {
        let metric = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
        metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)?;
    }
    let failed = ConstGauge::new(i64::from(standing.failed.is_some()));
    let help = "1 when the books cannot be written: nothing is paid";
    let kind = failed.metric_type();
    failed.encode(encoder.encode_descriptor("portcullis_ledger_failed", help, None, kind)?)?;

    let gauge = ConstGauge::new(0_f64).metric_type();
    let counter = ConstCounter::new(0_f64).metric_type();
    let help = "Money reserved and not spent, in the smallest unit of the asset";
    let name = "portcullis_payments_reserved_units";
    let mut family = encoder.encode_descriptor(name, help, None, gauge)?;
    for sum in &standing.sums {
        let labels = [("rail", sum.rail.as_str()), ("asset", sum.asset.as_str())];
        let value = ConstGauge::new(float(sum.reserved));
        value.encode(family.encode_family(&labels)?)?;
    }
    let help =
        "Money spent, fees included, in the smallest unit of the asset, since the books began";
    let name = "portcullis_payments_spent_units";
    let mut family = encoder.encode_descriptor(name, help, None, counter)?;
    for sum in &standing.sums {
        let labels = [("rail", sum.rail.as_str()), ("asset", sum.asset.as_str())];
        let value = ConstCounter::new(float(sum.spent));
        value.encode(family.encode_family(&labels)?)?;
    }
    let (name, help) = ("portcullis_payments", "Payments that settled, since the books began");
    let mut family = encoder.encode_descriptor(name, help, None, counter)?;
    for sum in &standing.sums {
        let labels = [("rail", sum.rail.as_str()), ("asset", sum.asset.as_str())];
        let value: ConstCounter<u64> = ConstCounter::new(sum.payments);
        value.encode(family.encode_family(&labels)?)?;
    }
    let (name, help) = ("portcullis_payment_refusals", "Payments that were refused, by rule");
    let mut family = encoder.encode_descriptor(name, help, None, counter)?;
    for (rule, count) in payer.tally().refusals() {
        let value: ConstCounter<u64> = ConstCounter::new(count);
        value.encode(family.encode_family(&[("rule", rule.as_str())])?)?;
    }
    Ok(())
}

/// The format has floating point alone; beyond 2^53 units it rounds.
#[expect(clippy::cast_precision_loss, reason = "numbers for graphs; the books count exactly")]
const fn float(units: u128) -> f64 {
    units as f64
}
