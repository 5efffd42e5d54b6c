use std::borrow::Cow;

use model::Timestamp;
use model::money::{Amount, Flag, MoneyRule, Terms};
use rails::Demand;
use rails::payment::Challenge;

use crate::candidate::{Candidate, Form, candidates, invoice_charge};
use crate::rules::{Case, Finding, payee, price, signing, time};
use crate::{
    Caps, Choice, Denial, Entry, Plan, RULES, Reason, Refused, Request, Scheme, Situation, Target,
    Verdict,
};

/// Judges a demand: every way to pay by every rule, then the cheapest of the allowed ones on the first rail that has any.
pub fn judge(
    demand: &Demand,
    request: &Request<'_>,
    situation: &Situation,
    caps: &dyn Caps,
) -> Verdict {
    let offers = match demand {
        Demand::None => return Verdict::Pass,
        Demand::Unreadable(flaw) => {
            let (rule, reason) = (flaw.rule, flaw.why.clone());
            return Verdict::Deny(Denial { rule, reason, each: Vec::new() });
        }
        Demand::Offers(offers) => offers,
    };
    let target = Target::parse(request.url);
    let origin = target.as_ref().ok().map(|target| &target.origin);
    let all = candidates(offers, situation, origin);
    let judged = all
        .iter()
        .map(|candidate| judge_one(&Case { candidate, request, target: &target, situation, caps }));
    choose(judged.collect())
}

/// One way to pay that may be paid, if only by a person's word.
struct Payable {
    choice: Choice,
    asks: Vec<Reason>,
    rank: Rank,
}

/// What is smaller is preferred: allowed before asked, the operator's order of rails, the cost, `exact` before `upto`, the
/// seller's order.
type Rank = (bool, usize, u128, bool, Entry);

fn judge_one(case: &Case<'_>) -> Result<Payable, Refused> {
    let entry = case.candidate.entry;
    let mut asks = Vec::new();
    let mut flags = Vec::new();
    for rule in &RULES {
        match rule.check(case) {
            Finding::Fine => {}
            Finding::Soft => flags.push(Flag::SoftLimit),
            Finding::Ask(reasons) => asks.extend(reasons),
            Finding::Deny(reason) => return Err(Refused { entry, reason }),
        }
    }
    // Budgets speak early and may ask for what is asked late: questions come in the order that their codes are declared in.
    asks.sort_by_key(|reason| reason.rule);
    let nothing = || {
        let why = "What passed the rules cannot be put into terms.";
        Refused { entry, reason: Reason::new(MoneyRule::NoAcceptableOffer, why) }
    };
    let (plan, terms) = plan(case).zip(terms(case)).ok_or_else(nothing)?;
    let approvers = if price::needs_two(case) { 2 } else { 1 };
    let rank = rank(case, &plan, !asks.is_empty());
    let choice = Choice { terms, entry, plan, approvers, flags, spare: Vec::new() };
    Ok(Payable { choice, asks, rank })
}

fn rank(case: &Case<'_>, plan: &Plan, asked: bool) -> Rank {
    let rails = &case.situation.policy.rails;
    let rail = case.candidate.rail().and_then(|rail| rails.iter().position(|known| *known == rail));
    // What the mint would really take moves with what is in the purse, and what a person is asked about must not.
    let cost = if asked { case.counted() } else { case.true_cost() };
    let cost = cost.map_or(u128::MAX, |cost| {
        cost.nano_in(cost.reference).and_then(Result::ok).unwrap_or(cost.minor)
    });
    let upto = matches!(plan, Plan::Evm { scheme: Scheme::Upto, .. });
    (asked, rail.unwrap_or(usize::MAX), cost, upto, case.candidate.entry)
}

fn choose(judged: Vec<Result<Payable, Refused>>) -> Verdict {
    let mut refused = Vec::new();
    let mut payable = Vec::new();
    for one in judged {
        match one {
            Ok(one) => payable.push(one),
            Err(one) => refused.push(one),
        }
    }
    // Equal ranks keep the operator's order.
    payable.sort_by_key(|one| one.rank);
    let mut payable = payable.into_iter();
    let Some(Payable { choice, asks, .. }) = payable.next() else {
        return Verdict::Deny(denial(refused));
    };
    if !asks.is_empty() {
        return Verdict::Ask { choice: Box::new(choice), rules: asks };
    }
    let spare = payable.filter(|one| one.asks.is_empty() && one.choice.entry == choice.entry);
    let spare = spare.map(|one| one.choice).collect();
    Verdict::Allow(Box::new(Choice { spare, ..choice }))
}

