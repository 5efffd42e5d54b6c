//! Random interleavings against a model that knows nothing of running sums: it recounts every window from the raw list.

use std::time::Duration;

use model::Timestamp;
use model::money::{Amount, Asset, MoneyRule};
use proptest::prelude::*;

use crate::samples::{Desk, T0, invoice, limit, policy};
use crate::{
    Books, Budget, Change, Event, Intent, Judgement, PaymentId, Policy, Refusal, Released, Scope,
    Sum, Unit, Window,
};

#[derive(Debug, Clone)]
enum Step {
    Pay { amount: u128, agent: u8, tool: u8 },
    Go { pick: usize, what: u8, paid: u128 },
    Wait(u64),
    Restart,
}

/// What the model knows of a payment.
struct Known {
    id: PaymentId,
    agent: u8,
    tool: u8,
    open: bool,
    amount: u128,
    ended: Timestamp,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1_u128..60, 0_u8..2, 0_u8..2).prop_map(|(amount, agent, tool)| Step::Pay { amount, agent, tool }),
        8 => (any::<usize>(), 0_u8..7, 0_u128..60).prop_map(|(pick, what, paid)| Step::Go { pick, what, paid }),
        3 => prop_oneof![0_u64..2_000, 0_u64..70_000, 0_u64..4_000_000, 0_u64..90_000_000].prop_map(Step::Wait),
        1 => Just(Step::Restart),
    ]
}

fn budgets() -> Policy {
    let sat = || Unit::Asset(Asset::sat());
    let all = limit(Window::Day, sat(), 200);
    let agent = Budget { per: Scope::Agent, ..limit(Window::Hour, sat(), 120) };
    let tool = Budget { per: Scope::Tool, ..limit(Window::Minute, sat(), 80) };
    let odd = limit(Window::Other(Duration::from_millis(1_234)), sat(), 70);
    let life = limit(Window::Lifetime, sat(), 2_000);
    let count = Budget { count: Some(4), ..Budget::new("count", Window::Minute, Unit::Any) };
    policy([all, agent, tool, odd, life, count])
}

/// Recounts: everything open, and everything that ended less than a window ago.
fn recount(known: &[Known], budget: &Budget, agent: u8, tool: u8, now: Timestamp) -> (u128, u32) {
    let applies = |k: &&Known| match budget.per {
        Scope::Agent => k.agent == agent,
        Scope::Tool => k.tool == tool,
        _ => true,
    };
    let counts = |k: &&Known| {
        let fresh = u128::from(now.0 - k.ended.0) < budget.window.length().as_millis();
        k.open || fresh
    };
    let found = known.iter().filter(applies).filter(counts);
    found.fold((0, 0), |(sum, count), k| (sum + k.amount, count + 1))
}

fn go(desk: &mut Desk, known: &mut Vec<Known>, (pick, what, paid): (usize, u8, u128)) {
    let at = pick % known.len();
    let Known { id, amount, .. } = known[at];
    let paid = paid.min(amount);
    let change = match what {
        0 => Change::Signed { id, mark: None },
        1 => Change::Sent { id },
        2 => Change::Held { id, rule: MoneyRule::SentUnknown },
        3 => Change::Released { id, reason: Released::Unsigned },
        4 => Change::Released { id, reason: Released::Destroyed },
        5 => Change::Released { id, reason: Released::Operator { by: "ada".into() } },
        _ => Desk::settled(id, Amount::new(Asset::sat(), paid), 0),
    };
    follow(desk, known, change);
}

/// Does it, and lets the model know if it was lawful.
fn follow(desk: &mut Desk, known: &mut Vec<Known>, change: Change) {
    if desk.event(change.clone()).is_err() {
        return;
    }
    match change {
        Change::Released { id, .. } => known.retain(|k| k.id != id),
        Change::Settled { id, amount, .. } => {
            let one = known.iter_mut().find(|k| k.id == id).unwrap();
            (one.open, one.amount, one.ended) = (false, amount.minor, desk.now);
        }
        _ => {}
    }
}

