use std::time::Duration;

use ledger::{Change, Intent, Judgement, Opening, PaymentId, State};
use model::Timestamp;
use model::money::MoneyRule;

use crate::round::Round;
use crate::{Refused, Reservation, Treasury};

/// The longest that anything waits for a person.
const LONGEST: Duration = Duration::from_mins(15);

/// A payment that persons are asked about. Its amount is held meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Its name.
    pub id: PaymentId,
    /// Why, the first reason first.
    pub rules: Vec<MoneyRule>,
    /// How many different persons must agree.
    pub persons: u8,
    /// Until when it may be answered and taken up: 15 minutes at most, and never longer than the offer.
    pub until: Timestamp,
}

impl Treasury {
    /// Books that persons are asked, and holds the amount. Judged again first: what needs nobody is still asked about,
    /// what is denied is denied.
    ///
    /// # Errors
    /// A rule, the same payment, or the ledger.
    pub async fn ask(&self, intent: Intent, life: Duration) -> Result<Asked, Refused> {
        let work = move |round: &mut Round<'_, '_>| {
            let (holds, soft, rules, persons) = match round.judge(&intent) {
                Judgement::Allow { holds, soft } => (holds, soft, vec![MoneyRule::PolicyAsks], 1),
                Judgement::Ask { holds, soft, rules, persons } => (holds, soft, rules, persons),
                Judgement::Same(id) => return Err(Refused::Same(id)),
                Judgement::Deny(refusal) => return Err(Refused::Denied(refusal)),
            };
            let at = round.now.max(round.books.newest());
            let until = at.after(life.min(LONGEST));
            let until = intent.terms.expires.map_or(until, |end| end.min(until));
            let (id, owner) = (round.fresh_id()?, round.owner.to_owned());
            let opening = Box::new(Opening { id, owner, intent, holds, soft });
            round.record(Change::Asked { opening, rules: rules.clone(), persons, until })?;
            Ok(Asked { id, rules, persons, until })
        };
        self.queue().simply(work).await
    }

    /// Books the answer of a person. `approval` names it and is good once. Gives where the payment stands then.
    ///
    /// # Errors
    /// Too late, used, or by somebody who has answered already.
    pub async fn answer(
        &self,
        id: PaymentId,
        approval: String,
        by: String,
        yes: bool,
    ) -> Result<State, Refused> {
        let work = move |round: &mut Round<'_, '_>| {
            if let Some(State::Denied(rule)) = round.books.payment(id).map(|p| &p.state) {
                return Err(Refused::deny(*rule));
            }
            round.record(Change::Answered { id, approval, by, yes })?;
            let payment = round.books.payment(id);
            payment.map(|p| p.state.clone()).ok_or(ledger::Unlawful::Unknown(id).into())
        };
        self.queue().simply(work).await
    }

    /// Whether the answer of that name has been good for a payment: not, where its payment came to no signature.
    ///
    /// # Errors
    /// The ledger.
    pub async fn is_spent(&self, approval: String) -> Result<bool, Refused> {
        self.queue().simply(move |round| Ok(round.books.is_spent(&approval))).await
    }

    /// Takes up a payment that was agreed to, once. Judged again: an approval lifts no limit, and a pause beats it.
    ///
    /// # Errors
    /// A rule, an answer that is missing, used or too old, or the ledger.
    pub async fn claim(&self, id: PaymentId) -> Result<Reservation, Refused> {
        let queue = self.queue().clone();
        let work = move |round: &mut Round<'_, '_>| {
            round.books.judge_again(id, round.policy, round.now).map_err(Refused::Denied)?;
            let owner = round.owner.to_owned();
            round.record(Change::Claimed { id, owner })
        };
        self.queue().step(work, move |done| done.map(|()| Reservation::new(queue, id))).await
    }

    /// Gives up a payment that is asked about or agreed to, and not taken up.
    ///
    /// # Errors
    /// It is not; or the ledger.
    pub async fn withdraw(&self, id: PaymentId, rule: MoneyRule) -> Result<(), Refused> {
        self.queue().simply(move |round| round.record(Change::Denied { id, rule })).await
    }
}
