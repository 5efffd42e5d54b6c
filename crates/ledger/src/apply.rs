use model::Timestamp;
use model::money::{Flag, MoneyRule};

use crate::books::{Books, caller};
use crate::{Change, Event, Opening, Payment, PaymentId, Pin, Released, State, Unlawful, Window};

impl Books {
    /// Replays one event. Whether it fits the budgets is [`Books::judge`]'s to say, before the event is made: policies
    /// change, and what happened has happened.
    ///
    /// # Errors
    /// It cannot have happened; nothing is changed.
    pub fn apply(&mut self, event: &Event) -> Result<(), Unlawful> {
        let Event { at, change } = event;
        let at = *at;
        if at < self.newest && !matches!(change, Change::ClockConfirmed { .. }) {
            return Err(Unlawful::Time);
        }
        match change {
            Change::Asked { opening, rules, persons, until } => {
                let (rules, persons, yes) = (rules.clone(), (*persons).max(1), Vec::new());
                self.begin(opening, at, State::Asked { rules, persons, yes, until: *until })?;
                self.waiting.insert((*until, opening.id));
            }
            Change::Reserved { opening } => self.begin(opening, at, State::Reserved)?,
            Change::Answered { id, approval, by, yes } => {
                self.answer(*id, at, (approval, by, *yes))?;
            }
            Change::Claimed { id, owner } => self.claim(*id, at, owner)?,
            Change::Denied { id, rule } => self.deny(*id, at, *rule)?,
            Change::Signed { id, mark } => self.sign(*id, at, mark.as_deref())?,
            Change::Sent { id } => {
                self.step(*id, at, "sent", |p| (p.state == State::Signed).then_some(State::Sent))?;
                self.edit(*id, |p| p.sent = true);
            }
            Change::Held { id, rule } => {
                let may = |s: &State| matches!(s, State::Reserved | State::Signed | State::Sent);
                self.step(*id, at, "held", |p| may(&p.state).then_some(State::Held(*rule)))?;
            }
            Change::Settled { .. } => self.settle(at, change)?,
            Change::Released { id, reason } => self.release(*id, at, reason)?,
            Change::Flagged { id, flags } => {
                self.known(*id)?;
                self.edit(*id, |p| p.flag(flags));
            }
            Change::Paused(stop) => {
                self.stops.insert(stop.clone());
            }
            Change::Resumed(stop) => {
                self.stops.remove(stop);
            }
            Change::Pinned { origin, tool, payee, price } => {
                let pin = Pin { payee: payee.clone(), price: price.clone() };
                self.pins.insert((origin.clone(), tool.clone()), pin);
            }
            Change::ClockConfirmed { .. } => self.confirm(at),
        }
        self.newest = at;
        self.forget(at);
        Ok(())
    }

    fn begin(&mut self, opening: &Opening, at: Timestamp, state: State) -> Result<(), Unlawful> {
        let (id, intent) = (opening.id, &opening.intent);
        if self.payments.contains_key(&id) {
            return Err(Unlawful::Twice(id));
        }
        let request = (caller(intent), intent.request);
        if let Some(other) = self.requests.get(&request) {
            return Err(Unlawful::InFlight(*other));
        }
        let key = intent.key.clone().map(|key| (caller(intent), key));
        if let Some(other) = key.as_ref().and_then(|key| self.keys.get(key)) {
            return Err(Unlawful::Key(*other));
        }
        let all = self.lines.of(crate::Scope::All, "");
        let line = all.and_then(|lines| lines.get(intent.terms.asset()));
        if !line.is_none_or(|line| line.can_take(opening.holds)) {
            return Err(Unlawful::Overflow);
        }
        self.lines.each(intent, |line| line.open(opening.holds));
        self.requests.insert(request, id);
        if let Some(key) = key {
            self.keys.insert(key, id);
        }
        self.open.insert(id);
        self.payments.insert(id, Payment::new(opening, at, state));
        Ok(())
    }

    fn answer(
        &mut self,
        id: PaymentId,
        at: Timestamp,
        (approval, by, agrees): (&str, &str, bool),
    ) -> Result<(), Unlawful> {
        let payment = self.known(id)?;
        let State::Asked { persons, yes, until, .. } = &payment.state else {
            return Err(payment.no_way("answered"));
        };
        if at >= *until {
            return Err(Unlawful::Late);
        }
        if self.is_spent(approval) {
            return Err(Unlawful::Approval);
        }
        if yes.iter().any(|person| person == by) {
            return Err(Unlawful::Person);
        }
        let enough = yes.len() + 1 >= usize::from(*persons);
        let until = *until;
        self.approvals.insert(approval.to_owned(), id);
        if !agrees {
            return self.deny(id, at, MoneyRule::Denied);
        }
        self.edit(id, |p| {
            p.changed = at;
            if let State::Asked { yes, .. } = &mut p.state {
                yes.push(by.to_owned());
                if enough {
                    p.state = State::Granted { yes: std::mem::take(yes), until };
                }
            }
        });
        Ok(())
    }

    fn claim(&mut self, id: PaymentId, at: Timestamp, owner: &str) -> Result<(), Unlawful> {
        let payment = self.known(id)?;
        let State::Granted { until, .. } = &payment.state else {
            return Err(payment.no_way("reserved"));
        };
        let until = *until;
        if at >= until {
            return Err(Unlawful::Late);
        }
        self.waiting.remove(&(until, id));
        self.edit(id, |p| {
            owner.clone_into(&mut p.owner);
            (p.state, p.changed) = (State::Reserved, at);
        });
        Ok(())
    }

