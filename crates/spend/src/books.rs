use ledger::{Books, Intent, Judgement, Policy, Refusal};
use model::Timestamp;
use model::money::MoneyRule;

use crate::{Caps, Reason, Room, Spend};

/// The ledger's books as [`Caps`]: what they would say now of an intent with the terms of each way to pay.
#[derive(Debug, Clone, Copy)]
pub struct InBooks<'a> {
    /// The books.
    pub books: &'a Books,
    /// The budgets.
    pub policy: &'a Policy,
    /// Who wants what; its terms are put in for each way to pay.
    pub intent: &'a Intent,
    /// The time.
    pub now: Timestamp,
}

impl Caps for InBooks<'_> {
    fn room(&self, spend: &Spend<'_>) -> Room {
        let mut terms = spend.terms.clone();
        // Fees that count beforehand are a part of what is looked for.
        if spend.counted.minor > terms.amount.minor {
            (terms.amount.minor, terms.fee_limit) = (spend.counted.minor, 0);
        }
        let intent = Intent { terms, ..self.intent.clone() };
        match self.books.judge(&intent, self.policy, self.now) {
            Judgement::Allow { soft, .. } => Room::Enough { soft: !soft.is_empty() },
            Judgement::Ask { rules, .. } => Room::Asks(rules.into_iter().map(question).collect()),
            // The caller's own payment, asked for again: whoever reserves finds it.
            Judgement::Same(_) => Room::Enough { soft: false },
            Judgement::Deny(refusal) => Room::None(refusal.rule, sentence(&refusal, spend)),
        }
    }
}

fn question(rule: MoneyRule) -> Reason {
    let why = match rule {
        MoneyRule::OverThreshold => "The amount is above the one from which on a person is asked.",
        _ => "The budgets want a person asked.",
    };
    Reason::new(rule, why)
}

fn sentence(refusal: &Refusal, spend: &Spend<'_>) -> String {
    let cost = spend.counted;
    let budget = refusal.budget.as_deref().map(str::escape_debug);
    match (refusal.rule, budget) {
        (MoneyRule::Paused, _) => "Spending has been stopped by an operator.".to_owned(),
        (MoneyRule::Clock, _) => {
            "The clock is behind the books; nothing is paid until that is mended.".to_owned()
        }
        (MoneyRule::InFlight, _) => {
            "An equal payment is under way, and how it ends is not known yet.".to_owned()
        }
        (MoneyRule::RequestChanged, _) => {
            "The caller's key was used for another request.".to_owned()
        }
        (MoneyRule::RateStale, _) => {
            "The rate to the reference currency is missing or too old.".to_owned()
        }
        (MoneyRule::Currency, _) => "No budget bounds this asset, so it is not paid.".to_owned(),
        (MoneyRule::Velocity, Some(budget)) => {
            format!("The budget `{budget}` has had as many payments as it may have in its window.")
        }
        (_, Some(budget)) => {
            format!("{cost} are asked, and the budget `{budget}` has no room for that.")
        }
        (_, None) => format!("{cost} are asked, and the books have no room for that."),
    }
}
