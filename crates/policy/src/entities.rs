use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use cedar_policy::{
    Entities, Entity, EntityId, EntityTypeName, EntityUid, RestrictedExpression as Value,
};
use model::{Action, Principal};

use crate::request::Target;
use crate::schema::type_of;

/// The entities a call speaks of.
#[derive(Debug, Clone)]
pub(crate) struct Ids {
    pub(crate) principal: EntityUid,
    pub(crate) tenant: EntityUid,
    pub(crate) action: EntityUid,
    pub(crate) resource: EntityUid,
    pub(crate) source: EntityUid,
}

/// `Type::"id"`. `None` only if `kind` is no name of a type.
pub(crate) fn uid(kind: &str, id: &str) -> Option<EntityUid> {
    let kind = EntityTypeName::from_str(kind).ok()?;
    Some(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

/// `Action::"call"` and its like.
pub(crate) fn action_uid(action: Action) -> Option<EntityUid> {
    uid("Action", action.as_str())
}

impl Ids {
    pub(crate) fn of(principal: &Principal, action: Action, target: &Target<'_>) -> Option<Self> {
        Some(Self {
            principal: uid("Principal", principal.id.as_str())?,
            tenant: uid("Tenant", principal.tenant.as_str())?,
            action: action_uid(action)?,
            resource: uid(type_of(action), target.name)?,
            source: uid("Source", target.source.as_str())?,
        })
    }

    /// The entities with their attributes: those of the schema.
    pub(crate) fn entities(&self, principal: &Principal, target: &Target<'_>) -> Option<Entities> {
        let text = |s: &str| Value::new_string(s.to_owned());
        let who = HashMap::from([
            ("tenant".to_owned(), text(principal.tenant.as_str())),
            ("role".to_owned(), text(principal.role.as_str())),
            ("scopes".to_owned(), Value::new_set(principal.scopes.iter().map(text))),
        ]);
        let what = HashMap::from([
            ("source".to_owned(), text(target.source.as_str())),
            ("name".to_owned(), text(target.name)),
            ("upstream".to_owned(), text(target.upstream_name)),
            ("effect".to_owned(), text(target.judged_effect().as_str())),
            ("accepted".to_owned(), Value::new_bool(target.effect_accepted)),
        ]);
        let all = [
            Entity::new(self.principal.clone(), who, HashSet::from([self.tenant.clone()])).ok()?,
            Entity::new(self.resource.clone(), what, HashSet::from([self.source.clone()])).ok()?,
            Entity::new_no_attrs(self.tenant.clone(), HashSet::new()),
            Entity::new_no_attrs(self.source.clone(), HashSet::new()),
        ];
        Entities::from_entities(all, None).ok()
    }
}
