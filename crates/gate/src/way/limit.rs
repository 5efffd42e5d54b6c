use std::sync::Arc;
use std::time::Duration;

use identity::Permit;
use model::{Code, PrincipalId, Refusal, TenantId};

use super::Found;
use crate::Client;
use crate::gate::Gate;

/// Whom limits count for: the principal, whichever of its keys it uses.
pub(crate) type Who = (TenantId, PrincipalId);

/// Stage: calls of this principal. Unknown names count as well.
pub(crate) fn principal(gate: &Gate, client: &Client) -> Result<(), Refusal> {
    let now = gate.clock().instant();
    gate.limits()
        .per_principal
        .try_acquire(&who(client), now)
        .map_err(|after| limited("too many requests by this principal", after))
}

/// Stage: calls of this principal to this tool.
pub(super) fn tool(gate: &Gate, client: &Client, found: &Found) -> Result<(), Refusal> {
    let now = gate.clock().instant();
    let key = (who(client), found.source.name().clone(), found.exposed.clone());
    gate.limits()
        .per_tool
        .try_acquire(&key, now)
        .map_err(|after| limited("too many calls of this tool by this principal", after))
}

/// Stage: calls of this principal at the same time.
pub(super) fn at_once(gate: &Gate, client: &Arc<Client>) -> Result<Permit<Who>, Refusal> {
    gate.limits().at_once.try_enter(&who(client)).ok_or_else(|| {
        Refusal::new(Code::TooManyConcurrent, "too many calls of this principal at the same time")
    })
}

fn who(client: &Client) -> Who {
    (client.principal.tenant.clone(), client.principal.id.clone())
}

fn limited(why: &str, after: Duration) -> Refusal {
    Refusal::new(Code::RateLimited, why).retry_after(after)
}
