use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::time::Duration;

use model::money::{Amount, Asset, MoneyRule};
use model::{PrincipalId, TenantId, Timestamp};

use crate::line::Line;
use crate::statement::Statement;
use crate::{Intent, Payment, PaymentId, Scope, Stop};

/// How far the clock may be behind the newest event. Within it the later of both counts.
pub(crate) const BEHIND: Duration = Duration::from_mins(2);

/// Everything the events so far have made: payments, sums, pauses, pins.
///
/// A payment that ended is forgotten after 366 days, and its key and nonce with it; the sums of a lifetime and the
/// statements stay.
#[derive(Debug, Clone, Default)]
pub struct Books {
    pub(crate) newest: Timestamp,
    pub(crate) lines: Lines,
    pub(crate) payments: HashMap<PaymentId, Payment>,
    /// Payments that hold money.
    pub(crate) open: BTreeSet<PaymentId>,
    /// Payments that ended, in the order of time.
    pub(crate) ended: VecDeque<(Timestamp, PaymentId)>,
    /// Payments that wait for a person, by when that ends.
    pub(crate) waiting: BTreeSet<(Timestamp, PaymentId)>,
    /// Callers' keys.
    pub(crate) keys: HashMap<(Caller, String), PaymentId>,
    /// Requests that are under way.
    pub(crate) requests: HashMap<(Caller, [u8; 32]), PaymentId>,
    /// Nonces and payment hashes. One of a payment that was set free is not used again either.
    pub(crate) marks: HashSet<String>,
    /// Answers of persons, by name, and what they were good for.
    pub(crate) approvals: HashMap<String, PaymentId>,
    pub(crate) stops: BTreeSet<Stop>,
    pub(crate) pins: BTreeMap<(String, String), Pin>,
    pub(crate) statement: Statement,
}

pub(crate) type Caller = (TenantId, PrincipalId);

/// Who is paid, and how much, for a tool at an origin, as a person kept it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// Who is paid.
    pub payee: String,
    /// What it costs, if that was kept.
    pub price: Option<Amount>,
}

/// What is counted, by scope, value and asset.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lines([HashMap<Box<str>, BTreeMap<Asset, Line>>; Scope::ALL.len()]);

impl Lines {
    /// The lines of one value.
    pub(crate) fn of(&self, scope: Scope, value: &str) -> Option<&BTreeMap<Asset, Line>> {
        self.0.get(scope as usize).and_then(|values| values.get(value))
    }

    /// All values of a scope.
    pub(crate) fn values(&self, scope: Scope) -> impl Iterator<Item = &str> {
        self.0.get(scope as usize).into_iter().flat_map(|values| values.keys().map(AsRef::as_ref))
    }

    /// Does the same to each of the nine lines that a payment counts in.
    pub(crate) fn each(&mut self, intent: &Intent, mut work: impl FnMut(&mut Line)) {
        for (scope, values) in Scope::ALL.into_iter().zip(&mut self.0) {
            let value = intent.at(scope);
            if !values.contains_key(value.as_ref()) {
                values.insert(Box::from(value.as_ref()), BTreeMap::new());
            }
            if let Some(lines) = values.get_mut(value.as_ref()) {
                work(lines.entry(intent.terms.amount.asset.clone()).or_default());
            }
        }
    }

    pub(crate) fn redate(&mut self, at: Timestamp) {
        let all = self.0.iter_mut().flat_map(HashMap::values_mut).flat_map(BTreeMap::values_mut);
        all.for_each(|line| line.redate(at));
    }
}

pub(crate) fn caller(intent: &Intent) -> Caller {
    (intent.tenant.clone(), intent.agent.clone())
}

impl Books {
    /// The moment that counts: the clock's, or the newest event's where the clock is a little behind.
    ///
    /// # Errors
    /// The clock is more than 120 s behind (`clock`).
    pub fn moment(&self, now: Timestamp) -> Result<Timestamp, MoneyRule> {
        if now.after(BEHIND) < self.newest {
            return Err(MoneyRule::Clock);
        }
        Ok(now.max(self.newest))
    }

    /// When the newest event happened.
    pub const fn newest(&self) -> Timestamp {
        self.newest
    }

    /// A payment, if it is not forgotten.
    pub fn payment(&self, id: PaymentId) -> Option<&Payment> {
        self.payments.get(&id)
    }

    /// Every payment that is not forgotten, in no order.
    pub fn all(&self) -> impl Iterator<Item = &Payment> {
        self.payments.values()
    }

    /// All payments that hold money, whatever for.
    pub fn open(&self) -> impl Iterator<Item = &Payment> {
        self.open.iter().filter_map(|id| self.payments.get(id))
    }

    /// How many payments hold money.
    pub fn open_count(&self) -> usize {
        self.open.len()
    }

    /// Payments whose outcome is not known.
    pub fn holds(&self) -> impl Iterator<Item = &Payment> {
        self.open().filter(|p| matches!(p.state, crate::State::Held(_)))
    }

    /// Whether the answer of that name has been good for a payment. One whose payment came to no signature has not.
    pub fn is_spent(&self, approval: &str) -> bool {
        self.approvals.contains_key(approval)
    }

    /// What is paused.
    pub fn stops(&self) -> impl Iterator<Item = &Stop> {
        self.stops.iter()
    }

    /// Whether something that is paused covers an intent.
    pub fn is_paused(&self, intent: &Intent) -> bool {
        self.stops.iter().any(|stop| stop.covers(intent))
    }

    /// What a person kept for a tool at an origin.
    pub fn pin(&self, origin: &str, tool: &str) -> Option<&Pin> {
        // The map is small, and a borrowed pair cannot be looked up as a pair of owned texts.
        self.pins.get(&(origin.to_owned(), tool.to_owned()))
    }

    /// The value a budget counts an intent by, if it applies to it.
    pub(crate) fn value<'a>(budget: &crate::Budget, intent: &'a Intent) -> Option<Cow<'a, str>> {
        let value = intent.at(budget.per);
        let only = budget.only.as_deref();
        let wanted = only
            .map(|v| if budget.per == Scope::Payee { crate::intent::payee(v) } else { v.into() });
        wanted.is_none_or(|wanted| wanted == value).then_some(value)
    }
}
