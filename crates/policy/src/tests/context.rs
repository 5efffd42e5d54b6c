use model::{Effect, Timestamp};

use super::{Call, call, policies, say};
use crate::Decider;
use crate::reads::{Paths, Reads};

/// A call of a tool that a permit allows unless a forbid with this condition applies.
fn guarded(condition: &str, arguments: &str) -> String {
    let set = policies(&format!(
        "permit (principal, action, resource);\n@id(\"g\") forbid (principal, action, resource) when {{ {condition} }};"
    ));
    say(&set, &pay(arguments))
}

/// What is said where that condition cannot be evaluated.
fn failed(why: &str) -> String {
    format!("deny error: the policy `g` (team.cedar:2) could not be evaluated: {why}")
}

fn pay(arguments: &str) -> Call {
    call("shop__pay", Effect::Spend).with(arguments)
}

#[test]
fn arguments_are_compared_as_what_they_are() {
    let cases = [
        ("context.arguments.amount > 100", r#"{"amount":1000}"#, r#"{"amount":10}"#),
        (
            "context.arguments.path like \"/etc/*\"",
            r#"{"path":"/etc/passwd"}"#,
            r#"{"path":"/srv/a"}"#,
        ),
        ("context.arguments.force", r#"{"force":true}"#, r#"{"force":false}"#),
        ("context.arguments.tags.contains(\"x\")", r#"{"tags":["y","x"]}"#, r#"{"tags":[]}"#),
        (
            "context.arguments.a.b == -9223372036854775808",
            r#"{"a":{"b":-9223372036854775808}}"#,
            r#"{"a":{"b":0}}"#,
        ),
        (
            "context.arguments.rate.greaterThan(decimal(\"0.5\"))",
            r#"{"rate":0.7500}"#,
            r#"{"rate":-0.25}"#,
        ),
        ("context.arguments has x", r#"{"x":{}}"#, r#"{"x":null}"#),
        ("context.arguments has x.y", r#"{"x":{"y":1}}"#, r#"{"x":{"z":1}}"#),
        (
            "ip(context.arguments.host).isInRange(ip(\"10.0.0.0/8\"))",
            r#"{"host":"10.1.2.3"}"#,
            r#"{"host":"8.8.8.8"}"#,
        ),
        (
            "context.arguments[\"odd name\"] == principal.tenant",
            r#"{"odd name":"acme"}"#,
            r#"{"odd name":"globex"}"#,
        ),
    ];
    for (condition, refused, passed) in cases {
        assert_eq!(
            guarded(condition, refused),
            "deny g: the policy `g` (team.cedar:2) forbids it",
            "{condition}"
        );
        assert_eq!(guarded(condition, passed), "allow team.cedar#1", "{condition}");
    }
}

#[test]
fn an_argument_cedar_has_no_exact_word_for_cannot_slip_past_a_rule_that_looks_at_it() {
    for (arguments, why) in [
        (r#"{"amount":9223372036854775808}"#, "is a whole number beyond 64 bits"),
        (r#"{"amount":1e3}"#, "is a number with an exponent, which policy does not read"),
        (r#"{"amount":0.00001}"#, "is a number that a decimal of four places does not hold"),
        (r#"{"amount":1,"\u0061mount":1000}"#, "is given twice"),
        (r#"{"amount":"\ud800"}"#, "has an escape that stands for no character"),
    ] {
        for condition in [
            "context.arguments has amount && context.arguments.amount > 100",
            "context.arguments.amount == 7",
        ] {
            assert_eq!(
                guarded(condition, arguments),
                failed(&format!("the argument `amount` {why}"))
            );
        }
        for condition in ["context.arguments has path", "context.arguments has path.length"] {
            assert_eq!(
                guarded(condition, arguments),
                "allow team.cedar#1",
                "not looked at: {arguments}"
            );
        }
    }
    for broken in ["[]", "7", "", "{", r#"{"a":1}}"#, "\u{feff}{}", r#"{"a":01}"#] {
        assert_eq!(
            guarded("context.arguments has amount", broken),
            failed("the arguments are no JSON object")
        );
    }
}

#[test]
fn what_cannot_be_read_fails_only_the_policies_that_look_at_it() {
    let order = r#"{"order":{"amount":1e9,"to":"a"}}"#;
    assert_eq!(guarded("context.arguments.order.to == \"b\"", order), "allow team.cedar#1");
    assert!(guarded("context.arguments.order == {}", order).starts_with("deny error"));
    let set = policies(
        r#"permit (principal, action, resource) when { context.arguments.to == "a" };
           permit (principal, action, resource) when { context.arguments.amount == 1 };"#,
    );
    let explained = set.explain(&pay(r#"{"amount":1e9,"to":"a"}"#).request());
    let failed: Vec<_> = explained.errors.iter().map(|e| e.rule.as_str()).collect();
    let applied: Vec<_> = explained.satisfied.iter().map(|s| s.rule.as_str()).collect();
    assert_eq!((failed, applied), (vec!["team.cedar#2"], vec!["team.cedar#1"]));
}

/// Each case: a condition, whether it looks at the time, and which arguments it looks at.
#[test]
fn what_a_policy_looks_at_is_known_and_the_whole_context_is_everything() {
    let some = |paths: &[&[&str]]| {
        Paths::Some(paths.iter().map(|p| p.iter().map(|s| (*s).to_owned()).collect()).collect())
    };
    for (condition, time, arguments) in [
        ("resource.accepted", false, Paths::None),
        ("context.now > datetime(\"2026-01-01\")", true, Paths::None),
        ("context.time has hour && context has time.hour", true, Paths::None),
        ("context.arguments.a.b == 1", false, some(&[&["a", "b"]])),
        ("context.arguments has a", false, some(&[&["a"]])),
        ("context.arguments has a.b", false, some(&[&["a", "b"]])),
        ("context has arguments.a.b", false, some(&[&["a", "b"]])),
        ("context.arguments.a like \"x\" || context.time.hour == 1", true, some(&[&["a"]])),
        ("context.arguments == {}", false, Paths::All),
        ("context == context", true, Paths::All),
        ("{c: context}.c.arguments == {}", true, Paths::All),
        ("!((if resource.accepted then context else context).arguments has a)", true, Paths::All),
    ] {
        let set =
            policies(&format!("permit (principal, action, resource) when {{ {condition} }};"));
        assert_eq!(set.rules()[0].reads, Reads { time, arguments }, "{condition}");
    }
    let hidden = "((if resource.accepted then context else context).arguments has force) == true";
    assert!(guarded(hidden, r#"{"force":true}"#).starts_with("deny g"));
}

#[test]
fn names_cedar_gives_a_meaning_in_its_own_json_have_none_in_arguments() {
    let entity = r#"{"who":{"__entity":{"type":"Principal","id":"alice"}}}"#;
    let extension = r#"{"who":{"__extn":{"fn":"decimal","arg":"1.0"}}}"#;
    let expression = r#"{"who":{"__expr":"Principal::\"alice\""}}"#;
    for arguments in [entity, extension, expression] {
        assert_eq!(guarded("context.arguments.who == principal", arguments), "allow team.cedar#1");
        assert_eq!(
            guarded("context.arguments.who == decimal(\"1.0\")", arguments),
            "allow team.cedar#1"
        );
    }
    assert!(
        guarded("context.arguments.who[\"__entity\"].id == \"alice\"", entity)
            .starts_with("deny g")
    );
    let number = r#"{"who":{"$serde_json::private::Number":"5"}}"#;
    assert_eq!(guarded("context.arguments.who == 5", number), "allow team.cedar#1");
    assert!(
        guarded("context.arguments.who has \"$serde_json::private::Number\"", number)
            .starts_with("deny g")
    );
}

#[test]
fn a_costly_pattern_over_a_long_text_is_answered_quickly() {
    let text = format!(r#"{{"text":"{}"}}"#, "a".repeat(100_000));
    let clock = ambient::Clock::system();
    let began = clock.instant();
    assert_eq!(
        guarded("context.arguments.text like \"*a*a*a*a*a*b\"", &text),
        "allow team.cedar#1"
    );
    assert!(clock.instant().since(began).as_millis() < 2_000, "a pattern took too long");
}

#[test]
fn deep_arguments_are_refused_only_where_a_rule_looks_at_them() {
    let deep = format!(r#"{{"x":{}{},"y":1}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert!(guarded("!(context.arguments has x)", &deep).contains("is nested too deeply"));
    assert_eq!(guarded("context.arguments.y == 2", &deep), "allow team.cedar#1");
    let wide = format!(r#"{{"x":[{}]}}"#, vec!["1"; 50_000].join(","));
    assert!(guarded("context.arguments.x.contains(2)", &wide).contains("has too many parts"));
}

#[test]
fn the_hour_and_the_day_can_be_asked_for() {
    let set = policies(
        r#"permit (principal, action, resource) when {
             context.time.hour >= 9 && context.time.hour < 17 && !(["saturday", "sunday"].contains(context.time.weekday))
             && context.time.epoch_seconds > 0 && context.now < datetime("2030-01-01") };"#,
    );
    // 2026-07-28T13:05:06Z is a Tuesday.
    let mut call = pay("{}");
    let day = 86_400_000;
    for (later, allowed) in
        [(0, true), (4 * day, false), (5 * day, false), (6 * day, true), (day / 4, false)]
    {
        call.now = Timestamp(1_785_243_906_007 + later);
        assert_eq!(say(&set, &call).starts_with("allow"), allowed, "{later}");
    }
    call.now = Timestamp(u64::MAX);
    assert_eq!(say(&set, &call), "deny error: the call could not be put into the words of policy");
    assert!(
        !set.needs_arguments(model::Action::Call) && set.depends_on_context(model::Action::Call)
    );
}

#[test]
fn the_moment_is_exact_to_the_millisecond_and_ends_with_the_year_9999() {
    for (now, text) in [
        (0, "1970-01-01T00:00:00.000Z"),
        (951_868_799_999, "2000-02-29T23:59:59.999Z"),
        (1_785_243_906_007, "2026-07-28T13:05:06.007Z"),
        (253_402_300_799_998, "9999-12-31T23:59:59.998Z"),
    ] {
        let set = policies(&format!(
            "permit (principal, action, resource) when {{ context.now == datetime(\"{text}\") }};"
        ));
        let mut call = pay("{}");
        call.now = Timestamp(now);
        assert_eq!(say(&set, &call), "allow team.cedar#1", "{text}");
        call.now = Timestamp(now + 1);
        assert_eq!(say(&set, &call), "deny default: no policy permits it", "{text}");
    }
    let set =
        policies("permit (principal, action, resource) unless { context.now == context.now };");
    let mut call = pay("{}");
    call.now = Timestamp(253_402_300_800_000);
    assert_eq!(say(&set, &call), "deny error: the call could not be put into the words of policy");
}

#[test]
fn a_refusal_says_why_and_shows_no_value_of_an_argument() {
    for (condition, arguments, why) in [
        (
            "context.arguments.s.contains(1)",
            r#"{"s":"hunter2-77"}"#,
            "type error: expected set, got string",
        ),
        (
            "ip(context.arguments.s).isLoopback()",
            r#"{"s":"hunter2-77"}"#,
            "the function `ipaddr` refused its argument",
        ),
        (
            "context.arguments.n * 9223372036854775807 > 1",
            r#"{"n":77}"#,
            "a number left the range of 64 bits",
        ),
        (
            "context.arguments.o.missing",
            r#"{"o":{"hunter2-77":1}}"#,
            "record does not have the attribute `missing`: ask with `has` first",
        ),
    ] {
        assert_eq!(guarded(condition, arguments), failed(why));
    }
}

#[test]
fn lists_show_what_some_arguments_may_get_and_nothing_else() {
    let set = policies(
        r#"permit (principal, action, resource == Tool::"shop__a") when { context.arguments.x == 1 };
           permit (principal, action, resource == Tool::"shop__b");
           forbid (principal, action, resource == Tool::"shop__b") when { context.arguments has x };
           permit (principal, action, resource == Tool::"shop__c") when { context.time.hour == 3 };
           @ask permit (principal, action, resource == Tool::"shop__d");
           permit (principal, action, resource == Tool::"shop__e") when { context.arguments.x == 1 };
           forbid (principal == Principal::"alice", action, resource == Tool::"shop__e");"#,
    );
    let decider = Decider::new(std::sync::Arc::new(set));
    for (name, shown) in
        [("a", true), ("b", true), ("c", false), ("d", true), ("e", false), ("f", false)]
    {
        let call = call(&format!("shop__{name}"), Effect::Write);
        assert_eq!(
            decider.may(&call.principal, call.action, &call.target(), call.now),
            shown,
            "{name}"
        );
        assert_eq!(
            decider.policies().may(&call.principal, call.action, &call.target(), call.now),
            shown,
            "{name}"
        );
    }
}
