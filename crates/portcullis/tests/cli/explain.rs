use serde_json::Value;

use super::support::*;

fn place() -> Place {
    Place::new(&format!(
        "{}[policy]\nrules = {{ \"notes__delete_all\" = \"deny\", \"notes__add_note\" = \"ask\" }}\n",
        notes("effects = { search_notes = \"read\" }")
    ))
}

// b-policy-11
#[test]
fn a_batch_gives_one_verdict_a_line() {
    let cases = [
        r#"{"id":"a","principal":"alice","tool":"notes__search_notes","arguments":{"word":"x"}}"#,
        r#"{"id":"b","principal":"alice","tool":"notes__delete_all"}"#,
        r#"{"id":"c","principal":"alice","tool":"notes__add_note","arguments":{"text":"x"}}"#,
        r#"{"id":"d","principal":"alice","tool":"notes__nothing"}"#,
        r#"{"id":"e","principal":"alice","tool":"notes__search_notes","arguments":{"word":1}}"#,
        r#"{"id":"f","tool":"notes__search_notes","scopes":["tool:other__*"],"arguments":{"word":"x"}}"#,
    ];
    let ran = place().run_with(&["explain", "call", "--batch"], &cases.join("\n"));
    assert_eq!(ran.code, 0, "{}", ran.err);
    let said: Vec<Value> = ran.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let verdicts: Vec<_> = said.iter().map(|v| v["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["allow", "deny", "ask", "deny", "deny", "deny"], "{}", ran.out);
    assert_eq!(said[1]["rule"], "level:notes__delete_all");
    assert_eq!(said[4]["rule"], "check");
    assert_eq!(said[0]["id"], "a");
    let bad = place().run_with(&["explain", "call", "--batch"], "{\"tol\":1}\n");
    assert!(bad.code == 1 && bad.out.contains("load-error"), "{}", bad.out);
}

#[test]
fn one_call_is_explained_stage_by_stage_and_nothing_is_kept() {
    let place = place();
    let ran = place.run(&[
        "explain",
        "call",
        "--principal",
        "alice",
        "--tool",
        "notes__add_note",
        "--args",
        "{\"text\":\"x\"}",
    ]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("identify → open → limit → look up → [decide]"), "{}", ran.out);
    assert!(ran.out.contains("to allow: permit (principal == Principal::\"alice\""), "{}", ran.out);
    let left: Vec<_> = std::fs::read_dir(place.path(".portcullis"))
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert!(left.iter().all(|n| !n.to_string_lossy().starts_with(".look")), "{left:?}");
    assert!(place.run(&["pins", "list", "--json"]).out.trim() == "[]", "looking pins nothing");
}

#[test]
fn policies_are_checked_tested_and_questioned_without_any_source() {
    let place = place();
    assert_eq!(place.run(&["policy", "check"]).code, 0);
    place.write("cases", "{\"principal\":\"a\",\"source\":\"notes\",\"name\":\"notes__delete_all\",\"expect\":\"deny\"}\n");
    let ran = place.run(&["policy", "test", "cases"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "1 passed, 0 failed\n"));
    place.write("cases", "{\"principal\":\"a\",\"source\":\"notes\",\"name\":\"notes__delete_all\",\"expect\":\"allow\"}\n");
    assert_eq!(place.run(&["policy", "test", "cases"]).code, 1);
    let ran = place.run(&[
        "policy",
        "explain",
        "--principal",
        "a",
        "--source",
        "notes",
        "--tool",
        "notes__x",
        "--effect",
        "read",
    ]);
    assert!(ran.code == 0 && ran.out.starts_with("verdict: allow"), "{}", ran.out);
}
