use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ambient::Clock;
use audit::{Outcome, Record, Text};
use journal::Journal;
use model::{PrincipalId, SourceName, TenantId, Timestamp};
use store::{ApprovalRow, Store, Version};
use thiserror::Error;

use crate::answer::{Answer, Answerer, NoAnswer};
use crate::book::{self, Bounds, Full};
use crate::entry::{Approval, Entry, State, Ticket};
use crate::event::{Event, What};
use crate::{Binding, Question, Taken, Tally, digest};

/// How often somebody who waits looks whether another program has answered.
const LOOK: Duration = Duration::from_millis(250);
/// Pieces of work that wait for the thread.
const WAITING: usize = 1024;

/// What a desk is made of.
pub struct Parts {
    /// Where questions lie.
    pub store: Arc<dyn Store>,
    /// The audit log, in the one program that has it. A desk without it leaves the records to that program.
    pub journal: Option<Journal>,
    /// Time.
    pub clock: Clock,
    /// How much it holds.
    pub bounds: Bounds,
    /// The address of the page of approvals, without an end (`http://127.0.0.1:8403/approvals`), where there is one.
    pub page: Option<String>,
}

/// Where questions are put and answered. Cheap to clone; all clones are one desk.
///
/// Every method that says so is durable when it returns, and what it did is on record where this program has the log.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

struct Inner {
    back: Arc<Back>,
    jobs: Option<SyncSender<Job>>,
    journal: Option<Journal>,
    clock: Clock,
    bounds: Bounds,
    page: Option<String>,
    tally: Tally,
    /// Held while events go to the log, so that each goes there once.
    logging: tokio::sync::Mutex<()>,
}

/// What the thread works on.
struct Back {
    store: Arc<dyn Store>,
    /// What was read last, and the state of the store it was read in.
    known: Mutex<Option<(Version, Arc<Vec<Entry>>)>>,
}

type Job = Box<dyn FnOnce(&Back) + Send>;

/// The desk cannot do its work: whoever asked does not go on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DeskError {
    /// The store failed, or what is in it cannot be trusted.
    #[error("approvals: {0}")]
    Store(String),
    /// It could not be recorded.
    #[error("approvals: {0}")]
    Log(String),
    /// Too many wait.
    #[error("{0}")]
    Full(#[from] Full),
}

impl Desk {
    /// A desk over a store.
    pub fn new(parts: Parts) -> Self {
        let Parts { store, journal, clock, bounds, page } = parts;
        let back = Arc::new(Back { store, known: Mutex::default() });
        let (sender, waiting) = sync_channel::<Job>(WAITING);
        let own = back.clone();
        let work = move || waiting.iter().for_each(|job| job(&own));
        let thread = std::thread::Builder::new().name("approvals".to_owned()).spawn(work);
        // Without the thread nothing is approved: every method says so.
        let thread = thread.map_err(|e| tracing::error!("no thread for approvals: {e}"));
        let jobs = thread.ok().map(|_| sender);
        let (tally, logging) = (Tally::default(), tokio::sync::Mutex::default());
        Self(Arc::new(Inner { back, jobs, journal, clock, bounds, page, tally, logging }))
    }

    /// Puts a question. An equal one that is open gives the same ticket. Durable.
    ///
    /// # Errors
    /// Too many wait, or the store or the log fails: nothing was asked.
    pub async fn ask(&self, question: Question) -> Result<Ticket, DeskError> {
        let id = fresh_id()?;
        let bounds = self.0.bounds.clone();
        let change =
            move |book: &mut Vec<Entry>, now| book::ask(book, &question, &id, &bounds, now);
        let ticket = self.change(change).await?;
        self.log().await?;
        Ok(ticket?)
    }