/// One way to pay has its own reason; several have the one that is about the request and not about them, or none that
/// could stand for all.
fn denial(mut refused: Vec<Refused>) -> Denial {
    // The mints of one request are one way to pay.
    refused.dedup_by_key(|one| one.entry);
    let request = [MoneyRule::Paused, MoneyRule::Origin, MoneyRule::Tls, MoneyRule::Redirect];
    let shared = refused.first().map(|one| one.reason.clone()).filter(|first| {
        refused.len() == 1
            || (request.contains(&first.rule)
                && refused.iter().all(|one| one.reason.rule == first.rule))
    });
    if let Some(Reason { rule, why }) = shared {
        refused.truncate(if refused.len() == 1 { 0 } else { refused.len() });
        return Denial { rule, reason: why, each: refused };
    }
    let reason = Cow::Borrowed("None of the ways to pay that are offered may be taken.");
    Denial { rule: MoneyRule::NoAcceptableOffer, reason, each: refused }
}

/// The terms of a way to pay that has passed the rules before the caps.
pub(crate) fn terms(case: &Case<'_>) -> Option<Terms> {
    let target = case.target.as_ref().ok()?;
    let row = case.row()?;
    let request = case.request;
    let (scheme, network) = match &case.candidate.form {
        Form::Chain(chain) if case.candidate.by_hand => {
            ("transfer".to_owned(), chain.transfer.network.as_ref().ok()?.clone())
        }
        Form::Chain(chain) => {
            (chain.scheme.ok()?.as_str().to_owned(), chain.transfer.network.as_ref().ok()?.clone())
        }
        Form::Bolt11(bolt11) => {
            let scheme = if bolt11.is_deposit() { "lightning-session" } else { "lightning" };
            (scheme.to_owned(), format!("lightning:{}", bolt11.invoice.network()))
        }
        Form::Ecash(_) => ("cashu".to_owned(), ask(case)?.mints.first()?.to_string()),
        _ => return None,
    };
    let resource = if request.mcp {
        format!("mcp://tool/{}", request.tool)
    } else {
        format!("{} {}", request.method, target.without_query())
    };
    Some(Terms {
        rail: case.candidate.rail()?,
        scheme,
        network,
        amount: Amount::new(row.asset.clone(), case.minor()?),
        fee_limit: case.fee_limit(),
        payee: payee::name(case),
        origin: target.origin.to_string(),
        resource,
        expires: expires(case.candidate),
    })
}

/// The end of the challenge, or the earlier one of it and its invoice.
fn expires(candidate: &Candidate<'_>) -> Option<Timestamp> {
    let (challenge, invoice) = match &candidate.form {
        Form::Chain(chain) => (chain.challenge(), None),
        Form::Bolt11(bolt11) => {
            let ends = bolt11.invoice.expires_at().saturating_mul(1000);
            (invoice_charge(bolt11), Some(Timestamp(ends)))
        }
        _ => return None,
    };
    challenge.and_then(Challenge::expires_at).into_iter().chain(invoice).min()
}

fn plan(case: &Case<'_>) -> Option<Plan> {
    match &case.candidate.form {
        Form::Chain(chain) if case.candidate.by_hand => Some(Plan::Transfer {
            token: chain.row?.token.clone()?,
            payee: *chain.payee.as_ref().ok()?,
        }),
        Form::Chain(chain) => {
            let scheme = chain.scheme.ok()?;
            Some(Plan::Evm {
                scheme,
                token: chain.row?.token.clone()?,
                payee: *chain.payee.as_ref().ok()?,
                valid_for: time::valid_for(chain, case.situation.known.now).ok()?,
                facilitator: match (scheme, &chain.facilitator) {
                    (Scheme::Upto, Some(Ok(facilitator))) => Some(*facilitator),
                    _ => None,
                },
                extra: signing::extra(case, chain).ok()?,
            })
        }
        Form::Bolt11(bolt11) => Some(Plan::Lightning { invoice: bolt11.invoice.clone() }),
        Form::Ecash(_) => Some(Plan::Ecash { ask: ask(case)? }),
        _ => None,
    }
}

/// What the room of ecash makes of a request: the last word on lock, mint and unit.
fn ask(case: &Case<'_>) -> Option<cashu::Ask> {
    let Form::Ecash(ecash) = &case.candidate.form else { return None };
    let policy = &case.situation.policy;
    let mint = std::slice::from_ref(ecash.mint.as_ref()?);
    let terms = cashu::Terms { mints: mint, units: &["sat"], locks: policy.ecash_locks };
    ecash.request.ask(&terms).ok()
}
