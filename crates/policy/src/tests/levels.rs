use model::{Action, Effect};

use super::{call, load, say, shipped};

fn fails(pattern: &str, level: &str) -> String {
    load("", &[(pattern, level)]).unwrap_err().to_string()
}

#[test]
fn a_level_is_the_operators_word_and_the_strictest_counts() {
    let set = shipped(&[
        ("files__*", "allow"),
        ("files__delete", "ask"),
        ("files__drop", "deny"),
        ("shop__list", "deny"),
    ]);
    for (name, effect, said) in [
        ("files__format", Effect::Destructive, "allow level:files__*"),
        ("files__delete", Effect::Destructive, "ask level:files__delete"),
        (
            "files__drop",
            Effect::Read,
            "deny level:files__drop: the policy `level:files__drop` (levels:3) forbids it",
        ),
        (
            "shop__list",
            Effect::Read,
            "deny level:shop__list: the policy `level:shop__list` (levels:4) forbids it",
        ),
        ("shop__find", Effect::Read, "allow shipped-read"),
        ("shop__pay", Effect::Spend, "deny default: no policy permits it"),
    ] {
        assert_eq!(say(&set, &call(name, effect)), said);
    }
}

#[test]
fn arguments_do_not_change_what_a_tool_is() {
    let set = shipped(&[("shop__refund", "ask")]);
    for arguments in [r#"{"action_type":"read"}"#, r#"{"type":"list"}"#] {
        assert_eq!(
            say(&set, &call("shop__refund", Effect::Destructive).with(arguments)),
            "ask level:shop__refund"
        );
    }
}

#[test]
fn a_whole_source_means_its_resources_too_and_a_name_never_does() {
    let set = shipped(&[("files__*", "deny"), ("shop__re*", "allow")]);
    let mut resource = call("files__x", Effect::Read);
    (resource.action, resource.name) = (Action::Read, "file:///srv/x".to_owned());
    assert!(say(&set, &resource).starts_with("deny level:files__*"));
    let mut named_like_a_tool = call("shop__x", Effect::Destructive);
    (named_like_a_tool.action, named_like_a_tool.name) = (Action::Read, "shop__refund".to_owned());
    assert_eq!(say(&set, &named_like_a_tool), "deny default: no policy permits it");
    named_like_a_tool.action = Action::Prompt;
    assert_eq!(say(&set, &named_like_a_tool), "allow level:shop__re*");
}

#[test]
fn a_name_agents_see_shortened_or_without_dots_is_still_denied() {
    let long = format!("files__{}", "x".repeat(100));
    let seen = model::expose(Some("files"), &"x".repeat(100)).unwrap();
    let set = shipped(&[(&long, "deny"), ("files__admin.tools/list", "deny")]);
    assert!(say(&set, &call(seen.as_str(), Effect::Read)).starts_with("deny level:files__xxx"));
    assert!(
        say(&set, &call("files__admin_tools_list", Effect::Read))
            .starts_with("deny level:files__admin.tools/list")
    );
}

#[test]
fn a_beginning_may_be_as_long_as_what_a_shortened_name_keeps_of_it() {
    let set = shipped(&[(&format!("files__{}*", "x".repeat(48)), "deny")]);
    let seen = model::expose(Some("files"), &"x".repeat(100)).unwrap();
    assert!(say(&set, &call(seen.as_str(), Effect::Read)).starts_with("deny level:"));
    assert!(
        fails(&format!("files__{}*", "x".repeat(49)), "deny")
            .contains("longer than the 55 characters")
    );
}

#[test]
fn a_name_is_taken_apart_only_at_the_name_of_a_source() {
    let longest = "x".repeat(128);
    let seen = model::expose(Some("files"), &longest).unwrap();
    let set = shipped(&[(&format!("files__{longest}"), "deny")]);
    assert!(say(&set, &call(seen.as_str(), Effect::Read)).starts_with("deny level:"));
    let known = crate::Known::new(["files"], ["Money__"]);
    let level = [("Money__".to_owned(), "allow".to_owned())];
    let set = crate::PolicySet::load(&[], &level, &known, 1).unwrap();
    let mut call = call("files__x", Effect::Spend);
    call.name = "Money__".to_owned();
    assert_eq!(say(&set, &call), "allow level:Money__");
}

