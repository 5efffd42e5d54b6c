//! Rows of the shared cases that need the program and stand nowhere else.

use serde_json::Value;

use super::support::*;

// g-metadata-70: the operator's word counts, and doctor says where the server's own words differ from it.
#[test]
fn an_effect_that_a_tool_itself_contradicts_is_shown_by_doctor() {
    let rules = |effects: &str| {
        let ran = Place::new(&notes(effects)).run(&["doctor", "--json"]);
        assert_eq!(ran.code, 1, "{}", ran.err);
        let found: Vec<Value> = serde_json::from_str(&ran.out).unwrap();
        found.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")
    };
    let said = rules("effects = { \"*\" = \"read\" }");
    assert!(said.contains("effect-conflict") && said.contains("notes__delete_all"), "{said}");
    let kept =
        "effects = { search_notes = \"read\", add_note = \"write\", delete_all = \"destructive\" }";
    assert!(!rules(kept).contains("effect-conflict"));
}

// g-policy-05: a rule for the name that a tool had before it was renamed would deny nothing.
#[test]
fn a_rule_for_a_tool_by_the_name_it_had_is_an_error_that_says_the_new_one() {
    let check = |rule: &str| {
        let rest = format!(
            "names = {{ delete_all = \"wipe\" }}\n[policy]\nrules = {{ \"{rule}\" = \"deny\" }}"
        );
        Place::new(&notes(&rest)).run(&["check"])
    };
    let old = check("notes__delete_all");
    assert!(old.code == 1 && old.err.contains("agents know it as `wipe`"), "{}", old.err);
    let new = check("wipe");
    assert_eq!(new.code, 0, "{}", new.err);
}
