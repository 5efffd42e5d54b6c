//! The cases of budgets, by their rows. Rows about restarts, races and files are tested where the file is.

use std::time::Duration;

use model::money::{Amount, Asset, MoneyRule, Rail};

use crate::samples::{DAY, Desk, MINUTE, T0, base, invoice, limit, offer, policy, usdc, velocity};
use crate::{Budget, Change, Judgement, Policy, Rate, Released, Scope, Stop, Unit, Window};

fn rule<T: std::fmt::Debug>(done: Result<T, crate::Refusal>) -> MoneyRule {
    done.unwrap_err().rule
}

fn without_velocity(mut policy: Policy) -> Policy {
    policy.budgets.retain(|budget| budget.count.is_none());
    policy
}

fn of(asset: &Asset, request: u64, minor: u128) -> crate::Intent {
    let mut intent = offer(request);
    intent.terms.amount = Amount::new(asset.clone(), minor);
    intent
}

#[test]
fn a_day_holds_a_hundred_payments_of_a_hundredth() {
    // BUD-01
    let mut desk = Desk::new(base());
    for n in 0..100 {
        desk.pay(&offer(n)).unwrap();
        desk.wait(10 * MINUTE);
    }
    let refusal = desk.reserve(&offer(100)).unwrap_err();
    assert_eq!((refusal.rule, refusal.left), (MoneyRule::DayCap, Some(0)));
    assert_eq!(refusal.again, Some(T0.after(Duration::from_hours(24))));
    desk.now = refusal.again.unwrap();
    desk.pay(&offer(100)).unwrap();
}

#[test]
fn what_was_spent_counts_and_a_limit_is_inclusive() {
    // BUD-02, BUD-04
    let mut desk = Desk::new(base());
    for n in 0..19 {
        desk.pay(&of(&usdc(), n, 50_000)).unwrap();
    }
    assert_eq!(rule(desk.reserve(&of(&usdc(), 20, 60_000))), MoneyRule::DayCap);
    desk.reserve(&of(&usdc(), 21, 50_000)).unwrap();
    let mut desk = Desk::new(without_velocity(base()));
    for day in 0..5 {
        for n in 0..10 {
            let last = day == 4 && n == 9;
            desk.pay(&of(&usdc(), day * 10 + n, if last { 95_000 } else { 100_000 })).unwrap();
        }
        desk.wait(DAY);
    }
    assert_eq!(rule(desk.reserve(&offer(99))), MoneyRule::WeekCap);
}

#[test]
fn a_clock_behind_by_more_than_two_minutes_refuses() {
    // BUD-03, g-money-06
    let mut desk = Desk::new(base());
    desk.pay(&offer(1)).unwrap();
    desk.now.0 -= 120_000;
    desk.pay(&offer(2)).unwrap();
    desk.now.0 -= 1;
    assert_eq!(rule(desk.reserve(&offer(3))), MoneyRule::Clock);
    desk.now.0 -= DAY;
    assert_eq!(rule(desk.reserve(&offer(3))), MoneyRule::Clock);
}

#[test]
fn a_minute_slides() {
    // BUD-07 (its restart is tested with the file)
    let mut desk = Desk::new(policy([limit(Window::Minute, Unit::Asset(Asset::sat()), 100)]));
    desk.pay(&invoice(1, 50)).unwrap();
    desk.wait(30_000);
    desk.pay(&invoice(2, 50)).unwrap();
    assert_eq!(rule(desk.reserve(&invoice(3, 50))), MoneyRule::MinuteCap);
    desk.wait(29_999);
    assert_eq!(rule(desk.reserve(&invoice(3, 50))), MoneyRule::MinuteCap);
    desk.wait(1);
    desk.pay(&invoice(3, 50)).unwrap();
    assert_eq!(rule(desk.reserve(&invoice(4, 50))), MoneyRule::MinuteCap);
}

#[test]
fn limits_of_a_minute_do_not_stand_for_those_of_a_day() {
    // BUD-09
    let mut desk = Desk::new(base());
    let mut allowed = 0;
    for minute in 0..6 {
        for n in 0..10 {
            match desk.pay(&invoice(minute * 10 + n, 1000)) {
                Ok(_) => allowed += 1,
                Err(refusal) => assert_eq!(refusal.rule, MoneyRule::DayCap),
            }
        }
        desk.wait(MINUTE);
    }
    assert_eq!(allowed, 50);
}

