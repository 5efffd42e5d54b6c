use model::{Action, Effect, Role};

use super::{call, policies, say, shipped};
use crate::{PolicySet, allow_line};

const PERMIT: &str = "permit (principal, action, resource);";

#[test]
fn no_policy_means_no() {
    let read = call("files__read_file", Effect::Read);
    assert_eq!(say(&PolicySet::default(), &read), "deny default: no policy permits it");
    assert_eq!(say(&policies(""), &read), "deny default: no policy permits it");
    for n in [0, 1, 3] {
        let set = policies(&PERMIT.repeat(n));
        assert_eq!((set.len(), set.is_empty()), (n, n == 0));
    }
}

#[test]
fn the_shipped_policy_permits_reading_where_the_effect_was_accepted_and_nothing_else() {
    let set = shipped(&[]);
    for effect in Effect::ALL {
        for accepted in [true, false] {
            for action in [Action::Call, Action::Read, Action::Prompt] {
                let mut call = call("files__thing", effect);
                (call.accepted, call.action) = (accepted, action);
                let expected = if effect == Effect::Read && accepted {
                    "allow shipped-read"
                } else {
                    "deny default: no policy permits it"
                };
                assert_eq!(say(&set, &call), expected, "{effect} {accepted} {action:?}");
            }
        }
    }
}

