use super::{known, load, policies};
use crate::{Known, PolicySet};

fn fails(text: &str) -> String {
    match load(text, &[]) {
        Ok(_) => panic!("loaded: {text}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_does_not_parse_is_shown_with_its_line_and_a_caret() {
    assert_eq!(
        fails(
            "permit (principal, action, resource);\n\npermit (principal, action, resource) when { principal. };\n"
        ),
        "team.cedar:3:56: unexpected token `}`: expected identifier\n  \
           |\n3 | permit (principal, action, resource) when { principal. };\n  \
           |                                                        ^"
    );
}

#[test]
fn what_the_schema_does_not_know_is_an_error_with_a_suggestion() {
    let when = |c: &str| format!("permit (principal, action, resource) when {{ {c} }};");
    for (text, said) in [
        (
            when("principal.tennant == \"acme\""),
            "1:45: attribute `tennant` on entity type `Principal` not found: did you mean `tenant`?",
        ),
        (when("resource.efect == \"read\""), "did you mean `effect`?"),
        (when("context.tme.hour == 1"), "did you mean `time`?"),
        (when("context.argumets.x == 1"), "did you mean `arguments`?"),
        (when("context.arguments.x == principal.tennant"), "did you mean `tenant`?"),
        (when("context.arguments.x > principal.tenant"), "unexpected type"),
        (
            when("principal.scopes.contains(context.arguments.x) && resource.role == \"x\""),
            "attribute `role`",
        ),
        (when("principal.tenant.contains(context.arguments.x)"), "unexpected type"),
        (when("ip(context.arguments.x).isInRange(principal.role)"), "unexpected type"),
        (when("principal.tenant.containsAll(context.arguments.x)"), "unexpected type"),
        (when("context.arguments.x.containsAny(principal.tenant)"), "unexpected type"),
        (when("resource.arguments == 1"), "attribute `arguments`"),
        (when("context has tme.hour"), "this policy can never apply"),
        (when("principal has arguments.x"), "this policy can never apply"),
        (when("context.arguments.x in Source::\"files\""), "unexpected type"),
        (
            when("resource.effect == \"raed\""),
            "1:64: `effect` is never \"raed\": did you mean `read`?",
        ),
        (
            when("[\"read\", \"wirte\"].contains(resource.effect)"),
            "`effect` is never \"wirte\": did you mean `write`?",
        ),
        (
            when("principal.role == \"admin\""),
            "`role` is never \"admin\": there is `agent`, `operator`",
        ),
        (when("context.time.weekday == \"Monday\""), "did you mean `monday`?"),
        (
            when("resource in Source::\"gihtub\""),
            "there is no source `gihtub`: did you mean `github`?",
        ),
        (
            when("resource == Tool::\"gihtub__x\""),
            "there is no source `gihtub`: did you mean `github`?",
        ),
        (
            when("resource.source == \"gihtub\""),
            "1:64: there is no source `gihtub`: did you mean `github`?",
        ),
        (
            when("resource == Tool::\"money_bak\""),
            "there is no name outside the sources `money_bak`: did you mean `money_back`?",
        ),
        (
            "forbid (principal, action == Action::\"prompt\", resource == Prompt::\"sumarise\");"
                .into(),
            "there is no name outside the sources `sumarise`",
        ),
        (
            "forbid (principal, action, resource in Source::\"gihtub\");".into(),
            "there is no source `gihtub`: did you mean `github`?",
        ),
        (
            "permit (principal, action == Action::\"cal\", resource);".into(),
            "unrecognized action `Action::\"cal\"`: did you mean `Action::\"call\"`?",
        ),
        (
            "permit (principal is Princpal, action, resource);".into(),
            "unrecognized entity type `Princpal`: did you mean `Principal`?",
        ),
        (
            "forbid (principal, action == Action::\"read\", resource is Tool);".into(),
            "this policy can never apply",
        ),
        (when("resource.name == \"\u{202E}x\""), "turn the direction of writing"),
    ] {
        let error = fails(&text);
        assert!(error.starts_with("team.cedar:1:") && error.contains(said), "{text}\n{error}");
    }
}

#[test]
fn arguments_may_have_any_form() {
    for condition in [
        "context.arguments.a.b.c == 1",
        "context.arguments[\"a b\"] like \"x*\"",
        "context.arguments has a && context.arguments.a.contains(principal.tenant)",
        "context.arguments has a.b.c",
        "context has arguments.a",
        "principal.scopes.contains(context.arguments.scope)",
        "principal.scopes.containsAll(context.arguments.scopes)",
        "[1, context.arguments.a].contains(2)",
        "{a: context.arguments.a, b: 1}.b == 2",
        "if context.arguments.a then context.arguments.b else resource.accepted",
        "!context.arguments.a || -context.arguments.b < 3 && context.arguments.c + 1 > context.arguments.d * 2",
        "context.arguments.list.isEmpty()",
        "ip(context.arguments.ip).isLoopback() || decimal(context.arguments.d).lessThan(decimal(\"1.0\"))",
        "context.arguments.d.lessThan(decimal(\"1.0\")) && context.now < datetime(context.arguments.until)",
        "context.now.offset(duration(context.arguments.d)) > context.now && context.now.toTime() > duration(\"1h\")",
        "context.arguments.a.isIpv4() || context.arguments.a.isInRange(ip(\"10.0.0.0/8\"))",
        "context.now.offset(context.arguments.a) > context.arguments.b.offset(duration(\"1h\"))",
        "context.arguments.a.toDate() > context.now",
        "context.now.durationSince(context.arguments.a) > duration(\"1h\") || context.arguments.b.toDays() > 1",
        "principal.tenant == context.arguments.a && 100 > context.arguments.b",
        "[\"a\"].containsAny(context.arguments.a) || context.arguments.b.containsAll([\"b\"])",
        "context.arguments.weekday == \"Mon\" || context.arguments.time.weekday == \"Mon\"",
        "context.arguments == {}",
    ] {
        let text = format!("permit (principal, action, resource) when {{ {condition} }};");
        assert!(load(&text, &[]).is_ok(), "{condition}: {}", fails(&text));
    }
}

#[test]
fn annotations_that_would_be_lost_are_errors() {
    let named = |n| format!("@id(\"{}\") permit (principal, action, resource);", "x".repeat(n));
    for (text, said) in [
        (
            "@verdict(\"alow\") permit (principal, action, resource);",
            "unknown verdict \"alow\": use `allow` or `ask`",
        ),
        ("@verdict(\"deny\") permit (principal, action, resource);", "unknown verdict \"deny\""),
        ("@ask forbid (principal, action, resource);", "a `forbid` always denies"),
        ("@verdict(\"ask\") forbid (principal, action, resource);", "a `forbid` always denies"),
        ("@verdict(\"allow\") forbid (principal, action, resource);", "a `forbid` always denies"),
        ("@ask(\"no\") permit (principal, action, resource);", "`@ask` takes no value"),
        ("@ask @verdict(\"allow\") permit (principal, action, resource);", "contradict each other"),
        (
            "@aks permit (principal, action, resource);",
            "unknown annotation `@aks`: did you mean `@ask`?",
        ),
        ("@Ask permit (principal, action, resource);", "did you mean `@ask`?"),
        ("@vredict(\"ask\") permit (principal, action, resource);", "did you mean `@verdict`?"),
        ("@id(\"error\") permit (principal, action, resource);", "the name `error` is taken"),
        ("@id(\"level:x\") permit (principal, action, resource);", "is taken"),
        ("@vrdct(\"ask\") permit (principal, action, resource);", "did you mean `@verdict`?"),
        ("@id(\"\") permit (principal, action, resource);", "1 to 128 bytes"),
        (&named(129), "1 to 128 bytes"),
        (
            "@id(\"a\") permit (principal, action, resource);\n@id(\"a\") forbid (principal, action, resource);",
            "2:1: the name `a` is already used at team.cedar:1",
        ),
        ("permit (principal == ?principal, action, resource);", "templates"),
    ] {
        let error = fails(text);
        assert!(error.contains(said), "{text}\n{error}");
    }
    let notes = "@reason(\"audit\") @note @by(\"team\") permit (principal, action, resource);";
    for text in [notes, &named(128)] {
        assert!(load(text, &[]).is_ok(), "{text}");
    }
}

#[test]
fn text_made_to_exhaust_the_stack_is_an_error_that_says_so() {
    let when = |c: String| format!("permit (principal, action, resource) when {{ {c} }};");
    let deep = |open: &str, middle: &str, close: &str| {
        when(format!("{}{middle}{}", open.repeat(10_000), close.repeat(10_000)))
    };
    for text in [
        deep("(", "true", ")"),
        deep("[", "1", "]"),
        deep("{a:", "1", "}"),
        "(".repeat(100_000),
        format!("// \r{}", deep("(", "true", ")")),
    ] {
        assert!(fails(&text).contains("brackets are nested more than 64 deep"));
    }
    for text in [
        when(vec!["true"; 50_000].join(" && ")),
        when(vec!["true"; 50_000].join("||")),
        when(format!("context{}", ".a".repeat(50_000))),
        when(vec!["1"; 50_000].join("+")),
        when(format!("{}true{}", "if true then ".repeat(10_000), " else false".repeat(10_000))),
        when(format!("{}true", "!".repeat(50_000))),
    ] {
        assert!(fails(&text).contains("chains more than 1000 operators"));
    }
    assert!(fails(&" ".repeat(2 << 20)).contains("is larger than"));
}

/// On a stack of the size threads usually have, and in a debug build, whose frames are large.
#[test]
fn what_is_just_within_the_limits_can_be_loaded_and_asked() {
    let when = |c: String| format!("permit (principal, action, resource) when {{ {c} }};");
    for text in [
        when(vec!["principal.role == \"agent\""; 400].join(" && ")),
        when(format!("{}true{}", "(".repeat(60), ")".repeat(60))),
        when(format!("principal.role == \"agent\"{}", " || context.arguments has x".repeat(600))),
        when(format!("1{} > 0", " + 1".repeat(1_900))),
    ] {
        let run = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
            let set = policies(&text);
            super::say(&set, &super::call("files__x", model::Effect::Read))
        });
        let said = run.unwrap().join().unwrap();
        assert!(said == "allow team.cedar#1" || said.contains("nested too deeply"), "{said}");
    }
}