    /// What there is for this call. A yes is used up before this returns. `named` is the question that the call says
    /// it belongs to, if it says so; without it the call itself finds its answer.
    ///
    /// # Errors
    /// The store or the log fails: the call is not to be made.
    pub async fn take(&self, binding: &Binding, named: Option<&str>) -> Result<Taken, DeskError> {
        // Most often nothing has changed, and then nothing is to be written.
        let now = self.now();
        let mut copy = Vec::clone(&*self.read().await?);
        let before = copy.clone();
        let taken = book::take(&mut copy, binding, named, now);
        if copy == before && !matches!(taken, Taken::Granted(_)) {
            return Ok(taken);
        }
        let (binding, named) = (binding.clone(), named.map(str::to_owned));
        let change =
            move |book: &mut Vec<Entry>, now| book::take(book, &binding, named.as_deref(), now);
        let taken = self.change(change).await?;
        self.log().await?;
        Ok(taken)
    }

    /// A call whose yes was taken goes on after a question of its source; rounds count from 1, and each happens once.
    ///
    /// # Errors
    /// The store fails: the call is not to go on.
    pub async fn go_on(&self, binding: &Binding, id: &str, round: u32) -> Result<Taken, DeskError> {
        let (binding, id) = (binding.clone(), id.to_owned());
        self.change(move |book: &mut Vec<Entry>, _| book::go_on(book, &binding, &id, round)).await
    }

    /// The call that took this yes ended before anything was done (its source asks for another yes first): it counts
    /// again until its time is over.
    ///
    /// # Errors
    /// The store or the log fails: the yes stays used.
    pub async fn give_back(&self, id: &str) -> Result<(), DeskError> {
        let id = id.to_owned();
        self.change(move |book: &mut Vec<Entry>, now| book::give_back(book, &id, now)).await?;
        self.log().await
    }

    /// Takes an answer; the first that is committed decides. Durable.
    ///
    /// # Errors
    /// It does not count; see [`NoAnswer`].
    pub async fn answer(&self, id: &str, who: Answerer, what: Answer) -> Result<Ticket, NoAnswer> {
        let failed = |e: DeskError| NoAnswer::Failed(e.to_string());
        let id = id.to_owned();
        let change = move |book: &mut Vec<Entry>, now| book::answer(book, &id, &who, what, now);
        let answered = self.change(change).await.map_err(failed)?;
        self.log().await.map_err(failed)?;
        answered
    }

