use std::sync::Arc;

use cedar_policy::PolicySet as Cedar;
use model::{Action, Principal, Timestamp, Verdict};

use crate::check;
use crate::entities::action_uid;
use crate::error::LoadError;
use crate::known::Known;
use crate::load;
use crate::names;
use crate::prepare::{Prepared, Tables, prepare};
use crate::request::{Request, Target};
use crate::rule::Rule;
use crate::schema::{ACTIONS, place};
use crate::scope;
use crate::tenants::Tenants;

/// Policies, compiled. Never changes; a reload makes a new one with the next epoch.
#[derive(Debug)]
pub struct PolicySet {
    epoch: u64,
    tenants: Tenants,
    rules: Vec<Rule>,
    /// For each action, the policies that do not look at the context.
    settled: [Cedar; 3],
    /// For each action, the places of those that do.
    contextual: [Vec<usize>; 3],
}

impl PolicySet {
    /// Compiles policies.
    ///
    /// `sources` are names of files with their texts (none: nothing is permitted; see [`SHIPPED`](crate::SHIPPED)).
    /// `levels` is the table of the configuration: a pattern (an exposed name, or the beginning of one followed by `*`)
    /// and `allow`, `ask` or `deny`. `epoch` tells this set from those before it.
    pub fn load(
        sources: &[(String, String)],
        levels: &[(String, String)],
        known: &Known,
        epoch: u64,
    ) -> Result<Self, LoadError> {
        let rules = load::rules(sources, levels, known)?;
        let mut set = Self { epoch, rules, ..Self::default() };
        for action in ACTIONS {
            let broken = || LoadError::of("policies", "could not be put together");
            let uid = action_uid(action).ok_or_else(broken)?;
            for (index, rule) in set.rules.iter().enumerate() {
                if !scope::action_fits(&rule.policy, &uid) {
                    continue;
                }
                if rule.reads.any() {
                    set.contextual[place(action)].push(index);
                } else {
                    set.settled[place(action)].add(rule.policy.clone()).map_err(|_| broken())?;
                }
            }
        }
        Ok(set)
    }

    /// The same, with lists of tenants: what these refuse, no policy is asked about.
    #[must_use]
    pub fn with_tenants(self, tenants: Tenants) -> Self {
        Self { tenants, ..self }
    }

    /// The number the caller gave this set.
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Everything it decides by, in words: two sets that decide alike by the same rules say the same, whatever their
    /// epochs. What a digest of the policies is made of.
    pub fn words(&self) -> String {
        use std::fmt::Write as _;
        let mut words = format!("{:?}", self.tenants);
        for rule in &self.rules {
            // Writing to a String cannot fail.
            let _ = write!(words, "\n{:?} {} {}", rule.id, rule.kind.as_str(), rule.policy);
        }
        words
    }

    /// A policy that leaves something to a person, by its name; none if every one of them decides.
    pub fn asks(&self) -> Option<&str> {
        self.rules.iter().find(|rule| rule.kind == crate::rule::Kind::Ask).map(|rule| &*rule.id)
    }

    /// The tools that policies name, each with the place of the policy (`file:line`). Those of the table of levels are
    /// patterns, and not among them.
    pub fn named_tools(&self) -> Vec<(String, String)> {
        let of_rule = |rule: &Rule| {
            let place = rule.location();
            let names = names::tools(check::core(&rule.policy).template());
            names.into_iter().map(move |name| (place.clone(), name))
        };
        self.rules.iter().flat_map(of_rule).collect()
    }

    /// How many policies there are, levels included.
    pub const fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there are none: then everything is refused.
    pub const fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The verdict, worked out from the beginning. [`Decider::decide`](crate::Decider::decide) gives the same, sooner.
    pub fn decide(&self, request: &Request<'_>) -> Verdict {
        let verdict = match self.prepare(request.principal, request.action, &request.target) {
            Prepared::Final(verdict) => verdict,
            Prepared::Open(open) => open.finish(&self.rules, request.arguments, request.now),
        };
        Arc::unwrap_or_clone(verdict)
    }

    /// Whether `principal` may be shown the thing in a list: whether some arguments may exist with which it would not be
    /// refused at this moment.
    pub fn may(
        &self,
        principal: &Principal,
        action: Action,
        target: &Target<'_>,
        now: Timestamp,
    ) -> bool {
        self.may_prepared(&self.prepare(principal, action, target), now)
    }

    pub(crate) fn may_prepared(&self, prepared: &Prepared, now: Timestamp) -> bool {
        match prepared {
            Prepared::Final(verdict) => !matches!(**verdict, Verdict::Deny { .. }),
            Prepared::Open(open) => open.may(&self.rules, now),
        }
    }

    /// Whether any policy about `action` looks at arguments or at the time.
    pub fn depends_on_context(&self, action: Action) -> bool {
        !self.contextual[place(action)].is_empty()
    }

    /// Whether any policy about `action` looks at arguments. If not, they need not be passed.
    pub fn needs_arguments(&self, action: Action) -> bool {
        let reads =
            |&index: &usize| self.rules.get(index).is_none_or(|r| !r.reads.arguments.is_none());
        self.contextual[place(action)].iter().any(reads)
    }

    pub(crate) fn refused_by_tenant(&self, request: &Request<'_>) -> bool {
        self.tenants.refusal(request.principal, request.action, &request.target).is_some()
    }

    pub(crate) fn prepare(
        &self,
        principal: &Principal,
        action: Action,
        target: &Target<'_>,
    ) -> Prepared {
        if let Some(refusal) = self.tenants.refusal(principal, action, target) {
            return Prepared::Final(Arc::new(refusal));
        }
        let tables = Tables {
            rules: &self.rules,
            settled: &self.settled[place(action)],
            contextual: &self.contextual[place(action)],
        };
        prepare(tables, principal, action, target)
    }

    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

impl Default for PolicySet {
    /// No policies, of epoch 0: everything is refused.
    fn default() -> Self {
        Self {
            epoch: 0,
            tenants: Tenants::default(),
            rules: Vec::new(),
            settled: Default::default(),
            contextual: Default::default(),
        }
    }
}
