use std::sync::atomic::{AtomicU64, Ordering};

use model::money::MoneyRule;

/// How often each rule has refused a payment since the start.
#[derive(Debug)]
pub struct Tally([AtomicU64; MoneyRule::ALL.len()]);

impl Default for Tally {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; MoneyRule::ALL.len()])
    }
}

impl Tally {
    pub(crate) fn refused(&self, rule: MoneyRule) {
        if let Some(count) = self.0.get(rule as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The rules that have refused something, and how often.
    pub fn refusals(&self) -> impl Iterator<Item = (MoneyRule, u64)> {
        let counts = self.0.iter().map(|count| count.load(Ordering::Relaxed));
        MoneyRule::ALL.iter().copied().zip(counts).filter(|(_, count)| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_has_a_count_of_its_own() {
        let tally = Tally::default();
        for (n, rule) in MoneyRule::ALL.iter().enumerate() {
            (0..=n).for_each(|_| tally.refused(*rule));
        }
        let each: Vec<_> = tally.refusals().collect();
        assert_eq!(each.len(), MoneyRule::ALL.len());
        assert!(each.iter().zip(1..).all(|((_, count), n)| *count == n));
    }
}
