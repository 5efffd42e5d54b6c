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
