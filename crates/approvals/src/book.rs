//! The rules: pure functions over all questions there are. Each runs within one transaction.

use std::time::Duration;

use model::Timestamp;
use thiserror::Error;

use crate::answer::{Answer, Answerer, NoAnswer};
use crate::entry::{Asked, Entry, Progress, State, Ticket, Yes};
use crate::event::{Event, What};
use crate::taken::{Grant, Taken};
use crate::{Binding, Question, change, digest, hand};

/// How much the desk holds, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// How long a question waits, and a yes counts, from the asking on.
    pub life: Duration,
    /// Most questions that are open at once.
    pub open: usize,
    /// Most that one principal may have open.
    pub per_principal: usize,
}

impl Bounds {
    /// No question lives longer, whatever is set.
    pub const LONGEST: Duration = Duration::from_mins(15);
}

impl Default for Bounds {
    fn default() -> Self {
        Self { life: Self::LONGEST, open: 1000, per_principal: 64 }
    }
}

/// Too many questions wait: this one is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Full {
    /// Of this principal.
    #[error("too many calls of this principal wait for a person")]
    Principal,
    /// Of all together.
    #[error("too many calls wait for a person")]
    All,
}

/// Tools of which the last approved call is remembered, to tell what changed.
const REMEMBERED: usize = 256;
/// Most things that can happen to one question.
const MAX_EVENTS: usize = 64;

/// Puts a question, or finds the open one that is its equal. `id` is used for a new one.
pub(crate) fn ask(
    book: &mut Vec<Entry>,
    question: &Question,
    id: &str,
    bounds: &Bounds,
    now: Timestamp,
) -> Result<Ticket, Full> {
    sweep(book, now);
    let (binding, session) = (question.binding.digest(), &question.binding.session);
    let open = |e: &&Entry| e.progress.state.is_open();
    // A payment by hand is one payment in the books, whatever the call is.
    let fresh = question.hand.is_some();
    let equal = |e: &&Entry| match &question.hand {
        Some(hand) => e.question.hand.as_ref().is_some_and(|h| h.payment == hand.payment),
        None => covers(e, &binding, session),
    };
    if let Some(equal) = book.iter().filter(open).find(equal) {
        return Ok(equal.ticket());
    }
    let mut asked = Asked::of(question);
    let tenant = question.binding.tenant.as_str();
    // The same call, asked under what is no longer in force: a yes to that would never be used.
    for old in book.iter_mut().filter(|e| e.progress.state.is_open()) {
        let same = old.question.call == asked.call && old.question.session == asked.session;
        if same && old.question.hand.is_none() && !fresh {
            close(old, State::Void, Event::new(What::Void, now, ""));
        }
    }
    if book.iter().filter(open).count() >= bounds.open {
        return Err(Full::All);
    }
    let theirs = |e: &&Entry| e.tenant == tenant && e.question.principal == asked.principal;
    if book.iter().filter(open).filter(theirs).count() >= bounds.per_principal {
        return Err(Full::Principal);
    }
    if let Some(last) = last_used(book, tenant, &asked) {
        asked.changes = change::between(&last.question, &asked);
        asked.compared = true;
    }
    let life = now.after(bounds.life.min(Bounds::LONGEST));
    let expires = question.not_after.map_or(life, |end| end.min(life));
    let progress = Progress {
        state: State::Waiting,
        yes: Vec::new(),
        events: vec![Event::new(What::Asked, now, asked.principal.clone())],
        logged: 0,
        told: false,
        rounds: 0,
    };
    let (id, tenant) = (id.to_owned(), tenant.to_owned());
    let entry = Entry { id, tenant, binding, asked: now, expires, question: asked, progress };
    let ticket = entry.ticket();
    book.push(entry);
    Ok(ticket)
}

fn last_used<'a>(book: &'a [Entry], tenant: &str, asked: &Asked) -> Option<&'a Entry> {
    let same = |e: &&Entry| {
        let other = &e.question;
        let (one, two) = ((&other.source, &other.tool), (&asked.source, &asked.tool));
        e.progress.state == State::Used && e.tenant == tenant && one == two
    };
    book.iter().filter(same).max_by_key(|e| used_at(e))
}

fn used_at(entry: &Entry) -> u64 {
    let used = entry.progress.events.iter().rev().find(|e| e.what == What::Used);
    used.map_or(0, |event| event.at)
}

