use model::Timestamp;
use model::money::{Amount, MoneyRule};

use crate::samples::{Desk, T0, base, offer, usdc};
use crate::{Change, Event, PaymentId, Released, State, Unlawful};

/// Brings a payment into each state there is.
fn in_state(state: &str) -> (Desk, PaymentId) {
    let mut desk = Desk::new(base());
    let opening = Box::new(desk.open(&offer(1), 10_000, Vec::new()));
    let id = opening.id;
    let until = Timestamp(T0.0 + 60_000);
    let rules = vec![MoneyRule::FirstPayee];
    let mut script = match state {
        "asked" | "granted" | "denied" => {
            vec![Change::Asked { opening, rules, persons: 1, until }]
        }
        _ => vec![Change::Reserved { opening }],
    };
    let signed = Change::Signed { id, mark: Some("n".into()) };
    let sent = Change::Sent { id };
    let (approval, by) = ("a".to_owned(), "ada".to_owned());
    match state {
        "granted" => script.push(Change::Answered { id, approval, by, yes: true }),
        "denied" => script.push(Change::Answered { id, approval, by, yes: false }),
        "signed" => script.push(signed),
        "sent" => script.extend([signed, sent]),
        "held" => script.extend([signed, sent, Change::Held { id, rule: MoneyRule::NoProof }]),
        "settled" => {
            script.extend([signed, sent, Desk::settled(id, Amount::new(usdc(), 10_000), 0)]);
        }
        "released" => script.push(Change::Released { id, reason: Released::Unsigned }),
        _ => {}
    }
    for change in script {
        desk.event(change).unwrap();
    }
    assert_eq!(desk.books.payment(id).unwrap().state.as_str(), state);
    (desk, id)
}

/// A change, and the states it may be made in.
type Row = (fn(PaymentId) -> Change, &'static [&'static str]);

#[test]
fn only_lawful_steps_are_taken_and_an_unlawful_one_changes_nothing() {
    const STATES: [&str; 9] =
        ["asked", "granted", "reserved", "signed", "sent", "held", "settled", "released", "denied"];
    let operator = || Released::Operator { by: "ada".into() };
    let returned = || Released::Returned { proof: "swapped back".into(), fee: 1 };
    for from in STATES {
        let changes: [Row; 7] = [
            (
                |id| Change::Answered { id, approval: "b".into(), by: "bob".into(), yes: true },
                &["asked"],
            ),
            (|id| Change::Claimed { id, owner: "me".into() }, &["granted"]),
            (|id| Change::Denied { id, rule: MoneyRule::Denied }, &["asked", "granted"]),
            (|id| Change::Signed { id, mark: None }, &["reserved"]),
            (|id| Change::Sent { id }, &["signed"]),
            (|id| Change::Held { id, rule: MoneyRule::NoProof }, &["reserved", "signed", "sent"]),
            (|id| Desk::settled(id, Amount::new(usdc(), 1), 0), &["sent", "held"]),
        ];
        let releases = [
            (Released::Unsigned, &["reserved"][..]),
            (Released::Destroyed, &["signed"]),
            (operator(), &["sent", "held"]),
            (returned(), &["reserved", "sent", "held"]),
        ];
        for (change, may) in changes {
            check(from, change, may);
        }
        for (reason, may) in releases {
            check(from, move |id| Change::Released { id, reason: reason.clone() }, may);
        }
    }
}

fn check(from: &str, change: impl Fn(PaymentId) -> Change, may: &[&str]) {
    let (mut desk, id) = in_state(from);
    let before = format!("{:?}", desk.books);
    let change = change(id);
    let done = desk.event(change.clone());
    assert_eq!(done.is_ok(), may.contains(&from), "{from}: {change:?} gave {done:?}");
    if done.is_err() {
        assert_eq!(format!("{:?}", desk.books), before, "{from}: {change:?}");
    }
}

#[test]
fn what_is_old_or_unknown_or_there_already_is_unlawful() {
    let (mut desk, id) = in_state("reserved");
    let unknown = PaymentId::new([9; 16]);
    assert_eq!(desk.event(Change::Sent { id: unknown }), Err(Unlawful::Unknown(unknown)));
    let twin = Box::new(crate::Opening { id, ..desk.open(&offer(2), 1, Vec::new()) });
    assert_eq!(desk.event(Change::Reserved { opening: twin }), Err(Unlawful::Twice(id)));
    let early =
        Event { at: Timestamp(T0.0 - 1), change: Change::Held { id, rule: MoneyRule::NoProof } };
    assert_eq!(desk.books.apply(&early), Err(Unlawful::Time));
}

