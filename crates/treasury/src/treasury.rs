use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use ambient::Clock;
use ledger::{Books, Change, Intent, Judgement, Opening, Policy, PolicyError};
use store::{LedgerFile, LedgerKey, Mark};
use tokio::sync::watch;

use crate::owner::Owner;
use crate::queue::Queue;
use crate::writer::{Standing, Writer};
use crate::{OpenError, Refused, Reservation};

/// The treasury, open. Clones are cheap and share it; the last one dropped writes what is left and closes it.
#[derive(Clone)]
pub struct Treasury(Arc<Inner>);

struct Inner {
    owner: Arc<Owner>,
    path: PathBuf,
    queue: Arc<Queue>,
    standing: watch::Receiver<Standing>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Treasury {
    /// Opens the books at `path`, or begins them. What processes that are gone had reserved is released (for
    /// ecash held), what they had signed or sent is held. Blocks for the disk.
    ///
    /// # Errors
    /// The policy or the file does not load.
    pub fn open(
        path: &Path,
        key: LedgerKey,
        policy: Policy,
        clock: Clock,
    ) -> Result<Self, OpenError> {
        Self::open_since(path, key, policy, clock, &Mark::START)
    }

    /// As [`Treasury::open`], where a mark of the file was kept elsewhere, as in the audit log: a file that was replaced
    /// by an older copy of itself is refused.
    ///
    /// # Errors
    /// The policy or the file does not load, or the file has no such mark in its past ([`OpenError::RolledBack`]); it is
    /// left as it is.
    pub fn open_since(
        path: &Path,
        key: LedgerKey,
        policy: Policy,
        clock: Clock,
        known: &Mark,
    ) -> Result<Self, OpenError> {
        policy.check()?;
        let file = LedgerFile::open(path, key, &clock)?;
        if !file.has(known)? {
            return Err(OpenError::RolledBack(known.seq()));
        }
        let system =
            |what| move |error: std::io::Error| OpenError::System { what, why: error.to_string() };
        let owner = Owner::new(path).map_err(system("mark this process as alive"))?;
        let owner = Arc::new(owner);
        let queue = Arc::new(Queue::new(policy));
        let (sender, standing) = watch::channel(Standing::default());
        let mut writer = Writer {
            queue: queue.clone(),
            file,
            path: path.to_owned(),
            owner: owner.clone(),
            clock,
            books: Books::default(),
            mark: Mark::START,
            unstored: VecDeque::new(),
            standing: sender,
        };
        writer.recover()?;
        let thread = std::thread::Builder::new().name("treasury".to_owned());
        let thread = thread.spawn(move || writer.run()).map_err(system("start a thread"))?;
        let writer = Mutex::new(Some(thread));
        let path = path.to_owned();
        Ok(Self(Arc::new(Inner { owner, path, queue, standing, writer })))
    }

    /// Judges an intent and reserves what it may cost, in one transaction. Durable when it resolves.
    ///
    /// # Errors
    /// A rule, a person who has to be asked, the same payment, or the ledger.
    pub async fn reserve(&self, intent: Intent) -> Result<Reservation, Refused> {
        let queue = self.queue().clone();
        let work = move |round: &mut crate::round::Round<'_, '_>| match round.judge(&intent) {
            Judgement::Allow { holds, soft } => {
                let (id, owner) = (round.fresh_id()?, round.owner.to_owned());
                let opening = Box::new(Opening { id, owner, intent, holds, soft });
                round.record(Change::Reserved { opening })?;
                Ok(id)
            }
            Judgement::Ask { rules, persons, .. } => Err(Refused::Ask { rules, persons }),
            Judgement::Same(id) => Err(Refused::Same(id)),
            Judgement::Deny(refusal) => Err(Refused::Denied(refusal)),
        };
        self.queue().step(work, move |id| id.map(|id| Reservation::new(queue, id))).await
    }

    /// Puts another policy in the place of the present one, from the next step on. What is reserved stays so.
    ///
    /// # Errors
    /// It does not load; the old one stays.
    pub fn set_policy(&self, policy: Policy) -> Result<(), PolicyError> {
        policy.check()?;
        self.queue().set_policy(policy);
        Ok(())
    }

    /// This process's name in the books.
    pub fn owner(&self) -> &str {
        &self.0.owner.name
    }

    /// Whether the process of that name is gone: what it began is left to others. Where it cannot be told, it is not.
    pub fn is_gone(&self, owner: &str) -> bool {
        self.0.owner.is_gone(&self.0.path, owner)
    }

    /// How the treasury is doing, now and after every round.
    pub fn watch(&self) -> watch::Receiver<Standing> {
        self.0.standing.clone()
    }

    /// How far the books are, as [`Mark`] writes it: what another log keeps of them, for [`Treasury::open_since`].
    pub fn place(&self) -> Option<String> {
        self.0.standing.borrow().head.as_ref().map(ToString::to_string)
    }

    pub(crate) fn queue(&self) -> &Arc<Queue> {
        &self.0.queue
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.queue.stop();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // One that panicked has closed the queue already.
            let _panicked = writer.join();
        }
    }
}

impl std::fmt::Debug for Treasury {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Treasury")
    }
}
