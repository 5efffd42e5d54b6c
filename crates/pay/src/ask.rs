use std::time::Duration;

use approvals::{Binding, Question, Taken, Ticket};
use aws_lc_rs::digest::{SHA256, digest};
use ledger::{Intent, State};
use model::money::{Amount, MoneyRule, Terms};
use spend::Choice;
use treasury::Reservation;

use crate::crash;
use crate::errand::{Asked, Errand, Unpaid};
use crate::flow::no;
use crate::payer::{Inner, ledger_is_away};
use crate::record::{Entry, Who};

/// How long a question about money may wait.
const LIFE: Duration = Duration::from_mins(15);

/// The reservation that persons have agreed to, with the name of their yes; or the question that is put to them. The
/// money is held while they are asked.
pub(crate) async fn granted(
    inner: &Inner,
    errand: &Errand,
    choice: &Choice,
    intent: Intent,
    rules: &[MoneyRule],
    persons: u8,
) -> Result<(Reservation, Option<String>), Unpaid> {
    let binding = binding(inner, errand, choice);
    let desk = |e: approvals::DeskError| {
        tracing::error!("a person cannot be asked: {e}");
        no(MoneyRule::Ledger, "a person would have to be asked, and that is not possible now", None)
    };
    match inner.desk.take(&binding, errand.asking.named.as_deref()).await.map_err(desk)? {
        Taken::Granted(grant) => {
            crash::at("granted");
            let reservation = claimed(inner, &intent, &grant).await?;
            crash::at("claimed");
            if grant.keep {
                keep(inner, errand, choice).await;
            }
            Ok((reservation, Some(grant.id)))
        }
        Taken::Waiting(ticket) => Err(asks(inner, ticket, rules, &choice.terms)),
        Taken::None => {
            let away = |e: treasury::Refused| refused(&e);
            let asked = inner.treasury.ask(intent.clone(), LIFE).await;
            let asked = match asked {
                Ok(asked) => asked,
                Err(e) => return Err(away(e)),
            };
            crash::at("asked");
            let mut question = Question::new(
                binding,
                errand.asking.credential.clone(),
                errand.asking.arguments.clone(),
            );
            question.reasons = rules.iter().map(|rule| rule.as_str().to_owned()).collect();
            question.persons = persons.max(asked.persons);
            question.not_after = Some(asked.until);
            question.price = inner.said(&choice.terms.amount);
            match inner.desk.ask(question).await {
                Ok(ticket) => {
                    let name = asked.id.to_string();
                    let entry = Entry {
                        rules: rules.to_vec(),
                        approval: Some(ticket.id.clone()),
                        ..Entry::new(&name, "asked", &choice.terms)
                    };
                    inner.note(Who::from(errand), entry).await;
                    Err(asks(inner, ticket, rules, &choice.terms))
                }
                Err(e) => {
                    let _ = inner.treasury.withdraw(asked.id, MoneyRule::Denied).await;
                    Err(desk(e))
                }
            }
        }
        taken => {
            let rule = taken.rule().unwrap_or(MoneyRule::Denied);
            if let Some(open) = waiting(inner, &intent).await? {
                let _ = inner.treasury.withdraw(open.id, rule).await;
            }
            Err(no(rule, said(rule), None))
        }
    }
}

const fn said(rule: MoneyRule) -> &'static str {
    match rule {
        MoneyRule::Denied => "a person said no",
        MoneyRule::ApprovalExpired => "nobody said yes in time; ask again if it is still wanted",
        MoneyRule::ApprovalUsed => "the yes was used; another payment needs another",
        _ => "there is a yes, and it is for something else",
    }
}

/// Takes up the payment that was asked about; begins it anew where its question outlived it.
async fn claimed(
    inner: &Inner,
    intent: &Intent,
    grant: &approvals::Grant,
) -> Result<Reservation, Unpaid> {
    let asked = waiting(inner, intent).await?;
    let mut granted =
        asked.as_ref().is_some_and(|open| matches!(open.state, State::Granted { .. }));
    let id = match asked {
        Some(open) => open.id,
        None => inner.treasury.ask(intent.clone(), LIFE).await.map_err(|e| refused(&e))?.id,
    };
    for (n, by) in grant.by.iter().enumerate() {
        // The desk may have wanted more persons than the books do: these need not hear of all of them.
        if granted {
            break;
        }
        let name = format!("{}/{n}", grant.id);
        let answered = inner.treasury.answer(id, name, by.clone(), true).await;
        granted = matches!(answered.map_err(|e| refused(&e))?, State::Granted { .. });
    }
    inner.treasury.claim(id).await.map_err(|e| refused(&e))
}

/// The payment that was asked about for the same request on the same terms.
pub(crate) async fn waiting(
    inner: &Inner,
    intent: &Intent,
) -> Result<Option<ledger::Payment>, Unpaid> {
    let open = inner.treasury.under_way().await.map_err(|e| refused(&e))?;
    let same = |p: &ledger::Payment| {
        matches!(p.state, State::Asked { .. } | State::Granted { .. })
            && p.intent.agent == intent.agent
            && p.intent.tenant == intent.tenant
            && p.intent.request == intent.request
            && p.intent.terms.canonical() == intent.terms.canonical()
    };
    Ok(open.into_iter().find(same))
}

/// From now on this payee and this price are agreed to for this tool.
async fn keep(inner: &Inner, errand: &Errand, choice: &Choice) {
    let terms = &choice.terms;
    let price = Amount::new(terms.asset().clone(), terms.amount.minor);
    let at = (terms.origin.clone(), errand.tool.clone());
    if let Err(e) = inner.treasury.keep_pin(at, terms.payee.clone(), Some(price)).await {
        tracing::error!("payee and price could not be kept: {e}");
    }
}

/// What a yes is bound to: the call, the terms, and the settings under which it is asked for.
fn binding(inner: &Inner, errand: &Errand, choice: &Choice) -> Binding {
    let binding = errand.asking.binding.clone().with_terms(choice.terms.clone());
    let settings = [binding.policy, inner.policy_digest].concat();
    let policy = digest(&SHA256, &settings).as_ref().try_into().unwrap_or_default();
    Binding { policy, ..binding }
}

pub(crate) fn asks(inner: &Inner, ticket: Ticket, rules: &[MoneyRule], terms: &Terms) -> Unpaid {
    let terms = terms.clone();
    let message = format!("pay {} to {} ({})", inner.said(&terms.amount), terms.origin, terms.rail);
    Unpaid::Asks(Box::new(Asked { ticket, message, rules: rules.to_vec(), terms }))
}

fn refused(error: &treasury::Refused) -> Unpaid {
    match error {
        treasury::Refused::Ledger(_) => Unpaid::Refused(ledger_is_away(error)),
        treasury::Refused::Denied(refusal) => {
            let payment = refusal.payment.map(|id| id.to_string());
            no(refusal.rule, &crate::payer::in_words(refusal), payment.as_deref())
        }
        other => no(other.rule(), &other.to_string(), None),
    }
}
