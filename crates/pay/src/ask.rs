use std::time::Duration;

use approvals::{Binding, Question, Taken};
use ledger::{Intent, State};
use model::money::{Amount, MoneyRule};
use model::{PrincipalId, SourceName, TenantId};
use spend::Choice;
use treasury::Reservation;

use crate::errand::{Asked, Errand, Request, Unpaid};
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
    let binding = binding(inner, errand, choice)?;
    let desk = |e: approvals::DeskError| {
        tracing::error!("a person cannot be asked: {e}");
        no(MoneyRule::Ledger, "a person would have to be asked, and that is not possible now", None)
    };
    match inner.desk.take(&binding, None).await.map_err(desk)? {
        Taken::Granted(grant) => {
            let reservation = claimed(inner, &intent, &grant).await?;
            if grant.keep {
                keep(inner, errand, choice).await;
            }
            Ok((reservation, Some(grant.id)))
        }
        Taken::Waiting(ticket) => Err(asks(&ticket.id, rules, choice)),
        Taken::None => {
            let away = |e: treasury::Refused| refused(&e);
            let asked = inner.treasury.ask(intent.clone(), LIFE).await;
            let asked = match asked {
                Ok(asked) => asked,
                Err(e) => return Err(away(e)),
            };
            let mut question = Question::new(
                binding,
                errand.credential.clone(),
                errand.arguments.clone().unwrap_or_else(|| "(not recorded)".to_owned()),
            );
            question.reasons = rules.iter().map(|rule| rule.as_str().to_owned()).collect();
            question.persons = persons.max(asked.persons);
            question.not_after = Some(asked.until);
            match inner.desk.ask(question).await {
                Ok(ticket) => {
                    let name = asked.id.to_string();
                    let entry = Entry {
                        rules: rules.to_vec(),
                        approval: Some(ticket.id.clone()),
                        ..Entry::new(&name, "asked", &choice.terms)
                    };
                    inner.note(Who::from(errand), entry).await;
                    Err(asks(&ticket.id, rules, choice))
                }
                Err(e) => {
                    let _ = inner.treasury.withdraw(asked.id, MoneyRule::Denied).await;
                    Err(desk(e))
                }
            }
        }
        taken => {
            let rule = taken.rule().unwrap_or(MoneyRule::Denied);
            if let Some(id) = waiting(inner, &intent).await? {
                let _ = inner.treasury.withdraw(id, rule).await;
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
    let id = match waiting(inner, intent).await? {
        Some(id) => id,
        None => inner.treasury.ask(intent.clone(), LIFE).await.map_err(|e| refused(&e))?.id,
    };
    for (n, by) in grant.by.iter().enumerate() {
        let name = format!("{}/{n}", grant.id);
        inner.treasury.answer(id, name, by.clone(), true).await.map_err(|e| refused(&e))?;
    }
    inner.treasury.claim(id).await.map_err(|e| refused(&e))
}

/// The payment that was asked about for the same request on the same terms.
async fn waiting(inner: &Inner, intent: &Intent) -> Result<Option<ledger::PaymentId>, Unpaid> {
    let open = inner.treasury.under_way().await.map_err(|e| refused(&e))?;
    let same = |p: &&ledger::Payment| {
        matches!(p.state, State::Asked { .. } | State::Granted { .. })
            && p.intent.agent == intent.agent
            && p.intent.tenant == intent.tenant
            && p.intent.request == intent.request
            && p.intent.terms.canonical() == intent.terms.canonical()
    };
    Ok(open.iter().find(same).map(|payment| payment.id))
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

fn binding(inner: &Inner, errand: &Errand, choice: &Choice) -> Result<Binding, Unpaid> {
    let source = SourceName::new(&errand.source)
        .map_err(|_| no(MoneyRule::NotPermitted, "the source has no lawful name", None))?;
    let method = match &errand.request {
        Request::Http { .. } => "tools/call".to_owned(),
        Request::Mcp { method, .. } => method.clone(),
    };
    let bound = Binding {
        tenant: TenantId::new(&errand.tenant),
        principal: PrincipalId::new(&errand.principal),
        session: errand.session.clone().unwrap_or_default(),
        method,
        source,
        tool: errand.tool.clone(),
        definition: String::new(),
        arguments: errand.digest,
        terms: None,
        policy: inner.policy_digest,
    };
    Ok(bound.with_terms(choice.terms.clone()))
}

fn asks(ticket: &str, rules: &[MoneyRule], choice: &Choice) -> Unpaid {
    let (ticket, rules) = (ticket.to_owned(), rules.to_vec());
    Unpaid::Asks(Asked { ticket, rules, terms: choice.terms.clone() })
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