    /// Waits until the question of that id is no longer waiting, at most `most`. Uses nothing up.
    ///
    /// # Errors
    /// The store fails.
    pub async fn wait(&self, id: &str, most: Duration) -> Result<State, DeskError> {
        let until = tokio::time::Instant::now() + most;
        loop {
            let state = self.ticket(id).await?.map_or(State::Expired, |ticket| ticket.state);
            if state != State::Waiting || tokio::time::Instant::now() >= until {
                return Ok(state);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Where a question stands; none if there is none of that id.
    ///
    /// # Errors
    /// The store fails.
    pub async fn ticket(&self, id: &str) -> Result<Option<Ticket>, DeskError> {
        let now = self.now();
        let book = self.read().await?;
        let found = book.iter().find(|e| e.id == id).map(|entry| {
            let ticket = entry.ticket();
            if book::is_over(entry, now) {
                Ticket { state: State::Expired, ..ticket }
            } else {
                ticket
            }
        });
        Ok(found)
    }

    /// Every question that `who` may see, the open ones first, then by age.
    ///
    /// # Errors
    /// The store fails.
    pub async fn list(&self, who: &Answerer) -> Result<Vec<Approval>, DeskError> {
        let now = self.now();
        let mut book = Vec::clone(&*self.read().await?);
        if !who.is_operator() {
            return Ok(Vec::new());
        }
        book::sweep(&mut book, now);
        book.retain(|entry| who.sees(&entry.tenant));
        book.sort_by_key(|e| {
            (!e.progress.state.is_open(), std::cmp::Reverse(e.asked), e.id.clone())
        });
        Ok(book.into_iter().map(Approval::from).collect())
    }

    /// One question, if `who` may see it.
    ///
    /// # Errors
    /// The store fails.
    pub async fn show(&self, who: &Answerer, id: &str) -> Result<Option<Approval>, DeskError> {
        Ok(self.list(who).await?.into_iter().find(|approval| approval.ticket.id == id))
    }

    /// Lets time pass and records what other programs did. The program that has the log does this about once a second.
    ///
    /// # Errors
    /// The store or the log fails.
    pub async fn tend(&self) -> Result<(), DeskError> {
        let now = self.now();
        let book = self.read().await?;
        let mut swept = Vec::clone(&*book);
        book::sweep(&mut swept, now);
        if swept != *book {
            self.change(|book: &mut Vec<Entry>, now| book::sweep(book, now)).await?;
        }
        self.log().await
    }

    /// Questions that wait for an answer.
    ///
    /// # Errors
    /// The store fails.
    pub async fn waiting(&self) -> Result<usize, DeskError> {
        let now = self.now();
        let waits = |e: &&Entry| e.progress.state == State::Waiting && !book::is_over(e, now);
        Ok(self.read().await?.iter().filter(waits).count())
    }

    /// As [`Desk::waiting`], by what was read last: for gauges, which may be a moment late and must not wait.
    pub fn waiting_lately(&self) -> usize {
        let now = self.now();
        let known = self.0.back.known.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = |e: &&Entry| e.progress.state == State::Waiting && !book::is_over(e, now);
        known.as_ref().map_or(0, |(_, book)| book.iter().filter(waits).count())
    }

    /// How long a question waits at most.
    pub fn life(&self) -> Duration {
        self.0.bounds.life.min(Bounds::LONGEST)
    }

    /// How often what happened.
    pub fn tally(&self) -> &Tally {
        &self.0.tally
    }

    /// The page of a question, where there is one. It holds no secret and lets nobody in.
    pub fn url(&self, id: &str) -> Option<String> {
        self.0.page.as_ref().map(|page| format!("{page}/{id}"))
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.0.clock.now_millis())
    }

    /// All questions, as the store has them now.
    pub(crate) async fn read(&self) -> Result<Arc<Vec<Entry>>, DeskError> {
        self.apart(|back| {
            let version = back.store.version().map_err(store)?;
            let known = back.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some((_, book)) = known.filter(|(at, _)| *at == version) {
                return Ok(book);
            }
            let rows = back.store.approvals().map_err(store)?;
            let book = Arc::new(entries(&rows)?);
            let fresh = Some((version, book.clone()));
            *back.known.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
            Ok(book)
        })
        .await
    }

    /// Runs one rule within one transaction.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        rule: impl FnOnce(&mut Vec<Entry>, Timestamp) -> T + Send + 'static,
    ) -> Result<T, DeskError> {
        self.apart(move |back| {
            let (mut rule, mut done) = (Some(rule), None);
            back.store
                .change_approvals(&mut |rows, now| {
                    let Some(rule) = rule.take() else { return };
                    done = Some(run(rows, now, rule));
                })
                .map_err(store)?;
            done.unwrap_or_else(|| Err(DeskError::Store("nothing was done".to_owned())))
        })
        .await
    }

    /// The store waits for the disk, so it is asked on a thread of its own.
    async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Back) -> Result<T, DeskError> + Send + 'static,
    ) -> Result<T, DeskError> {
        let gone = || DeskError::Store("nobody looks after them any more".to_owned());
        let (answer, answered) = tokio::sync::oneshot::channel();
        let job: Job = Box::new(move |back| {
            let _ = answer.send(work(back));
        });
        let jobs = self.0.jobs.as_ref().ok_or_else(gone)?;
        jobs.try_send(job)
            .map_err(|_| DeskError::Store("too many calls ask for them at once".to_owned()))?;
        answered.await.map_err(|_| gone())?
    }

    /// Makes a record of each event that has none yet.
    pub(crate) async fn log(&self) -> Result<(), DeskError> {
        let Some(journal) = &self.0.journal else { return Ok(()) };
        let _alone = self.0.logging.lock().await;
        let book = self.read().await?;
        let new = |e: &&Entry| e.progress.logged < e.progress.events.len();
        let news: Vec<&Entry> = book.iter().filter(new).collect();
        if news.is_empty() {
            return Ok(());
        }
        let each = |e: &Entry| (e.id.clone(), e.progress.events.len());
        let logged: Vec<(String, usize)> = news.iter().map(|e| each(e)).collect();
        let events = news.iter().flat_map(|entry| {
            entry
                .progress
                .events
                .iter()
                .skip(entry.progress.logged)
                .map(move |event| (*entry, event))
        });
        let mut events: Vec<(&Entry, &Event)> = events.collect();
        events.sort_by_key(|(_, event)| event.at);
        for (entry, event) in events {
            let written = journal.append(record(entry, event)).await;
            written.map_err(|e| DeskError::Log(e.to_string()))?;
            self.0.tally.count(event.what);
        }
        self.change(move |book: &mut Vec<Entry>, _| {
            for entry in book {
                if let Some((_, upto)) = logged.iter().find(|(id, _)| *id == entry.id) {
                    entry.progress.logged = entry.progress.logged.max(*upto);
                }
            }
        })
        .await
    }
}

