use audit::{Kind, Outcome, Text};
use ledger::State;
use model::money::{MoneyRule, Rail};
use rails::x402;
use spend::{Origin, Target};

use super::nonces::Noted;
use crate::driver::{Payload, SigningIn};
use crate::errand::{Attachment, Errand, Request};
use crate::payer::Inner;
use crate::record::Who;

/// A sign-in, where a seller asks for one and the operator lets the wallet sign in: where this caller has paid with it before,
/// or where everybody may. On record before it leaves.
pub(super) async fn signed(
    inner: &Inner,
    errand: &Errand,
    target: &Target,
    offer: &x402::Offer,
) -> Option<Attachment> {
    let extension = offer.extensions.get(x402::SIGN_IN)?;
    let driver = inner.drivers.evm.as_ref()?;
    let Request::Http { url, .. } = &errand.request else { return None };
    let allowed = &inner.policy.sign_in;
    let anyone = allowed.anyone.iter().any(|listed| listed.covers(&target.origin));
    if !anyone && !allowed.where_paid {
        return None;
    }
    let now = inner.clock.now_millis();
    if inner.refusals.stand(errand, now) || !inner.admits(errand, &target.origin, Rail::X402).await
    {
        return None;
    }
    let paid = if anyone { None } else { Some(paid_here(inner, errand, target).await?) };
    let origin = target.origin.to_string();
    let nonces = Noted { treasury: &inner.treasury, origin, now: now / 1000 };
    let asked = SigningIn { extension, request: url, paid: paid.as_ref(), nonces: &nonces };
    match driver.sign_in(&asked).await {
        Ok(attachment) => inner.on_record(errand, &target.origin, None).await.then_some(attachment),
        Err(stop) => {
            inner.on_record(errand, &target.origin, Some((stop.rule, &stop.why))).await;
            None
        }
    }
}

/// What was signed for the last payment by x402 that this caller has made for this resource, proven to have arrived.
async fn paid_here(inner: &Inner, errand: &Errand, target: &Target) -> Option<Payload> {
    let (tenant, agent) = (errand.tenant.clone(), errand.principal.clone());
    let (origin, url) = (target.origin.to_string(), target.without_query());
    let wanted = move |payment: &ledger::Payment| {
        let (intent, terms) = (&payment.intent, &payment.intent.terms);
        payment.state == State::Settled
            && terms.rail == Rail::X402
            && intent.tenant.as_str() == tenant
            && intent.agent.as_str() == agent
            && terms.origin == origin
            && terms.resource.split_once(' ').is_some_and(|(_, paid)| paid == url)
    };
    let payment = inner.treasury.latest(wanted).await.ok()??;
    let sealed = inner.treasury.payload(payment.id).await.ok()??;
    serde_json::from_slice(&sealed).ok()
}

impl Inner {
    /// Puts a sign-in on record, or why there was none. Without a record there is none.
    async fn on_record(
        &self,
        errand: &Errand,
        origin: &Origin,
        no: Option<(MoneyRule, &str)>,
    ) -> bool {
        let mut record = self.begun(Kind::SignIn, &Who::from(errand));
        let note = match no {
            None => format!("signed in at {origin}"),
            Some((_, why)) => format!("did not sign in at {origin}: {why}"),
        };
        record.verdict = Some(if no.is_some() { "deny" } else { "allow" });
        record.outcome = Some(if no.is_some() { Outcome::Refused } else { Outcome::Ok });
        record.rule = no.map(|(rule, _)| Text::from(rule.as_str()));
        record.note = Some(Text::from(note));
        let kept = self.journal.append(record).await;
        if let Err(error) = &kept {
            tracing::error!("a sign-in cannot be recorded, so it is not made: {error}");
        }
        kept.is_ok()
    }
}