#[test]
fn an_origin_has_a_limit_of_its_own() {
    // BUD-10
    let mut origin = limit(Window::Day, Unit::Symbol("USDC".into(), 6), 20_000);
    (origin.name, origin.per) = ("origin".into(), Scope::Origin);
    origin.only = Some("https://api.example.com".into());
    let mut policy = base();
    policy.budgets.push(origin);
    let mut desk = Desk::new(policy);
    desk.pay(&offer(1)).unwrap();
    desk.pay(&offer(2)).unwrap();
    assert_eq!(rule(desk.reserve(&offer(3))), MoneyRule::OriginCap);
    let mut other = offer(3);
    other.terms.origin = "https://pay.example.net".into();
    desk.pay(&other).unwrap();
}

#[test]
fn strict_fees_count_before_they_are_known() {
    // BUD-12
    let mut desk = Desk::new(base());
    assert!(matches!(desk.judge(&invoice(1, 1000)), Judgement::Allow { holds: 1000, .. }));
    desk.policy.strict_fees = true;
    assert_eq!(rule(desk.reserve(&invoice(1, 1000))), MoneyRule::PerCallCap);
    assert!(matches!(desk.judge(&invoice(1, 990)), Judgement::Allow { holds: 1000, .. }));
}

/// Ecash of so many sats, for which the mint takes 4.
fn ecash(request: u64, sats: u128) -> crate::Intent {
    let mut intent = invoice(request, sats);
    intent.terms.rail = Rail::Cashu;
    intent.terms.fee_limit = 4;
    intent
}

#[test]
fn what_a_mint_takes_counts_beforehand_and_is_booked_with_what_is_paid() {
    // CSH-13
    let mut desk = Desk::new(base());
    assert!(matches!(desk.judge(&ecash(1, 10)), Judgement::Allow { holds: 14, .. }));
    assert_eq!(rule(desk.reserve(&ecash(1, 997))), MoneyRule::PerCallCap);
    let id = desk.sent(&ecash(1, 996)).unwrap();
    desk.event(Desk::settled(id, Amount::new(Asset::sat(), 996), 4)).unwrap();
    assert_eq!(used(&desk, Window::Day), 1000);
}

#[test]
fn what_came_back_is_free_and_what_the_mint_took_for_it_is_spent() {
    let mut desk = Desk::new(base());
    let id = desk.sent(&ecash(1, 10)).unwrap();
    let reason = Released::Returned { proof: "swapped back".into(), fee: 2 };
    desk.event(Change::Released { id, reason }).unwrap();
    let payment = desk.books.payment(id).unwrap();
    assert_eq!((payment.state.as_str(), payment.paid, payment.fee), ("released", 0, 2));
    assert_eq!(used(&desk, Window::Day), 2);
    let rows = desk.books.statement();
    assert_eq!((rows[0].payments, rows[0].spent, rows[0].fees), (0, 0, 2));
    // Equal requests may be made again, and none of it counts as a payment.
    desk.reserve(&ecash(1, 10)).unwrap();
}

#[test]
fn ecash_that_was_being_got_ready_is_looked_into_after_a_restart() {
    let mut desk = Desk::new(base());
    let (ecash, lightning) = (desk.reserve(&ecash(1, 10)), desk.reserve(&invoice(2, 10)));
    let after = desk.books.after_restart(|_| true);
    let rule = MoneyRule::SentUnknown;
    assert!(after.contains(&Change::Held { id: ecash.unwrap(), rule }));
    let (id, reason) = (lightning.unwrap(), Released::Unsigned);
    assert!(after.contains(&Change::Released { id, reason }));
}

/// What counts against the budget of bitcoin with that window.
fn used(desk: &Desk, window: Window) -> u128 {
    let budgets = &desk.policy.budgets;
    let of = |b: &&Budget| b.window == window && b.unit == Unit::Asset(Asset::sat());
    let budget = budgets.iter().find(of).unwrap();
    desk.books.status(budget, &desk.policy, desk.now)[0].used.unwrap()
}

#[test]
fn ten_thousand_of_one_sat_fill_a_minute() {
    // BUD-13: 999 msat count as 1 sat
    let mut desk = Desk::new(without_velocity(base()));
    for n in 0..10_000 {
        desk.pay(&invoice(n, 1)).unwrap();
    }
    assert_eq!(rule(desk.reserve(&invoice(10_000, 1))), MoneyRule::MinuteCap);
}

