use model::{Action, Effect, Principal, SourceName, Timestamp};

/// One question put to policy.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// What for.
    pub action: Action,
    /// Of what.
    pub target: Target<'a>,
    /// The arguments as they will be sent: one JSON object. `None` stands for an object without members, and is what
    /// to pass where [`Decider::needs_arguments`](crate::Decider::needs_arguments) says no.
    pub arguments: Option<&'a [u8]>,
    /// When.
    pub now: Timestamp,
}

/// The thing behind the gate that is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// Where it comes from.
    pub source: &'a SourceName,
    /// Its exposed name; for a resource, its URI.
    pub name: &'a str,
    /// What its source calls it.
    pub upstream_name: &'a str,
    /// What it may do to the world.
    pub effect: Effect,
    /// Whether the operator set or accepted that effect. If not, policy sees `destructive`, whatever `effect` says.
    pub effect_accepted: bool,
}

impl Target<'_> {
    /// The effect policy goes by.
    pub(crate) const fn judged_effect(&self) -> Effect {
        if self.effect_accepted { self.effect } else { Effect::Destructive }
    }
}
