use cedar_policy::{ActionConstraint, EntityUid, Policy, PrincipalConstraint, ResourceConstraint};

use crate::entities::Ids;

/// Whether the first line of a policy, `(principal …, action …, resource …)`, fits a call.
///
/// Used only to leave out policies that cannot apply; Cedar itself looks again at those that are kept.
pub(crate) fn fits(policy: &Policy, ids: &Ids) -> bool {
    let is_principal = |uid: &EntityUid| *uid == ids.principal;
    let in_principal = |uid: &EntityUid| is_principal(uid) || *uid == ids.tenant;
    let principal = match policy.principal_constraint() {
        PrincipalConstraint::Any => true,
        PrincipalConstraint::Eq(uid) => is_principal(&uid),
        PrincipalConstraint::In(uid) => in_principal(&uid),
        PrincipalConstraint::Is(kind) => kind == *ids.principal.type_name(),
        PrincipalConstraint::IsIn(kind, uid) => {
            kind == *ids.principal.type_name() && in_principal(&uid)
        }
    };
    let is_resource = |uid: &EntityUid| *uid == ids.resource;
    let in_resource = |uid: &EntityUid| is_resource(uid) || *uid == ids.source;
    principal
        && action_fits(policy, &ids.action)
        && match policy.resource_constraint() {
            ResourceConstraint::Any => true,
            ResourceConstraint::Eq(uid) => is_resource(&uid),
            ResourceConstraint::In(uid) => in_resource(&uid),
            ResourceConstraint::Is(kind) => kind == *ids.resource.type_name(),
            ResourceConstraint::IsIn(kind, uid) => {
                kind == *ids.resource.type_name() && in_resource(&uid)
            }
        }
}

/// Whether a policy speaks of this action.
pub(crate) fn action_fits(policy: &Policy, action: &EntityUid) -> bool {
    match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(uid) => uid == *action,
        ActionConstraint::In(uids) => uids.contains(action),
    }
}

#[cfg(test)]
mod tests {
    use model::{Action, Effect, TenantId, Verdict};

    use super::*;
    use crate::tests::{call, policies};

    #[test]
    fn a_first_line_fits_exactly_the_calls_that_cedar_applies_it_to() {
        let mut calls = Vec::new();
        for (who, tenant) in [("alice", "acme"), ("bob", "acme"), ("bob", "globex")] {
            for action in [Action::Call, Action::Read, Action::Prompt] {
                for name in ["shop__pay", "shop__list", "files__read"] {
                    let mut call = call(name, Effect::Write).by(who);
                    (call.action, call.principal.tenant) = (action, TenantId::new(tenant));
                    calls.push(call);
                }
            }
        }
        for line in [
            "principal, action, resource",
            "principal == Principal::\"alice\", action, resource",
            "principal in Principal::\"alice\", action, resource",
            "principal in Tenant::\"acme\", action, resource",
            "principal is Principal, action, resource",
            "principal is Principal in Tenant::\"acme\", action, resource",
            "principal, action == Action::\"read\", resource",
            "principal, action in [Action::\"call\", Action::\"prompt\"], resource",
            "principal, action, resource == Tool::\"shop__pay\"",
            "principal, action, resource in Tool::\"shop__pay\"",
            "principal, action, resource in Source::\"shop\"",
            "principal, action, resource is Tool",
            "principal, action, resource is Tool in Source::\"shop\"",
        ] {
            let set = policies(&format!("permit ({line});"));
            let policy = &set.rules()[0].policy;
            for call in &calls {
                let ids = Ids::of(&call.principal, call.action, &call.target()).unwrap();
                let applies = matches!(set.decide(&call.request()), Verdict::Allow { .. });
                assert_eq!(fits(policy, &ids), applies, "{line}: {call:?}");
            }
        }
    }
}
