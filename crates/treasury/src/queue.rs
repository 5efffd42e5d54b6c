use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ledger::{Change, Policy};
use tokio::sync::oneshot;

use crate::Refused;
use crate::round::Round;

/// So many steps may wait; more are refused, because their callers would wait too long.
const BOUND: usize = 8192;
/// How long until what could not be stored is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// What is to be told once the round is durable.
pub(crate) type Reply = Box<dyn FnOnce() + Send>;
/// One step, taken within a round.
pub(crate) type Job = Box<dyn FnOnce(&mut Round<'_, '_>) -> Reply + Send>;

/// Something that has happened, and has to be in the books whether anybody waits for that or not.
pub(crate) struct Fact {
    pub(crate) change: Change,
    pub(crate) done: Option<oneshot::Sender<Result<(), Refused>>>,
}

/// What callers and the writer share.
pub(crate) struct Queue {
    state: Mutex<State>,
    work: Condvar,
    policy: Mutex<Arc<Policy>>,
}

#[derive(Default)]
struct State {
    jobs: Vec<Job>,
    facts: VecDeque<Fact>,
    stopping: bool,
    closed: bool,
}

/// What the writer takes at once.
pub(crate) struct Batch {
    pub(crate) jobs: Vec<Job>,
    pub(crate) facts: VecDeque<Fact>,
    pub(crate) stopping: bool,
}

impl Queue {
    pub(crate) fn new(policy: Policy) -> Self {
        Self { state: Mutex::default(), work: Condvar::new(), policy: Mutex::new(Arc::new(policy)) }
    }

    /// Takes a step: `work` within the round, `finish` once that is durable. Whoever no longer waits loses what
    /// `finish` made, which then has to look after itself.
    pub(crate) async fn step<R: Send + 'static, T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Round<'_, '_>) -> Result<R, Refused> + Send + 'static,
        finish: impl FnOnce(Result<R, Refused>) -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, Refused> {
        let (tell, told) = oneshot::channel();
        self.push(Box::new(move |round: &mut Round<'_, '_>| {
            let done = work(round);
            Box::new(move || drop(tell.send(finish(done)))) as Reply
        }))?;
        told.await.unwrap_or_else(|_| Err(Refused::Ledger("the round was not stored".to_owned())))
    }

    /// A step that has nothing to finish.
    pub(crate) async fn simply<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Round<'_, '_>) -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, Refused> {
        self.step(work, |done| done).await
    }

    fn push(&self, job: Job) -> Result<(), Refused> {
        let mut state = self.lock();
        if state.stopping || state.closed {
            return Err(Refused::Ledger("it is closed".to_owned()));
        }
        if state.jobs.len() >= BOUND {
            return Err(Refused::Ledger("too many steps are waiting".to_owned()));
        }
        state.jobs.push(job);
        drop(state);
        self.work.notify_one();
        Ok(())
    }

    /// Tells what has happened, and waits until that is durable.
    pub(crate) async fn tell(&self, change: Change) -> Result<(), Refused> {
        let (tell, told) = oneshot::channel();
        self.fact(Fact { change, done: Some(tell) });
        told.await.unwrap_or_else(|_| Err(Refused::Ledger("it is closed".to_owned())))
    }

    /// Tells what has happened. Never refused: where it cannot be stored, it is kept.
    pub(crate) fn fact(&self, fact: Fact) {
        self.lock().facts.push_back(fact);
        self.work.notify_one();
    }

    /// Waits for something to do; with `soon`, not for long.
    pub(crate) fn take(&self, soon: bool) -> Batch {
        let mut state = self.lock();
        while state.jobs.is_empty() && state.facts.is_empty() && !state.stopping {
            if soon {
                let waited = self.work.wait_timeout(state, AGAIN);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
                break;
            }
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        Batch {
            jobs: std::mem::take(&mut state.jobs),
            facts: std::mem::take(&mut state.facts),
            stopping: state.stopping,
        }
    }

    /// Lets the writer end once everything is written.
    pub(crate) fn stop(&self) {
        self.lock().stopping = true;
        self.work.notify_one();
    }

    /// Nobody writes any more.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let left = (std::mem::take(&mut state.jobs), std::mem::take(&mut state.facts));
        // Dropping a job may tell a fact, and that takes the lock.
        drop(state);
        drop(left);
    }

    pub(crate) fn policy(&self) -> Arc<Policy> {
        self.policy.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_policy(&self, policy: Policy) {
        *self.policy.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(policy);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
