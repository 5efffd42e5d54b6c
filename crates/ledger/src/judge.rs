use model::Timestamp;
use model::money::{Asset, MoneyRule, Rail};

use crate::books::{Books, caller};
use crate::line::Tally;
use crate::total::earliest;
use crate::{Budget, Intent, Judgement, PaymentId, Policy, Refusal, State, Window};

impl Books {
    /// Says what an intent may do at the moment `now`: the rules in their order, pause, clock, one payment per request,
    /// cap per call, velocity, windows, persons. Nothing is changed; what is allowed must be applied before anybody
    /// judges again.
    pub fn judge(&self, intent: &Intent, policy: &Policy, now: Timestamp) -> Judgement {
        if let Some(id) = self.same(intent) {
            return Judgement::Same(id);
        }
        let ready = self.may_begin(intent, now).and_then(|now| {
            self.is_single(intent)?;
            self.fits(intent, policy, now, false)
        });
        match ready {
            Err(refusal) => Judgement::Deny(refusal),
            Ok(Fit { holds, soft, rules, persons: 0 }) if rules.is_empty() => {
                Judgement::Allow { holds, soft }
            }
            Ok(Fit { holds, soft, rules, persons }) => {
                Judgement::Ask { holds, soft, rules, persons: persons.max(1) }
            }
        }
    }

    /// Judges a payment again that persons agreed to and that holds its amount already: an approval lifts no limit, and
    /// a pause beats it.
    ///
    /// # Errors
    /// It may not be taken up now.
    pub fn judge_again(
        &self,
        id: PaymentId,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let payment = self.payments.get(&id).ok_or(Refusal::new(MoneyRule::Ledger))?;
        let now = self.may_begin(&payment.intent, now)?;
        match &payment.state {
            State::Granted { until, .. } if now >= *until => {
                Err(Refusal::by(MoneyRule::ApprovalExpired, id))
            }
            State::Granted { yes, .. } => {
                let fit = self.fits(&payment.intent, policy, now, true)?;
                if usize::from(fit.persons) > yes.len() {
                    // The policy has become stricter since.
                    return Err(Refusal::by(MoneyRule::ApprovalMismatch, id));
                }
                Ok(())
            }
            State::Denied(rule) => Err(Refusal::by(*rule, id)),
            State::Asked { .. } => Err(Refusal::by(MoneyRule::InFlight, id)),
            _ => Err(Refusal::by(MoneyRule::ApprovalUsed, id)),
        }
    }

    fn may_begin(&self, intent: &Intent, now: Timestamp) -> Result<Timestamp, Refusal> {
        if self.is_paused(intent) {
            return Err(Refusal::new(MoneyRule::Paused));
        }
        self.moment(now).map_err(Refusal::new)
    }

    /// The payment that the caller's key names, for an equal request, unless nothing came of it.
    fn same(&self, intent: &Intent) -> Option<PaymentId> {
        let payment = self.keyed(intent)?;
        (payment.intent.request == intent.request).then_some(payment.id)
    }

    fn keyed(&self, intent: &Intent) -> Option<&crate::Payment> {
        let key = intent.key.clone()?;
        self.keys.get(&(caller(intent), key)).and_then(|id| self.payments.get(id))
    }

    fn is_single(&self, intent: &Intent) -> Result<(), Refusal> {
        if let Some(other) = self.keyed(intent) {
            return Err(Refusal::by(MoneyRule::RequestChanged, other.id));
        }
        match self.requests.get(&(caller(intent), intent.request)) {
            Some(id) => Err(Refusal::by(MoneyRule::InFlight, *id)),
            None => Ok(()),
        }
    }

    /// Holds an intent against all budgets. `held`: its amount is in the sums already.
    fn fits(
        &self,
        intent: &Intent,
        policy: &Policy,
        now: Timestamp,
        held: bool,
    ) -> Result<Fit, Refusal> {
        let amount = &intent.terms.amount;
        if amount.minor == 0 {
            return Err(Refusal::new(MoneyRule::ZeroAmount));
        }
        let holds = amount.minor.checked_add(fees_beforehand(intent, policy));
        let holds = holds.ok_or(Refusal::new(MoneyRule::Overflow))?;
        let applying: Vec<_> = policy
            .budgets
            .iter()
            .filter_map(|budget| {
                let value = Self::value(budget, intent)?;
                policy
                    .counts(budget, &amount.asset)
                    .then(|| Meter { budget, value: value.into_owned() })
            })
            .collect();
        if !policy.unbounded && applying.iter().all(|meter| meter.budget.limit.is_none()) {
            return Err(Refusal::new(MoneyRule::Currency));
        }
        let more = (!held).then_some((&amount.asset, holds));
        let look = Look { books: self, policy, asset: &amount.asset, holds, more, now };
        applying.iter().try_for_each(|meter| look.per_call(meter))?;
        look.longest(&applying, Look::velocity)?;
        look.longest(&applying, Look::sums)?;
        let mut fit = Fit { holds, soft: Vec::new(), rules: intent.concerns.clone(), persons: 0 };
        for meter in &applying {
            look.soft(meter, &mut fit)?;
            look.persons(meter, amount.minor, &mut fit)?;
        }
        Ok(fit)
    }
}