#[test]
fn after_a_restart_nothing_signed_is_free_and_nothing_unsigned_is_held() {
    for (from, wanted) in [
        ("asked", None),
        ("granted", None),
        ("reserved", Some("released")),
        ("signed", Some("held")),
        ("sent", Some("held")),
        ("held", None),
        ("settled", None),
        ("released", None),
        ("denied", None),
    ] {
        let (mut desk, id) = in_state(from);
        assert!(desk.books.after_restart(|_| false).is_empty(), "the living keep theirs");
        for change in desk.books.after_restart(|owner| owner == "me") {
            desk.event(change).unwrap();
        }
        let state = desk.books.payment(id).unwrap().state.as_str();
        assert_eq!(state, wanted.unwrap_or(from), "{from}");
    }
}

#[test]
fn a_question_is_over_at_its_end_and_not_before() {
    let (mut desk, id) = in_state("granted");
    desk.wait(59_999);
    assert!(desk.books.lapsed(desk.now).is_empty());
    desk.books.judge_again(id, &desk.policy, desk.now).unwrap();
    desk.wait(1);
    let refusal = desk.books.judge_again(id, &desk.policy, desk.now).unwrap_err();
    assert_eq!(refusal.rule, MoneyRule::ApprovalExpired);
    for change in desk.books.lapsed(desk.now) {
        desk.event(change).unwrap();
    }
    assert_eq!(desk.books.payment(id).unwrap().state, State::Denied(MoneyRule::ApprovalExpired));
    assert_eq!(desk.books.open().count(), 0);
}

#[test]
fn an_event_of_another_version_or_with_more_in_it_is_refused() {
    for bad in [
        r#"{"v":2,"at":1,"do":{"paused":"all"}}"#,
        r#"{"v":1,"at":1,"do":{"paused":"all"},"x":1}"#,
        r#"{"v":1,"at":1,"do":{"stopped":"all"}}"#,
        r#"{"v":1,"at":1,"do":{"held":{"id":"00000000000000000000000000000001","rule":"luck"}}}"#,
        r#"{"v":1,"at":1,"do":{"held":{"id":"1","rule":"no_proof"}}}"#,
        r#"{"at":1,"do":{"paused":"all"}}"#,
        r#"{"v":1,"at":-1,"do":{"paused":"all"}}"#,
        "",
    ] {
        assert!(Event::decode(bad.as_bytes()).is_err(), "{bad}");
    }
    let good = br#"{"v":1,"at":1,"do":{"paused":"agent:a2"}}"#;
    assert_eq!(Event::decode(good).unwrap().encode().unwrap(), good);
}

#[test]
fn the_seeds_of_the_fuzz_target_are_lawful_from_end_to_end() {
    for seed in [
        include_str!("../../../fuzz/corpus/ledger/paid"),
        include_str!("../../../fuzz/corpus/ledger/asked"),
    ] {
        let mut books = crate::Books::default();
        for line in seed.lines() {
            let event = Event::decode(line.as_bytes()).unwrap();
            books.apply(&event).unwrap();
            assert_eq!(event.encode().unwrap(), line.as_bytes());
        }
        assert_eq!(books.open_count(), 0);
    }
}

#[test]
fn an_answer_is_spent_by_a_signature_and_by_nothing_before_it() {
    let granted = |name: &str| {
        let (mut desk, id) = in_state("granted");
        assert!(desk.books.is_spent("a") && !desk.books.is_spent(name));
        desk.event(Change::Claimed { id, owner: "me".into() }).unwrap();
        (desk, id)
    };
    let (mut desk, id) = granted("b");
    desk.event(Change::Released { id, reason: Released::Unsigned }).unwrap();
    assert!(!desk.books.is_spent("a"));
    let (mut desk, id) = granted("b");
    desk.event(Change::Signed { id, mark: None }).unwrap();
    desk.event(Change::Released { id, reason: Released::Destroyed }).unwrap();
    assert!(desk.books.is_spent("a"));
}