/// g-policy-05: a rule for the name that a tool had before it was renamed would never apply.
#[test]
fn a_rule_for_a_name_that_agents_do_not_know_is_an_error_that_says_the_one_they_do() {
    let names = [("shop__refund".to_owned(), "money_back".to_owned())];
    let known = crate::Known::new(["shop"], ["money_back"]).renamed(names);
    let load = |text: &str, levels: &[(&str, &str)]| {
        let levels: Vec<_> =
            levels.iter().map(|(p, l)| ((*p).to_owned(), (*l).to_owned())).collect();
        crate::PolicySet::load(&[("a.cedar".to_owned(), text.to_owned())], &levels, &known, 1)
    };
    let said = "no name `shop__refund`: agents know it as `money_back`";
    assert!(load("", &[("shop__refund", "deny")]).unwrap_err().message.contains(said));
    let forbid = |name: &str| format!("forbid (principal, action, resource == Tool::\"{name}\");");
    assert!(load(&forbid("shop__refund"), &[]).unwrap_err().message.contains(said));
    assert!(load(&forbid("money_back"), &[("money_back", "deny")]).is_ok());
    assert!(load("", &[("shop__*", "deny")]).is_ok());
    // Where names have no prefix: of others nothing is known, but those that were renamed are.
    let known = crate::Known::anything().renamed([("refund".to_owned(), "money_back".to_owned())]);
    let load = |name: &str| {
        crate::PolicySet::load(&[("a.cedar".to_owned(), forbid(name))], &[], &known, 1)
    };
    let said = "no name `refund`: agents know it as `money_back`";
    assert!(load("refund").unwrap_err().message.contains(said));
    assert!(load("list").is_ok());
}

#[test]
fn a_mistyped_level_or_source_is_an_error_that_says_what_was_meant() {
    for (pattern, level, said) in [
        (
            "shop__refund",
            "Deny",
            "levels: `shop__refund`: unknown level `Deny`: did you mean `deny`?",
        ),
        (
            "shop__refund",
            "block",
            "levels: `shop__refund`: unknown level `block`: did you mean `deny`?",
        ),
        (
            "shop__refund",
            "42",
            "levels: `shop__refund`: unknown level `42`: use `allow`, `ask` or `deny`",
        ),
        (
            "gihtub__*",
            "deny",
            "levels: the pattern `gihtub__*` matches no source `gihtub`: did you mean `github`?",
        ),
        (
            "gihtub__x",
            "deny",
            "levels: the pattern `gihtub__x` matches no source `gihtub`: did you mean `github`?",
        ),
        (
            "money_bak",
            "deny",
            "levels: the pattern `money_bak` matches no name outside the sources `money_bak`: did you mean `money_back`?",
        ),
        (
            "hub*",
            "deny",
            "levels: the pattern `hub*` matches nothing that begins with `hub`: there is `files`, `github`, `shop`, `money_back`",
        ),
    ] {
        assert_eq!(fails(pattern, level), said);
    }
    for (word, meant) in
        [("permit", "allow"), ("on", "allow"), ("never", "deny"), ("confirm", "ask")]
    {
        let said = format!("did you mean `{meant}`?");
        assert!(fails("shop__refund", word).ends_with(&said), "{word}");
    }
    for pattern in ["", "a*b", "files__\"", "files__a b", "files__a\n", "**", "files__{x}"] {
        assert!(fails(pattern, "deny").contains("is no name"), "{pattern}");
    }
    assert!(load("", &[("money_back", "deny"), ("*", "ask"), ("git*", "deny")]).is_ok());
    assert!(
        load("", &[("shop__a", "deny"), ("shop__a", "allow")])
            .unwrap_err()
            .message
            .contains("already used")
    );
}
