use std::sync::Arc;

use model::{Action, Code, Principal, Refusal, Timestamp, Verdict};
use policy::{Request, Target};
use protocol::json::{Object, quote};

use super::lookup::unknown;
use super::{Found, Passage};
use crate::Client;
use crate::catalogue::Entry;
use crate::gate::Gate;

/// Stage: policy, on what the name resolved to and on the arguments that will be sent.
///
/// What a principal may never call looks like what does not exist. What it may call with other arguments is refused
/// by name. Where a person decides, the id of the policy that asks is returned.
pub(super) fn decide(
    gate: &Gate,
    client: &Arc<Client>,
    found: &Found,
    arguments: Option<&Object>,
    passage: &mut Passage,
) -> Result<Option<String>, Refusal> {
    let now = Timestamp(gate.clock().now_millis());
    let decider = gate.decider();
    let principal = &client.principal;
    if !principal.scopes.cover(&found.exposed) {
        return Err(match found.action {
            // A URI is looked up before its scope is known, so here only the one answer for all tells nothing.
            Action::Read => unknown(client, Action::Read, &found.asked).detail("out of scope"),
            action => out_of_scope(action, &found.exposed),
        });
    }
    let request = Request {
        principal,
        action: found.action,
        target: found.policy_target(),
        arguments: arguments.map(|a| &a.text()[..]),
        now,
    };
    let verdict = decider.decide(&request);
    passage.verdict(&verdict);
    match &*verdict {
        Verdict::Allow { .. } => Ok(None),
        Verdict::Ask { rule } => Ok(Some(rule.clone())),
        Verdict::Deny { rule, reason } => {
            let detail = format!("{rule}: {reason}");
            if decider.may(principal, found.action, &request.target, now) {
                let name = &found.exposed;
                let message = format!("policy refuses {name} with these arguments or at this time");
                return Err(Refusal::new(Code::PolicyDenied, message)
                    .detail(detail)
                    .data(allow_data(principal, found.action, name)));
            }
            Err(unknown(client, found.action, &found.asked).detail(detail))
        }
    }
}

/// The same decision without a call: would this principal be allowed to?
pub(super) fn may(gate: &Gate, client: &Client, found: &Found) -> Result<(), Refusal> {
    let now = Timestamp(gate.clock().now_millis());
    let may = client.principal.scopes.cover(&found.exposed)
        && gate.decider().may(&client.principal, found.action, &found.policy_target(), now);
    if may { Ok(()) } else { Err(unknown(client, found.action, &found.asked)) }
}

/// The same decision, for lists: may this principal be shown this entry?
pub(crate) fn shows(gate: &Gate, principal: &Principal, entry: &Entry) -> bool {
    let now = Timestamp(gate.clock().now_millis());
    entry.is_live()
        && principal.scopes.cover(&entry.exposed)
        && gate.decider().may(principal, entry.action(), &target(entry), now)
}

/// What policy sees of an entry.
pub(crate) fn target(entry: &Entry) -> Target<'_> {
    Target {
        source: entry.source_name(),
        name: &entry.exposed,
        upstream_name: &entry.upstream,
        effect: entry.effect,
        effect_accepted: entry.accepted,
    }
}

/// A credential that does not reach this far. Said of any name, known or not, before anything is looked up, so it
/// tells nobody what exists.
pub(super) fn out_of_scope(action: Action, name: &str) -> Refusal {
    let _ = action;
    let scope = format!("tool:{name}");
    Refusal::new(Code::InsufficientScope, format!("the credential does not cover {name}"))
        .data(format!("{{\"scope\":{}}}", quote(&scope)))
        .detail(scope)
}

/// The line that would allow it, made from the question alone: it is the same whether the thing exists or not.
pub(super) fn allow_data(principal: &Principal, action: Action, name: &str) -> String {
    let line = policy::allow_line(principal.id.as_str(), action, name);
    format!("{{\"allow\":{}}}", quote(&line))
}
