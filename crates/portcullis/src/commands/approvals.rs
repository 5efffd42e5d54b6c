use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use approvals::{Answer, Answerer, Approval, Desk};
use audit::{rfc3339, terminal_safe};
use model::Timestamp;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::serve::small_runtime;
use crate::cli::{ApprovalsCommand, Which};
use crate::config;
use crate::house::{House, JournalUse, answerer, desk};
use crate::say;
use crate::table::Table;

/// Most bytes of what may be an API key.
const MAX_KEY: u64 = 1024;

/// Shows and answers calls that wait for a person.
pub fn run(command: ApprovalsCommand) -> anyhow::Result<ExitCode> {
    match command {
        ApprovalsCommand::List { file, all, json } => list(&file.config, all, json)?,
        ApprovalsCommand::Show { file, id, json } => show(&file.config, &id, json)?,
        ApprovalsCommand::Approve { which, keep, any_session } => {
            let yes = Answer::Yes { keep, widen: any_session };
            answer(&which, yes)?;
        }
        ApprovalsCommand::Refuse(which) => answer(&which, Answer::No)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn list(path: &Path, all: bool, as_json: bool) -> anyhow::Result<()> {
    let house = House::open(config::load(path)?)?;
    let desk = desk(&house, None, None);
    let mut approvals = small_runtime()?.block_on(desk.list(&user()))?;
    approvals.retain(|a| all || a.ticket.state.is_open());
    if as_json {
        let each: Vec<Value> = approvals.iter().map(to_json).collect();
        say::line(serde_json::to_string_pretty(&each)?);
        return Ok(());
    }
    let now = Timestamp(house.clock.now_millis());
    let mut table = Table::new(&["ID", "STATE", "CALLER", "TOOL", "PRICE", "ENDS IN"]);
    for approval in &approvals {
        let terms = approval.terms.as_ref();
        table.row([
            approval.ticket.id.clone(),
            state(approval),
            approval.principal.clone(),
            approval.tool.clone(),
            terms.map_or_else(|| "-".to_owned(), approvals::TermsText::price),
            rest(approval, now),
        ]);
    }
    if table.is_empty() {
        say::note("no call waits for a person");
    } else {
        say::text(table);
    }
    Ok(())
}

fn state(approval: &Approval) -> String {
    let ticket = &approval.ticket;
    if ticket.persons > 1 && ticket.state == approvals::State::Waiting {
        return format!("waiting ({} of {})", ticket.yes, ticket.persons);
    }
    ticket.state.as_str().to_owned()
}

fn rest(approval: &Approval, now: Timestamp) -> String {
    if !approval.ticket.state.is_open() {
        return "-".to_owned();
    }
    let left: Duration = approval.ticket.expires.since(now);
    format!("{}:{:02}", left.as_secs() / 60, left.as_secs() % 60)
}

fn show(path: &Path, id: &str, as_json: bool) -> anyhow::Result<()> {
    let house = House::open(config::load(path)?)?;
    let desk = desk(&house, None, None);
    let found = small_runtime()?.block_on(desk.show(&user(), id))?;
    let approval = found.with_context(|| format!("there is no approval {}", terminal_safe(id)))?;
    if as_json {
        say::line(serde_json::to_string_pretty(&to_json(&approval))?);
    } else {
        lines(&approval).into_iter().for_each(say::line);
    }
    Ok(())
}

/// What a person reads before they answer. Most of it is the words of agents and sellers: nothing of it is obeyed.
fn lines(a: &Approval) -> Vec<String> {
    let mut lines = Vec::new();
    let mut put =
        |name: &str, value: &str| lines.push(format!("{name:<12} {}", terminal_safe(value)));
    put("approval", &a.ticket.id);
    put("state", &state(a));
    put("caller", &format!("{} of {} ({})", a.principal, a.tenant, a.credential));
    if !a.session.is_empty() {
        put("session", &a.session);
    }
    put("asks for", &format!("{} {} of {}", a.method, a.tool, a.source));
    put("arguments", &a.arguments);
    for (name, value) in a.terms.iter().flat_map(approvals::TermsText::parts) {
        put(name, value);
    }
    if let Some(hand) = &a.hand {
        put("pay", &hand.uri);
        put("payment", &hand.payment);
    }
    put("because", &a.reasons.join(", "));
    match &a.changes {
        None => put("changed", "no such call was approved and made before"),
        Some(changes) if changes.is_empty() => put("changed", "nothing since the last such call"),
        Some(changes) => {
            for change in changes {
                let old = change.before.as_deref().unwrap_or("nothing");
                let new = change.now.as_deref().unwrap_or("nothing");
                put("changed", &format!("{}: {old} -> {new}", change.what));
            }
        }
    }
    put("asked", &rfc3339(a.ticket.asked));
    put("ends", &rfc3339(a.ticket.expires));
    for event in &a.events {
        let by = if event.by.is_empty() { String::new() } else { format!(" by {}", event.by) };
        put("history", &format!("{} {}{by}", rfc3339(Timestamp(event.at)), event.what.as_str()));
    }
    lines
}

fn to_json(a: &Approval) -> Value {
    let terms = a.terms.as_ref().map(|t| {
        t.parts()
            .iter()
            .map(|(k, v)| ((*k).to_owned(), json!(v)))
            .collect::<serde_json::Map<_, _>>()
    });
    let changes = a.changes.as_ref().map(|all| {
        all.iter()
            .map(|c| json!({"what": c.what, "before": c.before, "now": c.now}))
            .collect::<Vec<_>>()
    });
    json!({
        "id": a.ticket.id,
        "state": a.ticket.state.as_str(),
        "tenant": a.tenant,
        "principal": a.principal,
        "method": a.method,
        "source": a.source,
        "tool": a.tool,
        "arguments": a.arguments,
        "argumentsDigest": a.digest,
        "terms": terms,
        "pay": a.hand.as_ref().map(|hand| json!({"payment": hand.payment, "uri": hand.uri})),
        "reasons": a.reasons,
        "changes": changes,
        "persons": a.ticket.persons,
        "approvedBy": a.yes.iter().map(|y| &y.by).collect::<Vec<_>>(),
        "asked": rfc3339(a.ticket.asked),
        "expires": rfc3339(a.ticket.expires),
    })
}

fn answer(which: &Which, what: Answer) -> anyhow::Result<()> {
    say::line(answered(which, what)?);
    Ok(())
}

/// Answers, and says in words what came of it.
pub fn answered(which: &Which, what: Answer) -> anyhow::Result<String> {
    let house = House::open(config::load(&which.file.config)?)?;
    let who = match &which.operator {
        None => user(),
        Some(file) => operator(&house, file)?,
    };
    let by = who.label();
    // A running gate has the log, and records what is answered here within a second.
    let journal = match house.journal_unless_running()? {
        JournalUse::Open(journal) => Some(journal),
        JournalUse::Running => None,
    };
    let desk: Desk = desk(&house, journal.clone(), None);
    let answered = small_runtime()?.block_on(desk.answer(&which.id, who, what));
    if let Some(journal) = journal {
        journal.close();
    }
    let ticket = match answered {
        Ok(ticket) => ticket,
        Err(no) => bail!("{} ({})", terminal_safe(&no.to_string()), no.code()),
    };
    let said = match (what, ticket.state) {
        (Answer::No, _) => format!("{} is refused by {by}", ticket.id),
        (_, approvals::State::Waiting) => {
            format!("{} is approved by {by}; another person is needed", ticket.id)
        }
        _ => format!("{} is approved by {by}: the call may be made once", ticket.id),
    };
    Ok(terminal_safe(&said).into_owned())
}

/// The user of the operating system who runs this, by the number the kernel knows: a variable can say anything.
fn user() -> Answerer {
    let number = rustix::process::getuid().as_raw().to_string();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = users.lines().find_map(|line| {
        let mut parts = line.split(':');
        let name = parts.next()?;
        (parts.nth(1)? == number).then(|| name.to_owned())
    });
    Answerer::System(name.unwrap_or(number))
}

fn operator(house: &House, file: &Path) -> anyhow::Result<Answerer> {
    let mut key = Zeroizing::new(String::new());
    if file == Path::new("-") {
        std::io::stdin().take(MAX_KEY).read_to_string(&mut key)?;
    } else {
        let open = std::fs::File::open(file);
        let open = open.with_context(|| format!("{} cannot be read", file.display()))?;
        open.take(MAX_KEY).read_to_string(&mut key)?;
    }
    let now = Timestamp(house.clock.now_millis());
    let who = answerer(&house.store, now, key.trim()).context("that is no valid API key")?;
    ensure!(who.is_operator(), "that key is an agent's; only an operator answers (not_permitted)");
    Ok(who)
}