#[test]
fn more_than_the_threshold_asks_and_the_threshold_does_not() {
    // BUD-15, BUD-16, g-money-23, g-money-24
    let mut policy = base();
    policy.budgets[0].ask_above = Some(50_000);
    policy.budgets[0].four_eyes_above = Some(80_000);
    let desk = Desk::new(policy);
    assert!(matches!(desk.judge(&of(&usdc(), 1, 50_000)), Judgement::Allow { holds: 50_000, .. }));
    for (minor, wanted) in [(50_001, 1), (80_000, 1), (80_001, 2)] {
        let Judgement::Ask { rules, persons, .. } = desk.judge(&of(&usdc(), 1, minor)) else {
            panic!("{minor} asks");
        };
        assert_eq!((rules, persons), (vec![MoneyRule::OverThreshold], wanted));
    }
    // A limit is not asked about.
    assert!(matches!(desk.judge(&of(&usdc(), 1, 100_001)), Judgement::Deny(_)));
    let mut concern = offer(1);
    concern.concerns = vec![MoneyRule::FirstPayee];
    let Judgement::Ask { rules, persons: 1, .. } = desk.judge(&concern) else { panic!("asks") };
    assert_eq!(rules, [MoneyRule::FirstPayee]);
}

#[test]
fn a_pause_stops_what_it_names_and_nothing_else() {
    // BUD-17, BUD-18, BUD-19, BUD-20, g-money-43
    let mut desk = Desk::new(base());
    let sent = desk.sent(&offer(1)).unwrap();
    let mut other = offer(2);
    other.agent = model::PrincipalId::new("a2");
    for (stop, first, second, lightning) in [
        ("all", true, true, true),
        ("agent:a2", false, true, false),
        ("rail:x402", true, true, false),
        ("tenant:acme", true, true, true),
        ("payee:0x209693BC6AFC0C5328BA36FAF03C514EF312287C", true, true, true),
        ("tool:other", false, false, false),
    ] {
        let stop: Stop = stop.parse().unwrap();
        desk.event(Change::Paused(stop.clone())).unwrap();
        for (intent, stopped) in
            [(&offer(3), first), (&other, second), (&invoice(4, 10), lightning)]
        {
            let judged = desk.judge(intent);
            let paused = matches!(&judged, Judgement::Deny(r) if r.rule == MoneyRule::Paused);
            assert_eq!(paused, stopped, "{stop}: {judged:?}");
        }
        desk.event(Change::Resumed(stop)).unwrap();
    }
    desk.event(Change::Paused(Stop::all())).unwrap();
    desk.event(Desk::settled(sent, Amount::new(usdc(), 10_000), 0)).unwrap();
    for bad in ["", "everything", "agent", "agent:", "all:x", "Agent:a"] {
        assert!(bad.parse::<Stop>().is_err(), "{bad}");
    }
}

#[test]
fn eighty_of_a_hundred_is_told() {
    // BUD-21
    let mut desk = Desk::new(without_velocity(base()));
    for n in 0..78 {
        desk.pay(&offer(n)).unwrap();
    }
    let Judgement::Allow { soft, .. } = desk.judge(&offer(78)) else { panic!("allowed") };
    assert!(soft.is_empty(), "0.79 is below");
    desk.pay(&offer(78)).unwrap();
    let id = desk.pay(&offer(79)).unwrap();
    let payment = desk.books.payment(id).unwrap();
    assert_eq!(payment.flags, [model::money::Flag::SoftLimit]);
    assert_eq!(payment.soft.len(), 1);
    let status = desk.books.status(&desk.policy.budgets[1], &desk.policy, desk.now);
    assert_eq!(
        (status[0].used, status[0].left, status[0].soft),
        (Ok(800_000), Some(200_000), true)
    );
}

fn in_dollars(most: u128, rate: Rate) -> Policy {
    let mut policy = policy([limit(Window::Day, Unit::Reference("USD".into()), most)]);
    policy.rates.insert((Asset::sat(), "USD".into()), rate);
    policy
}

#[test]
fn a_reference_currency_counts_at_a_rate_that_is_not_too_old() {
    // BUD-22: 1 sat = 0.001 USD
    let rate = Rate { worth: 1000, minor: 1, set: T0, good: Some(Duration::from_hours(1)) };
    let mut desk = Desk::new(in_dollars(50_000, rate));
    desk.pay(&invoice(1, 45)).unwrap();
    assert_eq!(rule(desk.reserve(&invoice(2, 10))), MoneyRule::DayCap);
    desk.reserve(&invoice(2, 5)).unwrap();
    assert_eq!(rule(desk.reserve(&offer(3))), MoneyRule::RateStale, "no rate at all");
    desk.wait(3_600_001);
    assert_eq!(rule(desk.reserve(&invoice(4, 1))), MoneyRule::RateStale);
}