/// Whether this question is about that call, in that session. What is paid by hand is found in another way.
fn covers(entry: &Entry, binding: &[u8; 32], session: &str) -> bool {
    let here = is_wide(entry) || entry.question.session == session;
    entry.question.hand.is_none() && entry.binding == *binding && here
}

fn is_wide(entry: &Entry) -> bool {
    let yes = &entry.progress.yes;
    !yes.is_empty() && yes.iter().all(|y| y.widen)
}

/// Looks for an answer to this call, and uses it up if it is a yes. `named` is the question that the call says it
/// belongs to.
pub(crate) fn take(
    book: &mut Vec<Entry>,
    binding: &Binding,
    named: Option<&str>,
    now: Timestamp,
) -> Taken {
    sweep(book, now);
    let digest = binding.digest();
    if let Some(id) = named {
        let Some(entry) = book.iter_mut().find(|e| e.id == id) else {
            return Taken::Expired { id: id.to_owned() };
        };
        if let Some(no) = not_theirs(entry, binding, &digest) {
            return no;
        }
        return settle(entry, binding, now, true);
    }
    let theirs = |e: &&mut Entry| covers(e, &digest, &binding.session);
    let newest = book.iter_mut().filter(theirs).max_by_key(|e| (e.asked, e.id.clone()));
    newest.map_or(Taken::None, |entry| settle(entry, binding, now, false))
}

fn not_theirs(entry: &Entry, binding: &Binding, digest: &[u8; 32]) -> Option<Taken> {
    let id = entry.id.clone();
    let owner = (entry.tenant.as_str(), entry.question.principal.as_str());
    if owner != (binding.tenant.as_str(), binding.principal.as_str()) {
        return Some(Taken::Principal { id });
    }
    let fits = covers(entry, digest, &binding.session);
    (!fits || entry.progress.state == State::Void).then_some(Taken::Mismatch { id })
}

fn settle(entry: &mut Entry, binding: &Binding, now: Timestamp, named: bool) -> Taken {
    let id = entry.id.clone();
    match entry.progress.state {
        State::Waiting => Taken::Waiting(entry.ticket()),
        State::Granted => {
            close(entry, State::Used, Event::new(What::Used, now, binding.principal.as_str()));
            Taken::Granted(grant(entry, binding))
        }
        // Until its time is over, one question has one answer. Then the call may be asked about anew.
        State::Refused if named || now < entry.expires => Taken::Refused { id },
        State::Used if named || now < entry.expires => Taken::Used { id },
        State::Expired if named || !entry.progress.told => {
            entry.progress.told = true;
            Taken::Expired { id }
        }
        State::Void if named => Taken::Mismatch { id },
        _ => Taken::None,
    }
}

fn grant(entry: &Entry, binding: &Binding) -> Box<Grant> {
    let yes = &entry.progress.yes;
    Box::new(Grant {
        id: entry.id.clone(),
        by: yes.iter().map(|y| y.by.clone()).collect(),
        keep: yes.iter().all(|y| y.keep),
        binding: binding.clone(),
    })
}

/// A call whose yes was used goes on after a question of its source: the round it names has to be the next one, so
/// that no round happens twice.
pub(crate) fn go_on(book: &mut [Entry], binding: &Binding, id: &str, round: u32) -> Taken {
    let digest = binding.digest();
    let Some(entry) = book.iter_mut().find(|e| e.id == id) else {
        return Taken::Expired { id: id.to_owned() };
    };
    if let Some(no) = not_theirs(entry, binding, &digest) {
        return no;
    }
    if entry.progress.state != State::Used || entry.progress.rounds.checked_add(1) != Some(round) {
        return Taken::Used { id: id.to_owned() };
    }
    entry.progress.rounds = round;
    Taken::Granted(grant(entry, binding))
}

/// The call that used a yes ended before anything was done: the yes counts again, if its time is not over.
pub(crate) fn give_back(book: &mut [Entry], id: &str, now: Timestamp) {
    let Some(entry) = book.iter_mut().find(|e| e.id == id) else { return };
    let room = entry.progress.events.len() + 4 < MAX_EVENTS;
    if entry.progress.state == State::Used && now < entry.expires && room {
        entry.progress.state = State::Granted;
        entry.progress.events.push(Event::new(What::Returned, now, ""));
    }
}

