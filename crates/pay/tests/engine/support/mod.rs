mod rail;
mod shop;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use approvals::{Answer as Yes, Answerer, Bounds, Desk};
use audit::Entry;
use journal::{Journal, Options};
use model::money::{MoneyRule, Rail as RailName};
use pay::chain::Unique;
use pay::hand::Hand;
use pay::lightning::{Lightning, TIME_LIMIT};
use pay::{Answer, Asked, Drivers, Errand, Paid, Parts, Payer, Refused, Unpaid};
use spend::{Pin, Thresholds};
use store::{IntegrityKey, SqliteStore};
use treasury::ledger::{Budget, Payment, Policy, Token};
use treasury::{LedgerKey, Treasury};
use wallets::Wallet;

pub use rail::{Rail, Way, held, released, settled};
pub use shop::{Shop, credential, session};
pub use world::*;

/// What a test wants to be otherwise.
pub struct Plan {
    pub pins: Vec<Pin>,
    pub budgets: Vec<Budget>,
    pub thresholds: Thresholds,
    /// Persons pay, and no wallet of the gate.
    pub by_hand: bool,
    /// The persons' own wallet.
    pub own: Option<Arc<dyn Wallet>>,
    /// The gate's own wallet, in the place of the rail that counts.
    pub wallet: Option<Arc<dyn Wallet>>,
    /// Where the wallet signs in, and whether it opens sessions.
    pub free: (spend::SignIn, bool),
}

impl Default for Plan {
    fn default() -> Self {
        let pins = vec![pin("weather", "0.01")];
        let (thresholds, budgets) = (Thresholds::default(), caps());
        let free = (spend::SignIn { where_paid: true, anyone: Vec::new() }, true);
        Self { pins, budgets, thresholds, by_hand: false, own: None, wallet: None, free }
    }
}

impl Plan {
    /// Nothing is known of the seller.
    pub fn strangers() -> Self {
        Self { pins: Vec::new(), ..Self::default() }
    }
}

/// A payer in a temporary folder.
pub struct House {
    pub payer: Payer,
    pub desk: Desk,
    pub journal: Journal,
    pub clock: Clock,
    pub evm: Arc<Rail>,
    pub lightning: Arc<Rail>,
    pub ecash: Arc<Rail>,
    dir: tempfile::TempDir,
}

