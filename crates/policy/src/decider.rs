use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::HashMap;
use foldhash::fast::RandomState;
use model::{Action, Effect, Principal, SourceName, Timestamp, Verdict};

use crate::prepare::Prepared;
use crate::request::{Request, Target};
use crate::set::PolicySet;

/// How many parts the memory has, each with its own lock.
const SHARDS: usize = 16;
/// How many answers each part holds before it is emptied: 8,192 in all.
const PER_SHARD: usize = 512;

/// A [`PolicySet`] that remembers.
///
/// What depends only on who asks for what is worked out once; policies that look at arguments or at the time are asked
/// on every call. The memory is bounded and belongs to this one set: a new epoch is a new `Decider`.
#[derive(Debug)]
pub struct Decider {
    set: Arc<PolicySet>,
    /// Entries are told apart by their keys: where two hashes meet it costs time, never a verdict.
    hasher: RandomState,
    shards: [Mutex<HashMap<u64, Arc<Entry>>>; SHARDS],
}

#[derive(Debug)]
struct Entry {
    key: Key,
    prepared: Prepared,
}

/// Everything a policy can see but the context.
#[derive(Debug)]
struct Key {
    principal: Principal,
    action: Action,
    source: SourceName,
    name: Box<str>,
    upstream_name: Box<str>,
    effect: Effect,
    accepted: bool,
}

impl Decider {
    /// Begins with an empty memory.
    pub fn new(set: Arc<PolicySet>) -> Self {
        Self { set, hasher: RandomState::default(), shards: Default::default() }
    }

    /// The policies behind it.
    pub const fn policies(&self) -> &Arc<PolicySet> {
        &self.set
    }

    /// The number the caller gave the policies.
    pub fn epoch(&self) -> u64 {
        self.set.epoch()
    }

    /// The verdict.
    pub fn decide(&self, request: &Request<'_>) -> Arc<Verdict> {
        let entry = self.entry(request.principal, request.action, &request.target);
        match &entry.prepared {
            Prepared::Final(verdict) => Arc::clone(verdict),
            Prepared::Open(open) => open.finish(self.set.rules(), request.arguments, request.now),
        }
    }

    /// Whether `principal` may be shown the thing in a list; see [`PolicySet::may`].
    pub fn may(
        &self,
        principal: &Principal,
        action: Action,
        target: &Target<'_>,
        now: Timestamp,
    ) -> bool {
        self.set.may_prepared(&self.entry(principal, action, target).prepared, now)
    }

    /// Whether any policy about `action` looks at arguments. If not, they need not be passed.
    pub fn needs_arguments(&self, action: Action) -> bool {
        self.set.needs_arguments(action)
    }

    /// Whether any policy that may apply to exactly this call looks at arguments.
    pub fn needs_arguments_of(
        &self,
        principal: &Principal,
        action: Action,
        target: &Target<'_>,
    ) -> bool {
        match &self.entry(principal, action, target).prepared {
            Prepared::Final(_) => false,
            Prepared::Open(open) => !open.arguments.is_none(),
        }
    }

    /// Whether any policy about `action` looks at arguments or at the time.
    pub fn depends_on_context(&self, action: Action) -> bool {
        self.set.depends_on_context(action)
    }

    fn entry(&self, principal: &Principal, action: Action, target: &Target<'_>) -> Arc<Entry> {
        let hash = self.hash(principal, action, target);
        let shard = &self.shards[usize::try_from(hash >> 60).unwrap_or(0) % SHARDS];
        let found = shard.lock().unwrap_or_else(PoisonError::into_inner).get(&hash).cloned();
        if let Some(entry) = found.filter(|entry| entry.key.is(principal, action, target)) {
            return entry;
        }
        let prepared = self.set.prepare(principal, action, target);
        let entry = Arc::new(Entry { key: Key::of(principal, action, target), prepared });
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if shard.len() >= PER_SHARD {
            shard.clear();
        }
        shard.insert(hash, Arc::clone(&entry));
        entry
    }

    fn hash(&self, principal: &Principal, action: Action, target: &Target<'_>) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        principal.id.hash(&mut hasher);
        principal.tenant.hash(&mut hasher);
        (principal.role, action, target.effect, target.effect_accepted).hash(&mut hasher);
        principal.scopes.iter().for_each(|scope| scope.hash(&mut hasher));
        target.source.hash(&mut hasher);
        (target.name, target.upstream_name).hash(&mut hasher);
        hasher.finish()
    }

    /// How many answers are remembered.
    #[cfg(test)]
    pub(crate) fn remembered(&self) -> usize {
        self.shards.iter().map(|s| s.lock().unwrap().len()).sum()
    }
}

impl Key {
    fn of(principal: &Principal, action: Action, target: &Target<'_>) -> Self {
        Self {
            principal: principal.clone(),
            action,
            source: target.source.clone(),
            name: target.name.into(),
            upstream_name: target.upstream_name.into(),
            effect: target.effect,
            accepted: target.effect_accepted,
        }
    }

    /// Whether this is the key of the call: two keys may have one hash.
    fn is(&self, principal: &Principal, action: Action, target: &Target<'_>) -> bool {
        let mine = &self.principal;
        mine.id == principal.id
            && mine.tenant == principal.tenant
            && mine.role == principal.role
            && mine.scopes == principal.scopes
            && self.action == action
            && self.source == *target.source
            && *self.name == *target.name
            && *self.upstream_name == *target.upstream_name
            && self.effect == target.effect
            && self.accepted == target.effect_accepted
    }
}

#[cfg(test)]
mod tests {
    use model::{Credential, PrincipalId, Role, Scopes, TenantId};

    use super::*;
    use crate::tests::{alice, call};

    /// Hashes that meet cannot be had at will, so what tells the calls apart then is asked by itself.
    #[test]
    fn a_key_is_that_of_no_call_that_differs_in_one_thing_a_policy_can_see() {
        let (who, base) = (alice(), call("files__read", Effect::Read));
        let (target, shop) = (base.target(), SourceName::new("shop").unwrap());
        let key = Key::of(&who, Action::Call, &target);
        assert!(key.is(&who, Action::Call, &target));
        let changed = |change: fn(&mut Principal)| {
            let mut other = who.clone();
            change(&mut other);
            other
        };
        for other in [
            changed(|p| p.id = PrincipalId::new("bob")),
            changed(|p| p.tenant = TenantId::new("globex")),
            changed(|p| p.role = Role::Operator),
            changed(|p| p.scopes = Scopes::default()),
        ] {
            assert!(!key.is(&other, Action::Call, &target), "{other:?}");
        }
        for other in [Action::Read, Action::Prompt] {
            assert!(!key.is(&who, other, &target), "{other:?}");
        }
        for other in [
            Target { source: &shop, ..target },
            Target { name: "files__write", ..target },
            Target { upstream_name: "write", ..target },
            Target { effect: Effect::Write, ..target },
            Target { effect_accepted: false, ..target },
        ] {
            assert!(!key.is(&who, Action::Call, &other), "{other:?}");
        }
        let unseen = changed(|p| p.credential = Credential::None);
        assert!(key.is(&unseen, Action::Call, &target));
    }
}