/// Takes a person's answer. The first that is committed decides.
pub(crate) fn answer(
    book: &mut Vec<Entry>,
    id: &str,
    who: &Answerer,
    what: Answer,
    now: Timestamp,
) -> Result<Ticket, NoAnswer> {
    sweep(book, now);
    if !who.is_operator() {
        return Err(NoAnswer::NotPermitted("only an operator answers; an agent never does"));
    }
    let entry = book.iter_mut().find(|e| e.id == id && who.sees(&e.tenant));
    let entry = entry.ok_or_else(|| NoAnswer::Unknown(id.to_owned()))?;
    match entry.progress.state {
        State::Waiting => {}
        State::Expired => return Err(NoAnswer::Expired),
        closed => return Err(NoAnswer::Closed(closed)),
    }
    may_answer(entry, who)?;
    if entry.question.hand.is_some() {
        return Err(NoAnswer::NotPermitted(
            "this is paid by hand: proof ends it, or a word on its page",
        ));
    }
    let by = who.label();
    match what {
        Answer::No => close(entry, State::Refused, Event::new(What::Refused, now, by)),
        Answer::Yes { keep, widen } => {
            may_agree(entry, who)?;
            entry.progress.yes.push(Yes { by: by.clone(), keep, widen });
            if entry.progress.yes.len() >= usize::from(entry.question.persons) {
                close(entry, State::Granted, Event::new(What::Granted, now, by));
            } else {
                entry.progress.events.push(Event::new(What::Seconded, now, by));
            }
        }
    }
    Ok(entry.ticket())
}

/// Nobody answers their own.
pub(crate) fn may_answer(entry: &Entry, who: &Answerer) -> Result<(), NoAnswer> {
    match who {
        Answerer::Key { principal, .. } if principal.id.as_str() == entry.question.principal => {
            Err(NoAnswer::NotPermitted("nobody answers a question of their own"))
        }
        _ => Ok(()),
    }
}

/// Four eyes belong to two persons, each proven by an operator key that was there before the question was.
fn may_agree(entry: &Entry, who: &Answerer) -> Result<(), NoAnswer> {
    let no = |why| Err(NoAnswer::NotPermitted(why));
    if entry.question.persons < 2 {
        return Ok(());
    }
    match who {
        Answerer::System(_) => no("two persons have to say yes, each with an operator key"),
        Answerer::Key { made, .. } if *made >= entry.asked => {
            no("this operator key was made after the question was asked")
        }
        Answerer::Key { principal, .. } => {
            let again = |yes: &Yes| yes.by == principal.id.as_str();
            if entry.progress.yes.iter().any(again) {
                return no("this person has said yes; another one is needed");
            }
            Ok(())
        }
    }
}

pub(crate) fn close(entry: &mut Entry, state: State, event: Event) {
    entry.progress.state = state;
    entry.progress.events.push(event);
}

/// Lets time pass: what is over is over, and what is over for long is forgotten. An answer to a call that was made
/// stays, where it is the last of its tool.
pub(crate) fn sweep(book: &mut Vec<Entry>, now: Timestamp) {
    for entry in book.iter_mut() {
        if is_over(entry, now) {
            let at = if entry.question.hand.is_some() { now } else { entry.expires };
            close(entry, State::Expired, Event::new(What::Expired, at, ""));
        }
    }
    let mut used: Vec<_> = book
        .iter()
        .filter(|e| e.progress.state == State::Used)
        .map(|e| (used_at(e), e.id.clone(), tool_of(e)))
        .collect();
    used.sort_unstable_by(|a, b| b.cmp(a));
    let mut kept: Vec<(String, [u8; 32])> = Vec::new();
    for (_, id, tool) in used {
        if kept.len() < REMEMBERED && !kept.iter().any(|(_, known)| *known == tool) {
            kept.push((id, tool));
        }
    }
    book.retain(|entry| {
        let over = !entry.progress.state.is_open() && now >= entry.expires.after(Bounds::LONGEST);
        let logged = entry.progress.logged >= entry.progress.events.len();
        !over || !logged || kept.iter().any(|(id, _)| *id == entry.id)
    });
}

/// Whether an open question has no time left.
pub(crate) fn is_over(entry: &Entry, now: Timestamp) -> bool {
    match entry.question.hand {
        Some(_) => hand::is_over(entry, now),
        None => entry.progress.state.is_open() && now >= entry.expires,
    }
}

fn tool_of(entry: &Entry) -> [u8; 32] {
    let asked = &entry.question;
    digest::of(&[entry.tenant.as_bytes(), asked.source.as_bytes(), asked.tool.as_bytes()])
}
