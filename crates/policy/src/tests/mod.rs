//! Tests that need more than one part of the room.

mod caching;
mod context;
mod decisions;
mod levels;
mod loading;
mod properties;
mod tenants;

use model::{
    Action, Credential, Effect, Principal, PrincipalId, Role, Scopes, SourceName, TenantId,
    Timestamp, Verdict,
};

use crate::{Known, LoadError, PolicySet, Request, SHIPPED, SHIPPED_NAME, Target};

/// A call as tests think of one.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) principal: Principal,
    pub(crate) action: Action,
    pub(crate) source: SourceName,
    pub(crate) name: String,
    pub(crate) effect: Effect,
    pub(crate) accepted: bool,
    pub(crate) arguments: Option<String>,
    pub(crate) now: Timestamp,
}

impl Call {
    pub(crate) fn request(&self) -> Request<'_> {
        Request {
            principal: &self.principal,
            action: self.action,
            target: self.target(),
            arguments: self.arguments.as_deref().map(str::as_bytes),
            now: self.now,
        }
    }

    pub(crate) fn target(&self) -> Target<'_> {
        Target {
            source: &self.source,
            name: &self.name,
            upstream_name: self.name.split_once("__").map_or(&self.name, |(_, n)| n),
            effect: self.effect,
            effect_accepted: self.accepted,
        }
    }

    pub(crate) fn with(mut self, arguments: &str) -> Self {
        self.arguments = Some(arguments.to_owned());
        self
    }

    pub(crate) fn by(mut self, id: &str) -> Self {
        self.principal.id = PrincipalId::new(id);
        self
    }
}

pub(crate) fn alice() -> Principal {
    Principal {
        id: PrincipalId::new("alice"),
        tenant: TenantId::new("acme"),
        role: Role::Agent,
        scopes: Scopes::new(["audit".to_owned()]),
        credential: Credential::LocalUser,
    }
}

/// Alice calls a tool whose effect the operator accepted.
pub(crate) fn call(name: &str, effect: Effect) -> Call {
    Call {
        principal: alice(),
        action: Action::Call,
        source: SourceName::new(name.split_once("__").map_or("files", |(s, _)| s)).unwrap(),
        name: name.to_owned(),
        effect,
        accepted: true,
        arguments: None,
        now: Timestamp(1_785_243_906_007),
    }
}

pub(crate) fn known() -> Known {
    Known::new(["files", "github", "shop"], ["money_back"])
}

pub(crate) fn load(policy: &str, levels: &[(&str, &str)]) -> Result<PolicySet, LoadError> {
    let levels: Vec<_> = levels.iter().map(|(p, l)| ((*p).to_owned(), (*l).to_owned())).collect();
    PolicySet::load(&[("team.cedar".to_owned(), policy.to_owned())], &levels, &known(), 7)
}

pub(crate) fn policies(policy: &str) -> PolicySet {
    load(policy, &[]).unwrap_or_else(|e| panic!("{e}"))
}

pub(crate) fn shipped(levels: &[(&str, &str)]) -> PolicySet {
    let levels: Vec<_> = levels.iter().map(|(p, l)| ((*p).to_owned(), (*l).to_owned())).collect();
    PolicySet::load(&[(SHIPPED_NAME.to_owned(), SHIPPED.to_owned())], &levels, &known(), 7).unwrap()
}

/// The verdict as one line: `allow rule`, `deny rule: reason`, `ask rule`.
pub(crate) fn say(set: &PolicySet, call: &Call) -> String {
    let verdict = set.decide(&call.request());
    match &verdict {
        Verdict::Deny { rule, reason } => format!("deny {rule}: {reason}"),
        other => format!("{} {}", other.as_str(), other.rule()),
    }
}
