use std::sync::Arc;

use model::{Action, Effect, Role, Verdict};
use proptest::prelude::*;

use super::{Call, call, policies};
use crate::{Decider, PolicySet, allow_line};

const CONDITIONS: [&str; 10] = [
    "true",
    "resource.effect == \"read\"",
    "resource.accepted",
    "principal.role == \"operator\"",
    "context.arguments.x == 1",
    "context.arguments has x && context.arguments.x > 5",
    "context.arguments.y like \"a*\"",
    "context.time.hour < 12",
    "principal.tenant == \"acme\" && context.arguments has y",
    "resource.name like \"shop__*\"",
];
const SCOPES: [&str; 5] = [
    "(principal, action, resource)",
    "(principal == Principal::\"alice\", action, resource)",
    "(principal, action == Action::\"call\", resource == Tool::\"shop__pay\")",
    "(principal in Tenant::\"acme\", action in [Action::\"call\", Action::\"read\"], resource in Source::\"shop\")",
    "(principal, action == Action::\"read\", resource is Resource)",
];

fn policy(effect: &'static [&'static str]) -> impl Strategy<Value = String> {
    (0..effect.len(), 0..SCOPES.len(), 0..CONDITIONS.len()).prop_map(move |(e, s, c)| {
        format!("{} {} when {{ {} }};\n", effect[e], SCOPES[s], CONDITIONS[c])
    })
}

fn any_policies() -> impl Strategy<Value = String> {
    prop::collection::vec(policy(&["permit", "permit", "@ask permit", "forbid"]), 0..6)
        .prop_map(|p| p.concat())
}

fn arguments() -> impl Strategy<Value = Option<String>> {
    let x =
        prop_oneof![Just("1"), Just("9"), Just("\"1\""), Just("1e9"), Just("null"), Just("[1]")];
    let y = prop_oneof![Just("\"abc\""), Just("\"b\""), Just("7")];
    prop_oneof![
        Just(None),
        Just(Some("{}".to_owned())),
        (x.clone(), y).prop_map(|(x, y)| Some(format!(r#"{{"x":{x},"y":{y}}}"#))),
        x.prop_map(|x| Some(format!(r#"{{"x":{x}}}"#))),
    ]
}

fn calls() -> impl Strategy<Value = Call> {
    let name = prop_oneof![Just("shop__pay"), Just("shop__list"), Just("files__read")];
    let action = prop_oneof![Just(Action::Call), Just(Action::Read), Just(Action::Prompt)];
    let effect = prop_oneof![Just(Effect::Read), Just(Effect::Spend)];
    (name, action, effect, any::<bool>(), any::<bool>(), any::<bool>(), arguments(), 0_u64..1 << 42)
        .prop_map(|(name, action, effect, accepted, bob, operator, arguments, now)| {
            let mut call = call(name, effect).by(if bob { "bob" } else { "alice" });
            (call.action, call.accepted, call.arguments) = (action, accepted, arguments);
            call.now = model::Timestamp(now);
            if operator {
                call.principal.role = Role::Operator;
            }
            call
        })
}

fn is_deny(set: &PolicySet, call: &Call) -> bool {
    matches!(set.decide(&call.request()), Verdict::Deny { .. })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn a_forbid_that_applies_always_wins(text in any_policies(), call in calls()) {
        let set = policies(&format!("{text}@id(\"no\") forbid (principal, action, resource);"));
        prop_assert!(is_deny(&set, &call));
    }

    #[test]
    fn one_more_permit_never_turns_a_yes_into_a_no(text in any_policies(), call in calls(), scope in 0..SCOPES.len()) {
        // A condition that cannot fail: one that fails is a refusal by intent.
        let more = policies(&format!("{text}permit {};", SCOPES[scope]));
        prop_assert!(is_deny(&policies(&text), &call) || !is_deny(&more, &call));
    }

    #[test]
    fn one_more_policy_of_any_kind_never_loosens_a_forbid(text in any_policies(), more in any_policies(), call in calls()) {
        let deny = |set: &PolicySet| match set.decide(&call.request()) {
            Verdict::Deny { rule, .. } => rule != "default",
            _ => false,
        };
        let both = policies(&[text.as_str(), more.as_str()].concat());
        prop_assert!(!deny(&policies(&text)) || is_deny(&both, &call));
    }

    #[test]
    fn memory_never_changes_a_verdict(text in any_policies(), calls in prop::collection::vec(calls(), 1..12)) {
        let decider = Decider::new(Arc::new(policies(&text)));
        for _ in 0..2 {
            for call in &calls {
                let plain = decider.policies().decide(&call.request());
                prop_assert_eq!(&*decider.decide(&call.request()), &plain);
                prop_assert_eq!(&decider.policies().explain(&call.request()).verdict, &plain);
            }
        }
    }

    #[test]
    fn an_explanation_holds_what_the_verdict_names(text in any_policies(), call in calls()) {
        let explained = policies(&text).explain(&call.request());
        let rule = explained.verdict.rule().to_owned();
        let said = explained.satisfied.iter().any(|s| s.rule == rule);
        prop_assert!(match rule.as_str() {
            "default" => explained.errors.is_empty() && explained.satisfied.is_empty(),
            "error" => !explained.errors.is_empty(),
            _ => said,
        }, "{}", explained);
    }

    #[test]
    fn what_is_not_listed_is_never_allowed(text in any_policies(), call in calls()) {
        let set = policies(&text);
        let listed = set.may(&call.principal, call.action, &call.target(), call.now);
        prop_assert!(listed || is_deny(&set, &call));
    }

    #[test]
    fn arguments_not_needed_make_no_difference(text in any_policies(), call in calls()) {
        let decider = Decider::new(Arc::new(policies(&text)));
        if !decider.needs_arguments_of(&call.principal, call.action, &call.target()) {
            let mut without = call.clone();
            without.arguments = None;
            prop_assert_eq!(decider.decide(&call.request()), decider.decide(&without.request()));
        }
    }

    #[test]
    fn the_allow_line_allows_exactly_its_call(id in any::<String>(), name in any::<String>(), other in any::<String>()) {
        let set = PolicySet::load(&[("x".into(), allow_line(&id, Action::Read, &name))], &[], &crate::Known::anything(), 0);
        // Characters that turn the direction of writing are refused in any policy.
        if let Ok(set) = set {
            let mut call = call("files__x", Effect::Destructive).by(&id);
            (call.action, call.name) = (Action::Read, name.clone());
            prop_assert!(!is_deny(&set, &call));
            call.name = other.clone();
            prop_assert_eq!(is_deny(&set, &call), other != name);
        } else {
            prop_assert!(!id.is_ascii() || !name.is_ascii());
        }
    }
}