#[test]
fn conversion_rounds_against_the_spender_and_never_wraps() {
    let third = Rate { worth: 1, minor: 3, set: T0, good: None };
    let mut desk = Desk::new(in_dollars(1, third));
    desk.pay(&invoice(1, 1)).unwrap();
    desk.pay(&invoice(2, 2)).unwrap();
    assert_eq!(rule(desk.reserve(&invoice(3, 1))), MoneyRule::DayCap);
    let huge = Rate { worth: u128::MAX, minor: 1, set: T0, good: None };
    let mut desk = Desk::new(in_dollars(u128::MAX, huge));
    assert_eq!(rule(desk.reserve(&invoice(1, 2))), MoneyRule::Overflow);
    let mut desk = Desk::new(policy([limit(Window::Day, Unit::Asset(usdc()), u128::MAX)]));
    desk.pay(&of(&usdc(), 1, u128::MAX)).unwrap();
    assert_eq!(rule(desk.reserve(&of(&usdc(), 2, 1))), MoneyRule::Overflow);
}

#[test]
fn all_budgets_that_apply_must_hold() {
    // g-money-04
    let unit = || Unit::Symbol("USDC".into(), 2);
    let agent = Budget { per: Scope::Agent, ..limit(Window::Day, unit(), 50) };
    let tool = Budget { per: Scope::Tool, name: "tool".into(), ..limit(Window::Day, unit(), 100) };
    let mut desk = Desk::new(policy([agent, tool]));
    let refusal = desk.reserve(&of(&usdc(), 1, 800_000)).unwrap_err();
    assert_eq!((refusal.rule, refusal.left), (MoneyRule::DayCap, Some(50)));
    desk.reserve(&of(&usdc(), 1, 500_000)).unwrap();
}

#[test]
fn payments_are_counted_too_and_zero_means_none() {
    let mut desk = Desk::new(policy([velocity()]));
    assert_eq!(rule(desk.reserve(&offer(1))), MoneyRule::Currency, "no limit bounds its amount");
    desk.policy.unbounded = true;
    for n in 0..30 {
        desk.pay(&offer(n)).unwrap();
    }
    let refusal = desk.reserve(&offer(30)).unwrap_err();
    assert_eq!((refusal.rule, refusal.left), (MoneyRule::Velocity, Some(0)));
    assert_eq!(refusal.again, Some(T0.after(Duration::from_mins(1))));
    let mut same = offer(31);
    same.terms.payee.make_ascii_lowercase();
    assert_eq!(rule(desk.reserve(&same)), MoneyRule::Velocity, "another case is no other payee");
    let mut desk = Desk::new(policy([limit(Window::Lifetime, Unit::Asset(usdc()), 0)]));
    assert_eq!(rule(desk.reserve(&offer(1))), MoneyRule::LifetimeCap);
    assert_eq!(rule(desk.reserve(&of(&usdc(), 1, 0))), MoneyRule::ZeroAmount);
}

#[test]
fn one_request_has_one_payment_at_a_time() {
    // g-money-08, g-money-09, g-money-10
    let mut desk = Desk::new(base());
    let mut first = offer(1);
    first.key = Some("k".into());
    let id = desk.sent(&first).unwrap();
    assert_eq!(desk.judge(&first), Judgement::Same(id));
    let mut changed = offer(2);
    changed.key = Some("k".into());
    assert_eq!(rule(desk.reserve(&changed)), MoneyRule::RequestChanged);
    // The same request on another rail.
    assert_eq!(rule(desk.reserve(&invoice(1, 10))), MoneyRule::InFlight);
    desk.event(Change::Held { id, rule: MoneyRule::SentUnknown }).unwrap();
    assert_eq!(rule(desk.reserve(&offer(1))), MoneyRule::InFlight);
    desk.pay(&offer(2)).unwrap();
    let mut other = offer(1);
    other.agent = model::PrincipalId::new("a2");
    desk.pay(&other).unwrap();
    desk.event(Desk::settled(id, Amount::new(usdc(), 10_000), 0)).unwrap();
    assert_eq!(desk.judge(&first), Judgement::Same(id), "its result is the answer");
    desk.pay(&offer(1)).unwrap();
}

#[test]
fn a_policy_that_makes_no_sense_does_not_load() {
    let twice = policy([velocity(), velocity()]);
    let amount = policy([limit(Window::Day, Unit::Any, 1)]);
    let long = policy([limit(
        Window::Other(Window::LONGEST + Duration::from_millis(1)),
        Unit::Asset(usdc()),
        1,
    )]);
    let none = policy([limit(Window::Other(Duration::ZERO), Unit::Asset(usdc()), 1)]);
    for bad in [twice, amount, long, none] {
        assert_eq!(bad.check().unwrap_err().rule(), MoneyRule::BadPolicy);
    }
    for (hours, rule) in [(2, "hour_cap"), (20, "day_cap"), (100, "week_cap"), (5000, "month_cap")]
    {
        let window = Window::Other(Duration::from_hours(hours));
        assert_eq!(window.rule().as_str(), rule, "{hours} hours");
    }
}