/// Rows to entries, the rule, and back. What cannot be read is an error, and then nothing is changed.
fn run<T>(
    rows: &mut Vec<ApprovalRow>,
    now: Timestamp,
    rule: impl FnOnce(&mut Vec<Entry>, Timestamp) -> T,
) -> Result<T, DeskError> {
    let before = entries(rows)?;
    let mut book = before.clone();
    let done = rule(&mut book, now);
    if book != before {
        let each = book.iter().map(Entry::row);
        *rows = each.collect::<Result<_, _>>().map_err(|e| DeskError::Store(e.to_string()))?;
    }
    Ok(done)
}

fn entries(rows: &[ApprovalRow]) -> Result<Vec<Entry>, DeskError> {
    let each = rows.iter().map(Entry::read);
    each.collect::<Result<_, _>>().map_err(|e| DeskError::Store(e.to_string()))
}

#[expect(clippy::needless_pass_by_value, reason = "goes where a function of the error is wanted")]
fn store(error: store::StoreError) -> DeskError {
    DeskError::Store(error.to_string())
}

/// 128 random bits in hexadecimal, after a mark that tells what they name.
fn fresh_id() -> Result<String, DeskError> {
    let mut bytes = [0; 16];
    ambient::random(&mut bytes).map_err(|e| DeskError::Store(e.to_string()))?;
    Ok(format!("apr_{}", digest::hex(&bytes)))
}

fn record(entry: &Entry, event: &Event) -> Record {
    let asked = &entry.question;
    let mut record = Record::new(audit::Kind::Approval, Timestamp(event.at));
    record.tenant = Some(TenantId::new(&entry.tenant));
    record.principal = Some(PrincipalId::new(&asked.principal));
    if !asked.session.is_empty() {
        record.session = Some(Text::from(asked.session.clone()));
    }
    record.source = SourceName::new(&asked.source).ok();
    record.tool = Some(Text::from(asked.tool.clone()));
    record.rule = Some(Text::from(event.what.as_str()));
    record.outcome = Some(match event.what {
        What::Refused | What::Expired | What::Void => Outcome::Refused,
        _ => Outcome::Ok,
    });
    let mut note = format!("{} {}", entry.id, event.what.as_str());
    if !event.by.is_empty() {
        note.push_str(" by ");
        note.push_str(&event.by);
    }
    if event.what == What::Asked {
        note.push_str(": ");
        note.push_str(&asked.reasons.join(", "));
    }
    if let Some(terms) = &asked.terms {
        let shown =
            format!("; {} {} to {} at {}", terms.amount, terms.asset, terms.payee, terms.origin);
        note.push_str(&shown);
    }
    record.note = Some(Text::from(note));
    record.args_digest = unhex(&asked.digest);
    record
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut out = [0; 32];
    for (at, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    Some(out)
}
