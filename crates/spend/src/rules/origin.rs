use model::money::MoneyRule;
use rails::payment::Challenge;

use super::{Case, Finding, deny};
use crate::Target;
use crate::candidate::{Dialect, Form, invoice_charge};

/// Nobody has stopped it.
pub(super) fn not_paused(case: &Case<'_>) -> Finding {
    let paused = &case.situation.known.paused;
    let request = case.request;
    let rail = case.candidate.rail().map(model::money::Rail::as_str);
    let origin = case.target.as_ref().map(|target| target.origin.to_string()).unwrap_or_default();
    let all = [
        ("tenant", request.tenant),
        ("agent", request.agent),
        ("tool", request.tool),
        ("origin", origin.as_str()),
        ("rail", rail.unwrap_or_default()),
    ];
    match all.into_iter().find(|(kind, name)| paused.stops(kind, name)) {
        Some(_) => deny(MoneyRule::Paused, "Spending has been stopped by an operator."),
        None => Finding::Fine,
    }
}

/// The origin that was asked is listed, and spoken to over TLS unless it is this machine.
pub(super) fn listed(case: &Case<'_>) -> Finding {
    let target = match case.target {
        Ok(target) => target,
        Err(flaw) => return Finding::Deny(flaw.clone()),
    };
    let origin = &target.origin;
    if !origin.is_tls() && !origin.is_loopback() {
        return deny(MoneyRule::Tls, "The origin is not spoken to over TLS.");
    }
    if case.situation.policy.origins.iter().any(|listed| listed.covers(origin)) {
        return Finding::Fine;
    }
    deny(MoneyRule::Origin, format!("The origin {origin} is not one that may be paid."))
}

/// No redirect led here.
pub(super) fn not_redirected(case: &Case<'_>) -> Finding {
    if case.request.redirected {
        let why = "A redirect to another origin led to the offer; such offers are not paid.";
        return deny(MoneyRule::Redirect, why);
    }
    Finding::Fine
}

/// What is offered is what was asked for.
pub(super) fn same_resource(case: &Case<'_>) -> Finding {
    match &case.candidate.form {
        Form::Chain(chain) => match chain.dialect {
            Dialect::Entry(offer, entry) => {
                let named = offer.resource_of(entry).unwrap_or_default();
                if is_requested(named, case) { Finding::Fine } else { mismatch() }
            }
            Dialect::Charge(challenge) => same_body(challenge, case),
        },
        Form::Bolt11(bolt11) => {
            invoice_charge(bolt11).map_or(Finding::Fine, |challenge| same_body(challenge, case))
        }
        _ => Finding::Fine,
    }
}

/// A challenge that is bound to a request body is bound to this one.
fn same_body(challenge: &Challenge, case: &Case<'_>) -> Finding {
    match challenge.digest.as_deref() {
        Some(digest) if case.request.digest != Some(digest) => {
            deny(MoneyRule::ResourceMismatch, "The challenge is for another request body.")
        }
        _ => Finding::Fine,
    }
}

/// The tool that was called, or the origin and path that were requested; queries are not compared.
fn is_requested(named: &str, case: &Case<'_>) -> bool {
    if let Some(tool) = named.strip_prefix("mcp://tool/") {
        return tool == case.request.tool;
    }
    let (Ok(named), Ok(asked)) = (Target::parse(named), case.target) else { return false };
    named.origin == asked.origin && named.path() == asked.path()
}

fn mismatch() -> Finding {
    let why = "The offer is for another resource than the one that was asked for.";
    deny(MoneyRule::ResourceMismatch, why)
}