impl House {
    pub fn new(plan: Plan) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::manual(T0);
        let options = Options::new(dir.path().join("audit"), "test/audit");
        let (journal, _) = Journal::open(options, clock.clone()).unwrap();
        let desk = desk(&dir, "state.db", &journal, &clock, Bounds::default());
        let [evm, lightning, ecash] = [(); 3].map(|()| Arc::new(Rail::default()));
        let drivers = Drivers {
            evm: Some(evm.clone()),
            lightning: Some(plan.wallet.map_or(lightning.clone(), |wallet| {
                Arc::new(Lightning::new(wallet, "main", clock.clone(), TIME_LIMIT))
            })),
            ecash: Some(ecash.clone()),
            hand: plan.by_hand.then(|| Arc::new(hand(plan.own.clone(), &clock))),
        };
        let mut policy = policy(plan.thresholds);
        (policy.sign_in, policy.lightning.sessions) = plan.free;
        if plan.by_hand {
            policy.rails = vec![RailName::Human];
        }
        let payer = Payer::new(Parts {
            treasury: treasury(&dir, plan.budgets, &clock),
            desk: desk.clone(),
            policy,
            policy_digest: [5; 32],
            pins: plan.pins,
            pin_nodes: false,
            drivers,
            journal: journal.clone(),
            clock: clock.clone(),
        });
        Self { payer, desk, journal, clock, evm, lightning, ecash, dir }
    }

    pub fn later(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub fn books(&self) -> &Treasury {
        self.payer.treasury()
    }

    pub async fn pays(&self, errand: &Errand, answer: &Answer) -> Paid {
        match self.payer.pay(errand, answer).await {
            Ok(paid) => paid,
            Err(no) => panic!("not paid: {no:?}"),
        }
    }

    pub async fn refuses(&self, errand: &Errand, answer: &Answer) -> Refused {
        match self.payer.pay(errand, answer).await {
            Err(Unpaid::Refused(refused)) => refused,
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("paid"),
        }
    }

    pub async fn rule(&self, errand: &Errand, answer: &Answer) -> MoneyRule {
        self.refuses(errand, answer).await.rule
    }

    pub async fn asks(&self, errand: &Errand, answer: &Answer) -> Asked {
        match self.payer.pay(errand, answer).await {
            Err(Unpaid::Asks(asked)) => *asked,
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("paid"),
        }
    }

    /// A person says yes.
    pub async fn yes(&self, asked: &Asked, keep: bool) {
        let who = Answerer::System("ada".to_owned());
        self.desk.answer(&asked.ticket.id, who, Yes::Yes { keep, widen: false }).await.unwrap();
    }

    /// One that is asked about, agreed to and made.
    pub async fn pays_after_a_yes(&self, errand: &Errand, answer: &Answer, keep: bool) -> Paid {
        let asked = self.asks(errand, answer).await;
        self.yes(&asked, keep).await;
        self.pays(errand, answer).await
    }

    pub async fn payment(&self, id: &str) -> Payment {
        self.books().payment(id.parse().unwrap()).await.unwrap().unwrap()
    }

    /// State of a payment, and why it is held.
    pub async fn state(&self, id: &str) -> String {
        let state = self.payment(id).await.state;
        match state {
            ledger::State::Held(rule) => format!("held:{rule}"),
            other => other.as_str().to_owned(),
        }
    }

    /// What all payments together use of a budget now, those that are held among them.
    pub async fn used(&self, budget: &str) -> u128 {
        let all = self.books().status().await.unwrap();
        let of = all.iter().filter(|status| status.budget == budget);
        of.map(|status| *status.used.as_ref().unwrap()).sum()
    }

    /// The same house with another desk, on which questions wait so long and there is none yet: as where power is lost
    /// before a question is on it.
    pub fn with_empty_desk(self, life: Duration) -> Self {
        let bounds = Bounds { life, ..Bounds::default() };
        let desk = desk(&self.dir, "other.db", &self.journal, &self.clock, bounds);
        let drivers = Drivers {
            evm: Some(self.evm.clone()),
            lightning: Some(self.lightning.clone()),
            ecash: Some(self.ecash.clone()),
            hand: None,
        };
        let payer = Payer::new(Parts {
            treasury: self.books().clone(),
            desk: desk.clone(),
            policy: policy(Thresholds::default()),
            policy_digest: [5; 32],
            pins: Vec::new(),
            pin_nodes: false,
            drivers,
            journal: self.journal.clone(),
            clock: self.clock.clone(),
        });
        Self { payer, desk, ..self }
    }

    /// A payer with other settings over the same books, as after a reload.
    pub fn reloaded(&self, policy_digest: [u8; 32]) -> Payer {
        Payer::new(Parts {
            treasury: self.books().clone(),
            desk: self.desk.clone(),
            policy: policy(Thresholds::default()),
            policy_digest,
            pins: Vec::new(),
            pin_nodes: false,
            drivers: Drivers { evm: Some(self.evm.clone()), ..Drivers::default() },
            journal: self.journal.clone(),
            clock: self.clock.clone(),
        })
    }

    /// The records about payments. Nothing can be written any more afterwards.
    pub fn records(&self) -> Vec<Entry> {
        self.records_of("payment")
    }

    /// Those of a kind. Nothing can be written any more afterwards.
    pub fn records_of(&self, kind: &str) -> Vec<Entry> {
        self.journal.close();
        let all = journal::records(&self.dir.path().join("audit"), 1).unwrap();
        all.map(|stored| stored.unwrap().entry).filter(|entry| entry.kind == kind).collect()
    }
}

fn desk(
    dir: &tempfile::TempDir,
    file: &str,
    journal: &Journal,
    clock: &Clock,
    bounds: Bounds,
) -> Desk {
    let key = IntegrityKey::new(&[7; 32]);
    let store = SqliteStore::open(&dir.path().join(file), key, clock.clone()).unwrap();
    Desk::new(approvals::Parts {
        store: Arc::new(store),
        journal: Some(journal.clone()),
        clock: clock.clone(),
        bounds,
        page: None,
    })
}

/// No chain is watched.
fn hand(wallet: Option<Arc<dyn Wallet>>, clock: &Clock) -> Hand {
    struct Nothing;
    impl Unique for Nothing {
        fn taken<'a>(&'a self, _: &'a str, _: &'a str) -> pay::Boxed<'a, bool> {
            Box::pin(std::future::ready(true))
        }
    }
    Hand::new(pay::hand::Settings {
        wallet: wallet.map(|wallet| (wallet, "own".to_owned())),
        chains: BTreeMap::new(),
        unique: Arc::new(Nothing),
        clock: clock.clone(),
    })
}

fn treasury(dir: &tempfile::TempDir, budgets: Vec<Budget>, clock: &Clock) -> Treasury {
    let token = Token { symbol: "USDC".into(), decimals: 6 };
    let policy = Policy { budgets, tokens: [(usdc(), token)].into(), ..Policy::default() };
    let key = LedgerKey::new(&[7; 32]).unwrap();
    Treasury::open(&dir.path().join("ledger.db"), key, policy, clock.clone()).unwrap()
}
