use std::sync::Arc;

use cedar_policy::{Authorizer, Context, Entities, PolicySet as Cedar, Request as CedarRequest};
use model::{Action, Principal, Timestamp, Verdict};

use crate::context;
use crate::entities::Ids;
use crate::outcome::{Outcome, unaskable};
use crate::reads::Paths;
use crate::request::Target;
use crate::rule::{Kind, Rule};
use crate::scope;

/// What is already decided when it is known who asks for what, and what is not.
#[derive(Debug, Clone)]
pub(crate) enum Prepared {
    /// The verdict, whatever the arguments and the time.
    Final(Arc<Verdict>),
    /// Policies remain that look at arguments or time.
    Open(Box<Open>),
}

/// A question whose answer waits for the context.
#[derive(Debug, Clone)]
pub(crate) struct Open {
    ids: Ids,
    entities: Entities,
    /// What the other policies say.
    settled: Outcome,
    /// The policies that look at the context and may apply here.
    waiting: Cedar,
    /// Their places in the list.
    places: Vec<usize>,
    /// What they look at, together.
    pub(crate) arguments: Paths,
    pub(crate) time: bool,
}

/// The tables an answer is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tables<'a> {
    pub(crate) rules: &'a [Rule],
    /// The policies of this action that do not look at the context.
    pub(crate) settled: &'a Cedar,
    /// The places of those that do.
    pub(crate) contextual: &'a [usize],
}

/// Asks what can be asked without a context.
pub(crate) fn prepare(
    tables: Tables<'_>,
    principal: &Principal,
    action: Action,
    target: &Target<'_>,
) -> Prepared {
    let Some(ids) = Ids::of(principal, action, target) else { return Prepared::Final(unaskable()) };
    let Some(entities) = ids.entities(principal, target) else {
        return Prepared::Final(unaskable());
    };
    let rules = tables.rules;
    let Some(settled) = ask(tables.settled, &ids, &entities, Context::empty(), rules) else {
        return Prepared::Final(unaskable());
    };
    let mut open = Open {
        ids,
        entities,
        settled,
        waiting: Cedar::new(),
        places: Vec::new(),
        arguments: Paths::None,
        time: false,
    };
    if !open.settled.is_no() {
        for &place in tables.contextual {
            let Some(rule) = rules.get(place) else { continue };
            if scope::fits(&rule.policy, &open.ids) {
                if open.waiting.add(rule.policy.clone()).is_err() {
                    return Prepared::Final(unaskable());
                }
                open.places.push(place);
                open.arguments.join(&rule.reads.arguments);
                open.time |= rule.reads.time;
            }
        }
    }
    if open.places.is_empty() {
        Prepared::Final(Arc::new(open.settled.verdict(rules)))
    } else {
        Prepared::Open(Box::new(open))
    }
}

impl Open {
    /// The verdict for these arguments at this moment.
    pub(crate) fn finish(
        &self,
        rules: &[Rule],
        arguments: Option<&[u8]>,
        now: Timestamp,
    ) -> Arc<Verdict> {
        let built = context::build(arguments, &self.arguments, self.time, now);
        let Some((context, unreadable)) = built else { return unaskable() };
        let mut outcome = self.settled.clone();
        for part in &unreadable {
            for &place in &self.places {
                if rules.get(place).is_some_and(|rule| rule.reads.arguments.touch(&part.path)) {
                    outcome.fail(place, part.sentence());
                }
            }
        }
        let asked = ask(&self.waiting, &self.ids, &self.entities, context, rules);
        let Some(asked) = asked else { return unaskable() };
        outcome = outcome.join(asked);
        Arc::new(outcome.verdict(rules))
    }

    /// Whether some arguments may exist for which the answer is not a plain no. Policies that look only at the time are
    /// asked; of those that look at arguments, a permit counts as a maybe and a forbid does not count.
    pub(crate) fn may(&self, rules: &[Rule], now: Timestamp) -> bool {
        let timed = self
            .places
            .iter()
            .filter_map(|&p| rules.get(p))
            .filter(|r| r.reads.arguments.is_none());
        let mut set = Cedar::new();
        for rule in timed {
            if set.add(rule.policy.clone()).is_err() {
                return false;
            }
        }
        let Some((context, _)) = context::build(None, &Paths::None, self.time, now) else {
            return false;
        };
        let Some(outcome) = ask(&set, &self.ids, &self.entities, context, rules) else {
            return false;
        };
        let outcome = self.settled.clone().join(outcome);
        let perhaps = self.places.iter().filter_map(|&p| rules.get(p));
        let perhaps = perhaps.filter(|r| !r.reads.arguments.is_none() && r.kind != Kind::Forbid);
        !outcome.is_no() && (outcome.is_yes_or_ask() || perhaps.count() > 0)
    }
}

/// Puts one question to a set of policies. `None` if Cedar would not take it.
pub(crate) fn ask(
    set: &Cedar,
    ids: &Ids,
    entities: &Entities,
    context: Context,
    rules: &[Rule],
) -> Option<Outcome> {
    let (principal, action, resource) =
        (ids.principal.clone(), ids.action.clone(), ids.resource.clone());
    let request = CedarRequest::new(principal, action, resource, context, None).ok()?;
    Some(Outcome::of(&Authorizer::new().is_authorized(&request, set, entities), rules))
}
