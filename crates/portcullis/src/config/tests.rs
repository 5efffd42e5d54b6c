use std::path::Path;

use super::*;

fn error(text: &str) -> String {
    match parse(Path::new("portcullis.toml"), text.to_owned()) {
        Ok(_) => "no error".to_owned(),
        Err(e) => e.to_string(),
    }
}

fn source(rest: &str) -> String {
    format!("[[source]]\nname = \"up\"\n{rest}\n")
}

// g-policy-27
#[test]
fn an_unknown_key_is_refused_with_its_line_and_a_suggestion() {
    insta::assert_snapshot!(error("[server]\nlissten = \"127.0.0.1:1\"\n"), @"
    portcullis.toml:2:1: unknown key `lissten`: did you mean `listen`?
      |
    2 | lissten = \"127.0.0.1:1\"
      | ^^^^^^^
    ");
    assert!(error("fail_mode = \"open\"\n").contains("unknown key `fail_mode`"));
}

// g-policy-31
#[test]
fn the_second_of_two_equal_keys_is_shown() {
    let shown = error("[server]\nsse = true\nsse = false\n");
    assert!(shown.starts_with("portcullis.toml:3:1: duplicate key"), "{shown}");
}

#[test]
fn a_syntax_error_points_at_its_line() {
    let shown = error("[server]\nlisten = \"127.0.0.1:1\n");
    assert!(shown.starts_with("portcullis.toml:2:"), "{shown}");
}

// g-http-55
#[test]
fn a_separator_in_the_name_of_a_source_is_an_error_at_its_line() {
    let shown = error("[[source]]\nname = \"a+b\"\nmcp = { url = \"https://example.com/\" }\n");
    assert!(shown.starts_with("portcullis.toml:2:1: `a+b` is no name for a source"), "{shown}");
}

// g-http-58 to 62
#[test]
fn private_and_metadata_addresses_are_errors_that_say_what_to_add() {
    for (url, says) in [
        ("http://169.254.169.254/", "such an address is never called"),
        ("http://127.0.0.1:9000/", "add `private = [\"127.0.0.1:9000\"]`"),
        ("http://10.1.2.3/", "add `private = [\"10.1.2.3:80\"]`"),
        ("http://2130706433/", "another way of writing 127.0.0.1"),
        ("http://0x7f000001/", "another way of writing 127.0.0.1"),
        ("http://localhost:1/", "add `private = [\"localhost:1\"]`"),
        ("ftp://example.com/", "scheme_refused"),
    ] {
        let shown = error(&source(&format!("mcp = {{ url = \"{url}\" }}")));
        assert!(shown.contains(says), "{url}: {shown}");
    }
    let named =
        source("mcp = { url = \"http://127.0.0.1:9000/\" }\nprivate = [\"127.0.0.1:9000\"]");
    assert_eq!(error(&named), "no error");
    let other =
        source("mcp = { url = \"http://127.0.0.1:9001/\" }\nprivate = [\"127.0.0.1:9000\"]");
    assert_ne!(error(&other), "no error");
}

#[test]
fn two_names_that_would_be_one_are_both_named() {
    let text = "[[source]]\nname = \"a\"\nmcp = { command = [\"x\"] }\nnames = { go = \"run\" }\n\
                [[source]]\nname = \"b\"\nmcp = { command = [\"x\"] }\nnames = { start = \"run\" }\n";
    let shown = error(text);
    assert!(shown.contains("`b/start` and `a/go` would both be called `run`"), "{shown}");
    let twice = source("mcp = { command = [\"x\"] }").repeat(2);
    assert!(error(&twice).contains("the name `up` is taken by source 1"));
}

#[test]
fn values_out_of_their_form_are_errors_at_their_place() {
    for (text, says) in [
        ("[limits]\nper-tool = \"fast\"\n", "portcullis.toml:2:12: `fast` is no rate"),
        ("[limits]\nconcurrency = 0\n", "`concurrency` of nothing would refuse everything"),
        ("[server]\nauth = \"key\"\n", "unknown word `key`: did you mean `keys`?"),
        ("[admin]\nlisten = \"0.0.0.0:1\"\n", "loopback only"),
    ] {
        let shown = error(text);
        assert!(shown.contains(says), "{text}: {shown}");
    }
    assert!(error(&source("mcp = {}")).contains("needs a `command` to start or a `url`"));
    let bad = source("mcp = { command = [\"x\"] }\neffects = { \"a*b\" = \"read\" }");
    assert!(error(&bad).contains("`a*b` is no pattern"));
}

// g-audit-25
#[test]
fn a_shown_configuration_holds_references_and_no_secret() {
    let text = source(
        "private = []\n[source.mcp]\nurl = \"https://example.com/mcp?key=hunter2\"\n\
         headers = { Authorization = \"Bearer s3cret\", X = \"${env:HOME}\" } # kept",
    );
    let loaded = parse(Path::new("p.toml"), text).unwrap();
    let shown = show(&loaded);
    assert!(!shown.contains("s3cret") && !shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("Authorization = \"•••\", X = \"${env:HOME}\" } # kept"), "{shown}");
}

#[test]
fn what_proves_the_gate_to_an_api_or_a_proxy_is_not_shown_either() {
    let text = "[[source]]\nname = \"a\"\nopenapi = { spec = \"x\" }\n\
        proxy = { url = \"http://p.example:1\", user = \"u5er\", password = \"hunter2\" }\n\
        [source.auth.schemes]\none = { bearer = \"hunter3\" }\ntwo = { basic = { user = \"vault:u\", password = \"hunter4\" } }\n\
        three = { headers = { X-Key = \"hunter5\" } }\nfour = { api-key = { value = \"hunter6\" } }\n\
        five = { aws = { access-key = \"hunter7\", secret-key = \"hunter8\", region = \"r\", service = \"s\" } }\n\
        six = { oauth2 = { token-url = \"https://t.example/\", client-id = \"i\", client-secret = \"hunter9\" } }\n";
    let loaded = parse(Path::new("p.toml"), text.to_owned()).unwrap();
    let shown = show(&loaded);
    assert!(!shown.contains("hunter") && !shown.contains("u5er"), "{shown}");
    assert!(shown.contains("user = \"vault:u\"") && shown.contains("region = \"r\""), "{shown}");
    parse(Path::new("p.toml"), shown).unwrap();
}

#[test]
fn the_schema_in_the_repository_is_the_one_of_this_program() {
    let kept = include_str!("../../../../docs/portcullis.schema.json");
    assert!(kept == schema(), "run `portcullis config schema > docs/portcullis.schema.json`");
}