#[test]
fn an_effect_nobody_accepted_counts_as_destructive() {
    let set =
        policies(r#"permit (principal, action, resource) when { resource.effect == "read" };"#);
    let mut call = call("files__read_file", Effect::Read);
    assert_eq!(say(&set, &call), "allow team.cedar#1");
    call.accepted = false;
    assert_eq!(say(&set, &call), "deny default: no policy permits it");
}

#[test]
fn a_forbid_wins_over_any_permit_and_names_itself() {
    let set = policies(&format!(
        "{PERMIT}\n@id(\"no-refunds\")\nforbid (principal, action, resource == Tool::\"shop__refund\");"
    ));
    assert_eq!(
        say(&set, &call("shop__refund", Effect::Write)),
        "deny no-refunds: the policy `no-refunds` (team.cedar:2) forbids it"
    );
    assert_eq!(say(&set, &call("shop__list", Effect::Write)), "allow team.cedar#1");
}

#[test]
fn a_policy_that_fails_is_a_refusal_that_names_it() {
    let set = policies(&format!(
        "{PERMIT}\n@id(\"small\") permit (principal, action, resource) when {{ context.arguments.amount < 100 }};"
    ));
    let call = call("shop__pay", Effect::Spend);
    let missing = "deny error: the policy `small` (team.cedar:2) could not be evaluated: record does not have the \
                   attribute `amount`: ask with `has` first";
    assert_eq!(say(&set, &call), missing);
    assert_eq!(say(&set, &call.clone().with("{}")), missing);
    assert_eq!(
        say(&set, &call.clone().with(r#"{"amount":"1"}"#)),
        "deny error: the policy `small` (team.cedar:2) could not be evaluated: type error: expected long, got string"
    );
    assert_eq!(say(&set, &call.with(r#"{"amount":1}"#)), "allow team.cedar#1");
}

#[test]
fn of_several_policies_that_fail_the_first_is_named() {
    let fails = "permit (principal, action, resource) when { context.arguments.x };\n";
    let pay = call("shop__pay", Effect::Spend);
    for arguments in ["{}", r#"{"x":1e9}"#] {
        let said = say(&policies(&fails.repeat(12)), &pay.clone().with(arguments));
        assert!(said.starts_with("deny error: the policy `team.cedar#1` (team.cedar:1)"), "{said}");
    }
}

#[test]
fn the_stricter_of_ask_and_allow_wins_and_deny_wins_over_both() {
    for ask in ["@ask", "@verdict(\"ask\")"] {
        let text = format!(
            "{PERMIT}\n@id(\"people\") {ask} permit (principal, action == Action::\"call\", resource);"
        );
        assert_eq!(say(&policies(&text), &call("shop__pay", Effect::Spend)), "ask people");
        let text = format!("{text}\n@id(\"no\") forbid (principal, action, resource);");
        assert!(say(&policies(&text), &call("shop__pay", Effect::Spend)).starts_with("deny no: "));
    }
    let text = format!("@verdict(\"allow\") {PERMIT}");
    assert_eq!(say(&policies(&text), &call("shop__pay", Effect::Spend)), "allow team.cedar#1");
}

#[test]
fn tenant_role_scopes_source_and_upstream_can_be_asked_for() {
    let set = policies(
        r#"permit (principal in Tenant::"acme", action, resource in Source::"shop")
           when { principal.role == "agent" && principal.scopes.contains("audit") && principal.tenant == "acme"
                  && resource.source == "shop" && resource.upstream == "pay" && resource.name like "shop__*" };"#,
    );
    let pay = call("shop__pay", Effect::Spend);
    assert_eq!(say(&set, &pay), "allow team.cedar#1");
    let mut operator = pay.clone();
    operator.principal.role = Role::Operator;
    let mut other = pay.clone();
    other.principal.tenant = model::TenantId::new("globex");
    for denied in [operator, other, call("files__pay", Effect::Spend)] {
        assert_eq!(say(&set, &denied), "deny default: no policy permits it");
    }
}

#[test]
fn names_with_other_case_or_blanks_are_other_names() {
    let set = policies(r#"permit (principal, action, resource == Tool::"shop__refund");"#);
    assert_eq!(say(&set, &call("shop__refund", Effect::Write)), "allow team.cedar#1");
    for name in
        ["SHOP__REFUND", " shop__refund", "shop__refund ", "shop__ref%75nd", "shop__r\u{435}fund"]
    {
        let mut call = call("shop__refund", Effect::Write);
        call.name = name.to_owned();
        assert_eq!(say(&set, &call), "deny default: no policy permits it", "{name}");
    }
}

#[test]
fn the_line_that_would_allow_a_call_does() {
    let hostile = "a\"); forbid (principal, action, resource);\n//\\";
    for (action, name) in [
        (Action::Call, "shop__refund"),
        (Action::Read, "db://hr/salaries"),
        (Action::Prompt, "files__summarise"),
        (Action::Read, hostile),
    ] {
        let line = allow_line("alice", action, name);
        assert!(!line.contains('\n'), "{line}");
        let mut call = call("shop__refund", Effect::Destructive);
        (call.action, call.name, call.accepted) = (action, name.to_owned(), false);
        let set = policies(&line);
        assert_eq!((set.len(), say(&set, &call)), (1, "allow team.cedar#1".to_owned()));
        assert!(say(&set, &call.by("bob")).starts_with("deny default"));
    }
    let line = allow_line(hostile, Action::Call, "shop__refund");
    assert_eq!(
        say(&policies(&line), &call("shop__refund", Effect::Write).by(hostile)),
        "allow team.cedar#1"
    );
    assert_eq!(
        allow_line("alice", Action::Call, "files__write_file"),
        r#"permit (principal == Principal::"alice", action == Action::"call", resource == Tool::"files__write_file");"#
    );
}

#[test]
fn an_explanation_tells_what_applied_and_what_failed_and_agrees_with_the_verdict() {
    let set = policies(&format!(
        "{PERMIT}\n@id(\"no\") forbid (principal, action, resource) when {{ context.arguments.x == 1 }};\n\
         @ask @id(\"people\") permit (principal, action, resource);"
    ));
    let explained =
        set.explain(&call("shop__pay", Effect::Spend).with(r#"{"x":1,"y":[1.5]}"#).request());
    assert_eq!(
        explained.verdict,
        set.decide(&call("shop__pay", Effect::Spend).with(r#"{"x":1}"#).request())
    );
    let applied: Vec<_> = explained
        .satisfied
        .iter()
        .map(|s| (s.says, s.rule.as_str(), s.location.as_str()))
        .collect();
    assert_eq!(
        applied,
        [
            ("permit", "team.cedar#1", "team.cedar:1"),
            ("forbid", "no", "team.cedar:2"),
            ("ask", "people", "team.cedar:3")
        ]
    );
    let text = explained.to_string();
    for part in [
        "verdict: deny by no, because the policy `no` (team.cedar:2) forbids it",
        r#"principal: Principal::"alice" in Tenant::"acme", role "agent", scopes ["audit"]"#,
        r#"resource: Tool::"shop__pay" in Source::"shop", upstream "pay", effect "spend", accepted true"#,
        "1.5",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let failed = set.explain(&call("shop__pay", Effect::Spend).request());
    assert_eq!(failed.errors.len(), 1);
    assert_eq!((failed.verdict.rule(), failed.errors[0].rule.as_str()), ("error", "no"));
}

#[test]
fn a_case_passes_or_says_what_came_instead() {
    let set = shipped(&[("shop__refund", "deny")]);
    let case = |json: &str| set.test(&serde_json::from_str(json).unwrap());
    let passed = case(
        r#"{"principal":"alice","source":"files","name":"files__read","effect":"read","expect":"allow"}"#,
    );
    assert_eq!(
        (passed.passed, passed.reason.as_str()),
        (true, "allow by `shipped-read`, as expected")
    );
    let failed = case(
        r#"{"principal":"alice","source":"shop","name":"shop__refund","effect":"read","expect":"allow"}"#,
    );
    assert!(!failed.passed);
    assert_eq!(
        failed.reason,
        "expected allow, got deny by `level:shop__refund`: the policy `level:shop__refund` (levels:1) forbids it"
    );
    let unset = case(
        r#"{"principal":"alice","source":"files","name":"files__read","expect":"deny","rule":"shipped-read"}"#,
    );
    assert_eq!(
        unset.reason,
        "expected deny by `shipped-read`, got it by `default`: no policy permits it"
    );
    let tenant = policies(r#"permit (principal in Tenant::"default", action, resource);"#);
    let unsaid = r#"{"principal":"alice","source":"files","name":"files__x","expect":"allow"}"#;
    assert!(tenant.test(&serde_json::from_str(unsaid).unwrap()).passed);
    assert!(
        serde_json::from_str::<crate::Case>(r#"{"principal":"alice","exepct":"deny"}"#).is_err()
    );
}
