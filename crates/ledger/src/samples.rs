//! The base state of the cases, as far as the books see it.

use model::money::{Amount, Asset, Rail, Terms};
use model::{PrincipalId, TenantId, Timestamp};

use crate::{
    Books, Budget, Change, Event, Intent, Judgement, Opening, PaymentId, Policy, Refusal, Scope,
    Token, Unit, Window,
};

pub(crate) const T0: Timestamp = Timestamp(1_740_672_100_000);
pub(crate) const MINUTE: u64 = 60_000;
pub(crate) const DAY: u64 = 86_400_000;

pub(crate) fn usdc() -> Asset {
    Asset::parse("eip155:84532/erc20:0x036cbd53842c5426634e7929541ec2318f3dcf7e").unwrap()
}

pub(crate) fn limit(window: Window, unit: Unit, limit: u128) -> Budget {
    let name = format!("{window:?} {unit:?}");
    Budget { limit: Some(limit), ..Budget::new(name, window, unit) }
}

pub(crate) fn policy(budgets: impl IntoIterator<Item = Budget>) -> Policy {
    let token = Token { symbol: "USDC".into(), decimals: 6 };
    Policy {
        budgets: budgets.into_iter().collect(),
        tokens: [(usdc(), token)].into(),
        ..Policy::default()
    }
}

pub(crate) fn velocity() -> Budget {
    Budget {
        per: Scope::Payee,
        count: Some(30),
        ..Budget::new("velocity", Window::Minute, Unit::Any)
    }
}

pub(crate) fn base() -> Policy {
    let usd = |window, minor| limit(window, Unit::Symbol("USDC".into(), 6), minor);
    let sat = |window, minor| limit(window, Unit::Asset(Asset::sat()), minor);
    policy([
        usd(Window::Call, 100_000),
        usd(Window::Day, 1_000_000),
        usd(Window::Week, 5_000_000),
        sat(Window::Call, 1000),
        sat(Window::Minute, 10_000),
        sat(Window::Day, 50_000),
        velocity(),
    ])
}

/// The base offer, for a request of its own.
pub(crate) fn offer(request: u64) -> Intent {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&request.to_be_bytes());
    Intent {
        tenant: TenantId::new("acme"),
        agent: PrincipalId::new("a1"),
        session: "s1".into(),
        source: "weather".into(),
        tool: "weather".into(),
        terms: Terms {
            rail: Rail::X402,
            scheme: "exact/eip3009".into(),
            network: "eip155:84532".into(),
            amount: Amount::new(usdc(), 10_000),
            fee_limit: 0,
            payee: "0x209693Bc6afc0C5328bA36FaF03C514EF312287C".into(),
            origin: "https://api.example.com".into(),
            resource: "GET https://api.example.com/weather".into(),
            expires: None,
        },
        request: digest,
        key: None,
        concerns: Vec::new(),
    }
}

/// An invoice of so many sats.
pub(crate) fn invoice(request: u64, sats: u128) -> Intent {
    let mut intent = offer(request);
    intent.terms.rail = Rail::L402;
    intent.terms.amount = Amount::new(Asset::sat(), sats);
    intent.terms.fee_limit = 10.max(sats / 100);
    intent
}

/// Books, a clock, and a policy: judges, applies, and reads every event back from its written form.
pub(crate) struct Desk {
    pub(crate) books: Books,
    pub(crate) policy: Policy,
    pub(crate) now: Timestamp,
    next: u128,
}

impl Desk {
    pub(crate) fn new(policy: Policy) -> Self {
        policy.check().unwrap();
        Self { books: Books::default(), policy, now: T0, next: 1 }
    }

    pub(crate) fn wait(&mut self, millis: u64) {
        self.now.0 += millis;
    }

    pub(crate) fn judge(&self, intent: &Intent) -> Judgement {
        self.books.judge(intent, &self.policy, self.now)
    }

    pub(crate) fn event(&mut self, change: Change) -> Result<(), crate::Unlawful> {
        let event = Event { at: self.now.max(self.books.newest()), change };
        let written = event.encode().unwrap();
        assert_eq!(Event::decode(&written).unwrap(), event);
        self.books.apply(&event)
    }

    pub(crate) fn open(&mut self, intent: &Intent, holds: u128, soft: Vec<String>) -> Opening {
        let id = PaymentId::new(self.next.to_be_bytes());
        self.next += 1;
        Opening { id, owner: "me".into(), intent: intent.clone(), holds, soft }
    }

    pub(crate) fn reserve(&mut self, intent: &Intent) -> Result<PaymentId, Refusal> {
        match self.judge(intent) {
            Judgement::Allow { holds, soft } => {
                let opening = Box::new(self.open(intent, holds, soft));
                let id = opening.id;
                self.event(Change::Reserved { opening }).unwrap();
                Ok(id)
            }
            Judgement::Deny(refusal) => Err(refusal),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn sent(&mut self, intent: &Intent) -> Result<PaymentId, Refusal> {
        let id = self.reserve(intent)?;
        self.event(Change::Signed { id, mark: None }).unwrap();
        self.event(Change::Sent { id }).unwrap();
        Ok(id)
    }

    pub(crate) fn settled(id: PaymentId, amount: Amount, fee: u128) -> Change {
        Change::Settled { id, amount, fee, proof: None, flags: Vec::new() }
    }

    /// The whole way, paid as agreed and without a fee.
    pub(crate) fn pay(&mut self, intent: &Intent) -> Result<PaymentId, Refusal> {
        let id = self.sent(intent)?;
        self.event(Self::settled(id, intent.terms.amount.clone(), 0)).unwrap();
        Ok(id)
    }
}
