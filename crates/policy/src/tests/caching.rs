use std::sync::Arc;

use model::{Action, Effect, Role, Scopes, TenantId, Verdict};

use super::{Call, call, policies, shipped};
use crate::{Decider, SHIPPED};

const BY_ARGUMENT: &str = r#"permit (principal, action, resource == Tool::"shop__pay") when { context.arguments.x == 1 };"#;

fn decider(policy: &str) -> Decider {
    Decider::new(Arc::new(policies(policy)))
}

#[test]
fn the_same_question_is_answered_from_memory() {
    let decider = Decider::new(Arc::new(shipped(&[])));
    let call = call("files__read", Effect::Read);
    let first = decider.decide(&call.request());
    assert!(Arc::ptr_eq(&first, &decider.decide(&call.request())));
    assert_eq!((decider.remembered(), decider.epoch()), (1, 7));
}

#[test]
fn anything_a_policy_can_see_makes_it_another_question() {
    let decider = decider("");
    let base = call("files__read", Effect::Read);
    let mut calls = vec![base.clone(), base.clone().by("bob")];
    let mut change = |f: &dyn Fn(&mut Call)| {
        let mut call = base.clone();
        f(&mut call);
        calls.push(call);
    };
    change(&|c| c.principal.tenant = TenantId::new("globex"));
    change(&|c| c.principal.role = Role::Operator);
    change(&|c| c.principal.scopes = Scopes::default());
    change(&|c| c.action = Action::Prompt);
    change(&|c| c.name = "files__write".to_owned());
    change(&|c| c.source = model::SourceName::new("shop").unwrap());
    change(&|c| c.effect = Effect::Write);
    change(&|c| c.accepted = false);
    for _ in 0..2 {
        for call in &calls {
            decider.decide(&call.request());
        }
    }
    assert_eq!(decider.remembered(), calls.len());
}

#[test]
fn scopes_that_read_alike_when_joined_are_not_confused() {
    let decider = decider(
        r#"permit (principal, action, resource) when { principal.scopes.contains("ab") };"#,
    );
    let mut call = call("files__read", Effect::Read);
    for (scopes, allowed) in [
        (vec!["ab"], true),
        (vec!["a", "b"], false),
        (vec!["b", "a"], false),
        (vec!["ab", "c"], true),
    ] {
        call.principal.scopes = Scopes::new(scopes.into_iter().map(str::to_owned));
        assert_eq!(matches!(*decider.decide(&call.request()), Verdict::Allow { .. }), allowed);
    }
}

#[test]
fn arguments_are_judged_anew_each_time() {
    let decider = decider(BY_ARGUMENT);
    let pay = call("shop__pay", Effect::Spend);
    for (arguments, said) in
        [(r#"{"x":1}"#, "allow"), (r#"{"x":2}"#, "deny"), (r#"{"x":1}"#, "allow"), ("{}", "deny")]
    {
        assert_eq!(decider.decide(&pay.clone().with(arguments).request()).as_str(), said);
    }
    assert_eq!(decider.remembered(), 1);
}

#[test]
fn arguments_are_asked_for_only_where_a_policy_looks_at_them() {
    let text = format!(
        "{SHIPPED}\n{BY_ARGUMENT}\nforbid (principal, action == Action::\"read\", resource) when {{ context.time.hour == 3 }};"
    );
    let decider = decider(&text);
    assert!(decider.needs_arguments(Action::Call) && decider.depends_on_context(Action::Read));
    let needs = |name| {
        let call = call(name, Effect::Read);
        decider.needs_arguments_of(&call.principal, call.action, &call.target())
    };
    assert!(needs("shop__pay") && !needs("shop__list"));
    let only_shipped = Decider::new(Arc::new(shipped(&[("shop__*", "ask")])));
    for action in [Action::Call, Action::Read, Action::Prompt] {
        assert!(!only_shipped.needs_arguments(action) && !only_shipped.depends_on_context(action));
    }
}

#[test]
fn thousands_of_answers_are_remembered_at_once() {
    let decider = decider("");
    for n in 0..2_000 {
        decider.decide(&call(&format!("files__{n}"), Effect::Read).request());
    }
    assert_eq!(decider.remembered(), 2_000);
}

#[test]
fn the_memory_is_bounded() {
    let decider = decider("");
    for n in 0..10_000 {
        decider.decide(&call(&format!("files__{n}"), Effect::Read).request());
    }
    assert!((1..=8_192).contains(&decider.remembered()), "{}", decider.remembered());
}