#[test]
fn brackets_in_texts_and_comments_do_not_count() {
    let many = "(".repeat(200);
    policies(&format!(
        "// {many}\npermit (principal, action, resource) when {{ resource.name != \"\\\"{many}\" }};"
    ));
}

#[test]
fn two_files_keep_their_names_and_a_policy_check_needs_no_configuration() {
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let files = [
        file("a.cedar", "permit (principal, action, resource in Source::\"nowhere\");"),
        file(
            "b.cedar",
            "// first\n\npermit (principal, action, resource in Source::\"x\");\npermit (principal, action, resource);",
        ),
    ];
    let set =
        PolicySet::load(&files, &[("nowhere__x".into(), "ask".into())], &Known::anything(), 1)
            .unwrap();
    let ids: Vec<_> = set.rules().iter().map(|r| format!("{} {}", r.id, r.location())).collect();
    assert_eq!(
        ids,
        [
            "a.cedar#1 a.cedar:1",
            "b.cedar#1 b.cedar:3",
            "b.cedar#2 b.cedar:4",
            "level:nowhere__x levels:1"
        ]
    );
    let error = PolicySet::load(&files, &[], &known(), 1).unwrap_err();
    assert_eq!(
        error.to_string().lines().next(),
        Some("a.cedar:1:40: there is no source `nowhere`: there is `files`, `github`, `shop`")
    );
}

