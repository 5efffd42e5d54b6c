use audit::{Kind, Record, Text};
use ledger::{Scope, Stop};
use model::Timestamp;
use model::money::{MoneyRule, Terms};

use crate::payer::Inner;

impl Inner {
    /// Stops a rail whose wallet or mint has contradicted itself or an order: whatever it says of the next payment is worth
    /// as little. An operator who has looked into it resumes it.
    pub(crate) async fn stop_rail(&self, terms: &Terms, rule: MoneyRule) {
        if rule != MoneyRule::BadResponse {
            return;
        }
        let stop = Stop { scope: Scope::Rail, value: terms.rail.as_str().to_owned() };
        match self.treasury.stops().await {
            Ok(stops) if stops.contains(&stop) => return,
            _ => {}
        }
        if let Err(error) = self.treasury.pause(stop.clone()).await {
            tracing::error!("{stop} could not be paused: {error}");
            return;
        }
        let note =
            format!("{stop} was paused: {rule}; see the wallet, then `portcullis resume {stop}`");
        tracing::error!("{note}");
        let mut record = Record::new(Kind::Admin, Timestamp(self.clock.now_millis()));
        record.rule = Some(Text::from(rule.as_str()));
        record.note = Some(Text::from(note));
        record.ledger = self.treasury.place().map(Text::from);
        if let Err(error) = self.journal.append(record).await {
            tracing::error!("a pause could not be recorded: {error}");
        }
    }
}