/// If nothing else happens, the budget that refused holds at the moment it named, and not before.
fn holds_again_when_it_says(desk: &Desk, intent: &Intent, refusal: &Refusal) {
    let Some(again) = refusal.again else { return };
    let refused = |at| match desk.books.judge(intent, &desk.policy, at) {
        Judgement::Deny(other) => other.budget == refusal.budget,
        _ => false,
    };
    assert!(refused(Timestamp(again.0 - 1)), "held before it was said to");
    assert!(!refused(again), "did not hold when it was said to");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_window_is_ever_overfilled_and_nothing_is_refused_that_fits(steps in prop::collection::vec(step(), 1..120)) {
        let mut desk = Desk::new(budgets());
        let mut known: Vec<Known> = Vec::new();
        let mut log: Vec<Event> = Vec::new();
        for (n, step) in steps.into_iter().enumerate() {
            match step {
                Step::Wait(millis) => desk.wait(millis),
                Step::Restart => {
                    for change in desk.books.after_restart(|_| true) {
                        follow(&mut desk, &mut known, change);
                    }
                }
                Step::Go { .. } if known.is_empty() => {}
                Step::Go { pick, what, paid } => go(&mut desk, &mut known, (pick, what, paid)),
                Step::Pay { amount, agent, tool } => {
                    let mut intent = invoice(n as u64, amount);
                    intent.agent = model::PrincipalId::new(agent.to_string());
                    intent.tool = tool.to_string();
                    let fits = desk.policy.budgets.iter().all(|b| {
                        let (sum, count) = recount(&known, b, agent, tool, desk.now);
                        b.limit.is_none_or(|limit| sum + amount <= limit) && b.count.is_none_or(|most| count < most)
                    });
                    let judged = desk.judge(&intent);
                    prop_assert_eq!(matches!(judged, Judgement::Allow { .. }), fits, "{:?}", judged);
                    if let Judgement::Deny(refusal) = judged {
                        holds_again_when_it_says(&desk, &intent, &refusal);
                    } else {
                        let id = desk.reserve(&intent).unwrap();
                        known.push(Known { id, agent, tool, open: true, amount, ended: T0 });
                    }
                }
            }
            let part = |open| {
                let each = known.iter().filter(|k| k.open == open);
                each.fold((0, 0), |(sum, count), k| (sum + k.amount, count + 1))
            };
            let sums = desk.books.sums();
            let sum = |of: fn(&Sum) -> (u128, u64)| sums.first().map_or((0, 0), of);
            prop_assert!(sums.len() <= 1 && sums.iter().all(|s| s.rail == "l402" && s.asset == Asset::sat()));
            prop_assert_eq!(sum(|s| (s.spent, s.payments)), part(false));
            prop_assert_eq!(sum(|s| (s.reserved, 0)).0, part(true).0);
            let now = desk.now;
            for budget in &desk.policy.budgets {
                for status in desk.books.status(budget, &desk.policy, now) {
                    let value: u8 = status.value.parse().unwrap_or(0);
                    let (sum, count) = recount(&known, budget, value, value, now);
                    let sum = if budget.unit == Unit::Any { 0 } else { sum };
                    prop_assert_eq!((status.used, status.count), (Ok(sum), u64::from(count)));
                    prop_assert!(budget.limit.is_none_or(|limit| sum <= limit));
                }
            }
            log.push(Event { at: now, change: Change::Flagged { id: PaymentId::new([0; 16]), flags: Vec::new() } });
        }
        // Unknown payments change nothing.
        let before = format!("{:?}", desk.books.open().collect::<Vec<_>>());
        prop_assert!(log.iter().all(|event| Books::apply(&mut desk.books, event).is_err()));
        prop_assert_eq!(format!("{:?}", desk.books.open().collect::<Vec<_>>()), before);
    }

    #[test]
    fn no_bytes_make_reading_panic(bytes: Vec<u8>) {
        let _ = Event::decode(&bytes);
    }
}