#[test]
fn the_place_is_right_behind_wide_characters_tabs_and_in_long_lines() {
    let error = fails(
        "permit (principal, action, resource) when {\n\tresource.name == \"é漢\" && resource.efect == \"x\" };",
    );
    let lines: Vec<_> = error.lines().collect();
    assert!(lines[0].starts_with("team.cedar:2:27: "), "{error}");
    assert_eq!(
        lines[3].find('^'),
        lines[2].chars().position(|c| c == 'f').map(|at| at - "resource.e".len()),
        "{error}"
    );
    let long = format!(
        "permit (principal, action, resource) when {{ resource.name == \"{}\" && resource.efect == \"x\" }};",
        "y".repeat(5_000)
    );
    assert!(fails(&long).lines().all(|line| line.chars().count() < 200));
}

#[test]
fn all_that_is_meant_is_underlined_and_nothing_beyond_its_line() {
    for (text, meant) in [
        (
            "permit (principal, action, resource) when { resource.efect == \"x\" };",
            "resource.efect",
        ),
        ("@ask(\"no\")\npermit (principal, action, resource);", "@ask(\"no\")"),
        ("@ask(\"no\")\r\npermit (principal, action, resource);", "@ask(\"no\")"),
    ] {
        let error = fails(text);
        let [_, _, shown, carets] = error.lines().collect::<Vec<_>>()[..] else {
            panic!("{error}")
        };
        assert_eq!(carets.find('^'), shown.find(meant), "{error}");
        assert_eq!(carets.matches('^').count(), meant.len(), "{error}");
    }
}

#[test]
fn no_character_that_turns_the_direction_of_writing_is_shown() {
    for turns in ['\u{202A}', '\u{202E}', '\u{2066}', '\u{2069}', '\u{200E}', '\u{200F}'] {
        let error = fails(&format!(
            "permit (principal, action, resource) when {{ resource.efect == \"{turns}\" }};"
        ));
        assert!(error.contains("did you mean") && !error.contains(turns), "{error}");
    }
}