    fn deny(&mut self, id: PaymentId, at: Timestamp, rule: MoneyRule) -> Result<(), Unlawful> {
        let payment = self.known(id)?;
        let (State::Asked { until, .. } | State::Granted { until, .. }) = &payment.state else {
            return Err(payment.no_way("denied"));
        };
        let until = *until;
        self.waiting.remove(&(until, id));
        self.set_free(id, at, State::Denied(rule));
        Ok(())
    }

    fn sign(&mut self, id: PaymentId, at: Timestamp, mark: Option<&str>) -> Result<(), Unlawful> {
        if mark.is_some_and(|mark| self.marks.contains(mark)) {
            return Err(Unlawful::Mark);
        }
        self.step(id, at, "signed", |p| (p.state == State::Reserved).then_some(State::Signed))?;
        if let Some(mark) = mark {
            self.marks.insert(mark.to_owned());
        }
        self.edit(id, |p| {
            p.signed = true;
            p.mark = mark.map(str::to_owned);
        });
        Ok(())
    }

    fn settle(&mut self, at: Timestamp, change: &Change) -> Result<(), Unlawful> {
        let Change::Settled { id, amount, fee, proof, flags } = change else {
            return Err(Unlawful::Nothing);
        };
        let payment = self.known(*id)?;
        if !(payment.signed && matches!(payment.state, State::Sent | State::Held(_))) {
            return Err(payment.no_way("settled"));
        }
        if amount.asset != payment.intent.terms.amount.asset {
            return Err(Unlawful::Asset);
        }
        let booked = amount.minor.checked_add(*fee).ok_or(Unlawful::Overflow)?;
        let (holds, intent) = (payment.holds, payment.intent.clone());
        let all = self.lines.of(crate::Scope::All, "");
        let line = all.and_then(|lines| lines.get(&amount.asset));
        if !line.is_none_or(|line| line.can_end(holds, booked)) {
            return Err(Unlawful::Overflow);
        }
        self.lines.each(&intent, |line| line.end(at, holds, booked));
        self.statement.book(&intent, at, amount.minor, *fee);
        self.close(*id, at);
        self.edit(*id, |p| {
            (p.state, p.changed) = (State::Settled, at);
            (p.paid, p.fee) = (amount.minor, *fee);
            p.proof.clone_from(proof);
            p.flag(flags);
        });
        Ok(())
    }

    fn release(&mut self, id: PaymentId, at: Timestamp, reason: &Released) -> Result<(), Unlawful> {
        let payment = self.known(id)?;
        if !payment.may_release(reason) {
            return Err(payment.no_way("released"));
        }
        let fee = reason.fee();
        if fee > 0 {
            let (holds, intent) = (payment.holds, payment.intent.clone());
            let all = self.lines.of(crate::Scope::All, "");
            let line = all.and_then(|lines| lines.get(intent.terms.asset()));
            if !line.is_none_or(|line| line.can_end(holds, fee)) {
                return Err(Unlawful::Overflow);
            }
            self.lines.each(&intent, |line| line.cost(at, fee));
            self.statement.cost(&intent, at, fee);
        }
        match reason {
            Released::Operator { .. } => self.edit(id, |p| p.flag(&[Flag::OperatorConfirmed])),
            // Nothing was signed: whoever agreed has agreed to nothing yet.
            Released::Unsigned => self.approvals.retain(|_, of| *of != id),
            _ => {}
        }
        self.set_free(id, at, State::Released(reason.clone()));
        self.edit(id, |p| p.fee = fee);
        Ok(())
    }

    /// Gives back what a payment held. Its key is free too: nothing came of it.
    fn set_free(&mut self, id: PaymentId, at: Timestamp, state: State) {
        let Some(payment) = self.payments.get(&id) else { return };
        let (holds, intent) = (payment.holds, payment.intent.clone());
        self.lines.each(&intent, |line| line.free(holds));
        if let Some(key) = intent.key.clone() {
            self.keys.remove(&(caller(&intent), key));
        }
        self.close(id, at);
        self.edit(id, |p| (p.state, p.changed) = (state, at));
    }

    fn close(&mut self, id: PaymentId, at: Timestamp) {
        self.open.remove(&id);
        self.ended.push_back((at, id));
        if let Some(payment) = self.payments.get(&id) {
            self.requests.remove(&(caller(&payment.intent), payment.intent.request));
        }
    }

    fn step(
        &mut self,
        id: PaymentId,
        at: Timestamp,
        to: &'static str,
        next: impl FnOnce(&Payment) -> Option<State>,
    ) -> Result<(), Unlawful> {
        let payment = self.payments.get_mut(&id).ok_or(Unlawful::Unknown(id))?;
        let state = next(payment).ok_or(payment.no_way(to))?;
        (payment.state, payment.changed) = (state, at);
        Ok(())
    }

    fn known(&self, id: PaymentId) -> Result<&Payment, Unlawful> {
        self.payments.get(&id).ok_or(Unlawful::Unknown(id))
    }

    fn edit(&mut self, id: PaymentId, work: impl FnOnce(&mut Payment)) {
        if let Some(payment) = self.payments.get_mut(&id) {
            work(payment);
        }
    }

    fn confirm(&mut self, at: Timestamp) {
        self.lines.redate(at);
        for (ended, _) in self.ended.iter_mut().rev().take_while(|(ended, _)| *ended > at) {
            *ended = at;
        }
    }

    fn forget(&mut self, now: Timestamp) {
        while let Some((at, id)) = self.ended.front().copied()
            && at.after(Window::LONGEST) <= now
        {
            self.ended.pop_front();
            let Some(payment) = self.payments.remove(&id) else { continue };
            if let Some(mark) = &payment.mark {
                self.marks.remove(mark);
            }
            if let Some(key) = payment.intent.key.clone() {
                let slot = (caller(&payment.intent), key);
                if self.keys.get(&slot) == Some(&id) {
                    self.keys.remove(&slot);
                }
            }
        }
    }
}