/// What fees may come to, where they count beforehand: those of a mint always do, for it takes them before anything is
/// handed over.
fn fees_beforehand(intent: &Intent, policy: &Policy) -> u128 {
    let counts = policy.strict_fees || intent.terms.rail == Rail::Cashu;
    if counts { intent.terms.fee_limit } else { 0 }
}

/// An intent that fits.
struct Fit {
    holds: u128,
    soft: Vec<String>,
    rules: Vec<MoneyRule>,
    persons: u8,
}

/// A budget that applies, and the value it counts by.
struct Meter<'a> {
    budget: &'a Budget,
    value: String,
}

struct Look<'a> {
    books: &'a Books,
    policy: &'a Policy,
    asset: &'a Asset,
    holds: u128,
    /// What is to be added to the sums.
    more: Option<(&'a Asset, u128)>,
    now: Timestamp,
}

impl Look<'_> {
    fn per_call(&self, meter: &Meter<'_>) -> Result<(), Refusal> {
        let budget = meter.budget;
        let (Window::Call, Some(limit)) = (budget.window, budget.limit) else { return Ok(()) };
        let value = self.measure(meter, self.holds)?;
        if value <= limit {
            return Ok(());
        }
        Err(Refusal {
            budget: Some(budget.name.clone()),
            left: Some(limit),
            ..Refusal::new(budget.rule())
        })
    }

    /// Of all windows that do not hold, the longest names the rule: to wait for a shorter one would not help.
    fn longest(
        &self,
        meters: &[Meter<'_>],
        check: fn(&Self, &Meter<'_>) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let mut worst: Option<(Window, Refusal)> = None;
        for meter in meters {
            let window = meter.budget.window;
            if let Err(refusal) = check(self, meter)
                && worst.as_ref().is_none_or(|(w, _)| window.length() > w.length())
            {
                worst = Some((window, refusal));
            }
        }
        worst.map_or(Ok(()), |(_, refusal)| Err(refusal))
    }

    fn velocity(&self, meter: &Meter<'_>) -> Result<(), Refusal> {
        let Some(most) = meter.budget.count.map(u128::from) else { return Ok(()) };
        self.check(meter, MoneyRule::Velocity, most, |total| total.count.into())
    }

    fn sums(&self, meter: &Meter<'_>) -> Result<(), Refusal> {
        let (Some(limit), false) = (meter.budget.limit, meter.budget.window == Window::Call) else {
            return Ok(());
        };
        self.check(meter, meter.budget.rule(), limit, |total| total.minor)
    }

    fn check(
        &self,
        meter: &Meter<'_>,
        rule: MoneyRule,
        most: u128,
        used: fn(Tally) -> u128,
    ) -> Result<(), Refusal> {
        let with = |at| self.total(meter, self.more, at).map(used);
        if with(self.now)? <= most {
            return Ok(());
        }
        Err(Refusal {
            budget: Some(meter.budget.name.clone()),
            left: Some(most.saturating_sub(used(self.total(meter, None, self.now)?))),
            again: earliest(meter.budget.window, self.now, |at| with(at).is_ok_and(|n| n <= most)),
            ..Refusal::new(rule)
        })
    }

    fn soft(&self, meter: &Meter<'_>, fit: &mut Fit) -> Result<(), Refusal> {
        let (Some(limit), false) = (meter.budget.limit, meter.budget.window == Window::Call) else {
            return Ok(());
        };
        // 80 %, rounded up, without a product that could overflow.
        if self.total(meter, self.more, self.now)?.minor >= limit - limit / 5 {
            fit.soft.push(meter.budget.name.clone());
        }
        Ok(())
    }

    fn persons(&self, meter: &Meter<'_>, minor: u128, fit: &mut Fit) -> Result<(), Refusal> {
        let Budget { ask_above, four_eyes_above, .. } = meter.budget;
        if ask_above.is_none() && four_eyes_above.is_none() {
            return Ok(());
        }
        let value = self.measure(meter, minor)?;
        let above = |bound: &Option<u128>| bound.is_some_and(|bound| value > bound);
        let persons = if above(four_eyes_above) { 2 } else { u8::from(above(ask_above)) };
        fit.persons = fit.persons.max(persons);
        if persons > 0 && !fit.rules.contains(&MoneyRule::OverThreshold) {
            fit.rules.push(MoneyRule::OverThreshold);
        }
        Ok(())
    }

    fn measure(&self, meter: &Meter<'_>, minor: u128) -> Result<u128, Refusal> {
        self.policy.measure(&meter.budget.unit, self.asset, minor, self.now).map_err(|rule| {
            Refusal { budget: Some(meter.budget.name.clone()), ..Refusal::new(rule) }
        })
    }

    fn total(
        &self,
        meter: &Meter<'_>,
        more: Option<(&Asset, u128)>,
        at: Timestamp,
    ) -> Result<Tally, Refusal> {
        let Meter { budget, value } = meter;
        let total = self.books.total(self.policy, budget, value, more, (at, self.now));
        total.map_err(|rule| Refusal { budget: Some(budget.name.clone()), ..Refusal::new(rule) })
    }
}
