use super::support::*;

fn error(configuration: &str) -> String {
    let place = Place::new(configuration);
    let ran = place.run(&["check"]);
    assert_eq!(ran.code, 1, "{}", ran.out);
    ran.err
}

// g-policy-27
#[test]
fn an_unknown_key_is_shown_with_its_line_and_what_was_meant() {
    insta::assert_snapshot!(error("[server]\nalowed-hosts = []\n"), @"
    error: portcullis.toml:2:1: unknown key `alowed-hosts`: did you mean `allowed-hosts`?
      |
    2 | alowed-hosts = []
      | ^^^^^^^^^^^^
    ");
}

// g-policy-31
#[test]
fn the_second_of_two_equal_keys_is_shown() {
    assert!(
        error("[log]\nlevel = \"info\"\nlevel = \"warn\"\n")
            .contains("portcullis.toml:3:1: duplicate key")
    );
}

// g-http-67
#[test]
fn a_shell_with_inline_code_is_an_error_at_its_source() {
    let shown = error(
        "[[source]]\nname = \"a\"\nmcp = { command = [\"sh\", \"-c\", \"npx -y server\"] }\n",
    );
    assert!(
        shown.contains("portcullis.toml:3:1: source `a`:")
            && shown.contains("runs code written in the command")
    );
}

// b-policy-08, b-policy-09
#[test]
fn an_unknown_level_is_an_error_at_its_rule() {
    for (level, says) in [("Deny", "did you mean `deny`?"), ("block", "did you mean `deny`?")] {
        let shown = error(&notes(&format!("[policy]\nrules = {{ \"notes__*\" = \"{level}\" }}")));
        assert!(shown.contains(says) && shown.contains("portcullis.toml:5:11"), "{shown}");
    }
}

// b-policy-12
#[test]
fn a_pattern_that_names_no_source_is_an_error_at_its_rule() {
    let shown = error(&notes("[policy]\nrules = { \"ntoes__*\" = \"deny\" }"));
    assert!(shown.contains("no source `ntoes`: did you mean `notes`?"), "{shown}");
}

// g-policy-22
#[test]
fn a_policy_that_does_not_parse_is_shown_with_its_line() {
    let place = Place::new("[policy]\ndir = \"policies\"\n");
    std::fs::create_dir(place.path("policies")).unwrap();
    place.write(
        "policies/a.cedar",
        "permit (principal, action, resource);\nforbid (principal action, resource);\n",
    );
    for command in ["check", "serve"] {
        let ran = place.run(&[command]);
        assert_eq!(ran.code, 1);
        assert!(
            ran.err.contains("a.cedar:2:") && ran.err.contains("forbid (principal action"),
            "{}",
            ran.err
        );
    }
}

#[test]
fn a_good_configuration_is_said_to_be_good_and_nothing_is_made() {
    let place = Place::new(&notes(""));
    let ran = place.run(&["check"]);
    let (said, programs) = ran.out.split_once('\n').unwrap();
    assert_eq!((ran.code, said), (0, "portcullis.toml: good (1 source, 1 policy)"));
    assert!(programs.starts_with("  notes: confined: reads "), "{programs}");
    assert!(!place.path(".portcullis").exists());
}

#[test]
fn a_missing_variable_is_an_error_that_shows_no_value() {
    let text = "[[source]]\nname = \"a\"\n[source.mcp]\ncommand = [\"x\"]\nenv = { T = \"s3cret-${env:NOT_SET_ANYWHERE}\" }\n";
    let shown = error(text);
    assert!(shown.contains("`NOT_SET_ANYWHERE` is not set"), "{shown}");
    let message = shown.lines().next().unwrap_or_default();
    assert!(!message.contains("s3cret"), "{message}");
}

#[test]
fn a_relay_that_is_not_to_be_asked_is_an_error_and_a_wallet_over_relays_is_none() {
    let paying = |more: &str| {
        format!(
            "[payments]\n{more}\n[payments.lightning]\nwallet = {{ nwc = {{ uri = \"vault:nwc\" }} }}\n\
             [[budget]]\nwindow = \"24h\"\nlimit = \"10 sat\"\n"
        )
    };
    for (more, says) in [
        ("relays = [\"ws://127.0.0.1:7000\"]", "must stand in `private`"),
        ("relays = [\"ws://relay.example\"]", "has no TLS"),
        ("relays = [\"https://relay.example\"]", "begins with wss://"),
        (&format!("relays = [{}]", "\"wss://relay.example\",".repeat(11)), "more than 10"),
    ] {
        let shown = error(&paying(more));
        assert!(shown.contains("`relays`") && shown.contains(says), "{shown}");
    }
    let good = "relays = [\"wss://relay.example\", \"ws://127.0.0.1:7000\"]\nprivate = [\"127.0.0.1:7000\"]";
    let place = Place::new(&paying(good));
    let ran = place.run(&["check"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
}
